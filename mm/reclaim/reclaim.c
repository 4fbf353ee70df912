/*
 * Direct reclaim (see reclaim.h).
 */
#include "kernel/core/param.h"
#include "mm/alloc/highatomic.h"
#include "mm/alloc/pcp.h"
#include "mm/page/mm_trace.h"
#include "mm/reclaim/reclaim.h"
#include "mm/reclaim/scan.h"
#include "mm/reclaim/shrinker.h"
#include "mm/reclaim/throttle.h"

PARAM_INT("swappiness", mm_tunables.swappiness, 0, 100,
	"how much reclaim prefers pages of apps to those of files: 0 to 100");

/* So many scanned, and the disks' flushers are woken: of those there are none, since nobody writes files. */
#define WRITEBACK_THRESHOLD (SWAP_CLUSTER_MAX + SWAP_CLUSTER_MAX / 2)

/*
 * §17.3: looks at ever more of the lists, until enough is freed. A node that has nothing any more is looked at
 * once.
 */
static void descend(struct scan_control *sc, unsigned long *total_scanned)
{
	for (sc->priority = DEF_PRIORITY; sc->priority >= 0; sc->priority--) {
		sc->nr_scanned = 0;
		if (sc->priority == DEF_PRIORITY || node_reclaimable(sc->memory))
			shrink_node(sc);
		*total_scanned += sc->nr_scanned;
		if (sc->nr_reclaimed >= sc->nr_to_reclaim)
			return;
		if (sc->priority < DEF_PRIORITY - 2 || *total_scanned > WRITEBACK_THRESHOLD)
			sc->may_writepage = true;
	}
}

/* §17.2. The second descent is for memory cgroups that were spared in the first, and made without any. */
static unsigned long do_try_to_free_pages(struct scan_control *sc)
{
	unsigned long total_scanned = 0;

	for (int attempt = 0; attempt < 2; attempt++) {
		mm_event_add(sc->memory, ALLOCSTALL + sc->highest, 1);
		descend(sc, &total_scanned);
		if (sc->nr_reclaimed)
			return sc->nr_reclaimed;
	}
	return 0;
}

static unsigned long try_to_free_pages(const struct alloc_context *ac)
{
	struct scan_control sc = {.memory = ac->memory,
		.gfp = ac->gfp,
		.order = ac->order,
		.highest = ac->high_zoneidx,
		.may_writepage = true,
		.nr_to_reclaim = SWAP_CLUSTER_MAX};

	if (!throttle_direct_reclaim(ac->memory, ac->gfp))
		return 1;
	return do_try_to_free_pages(&sc);
}

/* What allocates while it reclaims must not reclaim again. */
static unsigned long reclaim_as_memalloc(const struct alloc_context *ac)
{
	unsigned int before = current->flags & PF_MEMALLOC;
	unsigned long freed;

	current->flags |= PF_MEMALLOC;
	take_reclaimed_slab(); /* what was freed before is nobody's (§30c) */
	freed = try_to_free_pages(ac);
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
	release_highatomic_pageblock(ac, false);
	pcp_drain_all(ac->memory);
	return get_page_from_freelist(ac, alloc_flags);
}
