/*
 * One flush for many pages (see tlb_batch.h).
 */
#include "kernel/core/sched/smp.h"
#include "mm/page/page_flags.h"
#include "mm/space/tlb_batch.h"

/* Debug builds: whoever frees a page before its flush stops the machine. */
#ifdef LW_DEBUG
static void mark(struct tlb_batch *b, struct page *page)
{
	if (b->nr == TLB_BATCH_PAGES)
		try_to_unmap_flush(b);
	b->page[b->nr++] = page;
	page->unflushed = true;
}

static void unmark(struct tlb_batch *b)
{
	while (b->nr)
		b->page[--b->nr]->unflushed = false;
}
#else
#define mark(b, page) ((void)(page))
#define unmark(b)     ((void)0)
#endif

void tlb_batch_add(struct tlb_batch *b, const struct mm *mm, struct page *page, bool dirty)
{
	unsigned int cpus = tlb_users(mm->pgd);

	if (!cpus)
		return;
	mark(b, page);
	b->cpus |= cpus;
	b->writable |= dirty;
}

void try_to_unmap_flush(struct tlb_batch *b)
{
	if (!b->cpus)
		return;
	tlb_flush_cpus(b->cpus);
	unmark(b);
	b->cpus = 0;
	b->writable = false;
}

void try_to_unmap_flush_dirty(struct tlb_batch *b)
{
	if (b->writable)
		try_to_unmap_flush(b);
}
