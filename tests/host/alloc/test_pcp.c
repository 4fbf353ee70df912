/*
 * Per-CPU lists of single pages (reference §3.8, §3.9) and what they do to the reserve (§4.6).
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"

#define M MIGRATE_MOVABLE
#define U MIGRATE_UNMOVABLE
#define E MIGRATE_RECLAIMABLE
#define H MIGRATE_HIGHATOMIC

static struct memory *m;
static struct zone *z;
static struct per_cpu_pages *pcp;

/* An empty DMA32 zone whose lists are large enough to be seen. */
static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	memory_empty(m);
	z = dma32(m);
	pcp = &z->pcp[0];
	for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
		z->pcp[cpu].batch = 7;
		z->pcp[cpu].high = 42;
	}
	host_arch.irqs = false;
	return err;
}

static unsigned long take(int type, bool cold)
{
	struct page *page = pcp_take(z, type, cold);

	return page ? page_to_pfn(m, page) : 0;
}

/* Free a page that was never on a list; its block's type decides. */
static struct page *give(unsigned long pfn, bool cold)
{
	struct page *page = pfn_to_page(m, pfn);

	free_single(z, page, cold);
	return page;
}

static unsigned int on_list(int type)
{
	return list_length(&pcp->lists[type]);
}

static void test_3_9_sizes(void **state)
{
	static const struct {
		unsigned long managed;
		int batch, high;
	} rows[] = {{0, 1, 0}, {3977, 1, 0}, {4096, 1, 0}, {8191, 1, 0}, {8192, 1, 6},
		{27780, 7, 42}, {59565, 15, 90}, {123135, 31, 186}, {499712, 31, 186},
		{1ul << 30, 31, 186}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int batch, high;

		pcp_size(rows[i].managed, &batch, &high);
		assert_int_equal(batch, rows[i].batch);
		assert_int_equal(high, rows[i].high);
	}
}

static void test_3_9_high_0_goes_straight_to_buddy(void **state)
{
	(void)state;
	assert_int_equal(dma(m)->pcp[0].high, 0);
	z = dma(m);
	pcp = &z->pcp[0];
	give(1024, false);
	assert_int_equal(pcp->count, 0);
	assert_int_equal(free_blocks(z, 0, M), 1);
	/* And a refill takes a single page. */
	assert_int_equal(take(M, false), 1024);
	assert_int_equal(pcp->count, 0);
	assert_valid(m);
}

static void test_3_8_refill_takes_a_batch_ascending(void **state)
{
	(void)state;
	zone_put(z, 4096, 10, M);
	for (unsigned long pfn = 4096; pfn < 4096 + 7; pfn++)
		assert_int_equal(take(M, false), pfn);
	assert_int_equal(z->stat[NR_FREE_PAGES], 1024 - 7);
	assert_int_equal(m->event[ZONE_LOCK_REFILLS], 1);
	assert_int_equal(take(M, false), 4096 + 7);
	assert_int_equal(pcp->count, 6);
	assert_int_equal(m->event[ZONE_LOCK_REFILLS], 2);
	assert_valid(m);
}

static void test_3_8_cold_refill_is_reversed_and_taken_from_the_tail(void **state)
{
	(void)state;
	zone_put(z, 4096, 10, M);
	assert_int_equal(take(M, true), 4096);
	assert_int_equal(take(M, true), 4097);
	/* A hot request takes the other end. */
	assert_int_equal(take(M, false), 4096 + 6);
	assert_valid(m);
}

static void test_3_8_short_refill(void **state)
{
	(void)state;
	zone_put(z, 4096, 1, M);
	assert_int_equal(take(M, false), 4096);
	assert_int_equal(pcp->count, 1);
	assert_int_equal(z->stat[NR_FREE_PAGES], 0);
	assert_int_equal(take(M, false), 4097);
	assert_int_equal(take(M, false), 0);
	assert_valid(m);
}

static void test_3_8_refill_falls_back(void **state)
{
	(void)state;
	zone_put(z, 4096, 4, M);
	assert_int_equal(take(U, false), 4096);
	assert_int_equal(on_list(U), 6);
	assert_valid(m);
}

