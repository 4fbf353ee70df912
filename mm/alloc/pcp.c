/*
 * Per-CPU lists of single pages (see pcp.h).
 */
#include "kernel/core/sched/smp.h"
#include "mm/alloc/buddy_ops.h"
#include "mm/alloc/fallback.h"
#include "mm/page/mm_trace.h"
#include "mm/page/node_stat.h"
#include "mm/alloc/pcp.h"

void pcp_size(unsigned long managed, int *batch, int *high)
{
	unsigned long b = MIN(managed / 1024, 128ul) / 4;
	unsigned long pow2 = 1;

	b = MAX(b, 1ul);
	b += b / 2;
	while (pow2 * 2 <= b)
		pow2 *= 2;
	*high = 6 * (int)(pow2 - 1);
	*batch = MAX((int)(pow2 - 1), 1);
}

/* `n` consecutive pages, ascending, to the list's end; for cold ones descending, to its head. */
static inline void append_run(
	struct list_head *list, struct page *page, int n, enum migratetype type, bool cold)
{
	for (; n; n--, page++) {
		page->state = PAGE_STATE(0, 0, type);
		if (unlikely(cold))
			list_add(&page->lru, list);
		else
			list_add_tail(&page->lru, list);
	}
}

static void refill(struct zone *z, struct per_cpu_pages *pcp, enum migratetype type, bool cold)
{
	struct list_head *list = &pcp->lists[type];
	int left = pcp->batch, n;

	spin_lock(&z->lock);
	mm_event_add(z->memory, ZONE_LOCK_REFILLS, 1);
	for (; left; left -= n) {
		struct page *page;

		n = take_run(z, type, left, &page);
		if (unlikely(!n)) {
			page = fallback_take(z, 0, type);
			if (!page)
				break;
			n = 1;
		}
		append_run(list, page, n, type, cold);
	}
	n = pcp->batch - left;
	zone_stat_lower(z, NR_FREE_PAGES, n);
	spin_unlock(&z->lock);
	pcp->count += n;
}

struct page *pcp_take(struct zone *z, enum migratetype type, bool cold)
{
	struct per_cpu_pages *pcp = this_cpu_pages(z);
	struct list_head *list = &pcp->lists[type];

	if (list_empty(list))
		refill(z, pcp, type, cold);
	return list_empty(list) ? NULL : pcp_pop(pcp, list, cold);
}

static inline bool continues(const struct list_head *node, const struct list_head *list,
	const struct page *wanted, enum migratetype type)
{
	return node != list && list_entry(node, struct page, lru) == wanted &&
		wanted->list_type == type;
}

/*
 * Up to `n` pages from the list's tail; returns how many. Consecutive ones, in either direction,
 * go together. zone->lock held.
 */
static inline int free_from(struct zone *z, struct list_head *list, int n)
{
	struct list_head *node = list->prev;
	int left = n;

	while (left && node != list) {
		struct page *page = list_entry(node, struct page, lru), *end = page + 1;
		enum migratetype type = page->list_type;
		bool down;

		node = node->prev;
		for (left--; left && continues(node, list, end, type); left--, end++)
			node = node->prev;
		down = end == page + 1;
		if (down)
			for (; left && continues(node, list, page - 1, type); left--, page--)
				node = node->prev;
		if (likely(page + 1 == end))
			put_block(z, page, 0, type);
		else
			put_run(z, page, end, type, down);
	}
	list->prev = node; /* off the list all at once */
	node->next = list;
	return n - left;
}

/*
 * Round robin over the types, ever more pages from each list in turn the more empty ones were
 * passed on the way; the only non-empty list gives all the rest. Each page goes to the list of
 * the type that was sampled when it was freed, whatever its pageblock has become since (§4.6).
 */
static void free_bulk(struct zone *z, struct per_cpu_pages *pcp, int count)
{
	unsigned int type = 0;
	int share = 0; /* what a list that ran empty did not give is left to the next */

	pcp->count -= count;
	spin_lock(&z->lock);
	mm_event_add(z->memory, ZONE_LOCK_BULK_FREES, 1);
	forget_scanned(z->memory);
	zone_stat_raise(z, NR_FREE_PAGES, count);
	while (count) {
		int got;

		do {
			share++;
			type = (type + 1) % MIGRATE_PCPTYPES;
		} while (list_empty(&pcp->lists[type]));
		if (share == MIGRATE_PCPTYPES)
			share = count;
		got = free_from(z, &pcp->lists[type], MIN(share, count));
		share -= got;
		count -= got;
	}
	spin_unlock(&z->lock);
}

void pcp_free_batch(struct zone *z, struct per_cpu_pages *pcp)
{
	free_bulk(z, pcp, MIN(pcp->batch, pcp->count));
}

void pcp_free_batch_irqrestore(struct zone *z, struct per_cpu_pages *pcp, unsigned long flags)
{
	pcp_free_batch(z, pcp);
	irq_restore(flags);
}

static void drain(struct zone *z, struct per_cpu_pages *pcp)
{
	long before = zone_stat(z, NR_FREE_PAGES), pages = pcp->count;

	free_bulk(z, pcp, pcp->count);
	trace(mm_page_pcpu_drain, (long)z->name, pages, before, zone_stat(z, NR_FREE_PAGES));
}

void pcp_drain_local(struct memory *m)
{
	struct zone *z;

	for_each_populated_zone(m, z) {
		unsigned long flags = irq_save();
		struct per_cpu_pages *pcp = this_cpu_pages(z);

		if (pcp->count)
			drain(z, pcp);
		irq_restore(flags);
	}
}

static void drain_here(void *m)
{
	pcp_drain_local(m);
}

/* Only CPUs that have something to give are disturbed, as in 4.8. */
void pcp_drain_all(struct memory *m)
{
	unsigned int mask = 0;
	struct zone *z;

	for_each_populated_zone(m, z)
		for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
			if (READ_ONCE(z->pcp[cpu].count))
				mask |= 1u << cpu;
	if (mask)
		smp_call(mask, drain_here, m);
}
