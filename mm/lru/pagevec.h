/*
 * Pages on their way to the lists (§16.4): each CPU gathers 14 of a kind before it takes lru_lock. A page
 * that waits has a reference more, which keeps reclaim away from it.
 *
 * Any context.
 */
#ifndef MM_PAGEVEC_H
#define MM_PAGEVEC_H

#include "mm/lru/lru.h"

/* This CPU's pages of a kind go where they want to. Interrupts off. */
void pagevec_drain(struct memory *m, enum pagevec_kind kind);

/* The same of pages that are on no list yet; `v` is this CPU's. */
void lru_cache_is_full(struct memory *m, struct pagevec *v);

/* A page that is on no list goes to the one that its flags say. The caller's reference is the wait's now. */
static inline void lru_cache_add(struct memory *m, struct page *page)
{
	unsigned long flags = irq_save();
	struct pagevec *v = in_slot(&m->node.pagevec[PAGEVEC_ADD][0], this_cpu_slot());

	unsigned long n = v->nr;

	v->page[n] = page;
	increment_in_place(&v->nr);
	if (unlikely(n == PAGEVEC_SIZE - 1))
		lru_cache_is_full(m, v);
	irq_restore(flags);
}

/* Pages that are on no list go there now; the references of `v` are gone then, and it is empty. */
void lru_add_pages(struct memory *m, struct pagevec *v);

/* It was used: if it is on an inactive list now it goes to the active one. A reference is held. */
void activate_page(struct memory *m, struct page *page);
/*
 * §16.5: it is known to have been used. The first time it is only marked; the second time, while it is inactive,
 * it is activated, as one that still waits among this CPU's new pages is as well. A reference is held.
 */
void mark_page_accessed(struct memory *m, struct page *page);
/*
 * §16.4: of a file, and to leave the cache, which it could not: to the tail of the inactive list, if nobody maps
 * it by then. A reference is held.
 */
void deactivate_file_page(struct memory *m, struct page *page);
/* Its writeback ends, and it was to be freed then (§20.7): to the tail of its inactive list. */
void rotate_reclaimable_page(struct memory *m, struct page *page);

/* What this CPU has gathered, or every CPU. All: context as smp_call(). */
void lru_add_drain(struct memory *m);
void lru_add_drain_all(struct memory *m);

#endif
