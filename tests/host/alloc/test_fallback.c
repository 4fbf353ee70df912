/*
 * Taking blocks of another migratetype (reference §3.6, §3.7).
 */
#include "twin.h"

#include "boot/multiboot.h"
#include "host_machine.h"
#include "mm/alloc/fallback.h"
#include "mm/page/pageblock.h"

#define M MIGRATE_MOVABLE
#define U MIGRATE_UNMOVABLE
#define E MIGRATE_RECLAIMABLE
#define H MIGRATE_HIGHATOMIC

static struct memory *m;
static struct zone *z;

static void start(int pageblock_order)
{
	m = machine_with(pageblock_order, 0);
	z = dma32(m);
	memory_empty(m);
	assert_true(m->mobility_grouping);
}

static unsigned long take(unsigned int order, int type)
{
	struct page *page = fallback_take(z, order, type);

	if (!page)
		return 0;
	assert_int_equal(page->list_type, type);
	z->stat[NR_FREE_PAGES] -= 1 << order;
	assert_valid(m);
	return page_to_pfn(m, page);
}

/* One free page of each other type, in three blocks: which one is taken? */
static void assert_preference(int wanted, int first, int second)
{
	start(10);
	zone_put(z, 5120, 0, second);
	zone_put(z, 6144, 0, first);
	assert_int_equal(take(0, wanted), 6144);
	assert_int_equal(take(0, wanted), 5120);
	assert_int_equal(take(0, wanted), 0);
}

static void test_3_6_table(void **state)
{
	(void)state;
	assert_preference(U, E, M);
	assert_preference(E, U, M);
	assert_preference(M, E, U);
}

static void test_3_6_nobody_takes_h_cma_isolate(void **state)
{
	(void)state;
	start(10);
	zone_put(z, 4096, 10, H);
	zone_put(z, 5120, 10, MIGRATE_CMA);
	zone_put(z, 6144, 10, MIGRATE_ISOLATE);
	for (int type = 0; type < MIGRATE_PCPTYPES; type++)
		assert_null(fallback_take(z, 0, type));
}

static void test_3_7_largest_first(void **state)
{
	(void)state;
	start(10);
	zone_put(z, 5120, 0, E);
	zone_put(z, 6144, 3, E);
	zone_put(z, 7168, 4, M);
	/* The largest wins over the preferred type. */
	assert_int_equal(take(0, U), 7168);
}

static void test_3_7_not_below_the_requested_order(void **state)
{
	(void)state;
	start(10);
	zone_put(z, 5120, 2, M);
	assert_int_equal(take(3, U), 0);
	assert_int_equal(take(2, U), 5120);
}

static void test_3_7_remainders_become_the_wanted_type(void **state)
{
	(void)state;
	start(10);
	zone_put(z, 5120, 3, U);
	/* A movable request does not steal at order 3, but the remainders are its own. */
	assert_int_equal(take(0, M), 5120);
	assert_int_equal(pageblock_type(z, 5120), M);
	assert_int_equal(free_blocks(z, 0, M), 1);
	assert_int_equal(free_blocks(z, 1, M), 1);
	assert_int_equal(free_blocks(z, 2, M), 1);
}

/* Does a movable request that finds a U block of this order take the other U pages along? */
static bool movable_steals(int pageblock_order, unsigned int found)
{
	start(pageblock_order);
	zone_put(z, 5120, found, U);
	zone_put(z, 5120 + (2ul << found), 0, U);
	take(0, M);
	return free_blocks(z, 0, U) == 0;
}

static void test_3_7_can_steal_by_found_order(void **state)
{
	(void)state;
	assert_false(movable_steals(9, 3));
	assert_true(movable_steals(9, 4));
	assert_false(movable_steals(10, 4));
	assert_true(movable_steals(10, 5));
}

static void test_3_7_unmovable_and_reclaimable_always_steal(void **state)
{
	static const int wanted[] = {U, E};

	(void)state;
	for (int i = 0; i < 2; i++) {
		start(10);
		zone_put(z, 5120, 1, M);
		zone_put(z, 5120 + 8, 0, M);
		take(0, wanted[i]);
		assert_int_equal(free_blocks(z, 0, M), 0);
		assert_int_equal(free_blocks(z, 0, wanted[i]), 2);
		assert_int_equal(pageblock_type(z, 5120), M);
	}
}

