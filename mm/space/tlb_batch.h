/*
 * One flush of TLBs for the entries of many pages, of any address spaces, that reclaim takes out of tables
 * (§19.6 end). The order is gather.h's: clear the entries, flush on all CPUs, then free; and, before a page is
 * written to its slot, the flush of entries through which a CPU may still write to it.
 *
 * A batch is its user's alone. Task context; a flush asks other CPUs: interrupts on, no spinlock held.
 */
#ifndef MM_TLB_BATCH_H
#define MM_TLB_BATCH_H

#include "mm/space/mm.h"

#define TLB_BATCH_PAGES 32

struct tlb_batch {
	unsigned int cpus; /* a bit each: they may know entries that are gone */
	bool writable;     /* may write through them */
#ifdef LW_DEBUG
	unsigned int nr; /* pages that are marked `unflushed` */
	struct page *page[TLB_BATCH_PAGES];
#endif
};

static inline void tlb_batch_init(struct tlb_batch *b)
{
	*b = (struct tlb_batch){.cpus = 0};
}

/*
 * An entry of `mm` that mapped the page, `dirty` or not, has been cleared. The page stays until the flush.
 */
void tlb_batch_add(struct tlb_batch *b, const struct mm *mm, struct page *page, bool dirty);
/* No CPU knows them any more. And the same only if one of them may be written through. */
void try_to_unmap_flush(struct tlb_batch *b);
void try_to_unmap_flush_dirty(struct tlb_batch *b);

#endif
