/*
 * Batches take and give runs of consecutive pages at once (mm/alloc/buddy_ops.h). Here two machines do
 * the same, one so, the other page by page as §3.8 and §3.9 describe it: every free list must hold
 * the same blocks in the same order.
 */
#include "twin.h"

#include "host_machine.h"
#include "kernel/core/rand.h"
#include "mm/alloc/buddy_ops.h"
#include "mm/alloc/fallback.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"

#define ROUNDS 300
#define MOST   300

static struct memory *fast, *plain;
static struct rand rng;

static int setup(void **state)
{
	const char *text = getenv("HOST_SEED");
	int err = twin_setup(state);

	rand_seed(&rng, text && *text ? strtoull(text, NULL, 0) : 1);
	return err;
}

/* Odd ends, so that blocks at a zone's edge are met as well. */
static struct memory *machine_of_odd_ends(int pageblock_order)
{
	struct machine_spec spec = {.range = {{MIB(1), MIB(24) - 5 * PAGE_SIZE, 1}},
		.dma_end = 0x3d7,
		.dma32_end = 0x1234,
		.pageblock_order = pageblock_order};

	return machine_new(&spec);
}

static void start(int pageblock_order)
{
	fast = machine_of_odd_ends(pageblock_order);
	plain = machine_of_odd_ends(pageblock_order);
}

static void assert_same_list(struct zone *a, struct zone *b, unsigned int order, int type)
{
	unsigned int n = free_blocks(a, order, type);

	assert_int_equal(n, free_blocks(b, order, type));
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(
			nth_free(fast, a, order, type, i), nth_free(plain, b, order, type, i));
}

static void assert_same(void)
{
	for (int i = 0; i < MAX_NR_ZONES; i++)
		for (unsigned int order = 0; order < MAX_ORDER; order++)
			for (int type = 0; type < MIGRATE_TYPES; type++)
				assert_same_list(&fast->zone[i], &plain->zone[i], order, type);
}

/* What this CPU still has of a type, one page each time. */
static struct page *next_of(struct per_cpu_pages *pcp, enum migratetype type)
{
	struct list_head *list = &pcp->lists[type];

	return list_empty(list) ? NULL : pcp_pop(pcp, list, false);
}

/* One refill on the one, as many single takes on the other; what came is on pcp and in `pfn`. */
static int refill_both(int i, int batch, enum migratetype type, unsigned long *pfn)
{
	struct zone *a = &fast->zone[i], *b = &plain->zone[i];
	unsigned long flags = irq_save(); /* as whoever takes from these lists does */
	struct page *page;
	int n = 0;

	a->pcp[0].batch = batch;
	page = pcp_take(a, type, false);
	for (; n < batch; n++) {
		struct page *other = buddy_take(b, 0, type);

		if (!other)
			other = fallback_take(b, 0, type);
		if (!other)
			break;
		assert_non_null(page);
		pfn[n] = page_to_pfn(plain, other);
		assert_int_equal(page_to_pfn(fast, page), pfn[n]);
		assert_int_equal(page->list_type, type);
		b->stat[NR_FREE_PAGES]--;
		page = next_of(this_cpu_pages(a), type);
	}
	assert_null(page);
	irq_restore(flags);
	return n;
}

/* Mostly runs, up and down, with breaks between. */
static void stir(unsigned long *pfn, int n)
{
	for (int cuts = rand_below(&rng, 6); cuts && n > 1; cuts--) {
		int from = rand_below(&rng, n), to = from + rand_below(&rng, n - from);

		for (; from < to; from++, to--) {
			unsigned long t = pfn[from];

			pfn[from] = pfn[to];
			pfn[to] = t;
		}
	}
}

static void give_both(int i, const unsigned long *pfn, int n)
{
	struct zone *a = &fast->zone[i], *b = &plain->zone[i];

	a->pcp[0].high = n + 1;
	for (int k = 0; k < n; k++)
		free_single(a, pfn_to_page(fast, pfn[k]), false);
	pcp_drain_local(fast);
	for (int k = 0; k < n; k++)
		buddy_free(b, pfn_to_page(plain, pfn[k]), 0, pageblock_type(b, pfn[k]));
}

static void retag_both(int i)
{
	static const enum migratetype types[] = {MIGRATE_MOVABLE, MIGRATE_HIGHATOMIC};
	struct zone *a = &fast->zone[i], *b = &plain->zone[i];
	unsigned long k = rand_below(&rng, a->nr_pageblocks);

	if (a->pageblock_type[k] == PAGEBLOCK_HOLE)
		return;
	a->pageblock_type[k] = b->pageblock_type[k] = types[rand_below(&rng, 2)];
}

static void walk(int pageblock_order)
{
	static unsigned long held[MAX_NR_ZONES][2 * MOST];
	int nr_held[MAX_NR_ZONES] = {0};

	start(pageblock_order);
	assert_same();
	for (int round = 0; round < ROUNDS; round++) {
		int i = rand_below(&rng, ZONE_NORMAL + 1), *n = &nr_held[i];

		/* Movable only: H pages share that list, so that what is freed keeps its order. */
		if (!fast->zone[i].present)
			continue;
		if (rand_below(&rng, 4) == 0)
			retag_both(i);
		if (*n <= MOST)
			*n += refill_both(
				i, 1 + rand_below(&rng, MOST - 1), MIGRATE_MOVABLE, held[i] + *n);
		stir(held[i], *n);
		if (rand_below(&rng, 2)) {
			int k = rand_below(&rng, *n + 1);

			*n -= k;
			give_both(i, held[i] + *n, k);
		}
		assert_same();
	}
	assert_valid(fast);
	assert_valid(plain);
}

static void test_3_9_runs_at_order_10(void **state)
{
	(void)state;
	walk(10);
}

static void test_3_9_runs_at_order_9(void **state)
{
	(void)state;
	walk(9);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_3_9_runs_at_order_10),
	TEST(test_3_9_runs_at_order_9),
};

TEST_GROUP(runs)
