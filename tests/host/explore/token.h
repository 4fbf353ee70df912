/*
 * Tokens: a schedule in words, which a rebuild that leaves its functions alone can repeat.
 *
 *   start>2,1:reserve_highatomic_pageblock+9#1>0,0:sleep#2>1
 *
 * Each part is a change of actor that is not the first choice (turns.h): where that actor was when
 * it came to the place for the n-th time, and who went on instead. Every access of the code counts,
 * raced for or not, so that what was learned does not matter. A place without code is what the
 * actor was about to do: sleep, nap, answers, end.
 */
#ifndef EXPLORE_TOKEN_H
#define EXPLORE_TOKEN_H

#include "turns.h"

#define TOKEN_LEN 4096
#define START     (-1) /* as an actor: nobody has run yet */

struct token {
	unsigned int nr;
	struct part {
		int actor, site;
		unsigned int n;
		unsigned int to;
	} part[MOST_TURNS];
};

/* NULL, or what was expected. */
const char *token_parse(const char *text, struct token *t);
const char *token_text(const struct token *t);
void token_of_turns(const struct turns *turns, struct token *t);
/* Run it. Parts that the run does not come to are passed over. */
enum end token_run(const struct token *t);
/* Tell of every access of such a run; NULL: no longer. */
void token_watch(void (*fn)(const struct access *access));
/* The first part that the last run has not come to, or whose actor could not go on; -1: none. */
int token_misfit(void);
/* Take out every part that is not needed for the same end. */
void token_minimise(struct token *t);

#endif
