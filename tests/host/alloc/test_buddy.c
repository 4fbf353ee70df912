/*
 * The buddy allocator of one zone (reference §3.2 to §3.5) and moving a pageblock's free pages
 * (§3.7). Zones are emptied first; the tests say what is free.
 */
#include "twin.h"

#include "boot/multiboot.h"
#include "host_machine.h"
#include "mm/alloc/buddy.h"
#include "mm/page/pageblock.h"

#define M MIGRATE_MOVABLE
#define U MIGRATE_UNMOVABLE
#define H MIGRATE_HIGHATOMIC

static struct memory *m;
static struct zone *z;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	z = dma32(m);
	memory_empty(m);
	return err;
}

static void test_3_2_merge_up_to_the_free_buddy(void **state)
{
	(void)state;
	zone_put(z, 4097, 0, M);
	zone_put(z, 4098, 1, M);
	zone_put(z, 4100, 2, M);
	zone_put(z, 4096, 0, M);
	assert_int_equal(free_blocks(z, 3, M), 1);
	assert_int_equal(nth_free(m, z, 3, M, 0), 4096);
	for (int o = 0; o < 3; o++)
		assert_int_equal(nr_free_blocks(&z->free_area[o]), 0);
	assert_int_equal(z->stat[NR_FREE_PAGES], 8);
	assert_valid(m);
}

static void test_3_2_no_merge_with_another_order(void **state)
{
	(void)state;
	zone_put(z, 4098, 0, M);
	zone_put(z, 4096, 1, M);
	assert_int_equal(free_blocks(z, 0, M), 1);
	assert_int_equal(free_blocks(z, 1, M), 1);
	assert_valid(m);
}

static void test_3_2_neighbour_is_not_buddy(void **state)
{
	(void)state;
	zone_put(z, 4097, 0, M);
	zone_put(z, 4098, 0, M);
	assert_int_equal(free_blocks(z, 0, M), 2);
}

static void test_3_2_merge_ignores_the_type(void **state)
{
	(void)state;
	zone_put(z, 4096, 0, H);
	zone_put(z, 4097, 0, M);
	assert_int_equal(free_blocks(z, 1, M), 1);
	zone_put(z, 4098, 1, U);
	assert_int_equal(free_blocks(z, 2, U), 1);
	assert_int_equal(z->stat[NR_FREE_PAGES], 4);
	assert_valid(m);
}

static void test_3_2_order_10_is_the_end(void **state)
{
	(void)state;
	zone_put(z, 4096, 10, M);
	zone_put(z, 4096 + 1024, 10, M);
	assert_int_equal(free_blocks(z, 10, M), 2);
	for (unsigned long pfn = 6144; pfn < 6144 + 1024; pfn++)
		zone_put(z, pfn, 0, U);
	assert_int_equal(free_blocks(z, 10, U), 1);
	assert_int_equal(z->stat[NR_FREE_PAGES], 3072);
	assert_valid(m);
}

/* The zone border cuts buddies of order 1 to 10 that lie on its two sides. */
static void test_3_2_no_merge_across_zones(void **state)
{
	struct machine_spec spec = {.dma_end = 4096 + 512};

	(void)state;
	m = machine_new(&spec);
	memory_empty(m);
	zone_put(dma(m), 4096, 9, M);
	zone_put(dma32(m), 4608, 9, M);
	assert_int_equal(free_blocks(dma(m), 9, M), 1);
	assert_int_equal(free_blocks(dma32(m), 9, M), 1);
	assert_valid(m);
}

static void test_3_2_first_page_has_no_buddy_below_the_zone(void **state)
{
	(void)state;
	/* pfn 1: its buddy 0 is outside the zone. */
	zone_put(dma(m), 1, 0, M);
	assert_int_equal(free_blocks(dma(m), 0, M), 1);
	zone_put(dma(m), 2, 1, M);
	assert_int_equal(free_blocks(dma(m), 1, M), 1);
	assert_valid(m);
}

