/*
 * Requests for memory, and what must hold of each answer (see play_parts.h).
 */
#include "play_parts.h"

#include "request.h"

#define FROM_IRQ 0x80000000u /* no bit of a mask: an interrupt comes, and asks */

/* They give up soon. */
static const gfp_t quick_kinds[] = {
	GFP_NOWAIT,
	GFP_NOWAIT | FROM_IRQ,
	GFP_ATOMIC,
	GFP_ATOMIC | FROM_IRQ,
	GFP_KERNEL | __GFP_NORETRY,
	GFP_NOWAIT | __GFP_MOVABLE | __GFP_HIGHMEM,
	GFP_NOWAIT | __GFP_MOVABLE,
	GFP_NOWAIT | __GFP_RECLAIMABLE,
	GFP_ATOMIC | __GFP_RECLAIMABLE,
	GFP_NOWAIT | GFP_DMA,
	GFP_ATOMIC | GFP_DMA | FROM_IRQ,
	GFP_NOWAIT | GFP_DMA32,
	GFP_NOWAIT | __GFP_COLD,
	GFP_NOWAIT | __GFP_MOVABLE | __GFP_COLD,
	GFP_NOWAIT | __GFP_MEMALLOC,
	GFP_ATOMIC | __GFP_NOMEMALLOC,
	GFP_HIGHUSER_MOVABLE | __GFP_NORETRY,
	GFP_NOFS | __GFP_NORETRY,
	GFP_KERNEL | __GFP_ATOMIC | __GFP_NORETRY,
	GFP_NOWAIT | __GFP_NOFAIL,
	GFP_ATOMIC | __GFP_MOVABLE | __GFP_HIGHMEM,
	0,
};

/* They may wait and kill, or clear pages, which takes far longer. */
static const gfp_t slow_kinds[] = {
	GFP_KERNEL,
	GFP_KERNEL | __GFP_REPEAT,
	GFP_TRANSHUGE,
	GFP_HIGHUSER_MOVABLE,
	GFP_TEMPORARY,
	GFP_NOFS,
	GFP_KERNEL | GFP_DMA,
	GFP_KERNEL | __GFP_NOMEMALLOC,
	GFP_KERNEL | __GFP_THISNODE,
	GFP_KERNEL | __GFP_NOFAIL,
	GFP_NOWAIT | __GFP_ZERO,
};

#define MOST_ZEROED 2u
static const uint8_t orders[] = {0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 9, 10, MAX_ORDER};

struct asked {
	gfp_t gfp;
	unsigned int order;
	bool irq;
	/* Before: what the watermark test saw, and what must be so again after. */
	long free[MAX_NR_ZONES];
	unsigned int task_flags;
};

static bool may_ignore_marks(gfp_t gfp)
{
	return (gfp & (__GFP_MEMALLOC | __GFP_DIRECT_RECLAIM)) ||
		(world.self->flags & PF_MEMALLOC) || world.self->memdie;
}

/* ALLOC_HARDER (§1.7). */
static bool is_harder(const struct asked *a)
{
	if ((a->gfp & __GFP_ATOMIC) && !(a->gfp & __GFP_DIRECT_RECLAIM))
		return !(a->gfp & __GFP_NOMEMALLOC);
	return world.self->prio == PRIO_RT && !a->irq;
}

/* No request that cannot reclaim takes a zone below what §2.6 leaves it of the min watermark. */
static void check_mark(const struct zone *z, const struct asked *a)
{
	struct alloc_context ac = request(world.m, a->gfp, a->order);
	long min = z->watermark[WMARK_MIN], free = a->free[z->type];

	if (a->gfp & __GFP_HIGH)
		min -= min / 2;
	if (is_harder(a))
		min -= min / 4;
	if (free - ((1l << a->order) - 1) <= min + z->lowmem_reserve[ac.classzone])
		panic("play: %s had %ld pages free, and yet serves gfp %#x order %u", z->name, free,
			a->gfp, a->order);
}

/* They stay dirty, so that whoever gets one of them zeroed next can tell. */
static void check_zeroed(const struct page *page, unsigned int order)
{
	for (unsigned int i = 0; i < 1u << order; i++) {
		uint64_t *words = page_address(world.m, page + i);

		if (words[0] | words[PAGE_SIZE / sizeof(*words) - 1])
			panic("play: a page that should be zero is not");
		words[0] = words[PAGE_SIZE / sizeof(*words) - 1] = ~0ull;
	}
}