static void test_3_8_h_lists_are_never_consulted(void **state)
{
	(void)state;
	zone_put(z, 4096, 10, H);
	for (int type = 0; type < MIGRATE_PCPTYPES; type++)
		assert_int_equal(take(type, false), 0);
	assert_int_equal(z->stat[NR_FREE_PAGES], 1024);
}

static void test_3_9_hot_frees_are_reused_last_in_first_out(void **state)
{
	(void)state;
	give(5000, false);
	give(5002, false);
	give(5004, true);
	assert_int_equal(take(M, false), 5002);
	assert_int_equal(take(M, false), 5000);
	assert_int_equal(take(M, false), 5004);
	assert_int_equal(pcp->count, 0);
}

static void test_3_9_each_type_has_its_list(void **state)
{
	(void)state;
	set_pageblock_type(z, 5120, U);
	set_pageblock_type(z, 6144, E);
	give(5120, false);
	give(6144, false);
	give(7168, false);
	assert_int_equal(on_list(U), 1);
	assert_int_equal(on_list(E), 1);
	assert_int_equal(on_list(M), 1);
	assert_int_equal(pcp->count, 3);
	assert_int_equal(take(E, false), 6144);
}

static void test_3_9_h_pages_share_the_movable_list(void **state)
{
	struct page *page;

	(void)state;
	set_pageblock_type(z, 5120, H);
	page = give(5120, false);
	assert_int_equal(page->list_type, H);
	assert_int_equal(on_list(M), 1);
	/* So a movable request on this CPU gets a page of the reserve. */
	assert_int_equal(take(U, false), 0);
	assert_int_equal(take(M, false), 5120);
}

static void test_3_9_high_frees_a_batch_from_the_tail(void **state)
{
	(void)state;
	m->node.stat[NR_PAGES_SCANNED] = 99;
	for (unsigned long i = 0; i < 41; i++)
		give(5000 + 2 * i, false);
	assert_int_equal(pcp->count, 41);
	assert_int_equal(z->stat[NR_FREE_PAGES], 0);
	assert_int_equal(node_stat_exact(m, NR_PAGES_SCANNED), 99);
	give(5000 + 2 * 41, false);
	assert_int_equal(pcp->count, 35);
	assert_int_equal(z->stat[NR_FREE_PAGES], 7);
	assert_int_equal(node_stat_exact(m, NR_PAGES_SCANNED), 0);
	/* The seven that came first; the last of them was put at the head. */
	assert_int_equal(nth_free(m, z, 0, M, 0), 5012);
	assert_int_equal(nth_free(m, z, 0, M, 6), 5000);
	assert_valid(m);
}

/* Three pages of each type, in blocks 5120 (U), 6144 (M) and 7168 (E). */
static void three_of_each(void)
{
	set_pageblock_type(z, 5120, U);
	set_pageblock_type(z, 7168, E);
	for (unsigned long i = 0; i < 3; i++) {
		give(5120 + 2 * i, false);
		give(6144 + 2 * i, false);
		give(7168 + 2 * i, false);
	}
}

static void test_3_9_bulk_is_round_robin_from_movable(void **state)
{
	(void)state;
	pcp->high = 9;
	pcp->batch = 4;
	three_of_each();
	/* M, E, U, M. */
	assert_int_equal(pcp->count, 5);
	assert_int_equal(on_list(M), 1);
	assert_int_equal(on_list(E), 2);
	assert_int_equal(on_list(U), 2);
	assert_int_equal(free_blocks(z, 0, M), 2);
	assert_valid(m);
}

static void test_3_9_bulk_takes_more_after_empty_lists(void **state)
{
	(void)state;
	pcp->high = 4;
	pcp->batch = 3;
	set_pageblock_type(z, 5120, U);
	give(5120, false);
	give(5122, false);
	give(6144, false);
	give(6146, false);
	/* One M; then E is empty, so two U. */
	assert_int_equal(on_list(M), 1);
	assert_int_equal(on_list(U), 0);
	assert_valid(m);
}

static void test_3_9_only_list_gives_all(void **state)
{
	(void)state;
	pcp->high = 6;
	pcp->batch = 5;
	set_pageblock_type(z, 5120, E);
	for (unsigned long i = 0; i < 6; i++)
		give(5120 + 2 * i, false);
	assert_int_equal(on_list(E), 1);
	assert_int_equal(free_blocks(z, 0, E), 5);
	assert_valid(m);
}

