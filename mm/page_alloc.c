/*
 * The page allocator: fast path, zonelist walk, free (see page_alloc.h).
 */
#include <string.h>

#include "kernel/core/machine.h"
#include "kernel/core/printk.h"
#include "mm/buddy.h"
#include "mm/highatomic.h"
#include "mm/page_alloc.h"
#include "mm/pageblock.h"
#include "mm/pcp.h"
#include "mm/watermark.h"

static void bad_page(const struct memory *m, const struct page *page, const char *why)
	__attribute__((noreturn));

static noinline void bad_page(const struct memory *m, const struct page *page, const char *why)
{
	panic("BUG: Bad page state: pfn %lu: %s (flags %x, refcount %d, mapcount %d, order %u)",
		page_to_pfn(m, page), why, page->flags, page->refcount, page->mapcount,
		page->order);
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
		zone_stat_add(z, NR_FREE_PAGES, -(1l << order));
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

/*
 * Debug builds fill memory with odd, visible bytes: one for what was freed, another for what is
 * handed out without __GFP_ZERO, so that use after free and use before set-up show themselves.
 */
#ifdef LW_DEBUG
#define POISON_FREE  0x6b
#define POISON_FRESH 0x5a

static void poison(const struct memory *m, const struct page *page, unsigned int order, int byte)
{
	memset(page_address(m, page), byte, PAGE_SIZE << order);
}
#else
#define poison(m, page, order, byte) ((void)0)
#endif

static void clear_pages(const struct memory *m, const struct page *page, unsigned int order)
{
	for (unsigned int i = 0; i < 1u << order; i++)
		clear_page(page_address(m, page + i));
}

static inline void prep_new_page(struct memory *m, struct page *page, unsigned int order, gfp_t gfp)
{
	if (unlikely(page->flags | page->refcount | page->mapcount))
		bad_page(m, page, "a free page is in use");
	page->refcount = 1;
	page->order = order;
	mm_event_add(m, PGALLOC, 1ul << order);
	if (gfp & __GFP_ZERO)
		clear_pages(m, page, order);
	else
		poison(m, page, order, POISON_FRESH);
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
		prep_new_page(ac->memory, page, ac->order, ac->gfp);
		if (unlikely(ac->order && (alloc_flags & ALLOC_HARDER)))
			reserve_highatomic_pageblock(z, page);
		return page;
	}
	return NULL;
}

/* Without mobility grouping every request is unmovable (§1.5). */
static inline enum migratetype request_type(const struct memory *m, gfp_t gfp)
{
	return likely(m->mobility_grouping) ? gfp_migratetype(gfp) : MIGRATE_UNMOVABLE;
}

/* No such order, or no zone that may serve (§5.1, §5.2 step 1): said once. */
static struct page *refuse(struct memory *m, gfp_t gfp, unsigned int order)
{
	mm_event_add(m, ALLOC_FAILURES, 1);
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

/*
 * The common case in a straight line: a page that waits on this CPU's list of the preferred zone,
 * while that is above its low watermark. Everything else is the zonelist walk's.
 */
static inline struct page *take_single(struct memory *m, struct zone *z, gfp_t gfp)
{
	struct page *page;
	unsigned long flags;

	if (z->stat[NR_FREE_PAGES] - z->stat[NR_FREE_CMA_PAGES] <=
		(long)z->watermark[WMARK_LOW] + z->lowmem_reserve[z->type])
		return NULL;
	flags = irq_save();
	page = pcp_pop(z, request_type(m, gfp), gfp & __GFP_COLD);
	irq_restore(flags);
	if (likely(page))
		prep_new_page(m, page, 0, gfp);
	return page;
}

static noinline struct page *alloc_from_zonelist(
	struct memory *m, gfp_t gfp, unsigned int order, unsigned int high_zoneidx)
{
	struct alloc_context ac = {.memory = m, .gfp = gfp, .order = order};
	unsigned int alloc_flags = WMARK_LOW | (gfp & __GFP_MOVABLE ? ALLOC_CMA : 0);
	struct page *page;

	ac.high_zoneidx = high_zoneidx;
	ac.first = m->first_zone[high_zoneidx];
	ac.migratetype = request_type(m, gfp);
	if (unlikely(order >= MAX_ORDER || !m->zonelist[ac.first]))
		return refuse(m, gfp, order);
	ac.classzone = m->zonelist[ac.first]->type;
	page = get_page_from_freelist(&ac, alloc_flags);
	return likely(page) ? page : alloc_pages_slowpath(&ac);
}

struct page *alloc_pages(struct memory *m, gfp_t gfp, unsigned int order)
{
	int high_zoneidx = gfp_zone(gfp);

	check_may_sleep(gfp);
	if (unlikely(high_zoneidx < 0))
		panic("BUG: invalid zone bits in gfp mask %#x", gfp);
	if (likely(order == 0)) {
		struct zone *z = m->zonelist[m->first_zone[high_zoneidx]];
		struct page *page = likely(z) ? take_single(m, z, gfp) : NULL;

		if (likely(page))
			return page;
	}
	return alloc_from_zonelist(m, gfp, order, high_zoneidx);
}

static void free_high_order(struct zone *z, struct page *page, unsigned int order)
{
	/* Sampled before the lock is taken, as in 4.8: racy, see §4.6. */
	enum migratetype type = pageblock_type(z, page_to_pfn(z->memory, page));
	unsigned long flags = spin_lock_irqsave(&z->lock);

	z->memory->pages_scanned = 0;
	buddy_free(z, page, order, type);
	spin_unlock_irqrestore(&z->lock, flags);
}

static void check_free(const struct memory *m, const struct page *page, unsigned int order)
{
	if (page->refcount != 1)
		bad_page(m, page,
			page->refcount == 0 ? "freed, but not allocated (double free?)" :
					      "freed while others hold it");
	if (page->order != order)
		bad_page(m, page, "freed with another order than it was allocated with");
	bad_page(m, page, "freed while mapped or on a free list");
}

void free_pages(struct memory *m, struct page *page, unsigned int order)
{
	struct zone *z = page_zone(m, page);
	unsigned long flags;

	if (unlikely(page->refcount != 1 || page->order != order || page->flags | page->mapcount))
		check_free(m, page, order);
	poison(m, page, order, POISON_FREE);
	page->refcount = 0;
	page->order = 0;
	page->mapping = NULL;
	mm_event_add(m, PGFREE, 1ul << order);
	if (order) {
		free_high_order(z, page, order);
		return;
	}
	flags = irq_save();
	pcp_free(z, page, false);
	irq_restore(flags);
}

void release_boot_pages(struct memory *m, unsigned long start_pfn, unsigned long end_pfn)
{
	while (start_pfn < end_pfn) {
		struct zone *z = pfn_zone(m, start_pfn);
		unsigned int order = MAX_ORDER - 1;

		while ((start_pfn & ((1ul << order) - 1)) || start_pfn + (1ul << order) > end_pfn)
			order--;
		z->managed += 1ul << order;
		m->totalram_pages += 1ul << order;
		free_high_order(z, pfn_to_page(m, start_pfn), order);
		start_pfn += 1ul << order;
	}
}
