/*
 * The allocator's paths one by one: refill, drain, fallback, reserve and release, slow path.
 */
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "mm/alloc/buddy_ops.h"
#include "mm/alloc/fallback.h"
#include "mm/alloc/highatomic.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"
#include "mm/show/show_mem.h"
#include "tests/guest/bench.h"

#define BATCHES 8

static volatile gfp_t gfp;
static struct page *held[4096];

/* The zone that the machine has most of. */
static struct zone *main_zone(void)
{
	return system_memory.zonelist[0];
}

static void drain(long n)
{
	(void)n;
	pcp_drain_local(&system_memory);
}

static void take_one(long n)
{
	(void)n;
	held[0] = alloc_pages(&system_memory, gfp, 0);
}

static void measure_refill_and_drain(void)
{
	long refill = 0, empty = 0, pages = 0, drained = 0;

	for (int i = 0; i < BATCHES; i++) {
		const struct per_cpu_pages *pcp = &main_zone()->pcp[this_cpu_id()];

		bench_count(drain, 1);
		refill += bench_count(take_one, 1);
		pages += pcp->count + 1;
		free_pages(&system_memory, held[0], 0);
		drained += pcp->count;
		empty += bench_count(drain, 1);
	}
	bench_report("path", "allocate with a refill, per page", refill, pages);
	bench_report("path", "drain, per page", empty, drained);
}

/* An unmovable request finds movable pageblocks only: it takes a whole one over. */
static void steal(long n)
{
	struct zone *z = main_zone();

	for (long i = 0; i < n; i++) {
		spin_lock(&z->lock);
		held[i] = fallback_take(z, 0, MIGRATE_RECLAIMABLE);
		zone_stat_add(z, NR_FREE_PAGES, -1);
		spin_unlock(&z->lock);
		BUG_ON(!held[i]);
	}
}

static void undo_steal(long n)
{
	struct zone *z = main_zone();

	for (long i = 0; i < n; i++) {
		unsigned long flags = spin_lock_irqsave(&z->lock);

		buddy_free(z, held[i], 0, MIGRATE_MOVABLE);
		set_pageblock_type(z, page_to_pfn(&system_memory, held[i]), MIGRATE_MOVABLE);
		spin_unlock_irqrestore(&z->lock, flags);
	}
}

static void measure_fallback(void)
{
	bench_report("path", "fallback: steal a free pageblock", bench_count(steal, 4), 4);
	undo_steal(4);
}

static struct page *victim; /* in the pageblock that is to be reserved */

static void reserve(long n)
{
	(void)n;
	reserve_highatomic_pageblock(main_zone(), victim);
}

static void unreserve(long n)
{
	struct alloc_context ac = {.memory = &system_memory, .migratetype = MIGRATE_MOVABLE};

	(void)n;
	BUG_ON(!unreserve_highatomic_pageblock(&ac, true));
}

static void measure_one_reserve(const char *what)
{
	char name[48];

	ksnprintf(name, sizeof(name), "reserve %s", what);
	bench_report("path", name, bench_count(reserve, 1), 1);
	ksnprintf(name, sizeof(name), "release %s", what);
	bench_report("path", name, bench_count(unreserve, 1), 1);
}

/* A pageblock that is one free block, and one of which every second page is free. */
static void measure_reserve(void)
{
	gfp = GFP_HIGHUSER_MOVABLE;
	victim = alloc_pages(&system_memory, gfp, MAX_ORDER - 1);
	free_pages(&system_memory, victim, MAX_ORDER - 1);
	measure_one_reserve("a free pageblock");
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		held[i] = alloc_pages(&system_memory, gfp, 0);
	for (size_t i = 0; i < ARRAY_SIZE(held); i += 2)
		free_pages(&system_memory, held[i], 0);
	pcp_drain_local(&system_memory);
	victim = held[ARRAY_SIZE(held) / 2 + 1];
	measure_one_reserve("a scattered pageblock");
	for (size_t i = 1; i < ARRAY_SIZE(held); i += 2)
		free_pages(&system_memory, held[i], 0);
}

static void slow_pairs(long n)
{
	while (n--)
		free_pages(&system_memory, alloc_pages(&system_memory, gfp, 0), 0);
}

/*
 * No zone reaches its low watermark, so that the first attempt fails and the second does not.
 * Masks that may sleep may not be used with interrupts off.
 */
static void measure_slow_path(void)
{
	unsigned long low[MAX_NR_ZONES];
	struct zone *z;

	for_each_zone(&system_memory, z) {
		low[z->type] = z->watermark[WMARK_LOW];
		z->watermark[WMARK_LOW] = ~0ul >> 2;
	}
	gfp = GFP_NOWAIT;
	bench_run("path", "slow path: order 0 pair GFP_NOWAIT", slow_pairs, 100);
	gfp = GFP_ATOMIC;
	bench_run("path", "slow path: order 0 pair GFP_ATOMIC", slow_pairs, 100);
	for_each_zone(&system_memory, z)
		z->watermark[WMARK_LOW] = low[z->type];
}

void bench_paths(void)
{
	gfp = GFP_KERNEL;
	measure_refill_and_drain();
	measure_fallback();
	measure_reserve();
	measure_slow_path();
	pcp_drain_local(&system_memory);
}