/* One free block of 2^order and `more` single pages, all in one pageblock of 1024. */
static enum migratetype type_after_steal(unsigned int order, unsigned int more)
{
	start(10);
	zone_put(z, 5120, order, M);
	for (unsigned int i = 0; i < more; i++)
		zone_put(z, 5120 + 512 + 2 * i, 0, M);
	take(0, U);
	return pageblock_type(z, 5120);
}

static void test_3_7_steal_half_block(void **state)
{
	(void)state;
	assert_int_equal(type_after_steal(9, 0), U);
	assert_int_equal(type_after_steal(8, 255), M);
	assert_int_equal(type_after_steal(8, 256), U);
}

static void test_3_7_steal_half_block_of_order_9(void **state)
{
	(void)state;
	start(9);
	zone_put(z, 4608, 8, M);
	take(0, U);
	assert_int_equal(pageblock_type(z, 4608), U);
	assert_int_equal(pageblock_type(z, 4096), M);
	start(9);
	zone_put(z, 4608, 7, M);
	take(0, U);
	assert_int_equal(pageblock_type(z, 4608), M);
}

static void test_3_7_whole_blocks_are_all_retagged(void **state)
{
	(void)state;
	start(9);
	zone_put(z, 4096, 10, M);
	assert_int_equal(take(0, U), 4096);
	assert_int_equal(pageblock_type(z, 4096), U);
	assert_int_equal(pageblock_type(z, 4608), U);
	assert_int_equal(pageblock_type(z, 5120), M);
	start(10);
	zone_put(z, 4096, 10, M);
	take(0, E);
	assert_int_equal(pageblock_type(z, 4096), E);
	assert_int_equal(blocks_of_type(z, E), 1);
}

static void test_3_7_zone_end_block_is_taken_but_not_retagged(void **state)
{
	struct machine_spec spec = {.range = {{0, MIB(38), MB_MEMORY_USABLE}}};

	(void)state;
	m = machine_new(&spec);
	z = dma32(m);
	memory_empty(m);
	zone_put(z, 9216, 8, M);
	zone_put(z, 9216 + 256, 0, M);
	assert_int_equal(take(0, U), 9216);
	assert_int_equal(pageblock_type(z, 9216), M);
	assert_int_equal(free_blocks(z, 0, M), 1);
	assert_int_equal(free_blocks(z, 7, U), 1);
}

static void test_3_7_without_grouping_everything_is_stolen(void **state)
{
	(void)state;
	start(10);
	memory_set_grouping(m, false);
	zone_put(z, 5120, 1, U);
	zone_put(z, 5120 + 8, 0, U);
	take(0, M);
	assert_int_equal(free_blocks(z, 0, U), 0);
	assert_int_equal(pageblock_type(z, 5120), U);
}

/* Linux 4.8: an H pageblock that holds a stray is retagged, its count stays (R5). */
static void test_4_6_r5_stray_in_h_block_without_nosteal(void **state)
{
	(void)state;
	start(10);
	set_pageblock_type(z, 5120, H);
	z->nr_reserved_highatomic = 1024;
	zone_put(z, 5120, 9, M);
	zone_put(z, 5120 + 512, 0, H);
	take(0, U);
	assert_int_equal(pageblock_type(z, 5120), U);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(free_blocks(z, 0, H), 0);
}

static const struct CMUnitTest tests[] = {
	TEST(test_3_6_table),
	TEST(test_3_6_nobody_takes_h_cma_isolate),
	TEST(test_3_7_largest_first),
	TEST(test_3_7_not_below_the_requested_order),
	TEST(test_3_7_remainders_become_the_wanted_type),
	TEST(test_3_7_can_steal_by_found_order),
	TEST(test_3_7_unmovable_and_reclaimable_always_steal),
	TEST(test_3_7_steal_half_block),
	TEST(test_3_7_steal_half_block_of_order_9),
	TEST(test_3_7_whole_blocks_are_all_retagged),
	TEST(test_3_7_zone_end_block_is_taken_but_not_retagged),
	TEST(test_3_7_without_grouping_everything_is_stolen),
	TEST(test_4_6_r5_stray_in_h_block_without_nosteal),
};
TEST_GROUP(fallback)
