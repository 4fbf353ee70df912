/*
 * The three patterns that must be kept apart: the same block again and again (pair), many blocks
 * taken and then given back in order (bulk), and given back in random order.
 */
#include "kernel/core/printk.h"
#include "kernel/core/rand.h"
#include "mm/pcp.h"
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
	measure_pairs();
	measure_bulk();
	pcp_drain_local(&system_memory);
}