static void test_3_2_buddy_in_a_hole(void **state)
{
	/* 17 MiB + 4 pages: the buddies of the last pages are in the hole. */
	struct machine_spec spec = {.range = {{0, 0x9fc00, MB_MEMORY_USABLE},
					    {MIB(1), MIB(17) + 0x4000, MB_MEMORY_USABLE},
					    {MIB(24), MIB(40), MB_MEMORY_USABLE}}};
	unsigned long end = 4096 + 256 + 4;

	(void)state;
	m = machine_new(&spec);
	z = dma32(m);
	memory_empty(m);
	zone_put(z, end - 4, 2, M);
	assert_int_equal(free_blocks(z, 2, M), 1);
	zone_put(z, 6144, 10, M);
	assert_valid(m);
}

static void test_3_3_head_by_default(void **state)
{
	(void)state;
	zone_put(z, 4096, 0, M);
	zone_put(z, 4100, 0, M);
	zone_put(z, 4104, 0, M);
	assert_int_equal(nth_free(m, z, 0, M, 0), 4104);
	assert_int_equal(nth_free(m, z, 0, M, 1), 4100);
	assert_int_equal(nth_free(m, z, 0, M, 2), 4096);
}

static void test_3_3_tail_when_likely_to_merge(void **state)
{
	(void)state;
	zone_put(z, 4200, 0, M);
	zone_put(z, 4098, 1, M);
	/* 4097 is in use, but 4096..4097 has a free buddy of order 1: keep 4096 for last. */
	zone_put(z, 4096, 0, M);
	assert_int_equal(nth_free(m, z, 0, M, 0), 4200);
	assert_int_equal(nth_free(m, z, 0, M, 1), 4096);
	assert_valid(m);
}

static void test_3_3_upper_half_goes_to_the_tail_too(void **state)
{
	(void)state;
	zone_put(z, 4200, 0, M);
	zone_put(z, 4096, 1, M);
	zone_put(z, 4099, 0, M);
	assert_int_equal(nth_free(m, z, 0, M, 1), 4099);
}

static void test_3_3_orders_9_and_10_always_head(void **state)
{
	(void)state;
	/* Order 8 still looks one order up; 9 does not. */
	zone_put(z, 8192, 8, M);
	zone_put(z, 4096 + 512, 9, M);
	zone_put(z, 4096, 8, M);
	assert_int_equal(nth_free(m, z, 8, M, 1), 4096);
	memory_empty(m);
	zone_put(z, 8192, 9, M);
	zone_put(z, 5120, 10, M);
	zone_put(z, 4096, 9, M);
	assert_int_equal(nth_free(m, z, 9, M, 0), 4096);
	assert_valid(m);
}

/* The same at a zone's end, where the top order's block is not whole. */
static void test_3_3_order_9_at_the_zone_s_end_goes_to_the_head(void **state)
{
	struct machine_spec spec = {
		.range = {{0, MIB(46), MB_MEMORY_USABLE}}}; /* 11 x 1024 + 512 */

	(void)state;
	m = machine_new(&spec);
	memory_empty(m);
	z = dma32(m);
	zone_put(z, 8192, 9, M);
	zone_put(z, 10240, 10, M); /* would be the buddy of [11264, 12288) */
	zone_put(z, 11264, 9, M);
	assert_int_equal(nth_free(m, z, 9, M, 0), 11264);
	/* Order 8 there has a buddy one order up, or has none. */
	memory_empty(m);
	zone_put(z, 8192, 7, M);
	zone_put(z, 11264 + 256, 8, M);
	zone_put(z, 11264, 7, M);
	assert_int_equal(nth_free(m, z, 7, M, 1), 11264);
	assert_valid(m);
}

/* A zone of half a block: its first page frame may be the buddy's. */
static void test_3_3_tail_in_a_zone_smaller_than_a_block(void **state)
{
	struct machine_spec spec = {.range = {{0, MIB(18), MB_MEMORY_USABLE}}};

	(void)state;
	m = machine_new(&spec);
	memory_empty(m);
	z = dma32(m);
	zone_put(z, 4096, 7, M);
	zone_put(z, 4352, 6, M);
	zone_put(z, 4224, 6, M);
	assert_int_equal(nth_free(m, z, 6, M, 0), 4352);
	assert_int_equal(nth_free(m, z, 6, M, 1), 4224);
	/* Or that of the two together. */
	memory_empty(m);
	zone_put(z, 4224, 7, M);
	zone_put(z, 4352, 6, M);
	zone_put(z, 4096, 6, M);
	assert_int_equal(nth_free(m, z, 6, M, 0), 4352);
	assert_int_equal(nth_free(m, z, 6, M, 1), 4096);
	assert_valid(m);
}

