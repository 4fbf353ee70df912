/*
 * The page allocator: fast path, zonelist walk, free (see page_alloc.h).
 *
 * The fast paths hold nothing in registers that a call would have to keep, and have no stack frame:
 * whatever is not the common case is called last, and (Makefile) by a jump, with its arguments where
 * they are already.
 */
#include <string.h>

#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "mm/alloc/buddy_ops.h"
#include "mm/alloc/fail_page_alloc.h"
#include "mm/alloc/fallback.h"
#include "mm/alloc/highatomic.h"
#include "mm/alloc/page_alloc.h"
#include "mm/alloc/page_poison.h"
#include "mm/page/bad_page.h"
#include "mm/page/node_stat.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"
#include "mm/alloc/watermark.h"

/* Any free block for `type`: own type, then its fallbacks. zone->lock held. */
static struct page *rmqueue_buddy(struct zone *z, unsigned int order, enum migratetype type)
{
	struct page *page = buddy_take(z, order, type);

	return page ? page : fallback_take(z, order, type);
}

static struct page *take_high_order(
	struct zone *z, unsigned int order, unsigned int alloc_flags, enum migratetype type)
{
	unsigned long flags = spin_lock_irqsave(&z->lock);
	struct page *page = NULL;

	if (alloc_flags & ALLOC_HARDER)
		page = buddy_take(z, order, MIGRATE_HIGHATOMIC);
	if (!page)
		page = rmqueue_buddy(z, order, type);
	if (page)
		zone_stat_lower(z, NR_FREE_PAGES, 1l << order);
	spin_unlock_irqrestore(&z->lock, flags);
	return page;
}

static inline struct page *rmqueue(
	struct zone *z, const struct alloc_context *ac, unsigned int alloc_flags)
{
	struct page *page;
	unsigned long flags;

	if (ac->order)
		return take_high_order(z, ac->order, alloc_flags, ac->migratetype);
	flags = irq_save();
	page = pcp_take(z, ac->migratetype, ac->gfp & __GFP_COLD);
	irq_restore(flags);
	return page;
}

static noinline struct page *clear_pages(
	const struct memory *m, struct page *page, unsigned int order)
{
	for (unsigned int i = 0; i < 1u << order; i++)
		clear_page(page_address(m, page + i));
	return page;
}

/* Counted while the zone is at hand. */
static inline void count_allocated(struct zone *z, unsigned int order)
{
	atomic_add((long *)&z->allocated, 1l << order);
}

/* Returns `page`. */
static inline struct page *prep_new_page(
	struct memory *m, struct page *page, unsigned int order, gfp_t gfp)
{
	if (unlikely(page->users || page_flags_order(page)))
		return bad_page(m, page, "a free page is in use");
	page->users = 1; /* refcount 1, mapcount 0 */
	if (order)
		page->order = order;
	page_poison_check(m, page, order);
	if (!(gfp & __GFP_ZERO)) {
		page_poison(m, page, order, PAGE_POISON_FRESH);
		return page;
	}
	if (order)
		return clear_pages(m, page, order);
	clear_page(page_address(m, page));
	return page;
}

struct page *get_page_from_freelist(const struct alloc_context *ac, unsigned int alloc_flags)
{
	struct zone *const *entry = &ac->memory->zonelist[ac->first];
	struct zone *z;

	for (; (z = *entry); entry++) {
		unsigned long mark = z->watermark[alloc_flags & ALLOC_WMARK_MASK];
		struct page *page;

		if (!zone_watermark_fast(z, ac->order, mark, ac->classzone, alloc_flags) &&
			!(alloc_flags & ALLOC_NO_WATERMARKS))
			continue;
		page = rmqueue(z, ac, alloc_flags);
		if (!page)
			continue;
		count_allocated(z, ac->order);
		prep_new_page(ac->memory, page, ac->order, ac->gfp);
		if (unlikely(ac->order && (alloc_flags & ALLOC_HARDER)))
			reserve_highatomic_pageblock(z, page);
		return page;
	}
	return NULL;
}

/* No such order, or no zone that may serve (§5.1, §5.2 step 1): said once, unless __GFP_NOWARN. */
static struct page *refuse(struct memory *m, gfp_t gfp, unsigned int order)
{
	mm_event_add(m, ALLOC_FAILURES, 1);
	if (gfp & __GFP_NOWARN)
		return NULL;
	if (!m->warned_refused)
		pr_warn("WARNING: no allocation of order %u with gfp_mask=0x%x is possible", order,
			gfp);
	m->warned_refused = true;
	return NULL;
}

#ifdef LW_DEBUG
/* A request that may sleep must say so where it matters little, not only when memory is short. */
static void check_may_sleep(gfp_t gfp)
{
	if (!(gfp & __GFP_DIRECT_RECLAIM) || !current || current->pid == 0)
		return;
	if (in_interrupt() || !irqs_enabled() || preempt_count())
		panic("BUG: sleeping allocation (gfp %#x) in atomic context", gfp);
}
#else
#define check_may_sleep(gfp) ((void)0)
#endif

