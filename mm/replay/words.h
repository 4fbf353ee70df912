/*
 * One line of a state file: its words, and what is wrong with it. Pure.
 */
#ifndef MM_REPLAY_WORDS_H
#define MM_REPLAY_WORDS_H

#include "mm/replay/state.h"

#define WORDS_LINE_LEN 1024
#define WORDS_PAIRS    16

struct pair {
	const char *name, *value;
};

struct words {
	const char *at, *end;       /* of the text that has not been read */
	unsigned int line;          /* the one that has */
	const char *item, *subject; /* "zone" and "DMA"; subject "": none */
	unsigned int nr_pairs;
	struct pair pair[WORDS_PAIRS];
	char *err;
	char text[WORDS_LINE_LEN];
};

/* What a value is for: a number within a range, so many of them with commas, or a name. */
struct key {
	const char *name;
	bool must; /* be given */
	long min, max;
	long *value;
	unsigned int count; /* of numbers; 0: one */
	char *comm;         /* instead: a name, of STATE_COMM_LEN with its 0 */
};

void words_init(struct words *w, const char *text, size_t len, char err[STATE_ERROR_LEN]);

/* The next line that says something; `item` is NULL at the text's end. False: it cannot be read. */
bool words_next(struct words *w);

/* The pairs of the line are these keys' values. False: one is not, and `err` says which. */
bool words_take(struct words *w, const struct key *keys, unsigned int nr_keys);

/* The subject is a number. */
bool words_take_subject(struct words *w, long min, long max, long *value);

/* Says "state: line N: ..."; returns false. */
bool words_wrong(struct words *w, const char *fmt, ...) __printf(2, 3);

#endif