static void test_3_4_split_keeps_the_lower_half(void **state)
{
	struct page *page;

	(void)state;
	zone_put(z, 4096, 10, M);
	page = buddy_take(z, 0, M);
	assert_int_equal(page_to_pfn(m, page), 4096);
	for (int o = 0; o < 10; o++) {
		assert_int_equal(free_blocks(z, o, M), 1);
		assert_int_equal(nth_free(m, z, o, M, 0), 4096 + (1 << o));
	}
	assert_int_equal(free_blocks(z, 10, M), 0);
	/* NR_FREE_PAGES is the caller's. */
	assert_int_equal(z->stat[NR_FREE_PAGES], 1024);
	z->stat[NR_FREE_PAGES] -= 1;
	assert_valid(m);
}

static void test_3_4_remainders_at_the_head_of_the_wanted_type(void **state)
{
	struct page *page;

	(void)state;
	zone_put(z, 8192, 1, U);
	page = zone_put(z, 4096, 3, M);
	buddy_split(z, page, 1, 3, U);
	assert_int_equal(nth_free(m, z, 2, U, 0), 4100);
	assert_int_equal(nth_free(m, z, 1, U, 0), 4098);
	assert_int_equal(nth_free(m, z, 1, U, 1), 8192);
	z->stat[NR_FREE_PAGES] -= 2;
	assert_valid(m);
}

static void test_3_5_smallest_fit_and_type_noted(void **state)
{
	struct page *page;

	(void)state;
	zone_put(z, 4096, 5, H);
	zone_put(z, 5120, 3, H);
	zone_put(z, 6144, 2, M);
	page = buddy_take(z, 2, H);
	assert_int_equal(page_to_pfn(m, page), 5120);
	assert_int_equal(page->list_type, H);
	assert_false(page->flags & PG_BUDDY);
	assert_null(buddy_take(z, 6, H));
	assert_null(buddy_take(z, 3, M));
	assert_int_equal(page_to_pfn(m, buddy_take(z, 2, H)), 5124);
	assert_int_equal(page_to_pfn(m, buddy_take(z, 2, H)), 4096);
}

static void test_3_5_first_entry_wins(void **state)
{
	(void)state;
	zone_put(z, 4096, 2, M);
	zone_put(z, 5120, 2, M);
	assert_int_equal(page_to_pfn(m, buddy_take(z, 2, M)), 5120);
}

static void test_3_7_move_a_block(void **state)
{
	(void)state;
	zone_put(z, 5120, 3, M);
	zone_put(z, 5120 + 16, 0, U);
	zone_put(z, 5120 + 512, 9, M);
	zone_put(z, 6144, 0, M);
	assert_int_equal(move_freepages_block(z, pfn_to_page(m, 5120 + 700), H), 8 + 1 + 512);
	assert_int_equal(free_blocks(z, 3, H), 1);
	assert_int_equal(free_blocks(z, 0, H), 1);
	assert_int_equal(free_blocks(z, 9, H), 1);
	assert_int_equal(free_blocks(z, 0, M), 1);
	/* Moving neither counts nor retags. */
	assert_int_equal(z->stat[NR_FREE_PAGES], 522);
	assert_int_equal(pageblock_type(z, 5120), M);
	assert_valid(m);
}

static void test_3_7_moved_entries_go_to_the_head(void **state)
{
	(void)state;
	zone_put(z, 6144, 0, H);
	zone_put(z, 5120, 0, M);
	zone_put(z, 5120 + 8, 0, M);
	move_freepages_block(z, pfn_to_page(m, 5120), H);
	assert_int_equal(nth_free(m, z, 0, H, 0), 5120 + 8);
	assert_int_equal(nth_free(m, z, 0, H, 1), 5120);
	assert_int_equal(nth_free(m, z, 0, H, 2), 6144);
}

