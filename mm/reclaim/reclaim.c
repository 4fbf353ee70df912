/*
 * Direct reclaim (see reclaim.h).
 */
#include "mm/alloc/highatomic.h"
#include "mm/page/mm_trace.h"
#include "mm/alloc/pcp.h"
#include "mm/reclaim/reclaim.h"
#include "mm/reclaim/shrinker.h"
#include "mm/alloc/watermark.h"

/* There is no LRU: shrinkers are asked as of one on which nothing is (§30.4). */
static unsigned long try_to_free_pages(struct memory *m, gfp_t gfp)
{
	mm_event_add(m, ALLOCSTALL + gfp_zone(gfp), 1);
	take_reclaimed_slab(); /* what was freed before is nobody's (§30c) */
	shrink_slab(m, gfp, 0, 0);
	return take_reclaimed_slab();
}

void wakeup_kswapd(const struct alloc_context *ac)
{
	struct memory *m = ac->memory;
	const struct zone *first = m->zonelist[ac->first], *z;

	for (unsigned int i = ac->first; (z = m->zonelist[i]); i++)
		if (zone_watermark_safe(z, ac->order, z->watermark[WMARK_HIGH], ac->classzone))
			return;
	mm_event_add(m, KSWAPD_WAKEUPS, 1);
	trace(mm_vmscan_wakeup_kswapd, (long)first->name, ac->order,
		zone_stat(first, NR_FREE_PAGES), first->watermark[WMARK_HIGH]);
}

/* What allocates while it reclaims must not reclaim again. */
static unsigned long reclaim_as_memalloc(const struct alloc_context *ac)
{
	unsigned int before = current->flags & PF_MEMALLOC;
	unsigned long freed;

	current->flags |= PF_MEMALLOC;
	freed = try_to_free_pages(ac->memory, ac->gfp);
	current->flags = (current->flags & ~PF_MEMALLOC) | before;
	return freed;
}

struct page *direct_reclaim(
	const struct alloc_context *ac, unsigned int alloc_flags, unsigned long *progress)
{
	struct page *page;

	trace(mm_vmscan_direct_reclaim_begin, ac->order, ac->gfp);
	*progress = reclaim_as_memalloc(ac);
	trace(mm_vmscan_direct_reclaim_end, *progress);
	cond_resched();
	if (*progress == 0)
		return NULL;
	page = get_page_from_freelist(ac, alloc_flags);
	if (page)
		return page;
	/* In this order: what sits on per-CPU lists is sampled as H and drained after (R1'). */
	unreserve_highatomic_pageblock(ac, false);
	pcp_drain_all(ac->memory);
	return get_page_from_freelist(ac, alloc_flags);
}