static void check_served(struct page *page, const struct asked *a)
{
	const struct zone *z = page_zone(world.m, page);

	held_add(page, a->order);
	if (page->refcount != 1 || page->order != a->order)
		panic("play: a fresh block has %d references and order %u", page->refcount,
			page->order);
	if (a->gfp & __GFP_ZERO)
		check_zeroed(page, a->order);
	if ((int)z->type > gfp_zone(a->gfp))
		panic("play: gfp %#x is served from %s", a->gfp, z->name);
	if (a->order && page->list_type == MIGRATE_HIGHATOMIC && !is_harder(a))
		panic("play: gfp %#x order %u is served from the reserve", a->gfp, a->order);
	if (!may_ignore_marks(a->gfp))
		check_mark(z, a);
}

static struct page *alloc_in_interrupt(gfp_t gfp, unsigned int order)
{
	unsigned long flags = irq_save();
	struct page *page;

	this_cpu()->irq_depth++;
	page = alloc_pages(world.m, gfp, order);
	this_cpu()->irq_depth--;
	irq_restore(flags);
	return page;
}

/*
 * All that is free may be in the reserve, which a request that must not fail cannot have: 4.8, too,
 * waits for ever then. There is no room in held[] only after very long lives.
 */
static bool is_possible(const struct asked *a)
{
	if ((a->gfp & __GFP_NOFAIL) && world.m->event[HIGHATOMIC_RESERVED_BLOCKS])
		return false;
	return nr_held < MOST_HELD - MOST_WAITS;
}

void check_caller(gfp_t gfp, unsigned int task_flags)
{
	if (!irqs_enabled() || preempt_count() || in_interrupt())
		panic("play: after gfp %#x interrupts are %d, preemption is off %u times", gfp,
			irqs_enabled(), preempt_count());
	if (world.m->oom_lock.info.owner)
		panic("play: after gfp %#x oom_lock is held", gfp);
	if (current != world.self || current->flags != task_flags || current->alloc_since)
		panic("play: gfp %#x has changed its task", gfp);
}

static void note_before(struct asked *a)
{
	a->task_flags = current->flags;
	for (int i = 0; i < MAX_NR_ZONES; i++)
		a->free[i] = world.m->zone[i].stat[NR_FREE_PAGES];
}

static bool ask(struct asked *a)
{
	struct page *page;

	if (!is_possible(a))
		return false;
	note_before(a);
	page = a->irq ? alloc_in_interrupt(a->gfp, a->order) :
			alloc_pages(world.m, a->gfp, a->order);
	trace("alloc gfp %#x order %u%s: pfn %ld\n", a->gfp, a->order, a->irq ? " from irq" : "",
		page ? (long)page_to_pfn(world.m, page) : -1);
	play_stats.operations++;
	play_stats.refused += !page;
	if (page)
		check_served(page, a);
	else if ((a->gfp & __GFP_NOFAIL) && (a->gfp & __GFP_DIRECT_RECLAIM))
		panic("play: a request that must not fail did");
	check_caller(a->gfp, a->task_flags);
	others_done();
	return page;
}

struct kind quick_kind(uint8_t kind)
{
	gfp_t gfp = quick_kinds[kind % ARRAY_SIZE(quick_kinds)];

	return (struct kind){gfp & ~FROM_IRQ, gfp & FROM_IRQ};
}

struct kind any_kind(uint8_t kind)
{
	kind %= ARRAY_SIZE(quick_kinds) + ARRAY_SIZE(slow_kinds);
	if (kind < ARRAY_SIZE(quick_kinds))
		return quick_kind(kind);
	return (struct kind){slow_kinds[kind - ARRAY_SIZE(quick_kinds)], false};
}

static bool request_kind(struct kind kind, uint8_t order)
{
	struct asked a = {
		.gfp = kind.gfp, .order = orders[order % ARRAY_SIZE(orders)], .irq = kind.irq};

	if (a.gfp & __GFP_NOFAIL)
		a.order = 0;
	if (a.gfp & __GFP_ZERO)
		a.order = MIN(a.order, MOST_ZEROED);
	return ask(&a);
}

bool request_one(uint8_t kind, uint8_t order)
{
	return request_kind(any_kind(kind), order);
}

bool request_quick(uint8_t kind, uint8_t order)
{
	return request_kind(quick_kind(kind), order);
}