static void test_3_7_block_across_the_zone_end_is_not_moved(void **state)
{
	struct machine_spec spec = {.range = {{0, MIB(38), MB_MEMORY_USABLE}}};

	(void)state;
	m = machine_new(&spec); /* 38 MiB: the last block has 512 pages */
	z = dma32(m);
	memory_empty(m);
	assert_int_equal(zone_end_pfn(z), 9728);
	zone_put(z, 9216, 5, M);
	assert_int_equal(move_freepages_block(z, pfn_to_page(m, 9216), H), 0);
	assert_int_equal(free_blocks(z, 5, M), 1);
	zone_put(z, 8192, 5, M);
	assert_int_equal(move_freepages_block(z, pfn_to_page(m, 8192), H), 32);
}

static void test_3_7_block_before_the_zone_start_begins_at_the_page(void **state)
{
	(void)state;
	/* The DMA zone starts at pfn 1, within its first block. */
	zone_put(dma(m), 4, 2, M);
	zone_put(dma(m), 64, 2, M);
	zone_put(dma(m), 512, 2, M);
	assert_int_equal(move_freepages_block(dma(m), pfn_to_page(m, 64), H), 8);
	assert_int_equal(free_blocks(dma(m), 2, M), 1);
	assert_int_equal(nth_free(m, dma(m), 2, M, 0), 4);
	assert_valid(m);
}

static void test_4_6_r6_order_10_across_two_blocks(void **state)
{
	(void)state;
	m = machine_with(9, 0);
	z = dma32(m);
	memory_empty(m);
	zone_put(z, 4096, 10, M);
	/* Through its second block there is no head to move, through the first all 1024 go. */
	assert_int_equal(move_freepages_block(z, pfn_to_page(m, 4096 + 512), H), 0);
	assert_int_equal(free_blocks(z, 10, M), 1);
	assert_int_equal(move_freepages_block(z, pfn_to_page(m, 4096), H), 1024);
	assert_int_equal(free_blocks(z, 10, H), 1);
}

static void test_3_1_pageblocks_of_both_orders(void **state)
{
	(void)state;
	assert_ptr_equal(pageblock_slot(z, 4096), (z)->pageblock_type + 0);
	assert_ptr_equal(pageblock_slot(z, 5119), (z)->pageblock_type + 0);
	assert_ptr_equal(pageblock_slot(z, 5120), (z)->pageblock_type + 1);
	assert_ptr_equal(pageblock_slot(dma(m), 1), (dma(m))->pageblock_type + 0);
	assert_int_equal(pageblock_start(z, 5119), 4096);
	m = machine_with(9, 0);
	assert_ptr_equal(pageblock_slot(dma32(m), 5119), (dma32(m))->pageblock_type + 1);
	assert_int_equal(pageblock_start(dma32(m), 5119), 4608);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_3_2_merge_up_to_the_free_buddy),
	TEST(test_3_2_no_merge_with_another_order),
	TEST(test_3_2_neighbour_is_not_buddy),
	TEST(test_3_2_merge_ignores_the_type),
	TEST(test_3_2_order_10_is_the_end),
	TEST(test_3_2_no_merge_across_zones),
	TEST(test_3_2_first_page_has_no_buddy_below_the_zone),
	TEST(test_3_2_buddy_in_a_hole),
	TEST(test_3_3_head_by_default),
	TEST(test_3_3_tail_when_likely_to_merge),
	TEST(test_3_3_upper_half_goes_to_the_tail_too),
	TEST(test_3_3_orders_9_and_10_always_head),
	TEST(test_3_3_order_9_at_the_zone_s_end_goes_to_the_head),
	TEST(test_3_3_tail_in_a_zone_smaller_than_a_block),
	TEST(test_3_4_split_keeps_the_lower_half),
	TEST(test_3_4_remainders_at_the_head_of_the_wanted_type),
	TEST(test_3_5_smallest_fit_and_type_noted),
	TEST(test_3_5_first_entry_wins),
	TEST(test_3_7_move_a_block),
	TEST(test_3_7_moved_entries_go_to_the_head),
	TEST(test_3_7_block_across_the_zone_end_is_not_moved),
	TEST(test_3_7_block_before_the_zone_start_begins_at_the_page),
	TEST(test_4_6_r6_order_10_across_two_blocks),
	TEST(test_3_1_pageblocks_of_both_orders),
};
TEST_GROUP(buddy)
