/*
 * Rules of their time: where an older Linux than 4.8 behaved otherwise and a scenario needs that, a
 * parameter brings the older rule back (0; 1, the default, is 4.8's). A run under such a rule says so,
 * and which Linux was the last to have it.
 */
#ifndef MM_RULE_H
#define MM_RULE_H

#include "mm/page/memory.h"

struct mm_rule {
	const char *param; /* of the command line */
	const char *last;  /* the last Linux with the older rule, such as "4.6" */
	const char *older; /* what it says */
	size_t at;         /* of its long in struct mm_tunables */
};

extern const struct mm_rule mm_rules[];
extern const unsigned int nr_mm_rules;

/* Is the older one in force? */
static inline bool mm_rule_is_older(const struct mm_tunables *t, const struct mm_rule *r)
{
	return *(const long *)((const char *)t + r->at) == 0;
}

/* The youngest Linux that had all the older rules in force; NULL: none is, this is 4.8. */
const char *mm_rules_last(const struct mm_tunables *t);

#endif