/* A frame of its own in call traces, as in 4.8 (§34.8): all that is not in the fast paths is below it. */
static noinline struct page *__alloc_pages_nodemask(struct memory *m, gfp_t gfp, unsigned int order)
{
	struct alloc_context ac = {.memory = m, .gfp = gfp, .order = order};
	unsigned int alloc_flags = WMARK_LOW | (gfp & __GFP_MOVABLE ? ALLOC_CMA : 0);
	int high_zoneidx = gfp_zone(gfp);
	struct page *page;

	if (unlikely(high_zoneidx < 0))
		panic("BUG: invalid zone bits in gfp mask %#x", gfp);
	if (unlikely(m->fail.on) && should_fail_alloc_page(m, gfp, order))
		return NULL;
	ac.high_zoneidx = high_zoneidx;
	ac.first = m->first_zone[high_zoneidx];
	ac.migratetype = request_type(m, gfp);
	if (unlikely(order >= MAX_ORDER || !m->zonelist[ac.first]))
		return refuse(m, gfp, order);
	ac.classzone = m->zonelist[ac.first]->type;
	page = get_page_from_freelist(&ac, alloc_flags);
	return likely(page) ? page : __alloc_pages_slowpath(&ac);
}

/* The zone's low watermark, for a request of its own class and without further rights (§2.6). */
static inline bool is_above_low(const struct zone *z, unsigned int order)
{
	long free = z->stat[NR_FREE_PAGES] - z->stat[NR_FREE_CMA_PAGES];

	return free - (long)z->nr_reserved_highatomic - (1l << order) >=
		(long)z->watermark[WMARK_LOW];
}

/* Interrupts are off, and given back to `flags`. */
static noinline struct page *refill_and_take(
	struct memory *m, gfp_t gfp, struct zone *z, unsigned long flags)
{
	struct page *page = pcp_take(z, request_type(m, gfp), gfp & __GFP_COLD);

	irq_restore(flags);
	if (!page)
		return __alloc_pages_nodemask(m, gfp, 0);
	count_allocated(z, 0);
	return prep_new_page(m, page, 0, gfp);
}

/* The zone's lock is held, and no block of just this order is there. */
static noinline struct page *split_and_take(
	struct memory *m, gfp_t gfp, unsigned int order, struct zone *z, unsigned long flags)
{
	struct page *page = take_block(z, order, request_type(m, gfp));

	if (page)
		zone_stat_lower(z, NR_FREE_PAGES, 1l << order);
	spin_unlock_irqrestore(&z->lock, flags);
	if (!page)
		return __alloc_pages_nodemask(m, gfp, order);
	count_allocated(z, order);
	return prep_new_page(m, page, order, gfp);
}

/*
 * The same for higher orders: a block of the wanted type in the preferred zone, above its low
 * watermark. That there is one is what the test of §2.6 asks in the end.
 */
static noinline struct page *alloc_block(
	struct memory *m, gfp_t gfp, unsigned int order, const struct route *route)
{
	struct zone *z = route->zone;
	struct page *page;
	unsigned long flags;

	if (unlikely(order - 1 >= MAX_ORDER - 1) || unlikely(!is_above_low(z, order)))
		return __alloc_pages_nodemask(m, gfp, order);
	flags = spin_lock_irqsave(&z->lock);
	page = take_exact(z, order, route->type);
	if (unlikely(!page))
		return split_and_take(m, gfp, order, z, flags);
	zone_stat_lower(z, NR_FREE_PAGES, 1l << order);
	count_allocated(z, order);
	spin_unlock_irqrestore(&z->lock, flags);
	return prep_new_page(m, page, order, gfp);
}

/*
 * The common case in a straight line: a page that waits on this CPU's list of the preferred zone,
 * while that is above its low watermark (a zone reserves nothing against its own requests).
 * Everything else is the zonelist walk's.
 */
struct page *alloc_pages(struct memory *m, gfp_t gfp, unsigned int order)
{
	const struct route *route = &m->route[gfp & ROUTE_BITS];
	struct zone *z = route->zone;
	struct list_head *list;
	struct page *page;
	unsigned long flags, slot;

	check_may_sleep(gfp);
	if (unlikely(order))
		return alloc_block(m, gfp, order, route);
	if (unlikely(z->stat[NR_FREE_PAGES] - z->stat[NR_FREE_CMA_PAGES] <=
		    (long)z->watermark[WMARK_LOW]))
		return __alloc_pages_nodemask(m, gfp, 0);
	flags = irq_save();
	slot = this_cpu_slot();
	list = in_slot(route->list, slot);
	if (unlikely(list_empty(list)))
		return refill_and_take(m, gfp, z, flags);
	page = pcp_pop(in_slot(z->pcp, slot), list, gfp & __GFP_COLD);
	count_allocated(z, 0);
	irq_restore(flags);
	return prep_new_page(m, page, 0, gfp);
}

typedef void (*put_fn)(
	struct zone *z, struct page *page, unsigned int order, enum migratetype type);

