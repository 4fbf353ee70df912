/*
 * The rules that a parameter takes back to an older Linux (see rule.h).
 */
#include "mm/page/rule.h"

/* The oldest first. */
const struct mm_rule mm_rules[] = {
	{"killable_mmap", "4.6", "a kill does not end the wait for mmap_sem as a writer",
		offsetof(struct mm_tunables, killable_mmap)},
	{"shared_oom_adj", "4.7", "who shares the memory keeps an oom_score_adj of its own",
		offsetof(struct mm_tunables, shared_oom_adj)},
};
const unsigned int nr_mm_rules = ARRAY_SIZE(mm_rules);

const char *mm_rules_last(const struct mm_tunables *t)
{
	for (unsigned int i = 0; i < nr_mm_rules; i++)
		if (mm_rule_is_older(t, &mm_rules[i]))
			return mm_rules[i].last;
	return NULL;
}
