/*
 * Unmapped pages on their way to be freed (see gather.h).
 */
#include "kernel/core/sched/smp.h"
#include "mm/space/gather.h"
#include "mm/alloc/page_alloc.h"
#include "mm/lru/pagevec.h"
#include "mm/swap/swap_cache.h"

#define BATCH_PAGES ((PAGE_SIZE - sizeof(struct gather_batch)) / sizeof(struct page *))
#define MAX_BATCHES (GATHER_MAX_PAGES / BATCH_PAGES)

/* Debug builds: free_pages() stops the machine when a page comes before its flush. */
#ifdef LW_DEBUG
static void flushed(struct page *page)
{
	page->unflushed = false;
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
#define flushed(page)    ((void)0)
#define check_unused(mm) ((void)0)
#endif

static void use_bundle(struct mmu_gather *g)
{
	g->active = NULL;
	g->next = g->bundle;
	g->end = g->bundle + GATHER_BUNDLE;
}

static void use_batch(struct mmu_gather *g, struct gather_batch *b)
{
	g->active = b;
	g->next = b->page;
	g->end = b->page + BATCH_PAGES;
}

void gather_start(struct mmu_gather *g, struct mm *mm, bool flush)
{
	g->mm = mm;
	g->flush = flush;
	g->stale = false;
	g->flagged = false;
	g->sequential = false;
	g->nr_batches = 0;
	g->batches = NULL;
	use_bundle(g);
}

static void forget_translations(struct mmu_gather *g)
{
	if (g->flush)
		tlb_flush_mm(g->mm->pgd);
	else
		check_unused(g->mm);
}

/* §20.12: what nobody needs in the cache any more goes with its slot; trylock, as who holds it may wait for us. */
static noinline void free_swap_of(struct memory *m, struct page **page, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++) {
		if (!page_has(page[i], PG_SWAPCACHE) || READ_ONCE(page[i]->mapcount) ||
			!trylock_page(page[i]))
			continue;
		try_to_free_swap(m, page[i]);
		unlock_page(m, page[i]);
	}
}

static void free_all(struct mmu_gather *g, struct page **page, unsigned long n)
{
	for (unsigned long i = 0; i < n; i++)
		flushed(page[i]);
	if (unlikely(g->flagged))
		free_swap_of(g->mm->memory, page, n);
	release_pages(g->mm->memory, page, n);
}

static void release(struct mmu_gather *g)
{
	unsigned long in_bundle = g->active ? GATHER_BUNDLE : g->next - g->bundle;

	if (!in_bundle && !g->stale)
		return;
	g->stale = false;
	if (g->active)
		g->active->nr = g->next - g->active->page;
	forget_translations(g);
	lru_add_drain(g->mm->memory); /* of this CPU: what waits on another one stays longer */
	free_all(g, g->bundle, in_bundle);
	for (struct gather_batch *b = g->batches; b; b = b->next) {
		free_all(g, b->page, b->nr);
		b->nr = 0;
	}
	use_bundle(g);
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
	g->nr_batches++;
	return b;
}

/* Go on in a batch that an earlier round left, or in a new one; without one all pages go now. */
void gather_more(struct mmu_gather *g)
{
	struct gather_batch **link = g->active ? &g->active->next : &g->batches;

	if (!*link)
		*link = new_batch(g);
	if (!*link) {
		release(g);
		return;
	}
	if (g->active)
		g->active->nr = BATCH_PAGES;
	use_batch(g, *link);
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
