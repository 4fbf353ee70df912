/*
 * The room mm/reclaim: giving pages back before anybody is killed.
 *
 * In reading order: reclaim.h (this: a request that reclaims by itself), kswapd.h (in the background), scan.h
 * (what scanning has in common), scan_count.c (how much of each list), shrink_node.c (one pass),
 * shrink_list.c (batches), shrink_page.c (what becomes of a page), references.h (is it in use?),
 * reclaimable.c, throttle.h (who waits), dirty.h, node_flags.h, shrinker.h (whoever else has something to
 * give; shadow_shrinker.c).
 *
 * Locks: lru_lock around batches; shrinker_rwsem, for reading, while shrinkers are asked; a page's own, only
 * ever tried.
 */

/*
 * Direct reclaim: the frame of §5.5 and the descent of §17.2. Task context, may sleep. Progress is counted in
 * pages really freed.
 */
#ifndef MM_RECLAIM_H
#define MM_RECLAIM_H

#include "mm/alloc/page_alloc.h"

/*
 * One round: reclaim SWAP_CLUSTER_MAX pages; if there was progress try to allocate, and if that
 * fails release one reserved block, drain the per-CPU lists and try once more. Without progress
 * nothing else is done. *progress: pages freed.
 */
struct page *direct_reclaim(
	const struct alloc_context *ac, unsigned int alloc_flags, unsigned long *progress);

#endif
