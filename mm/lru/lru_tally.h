/*
 * Pages that enter or leave lists one after another change two counters each (§16.8): here those of one
 * zone and with the same flags, and so of one list, go together. lru_lock held; settle before it is given up.
 */
#ifndef MM_LRU_TALLY_H
#define MM_LRU_TALLY_H

#include "mm/lru/lru.h"

struct lru_tally {
	unsigned int flags; /* of its pages */
	uintptr_t lo, len;  /* where the structs of its zone's pages are */
	long pages;         /* that came; negative: that left */
	enum lru_list lru;
	struct zone *zone;
};

/* No page fits yet. */
#define LRU_TALLY_INIT                                                                             \
	{                                                                                          \
		.len = 0                                                                           \
	}

static inline void lru_tally_settle(struct lru_tally *t)
{
	if (!t->pages)
		return;
	node_stat_mod(t->zone->memory, NR_INACTIVE_ANON + t->lru, t->pages);
	zone_stat_mod(t->zone, NR_ZONE_INACTIVE_ANON + t->lru, t->pages);
	t->pages = 0;
}

static inline bool lru_tally_fits(
	const struct lru_tally *t, const struct page *page, unsigned int flags)
{
	return flags == t->flags && (uintptr_t)page - t->lo < t->len;
}

/* From this page on; what came before it has been settled. */
void lru_tally_start(
	struct lru_tally *t, struct memory *m, const struct page *page, unsigned int flags);

#endif
