/*
 * References go, and with the last one the page (§16.7; see lru.h).
 */
#include "mm/alloc/page_alloc.h"
#include "mm/lru/lru_tally.h"
#include "mm/page/bad_page.h"

/* A page that is freed with one of these is still somebody's (§16.2). */
#define IN_USE                                                                                     \
	(PG_LOCKED | PG_WRITEBACK | PG_SWAPCACHE | PG_MLOCKED | PG_UNEVICTABLE | PG_BUDDY |        \
		PG_SLAB | PG_LRU)

/* Pages, while interrupts are off. */
#define RELEASE_AT_ONCE 32

/* What the allocator expects: one reference, ours, and whatever else the page was is forgotten. */
static inline void make_plain(struct page *page)
{
	page->flags = 0;
	page->refcount = 1;
}

/* `seen`: the flags of all pages, but for PG_LRU, which they have lost. */
static inline void check_unused(
	struct memory *m, unsigned int seen, struct page *const *page, unsigned long n)
{
	if (unlikely(seen & (IN_USE & ~PG_UNEVICTABLE)))
		bad_page(m, page[n - 1], "freed while it is in use, or one with it");
}

void free_unused_pages(struct memory *m, struct page **page, unsigned long n, bool cold)
{
	unsigned int seen = 0;

	for (unsigned long i = 0; i < n; i++) {
		seen |= page[i]->flags;
		make_plain(page[i]);
	}
	check_unused(m, seen, page, n);
	if (cold)
		free_page_array_cold(m, page, n);
	else
		free_page_array(m, page, n);
}

static inline void leave_list(
	struct memory *m, struct lru_tally *t, struct page *page, unsigned int flags)
{
	list_del(&page->lru);
	if (unlikely(!lru_tally_fits(t, page, flags))) {
		lru_tally_settle(t);
		lru_tally_start(t, m, page, flags);
	}
	t->pages--;
}

/*
 * Pages without references leave their lists for good. Those without PG_LRU were never on one, or have been
 * isolated.
 */
static inline void leave_lists(struct memory *m, struct page **page, unsigned long n)
{
	struct lru_tally t = LRU_TALLY_INIT;
	unsigned long flags = spin_lock_irqsave(&m->node.lru_lock);
	unsigned int seen = 0;

	for (unsigned long i = 0; i < n; i++) {
		struct page *p = page[i];
		unsigned int f = p->flags;

		if (likely(f & PG_LRU))
			leave_list(m, &t, p, f);
		seen |= f;
		make_plain(p);
	}
	lru_tally_settle(&t);
	spin_unlock_irqrestore(&m->node.lru_lock, flags);
	check_unused(m, seen & ~PG_LRU, page, n);
}

/* Those that nobody else holds stay in the array, in their order. */
static inline unsigned long drop(struct page **page, unsigned long n)
{
	struct page **kept = page;

	for (struct page **end = page + n, **at = page; at < end; at++) {
		struct page *p = *at;

		*kept = p;
		kept += page_put_testzero(p);
	}
	return kept - page;
}

void release_pages(struct memory *m, struct page **page, unsigned long n)
{
	unsigned long left = drop(page, n);

	if (!left)
		return;
	for (unsigned long i = 0; i < left; i += RELEASE_AT_ONCE)
		leave_lists(m, page + i, MIN(left - i, (unsigned long)RELEASE_AT_ONCE));
	free_page_array(m, page, left);
}

static noinline void free_last(struct memory *m, struct page *page)
{
	leave_lists(m, &page, 1);
	page->private = 0;
	free_pages(m, page, 0);
}

void page_put(struct memory *m, struct page *page)
{
	if (page_put_testzero(page))
		free_last(m, page);
}