static void test_3_9_batch_larger_than_count(void **state)
{
	(void)state;
	pcp->high = 2;
	pcp->batch = 31;
	give(5000, false);
	give(5002, false);
	assert_int_equal(pcp->count, 0);
	assert_valid(m);
}

static void test_3_9_drain_empties_every_zone(void **state)
{
	(void)state;
	dma(m)->pcp[0].high = 10;
	free_single(dma(m), pfn_to_page(m, 2000), false);
	give(5000, false);
	give(5002, false);
	pcp_drain_local(m);
	assert_int_equal(zone_free_pcp(dma(m)) + zone_free_pcp(z), 0);
	assert_int_equal(dma(m)->stat[NR_FREE_PAGES], 1);
	assert_int_equal(z->stat[NR_FREE_PAGES], 2);
	assert_valid(m);
}

static void test_3_9_each_cpu_has_its_lists(void **state)
{
	(void)state;
	nr_cpus = 2;
	give(5000, false);
	become_cpu(1);
	become(task_new("other", 3, NULL));
	give(6000, false);
	assert_int_equal(z->pcp[0].count, 1);
	assert_int_equal(z->pcp[1].count, 1);
	assert_int_equal(take(M, false), 6000);
	assert_int_equal(zone_free_pcp(z), 1);
	pcp_drain_local(m);
	assert_int_equal(z->pcp[0].count, 1);
	assert_valid(m);
}

static void test_4_6_r1_drained_by_cached_type(void **state)
{
	(void)state;
	set_pageblock_type(z, 5120, H);
	give(5120, false);
	set_pageblock_type(z, 5120, M); /* unreserved meanwhile */
	pcp_drain_local(m);
	/* A stray: on an H list, in an M block. */
	assert_int_equal(nth_free(m, z, 0, H, 0), 5120);
	assert_int_equal(pageblock_type(z, 5120), M);
	assert_valid(m);
}

static void test_4_6_r2_the_other_way_round(void **state)
{
	(void)state;
	give(5120, false);
	set_pageblock_type(z, 5120, H); /* reserved meanwhile */
	pcp_drain_local(m);
	assert_int_equal(nth_free(m, z, 0, M, 0), 5120);
	assert_int_equal(free_blocks(z, 0, H), 0);
}

static void test_4_6_r3_stray_takes_its_buddies_along(void **state)
{
	(void)state;
	set_pageblock_type(z, 5120, H);
	give(5120, false);
	set_pageblock_type(z, 5120, M);
	zone_put(z, 5121, 0, M);
	zone_put(z, 5122, 1, M);
	pcp_drain_local(m);
	assert_int_equal(nth_free(m, z, 2, H, 0), 5120);
	assert_valid(m);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_3_9_sizes),
	TEST(test_3_9_high_0_goes_straight_to_buddy),
	TEST(test_3_8_refill_takes_a_batch_ascending),
	TEST(test_3_8_cold_refill_is_reversed_and_taken_from_the_tail),
	TEST(test_3_8_short_refill),
	TEST(test_3_8_refill_falls_back),
	TEST(test_3_8_h_lists_are_never_consulted),
	TEST(test_3_9_hot_frees_are_reused_last_in_first_out),
	TEST(test_3_9_each_type_has_its_list),
	TEST(test_3_9_h_pages_share_the_movable_list),
	TEST(test_3_9_high_frees_a_batch_from_the_tail),
	TEST(test_3_9_bulk_is_round_robin_from_movable),
	TEST(test_3_9_bulk_takes_more_after_empty_lists),
	TEST(test_3_9_only_list_gives_all),
	TEST(test_3_9_batch_larger_than_count),
	TEST(test_3_9_drain_empties_every_zone),
	TEST(test_3_9_each_cpu_has_its_lists),
	TEST(test_4_6_r1_drained_by_cached_type),
	TEST(test_4_6_r2_the_other_way_round),
	TEST(test_4_6_r3_stray_takes_its_buddies_along),
};
TEST_GROUP(pcp)
