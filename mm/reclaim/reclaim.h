/*
 * The room mm/reclaim: giving pages back before anybody is killed. reclaim.h is the frame of direct
 * reclaim, shrinker.h whoever else has something to give.
 *
 * Locks: shrinker_rwsem, for reading while shrinkers are asked; they may sleep.
 */

/*
 * Direct reclaim: the frame of §5.5 and §6.2 around whatever can give pages back. Task context,
 * may sleep. Progress is counted in pages really freed.
 */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include "mm/alloc/page_alloc.h"

#define SWAP_CLUSTER_MAX 32

/*
 * Somebody's first attempt failed: kswapd is wanted, unless a zone that the request may use is
 * balanced (§6.6). Any context. Decided, counted and traced; kswapd itself comes with the LRU.
 */
void wakeup_kswapd(const struct alloc_context *ac);

/*
 * One round: ask the shrinkers; if there was progress try to allocate, and if that
 * fails release one reserved block, drain the per-CPU lists and try once more. Without progress
 * nothing else is done. *progress: pages freed.
 */
struct page *direct_reclaim(
	const struct alloc_context *ac, unsigned int alloc_flags, unsigned long *progress);

#endif
