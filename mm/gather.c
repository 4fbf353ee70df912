/*
 * Unmapped pages on their way to be freed (see gather.h).
 */
#include "kernel/core/smp.h"
#include "mm/gather.h"
#include "mm/page_alloc.h"

#define BATCH_PAGES ((PAGE_SIZE - sizeof(struct gather_batch)) / sizeof(struct page *))
#define MAX_BATCHES (GATHER_MAX_PAGES / BATCH_PAGES)

/*
 * Debug builds know of each page whether a TLB may still hold a translation to it; free_pages()
 * stops the machine when one comes too early.
 */
#ifdef LW_DEBUG
static void unflushed(struct page *page)
{
	page->flags |= PG_UNFLUSHED;
}

static void flushed(struct page *page)
{
	page->flags &= ~PG_UNFLUSHED;
}

static void check_unused(const struct mm *mm)
{
	const struct cpu *cpu;

	for_each_cpu(cpu)
		if (cpu->online && READ_ONCE(cpu->cr3) == mm->pgd)
			panic("BUG: address space %016lx is taken down while CPU %u uses it",
				mm->pgd, cpu->id);
}
#else
#define unflushed(page)  ((void)0)
#define flushed(page)    ((void)0)
#define check_unused(mm) ((void)0)
#endif

void gather_start(struct mmu_gather *g, struct mm *mm, bool flush)
{
	g->mm = mm;
	g->flush = flush;
	g->nr_batches = 0;
	g->nr_bundle = 0;
	g->batches = g->active = NULL;
}

static void forget_translations(struct mmu_gather *g)
{
	if (g->flush)
		tlb_flush_mm(g->mm->pgd);
	else
		check_unused(g->mm);
}

static void free_all(struct mmu_gather *g, struct page **page, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		flushed(page[i]);
		free_pages(g->mm->memory, page[i], 0);
	}
}

static void release(struct mmu_gather *g)
{
	if (!g->nr_bundle)
		return;
	forget_translations(g);
	free_all(g, g->bundle, g->nr_bundle);
	g->nr_bundle = 0;
	for (struct gather_batch *b = g->batches; b; b = b->next) {
		free_all(g, b->page, b->nr);
		b->nr = 0;
	}
	g->active = NULL;
}

static struct gather_batch *new_batch(struct mmu_gather *g)
{
	struct memory *m = g->mm->memory;
	struct gather_batch *b;
	struct page *page;

	if (g->nr_batches == MAX_BATCHES)
		return NULL;
	page = alloc_pages(m, GFP_NOWAIT | __GFP_NOWARN, 0);
	if (!page)
		return NULL;
	b = page_address(m, page);
	b->next = NULL;
	b->nr = 0;
	b->max = BATCH_PAGES;
	g->nr_batches++;
	return b;
}

/* Room for more: a batch that an earlier round left, or a new one. False: there is none. */
static bool next_batch(struct mmu_gather *g)
{
	struct gather_batch **link = g->active ? &g->active->next : &g->batches;

	if (!*link)
		*link = new_batch(g);
	if (!*link)
		return false;
	g->active = *link;
	return true;
}

static bool is_full(const struct mmu_gather *g)
{
	return g->active ? g->active->nr == g->active->max : g->nr_bundle == GATHER_BUNDLE;
}

void gather_page(struct mmu_gather *g, struct page *page)
{
	unflushed(page);
	if (g->active)
		g->active->page[g->active->nr++] = page;
	else
		g->bundle[g->nr_bundle++] = page;
	if (is_full(g) && !next_batch(g))
		release(g);
}

void gather_finish(struct mmu_gather *g)
{
	struct memory *m = g->mm->memory;

	release(g);
	while (g->batches) {
		struct gather_batch *b = g->batches;

		g->batches = b->next;
		free_pages(m, virt_to_page(m, b), 0);
	}
}
