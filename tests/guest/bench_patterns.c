/*
 * The three patterns that must be kept apart: the same block again and again (pair), many blocks
 * taken and then given back in order (bulk), and given back in random order.
 */
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/rand.h"
#include "mm/alloc/buddy_ops.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"
#include "tests/guest/bench.h"

#define MOST 4096

static volatile gfp_t gfp; /* volatile: the compiler must not know them */
static volatile unsigned int order;
static struct page *block[MOST];
static unsigned int turn[MOST];

static const struct {
	gfp_t gfp;
	const char *name;
} masks[] = {{GFP_KERNEL, "GFP_KERNEL"}, {GFP_ATOMIC, "GFP_ATOMIC"}};

static void pairs(long n)
{
	while (n--)
		free_pages(&system_memory, alloc_pages(&system_memory, gfp, order), order);
}

static void take(long n)
{
	for (long i = 0; i < n; i++)
		block[i] = alloc_pages(&system_memory, gfp, order);
}

static void give_in_order(long n)
{
	for (long i = 0; i < n; i++)
		free_pages(&system_memory, block[i], order);
}

static void give_at_random(long n)
{
	for (long i = 0; i < n; i++)
		free_pages(&system_memory, block[turn[i]], order);
}

/* Both ways need the same loads: the random order is a table of places. */
static void shuffle(long n)
{
	struct rand r;

	rand_seed(&r, 1);
	for (long i = 0; i < n; i++)
		turn[i] = i;
	for (long i = n - 1; i > 0; i--) {
		unsigned int k = rand_below(&r, i + 1), t = turn[i];

		turn[i] = turn[k];
		turn[k] = t;
	}
}

/*
 * What small blocks lie about must not decide what a pair costs. All of them are put aside, and
 * there is one of each order whose buddy is in use: it is taken whole and merges with nothing.
 */
static struct list_head aside = LIST_HEAD_INIT(aside);
static struct page *in_use;

static void put_aside(struct zone *z)
{
	for (unsigned int o = 0; o < MAX_ORDER - 1; o++) {
		while (z->free_mask[MIGRATE_UNMOVABLE] & 1u << o) {
			struct page *page = buddy_take(z, o, MIGRATE_UNMOVABLE);

			page->private = o;
			list_add(&page->lru, &aside);
			zone_stat_add(z, NR_FREE_PAGES, -(1l << o));
		}
	}
}

static void lay_out_blocks(void)
{
	struct zone *z = system_memory.zonelist[0];
	unsigned long flags = spin_lock_irqsave(&z->lock);

	put_aside(z);
	in_use = buddy_take(z, MAX_ORDER - 1, MIGRATE_MOVABLE);
	BUG_ON(!in_use);
	set_pageblock_type(z, page_to_pfn(&system_memory, in_use), MIGRATE_UNMOVABLE);
	for (unsigned int o = 0; o < MAX_ORDER - 1; o++)
		put_block(z, in_use + (1ul << o), o, MIGRATE_UNMOVABLE);
	zone_stat_add(z, NR_FREE_PAGES, -1);
	spin_unlock_irqrestore(&z->lock, flags);
}

static void put_back_blocks(void)
{
	struct zone *z = system_memory.zonelist[0];
	unsigned long flags = spin_lock_irqsave(&z->lock);

	buddy_free(z, in_use, 0, MIGRATE_UNMOVABLE);
	while (!list_empty(&aside)) {
		struct page *page = list_first_entry(&aside, struct page, lru);

		list_del(&page->lru);
		buddy_free(z, page, page->private, MIGRATE_UNMOVABLE);
	}
	spin_unlock_irqrestore(&z->lock, flags);
}

/* Nothing is reclaimable at first: one pageblock is taken over, and is whole after each pair. */
static void measure_whole_way(void)
{
	static const unsigned int orders[] = {1, 3, 9};
	char name[48];

	gfp = GFP_TEMPORARY;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		order = orders[i];
		ksnprintf(name, sizeof(name), "order %u, split from and merged to 10", order);
		bench_run("pair", name, pairs, 1000);
	}
}

static void measure_pairs(void)
{
	static const unsigned int orders[] = {0, 1, 2, 3, 9, 10};
	char name[48];

	for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
		gfp = masks[m].gfp;
		for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
			order = orders[i];
			ksnprintf(name, sizeof(name), "order %u %s", order, masks[m].name);
			bench_run("pair", name, pairs, 1000);
			pcp_drain_local(&system_memory); /* the small blocks are back */
		}
	}
}

static void measure_many(unsigned int o, long n)
{
	char name[48];

	order = o;
	pcp_drain_local(&system_memory);
	ksnprintf(name, sizeof(name), "order %u, %ld blocks: allocate", o, n);
	bench_report("bulk", name, bench_count(take, n), n);
	ksnprintf(name, sizeof(name), "order %u, %ld blocks: free", o, n);
	bench_report("bulk", name, bench_count(give_in_order, n), n);
	shuffle(n);
	bench_count(take, n);
	ksnprintf(name, sizeof(name), "order %u, %ld blocks: free", o, n);
	bench_report("random", name, bench_count(give_at_random, n), n);
}

/* At most 16 MiB at a time, so that the smallest machine serves as well. */
static void measure_bulk(void)
{
	static const struct {
		unsigned int order;
		long n[3];
	} rows[] = {
		{0, {16, 512, 4096}},
		{1, {16, 512, 2048}},
		{2, {16, 512, 1024}},
		{3, {16, 128, 512}},
		{9, {2, 4, 8}},
		{10, {1, 2, 4}},
	};

	gfp = GFP_KERNEL;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		for (size_t k = 0; k < ARRAY_SIZE(rows[i].n); k++)
			measure_many(rows[i].order, rows[i].n[k]);
}

void bench_patterns(void)
{
	pcp_drain_local(&system_memory);
	lay_out_blocks();
	measure_pairs();
	pcp_drain_local(&system_memory);
	put_back_blocks();
	measure_whole_way();
	measure_bulk();
	pcp_drain_local(&system_memory);
}
