/*
 * Per-CPU lists of single pages (§3.8, §3.9): one zone-lock acquisition for each batch.
 * Interrupts off, no lock held; they take zone->lock themselves.
 */
#ifndef MM_PCP_H
#define MM_PCP_H

#include "mm/page/pageblock.h"

/* Batch and high mark from the zone's managed pages (§3.9). */
void pcp_size(unsigned long managed, int *batch, int *high);

/* Give a batch back to the buddy lists; the other one: and interrupts back to `flags`. */
void pcp_free_batch(struct zone *z, struct per_cpu_pages *pcp);
void pcp_free_batch_irqrestore(struct zone *z, struct per_cpu_pages *pcp, unsigned long flags);

/* One page from a list that is not empty, and is one of `pcp`'s. */
static inline struct page *pcp_pop(struct per_cpu_pages *pcp, struct list_head *list, bool cold)
{
	struct list_head *node = unlikely(cold) ? list->prev : list->next;

	list_del(node);
	pcp->count--;
	return list_entry(node, struct page, lru);
}

/* The same, with a refill where the list is empty. */
struct page *pcp_take(struct zone *z, enum migratetype type, bool cold);

/*
 * A freed page. Its type is sampled without the lock: it is what is cached with the page, and H
 * pages share the movable list, so a movable request may get one (§3.9). True: there are so many
 * now that a batch goes to the buddy lists.
 */
static inline bool pcp_add(
	struct per_cpu_pages *pcp, struct page *page, enum migratetype type, bool cold)
{
	struct list_head *list;

	page->list_type = type;
	if (unlikely(type >= MIGRATE_PCPTYPES))
		type = MIGRATE_MOVABLE;
	list = &pcp->lists[type];
	keep_in_register(list);
	if (unlikely(cold))
		list_add_tail(&page->lru, list);
	else
		list_add(&page->lru, list);
	pcp->count++;
	return pcp->count >= pcp->high;
}

/* Empty this CPU's lists into the buddy lists; drain_all: those of all CPUs. Local:
 * any irq state; all: context as smp_call(). */
void pcp_drain_local(struct memory *m);
void pcp_drain_all(struct memory *m);

#endif
