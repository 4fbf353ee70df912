/*
 * What scanning the lists has in common: who scans, how much, and what has come of it (§17).
 *
 * Task context that may sleep; pages. PF_MEMALLOC is set, so that nothing here reclaims again.
 */
#ifndef MM_SCAN_H
#define MM_SCAN_H

#include "kernel/core/sched/task.h"
#include "mm/page/node_stat.h"

#define SWAP_CLUSTER_MAX 32
#define DEF_PRIORITY     12

struct scan_control {
	struct memory *memory;
	gfp_t gfp;
	unsigned int order;
	enum zone_type highest; /* zone to take pages from: reclaim_idx */
	int priority;           /* a 2^priority-th of each list is looked at */
	bool may_writepage;
	unsigned long nr_to_reclaim;
	unsigned long nr_scanned;   /* pages, those that are mapped or in the swap cache twice */
	unsigned long nr_reclaimed; /* freed */
};

static inline bool current_is_kswapd(void)
{
	return current->flags & PF_KSWAPD;
}

/* How many pages of each list, but the unevictable one's, to look at (§17.6). */
struct scan_counts {
	unsigned long nr[LRU_UNEVICTABLE];
	unsigned long lru_pages; /* of the lists that count: shrinkers are asked in proportion */
};

struct scan_counts get_scan_count(const struct scan_control *sc);
/* §17.7: does the class want some of its active pages to become inactive? */
bool inactive_list_is_low(const struct scan_control *sc, enum lru_class class);

/* What shrinking one batch of inactive pages has met (§17.10a). */
struct shrink_result {
	unsigned long dirty, unqueued_dirty, congested, writeback, immediate;
};

/*
 * The heart of it: isolated pages are freed, written, or left in `list` with the flags that say where they
 * belong. At most SWAP_CLUSTER_MAX. Returns how many were freed.
 */
unsigned long shrink_page_list(
	struct scan_control *sc, struct list_head *list, struct shrink_result *r);
/* §17.9: up to `n` pages from an inactive list. Returns how many were freed. */
unsigned long shrink_inactive_list(struct scan_control *sc, unsigned long n, enum lru_class class);
/* §17.10: up to `n` pages from an active list become inactive. */
void shrink_active_list(struct scan_control *sc, unsigned long n, enum lru_class class);
/* §17.4: one pass over the node, and over the shrinkers. */
void shrink_node(struct scan_control *sc);

/* §17.10b: pages that could be reclaimed, on exact counts; and are there any left to try? */
unsigned long node_reclaimable_pages(const struct memory *m);
bool node_reclaimable(const struct memory *m);

#endif