static inline void free_high_order(
	struct memory *m, struct zone *z, struct page *page, unsigned int order, put_fn put)
{
	/* Sampled before the lock is taken, as in 4.8: racy, see §4.6. */
	enum migratetype type = page_block_type(m, z, page);
	unsigned long flags = spin_lock_irqsave(&z->lock);

	forget_scanned(m);
	zone_stat_raise(z, NR_FREE_PAGES, 1l << order);
	put(z, page, order, type);
	spin_unlock_irqrestore(&z->lock, flags);
}

static noinline void free_at_edge(
	struct memory *m, struct zone *z, struct page *page, unsigned int order)
{
	free_high_order(m, z, page, order, put_block_at_edge);
}

static noinline void bad_free(const struct memory *m, const struct page *page, unsigned int order)
{
	if (page->refcount != 1)
		bad_page(m, page,
			page->refcount == 0 ? "freed, but not allocated (double free?)" :
					      "freed while others hold it");
	if (page->order != order)
		bad_page(m, page, "freed with another order than it was allocated with");
	bad_page(m, page, "freed while mapped or on a free list");
}

static noinline void free_block(
	struct memory *m, struct page *page, unsigned int order, struct zone *z)
{
	if (unlikely(page->users != 1 || page_flags_order(page) != PAGE_STATE(0, order, 0))) {
		bad_free(m, page, order);
		return;
	}
	page_poison(m, page, order, PAGE_POISON_FREE);
	page->users = 0;
	page->order = 0; /* it may become the inside of a larger block */
	page->mapping = NULL;
	mm_event_add(m, PGFREE, 1l << order);
	if (is_inner(z, page))
		free_high_order(m, z, page, order, put_inner_block);
	else
		free_at_edge(m, z, page, order);
}

/* One reference, not mapped; no flags, order 0. */
static inline bool is_single(const struct page *page)
{
	return likely(page->users == 1 && !page_flags_order(page));
}

/* A single page, to this CPU's list. Interrupts off; as pcp_add(). */
static inline bool put_single(
	struct memory *m, struct zone *z, struct per_cpu_pages *pcp, struct page *page, bool cold)
{
	page->users = 0;
	page->mapping = NULL;
	return pcp_add(pcp, page, page_block_type(m, z, page), cold);
}

void free_pages(struct memory *m, struct page *page, unsigned int order)
{
	struct zone *z = page_zone(m, page);
	struct per_cpu_pages *pcp;
	unsigned long flags;

	if (unlikely(order)) {
		free_block(m, page, order, z);
		return;
	}
	if (unlikely(!is_single(page))) {
		bad_free(m, page, 0);
		return;
	}
	page_poison(m, page, 0, PAGE_POISON_FREE);
	mm_event_add(m, PGFREE, 1);
	flags = irq_save();
	pcp = this_cpu_pages(z);
	if (unlikely(put_single(m, z, pcp, page, false)))
		pcp_free_batch_irqrestore(z, pcp, flags);
	else
		irq_restore(flags);
}

/* So long, in pages, are interrupts off. */
#define FREE_AT_ONCE 32ul

static always_inline void free_some(
	struct memory *m, struct page **page, unsigned long n, bool cold)
{
	unsigned long flags = irq_save(), slot = this_cpu_slot();

	while (n--) {
		struct zone *z = page_zone(m, page[n]);
		struct per_cpu_pages *pcp = in_slot(z->pcp, slot);

		if (unlikely(!is_single(page[n])))
			bad_free(m, page[n], 0);
		page_poison(m, page[n], 0, PAGE_POISON_FREE);
		if (unlikely(put_single(m, z, pcp, page[n], cold)))
			pcp_free_batch(z, pcp);
	}
	irq_restore(flags);
}

static always_inline void free_array(
	struct memory *m, struct page **page, unsigned long n, bool cold)
{
	mm_event_add(m, PGFREE, n);
	while (n) {
		unsigned long some = MIN(n, FREE_AT_ONCE);

		n -= some;
		free_some(m, page + n, some, cold);
	}
}

void free_page_array(struct memory *m, struct page **page, unsigned long n)
{
	free_array(m, page, n, false);
}

void free_page_array_cold(struct memory *m, struct page **page, unsigned long n)
{
	free_array(m, page, n, true);
}

void split_page(struct memory *m, struct page *page, unsigned int order)
{
	if (page->refcount < 1 || page->order != order)
		bad_page(m, page, "split with another order than it was allocated with");
	page->order = 0;
	for (unsigned long i = 1; i < 1ul << order; i++)
		page[i].users = page->users;
}

void release_boot_pages(struct memory *m, unsigned long start_pfn, unsigned long end_pfn)
{
	while (start_pfn < end_pfn) {
		struct zone *z = pfn_zone(m, start_pfn);
		unsigned long end = MIN(end_pfn, zone_end_pfn(z));
		unsigned int order = MAX_ORDER - 1;

		while ((start_pfn & ((1ul << order) - 1)) || start_pfn + (1ul << order) > end)
			order--;
		z->managed += 1ul << order;
		m->totalram_pages += 1ul << order;
		free_high_order(m, z, pfn_to_page(m, start_pfn), order, put_block);
		start_pfn += 1ul << order;
	}
}
