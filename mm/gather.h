/*
 * Pages that have been unmapped and are about to be freed (§8.5): collected in batches, so that one
 * flush of the TLBs serves many. The order is the contract: clear the PTE, flush on all CPUs, free.
 *
 * Units: pages. Task context, interrupts on (a flush asks other CPUs). Batches beyond the first are
 * pages themselves, had without waiting; without memory for one the gathered pages go at once.
 */
#ifndef MM_GATHER_H
#define MM_GATHER_H

#include "mm/mm.h"

#define GATHER_BUNDLE    8
#define GATHER_MAX_PAGES 10000ul

struct gather_batch {
	struct gather_batch *next;
	unsigned int nr, max;
	struct page *page[];
};

struct mmu_gather {
	struct mm *mm;
	bool flush; /* the tables may be loaded somewhere */
	unsigned int nr_batches;
	unsigned int nr_bundle;
	struct page *bundle[GATHER_BUNDLE];
	struct gather_batch *batches, *active; /* active NULL: the bundle is not full yet */
};

/* `flush` false: nobody uses the tables any more, so no TLB can know their entries. */
void gather_start(struct mmu_gather *g, struct mm *mm, bool flush);
/* A page whose PTE has been cleared and which nobody else uses. */
void gather_page(struct mmu_gather *g, struct page *page);
void gather_finish(struct mmu_gather *g);

#endif
