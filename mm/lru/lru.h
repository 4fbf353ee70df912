/*
 * The room mm/lru: pages that may be reclaimed, on five lists of the node (§16).
 *
 * In reading order: lru.h (this: lists, references), lru.c, lru_tally.h (counters of many pages at once),
 * pagevec.h and pagevec.c (pages wait for company before they enter), release.c (the last reference),
 * isolate.h and isolate.c (pages leave to be looked at), lru_validate.c.
 *
 * Locks: the node's lru_lock, interrupts off: outside zone->lock, inside all others. Being on a list holds
 * no reference.
 */

/*
 * Lists and references. New pages go to a list's head, reclaim takes from its tail.
 *
 * Any context.
 */
#ifndef MM_LRU_H
#define MM_LRU_H

#include "mm/page/node_stat.h"
#include "mm/page/page_flags.h"

/* The class is that of the lists (§16.1): pages of apps and of shmem are on the anonymous ones. */
static inline enum lru_class page_lru_class(const struct page *page)
{
	return page_has(page, PG_FILE) ? LRU_FILE : LRU_ANON;
}

/* Where these flags of a page say that it belongs. */
static inline enum lru_list lru_of(unsigned int flags)
{
	if (unlikely(flags & PG_UNEVICTABLE))
		return LRU_UNEVICTABLE;
	return (flags & PG_FILE ? LRU_INACTIVE_FILE : LRU_INACTIVE_ANON) + !!(flags & PG_ACTIVE);
}

static inline enum lru_list page_lru(const struct page *page)
{
	return lru_of(READ_ONCE(page->flags));
}

/* §27: an address space that keeps all its pages is not there. */
static inline bool page_evictable(const struct page *page)
{
	return !page_has(page, PG_MLOCKED);
}

/* A reference more, by who holds one. */
static inline void page_get(struct page *page)
{
	__atomic_fetch_add(&page->refcount, 1, __ATOMIC_RELAXED);
}

/* A reference more, unless the last one has gone. */
static inline bool page_get_unless_zero(struct page *page)
{
	int32_t n = READ_ONCE(page->refcount);

	while (n &&
		!__atomic_compare_exchange_n(
			&page->refcount, &n, n + 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		;
	return n;
}

/* A reference less: true when it was the last one, and the page is the caller's to free. */
static inline bool page_put_testzero(struct page *page)
{
	return __atomic_sub_fetch(&page->refcount, 1, __ATOMIC_ACQ_REL) == 0;
}

/* A reference less; the last one takes the page off its list and frees it. */
void page_put(struct memory *m, struct page *page);
/* The same for `n` pages (§16.7): the last one first, as 4.8 puts each before those that came before. */
void release_pages(struct memory *m, struct page **page, unsigned long n);

/* Pages without references, and on no list, are freed (cold: to be handed out again last). */
void free_unused_pages(struct memory *m, struct page **page, unsigned long n, bool cold);

/* Moves a page with or without PG_LRU, counted as one; lru_lock held. */
void lru_add_head(struct memory *m, struct page *page);
void lru_del(struct memory *m, struct page *page);

/* Boot. */
void lru_init(struct memory *m);
/* Do lists, flags and counters agree? NULL, or one line. Nobody changes them meanwhile. */
const char *lru_validate(const struct memory *m);

#endif
