/*
 * The room mm/reclaim: giving pages back before anybody is killed. reclaim.h is all of it: the frame of
 * direct reclaim around registered shrinkers.
 *
 * Locks: none of its own; shrinkers may sleep.
 */

/*
 * Direct reclaim: the frame of §5.5 and §6.2 around whatever can give pages back. Task context,
 * may sleep. Progress is counted in pages really freed.
 */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include "mm/alloc/page_alloc.h"

#define SWAP_CLUSTER_MAX 32

void register_shrinker(struct memory *m, struct shrinker *s);
void unregister_shrinker(struct memory *m, struct shrinker *s);

/*
 * Somebody's first attempt failed: kswapd is wanted, unless a zone that the request may use is
 * balanced (§6.6). Any context. Decided, counted and traced; kswapd itself comes with the LRU.
 */
void wakeup_kswapd(const struct alloc_context *ac);

/*
 * One round: ask for SWAP_CLUSTER_MAX pages; if there was progress try to allocate, and if that
 * fails release one reserved block, drain the per-CPU lists and try once more. Without progress
 * nothing else is done. *progress: pages freed.
 */
struct page *direct_reclaim(
	const struct alloc_context *ac, unsigned int alloc_flags, unsigned long *progress);

#endif
