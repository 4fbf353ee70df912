/*
 * Pages that have been unmapped and are about to be freed (§8.5): collected in batches, so that one
 * flush of the TLBs serves many. The order is the contract: clear the PTE, flush on all CPUs, free.
 *
 * Units: pages. Task context, interrupts on (a flush asks other CPUs). Batches beyond the first are
 * pages themselves, had without waiting; without memory for one the gathered pages go at once.
 */
#ifndef MM_GATHER_H
#define MM_GATHER_H

#include "mm/page/page_flags.h"
#include "mm/space/mm.h"

#define GATHER_BUNDLE    8
#define GATHER_MAX_PAGES 10000ul

struct gather_batch {
	struct gather_batch *next;
	unsigned long nr;
	struct page *page[];
};

struct mmu_gather {
	struct mm *mm;
	struct page **next, **end;   /* room that is left where pages go now */
	struct gather_batch *active; /* where that is; NULL: the bundle */
	struct gather_batch *batches;
	unsigned int nr_batches;
	bool flush;      /* the tables may be loaded somewhere */
	bool stale;      /* entries were cleared whose pages are not gathered */
	bool flagged;    /* some pages are in the swap cache */
	bool sequential; /* the VMA at hand is VM_SEQ_READ: nothing is used twice (§28.1) */
	struct page *bundle[GATHER_BUNDLE];
};

/* `flush` false: nobody uses the tables any more, so no TLB can know their entries. */
void gather_start(struct mmu_gather *g, struct mm *mm, bool flush);
void gather_finish(struct mmu_gather *g);
/* The batch is full. */
void gather_more(struct mmu_gather *g);

/* Debug builds know of each page whether a TLB may still hold a translation to it. */
#ifdef LW_DEBUG
#define gather_debug(page) ((void)((page)->unflushed = true))
#else
#define gather_debug(page) ((void)0)
#endif

/* A page whose PTE has been cleared: its reference goes. */
static inline void gather_page(struct mmu_gather *g, struct page *page)
{
	struct page **next = g->next;

	gather_debug(page);
	*next++ = page;
	g->next = next;
	if (unlikely(next == g->end))
		gather_more(g);
}

#endif
