/*
 * The races and inconsistencies of the reserve, R1 to R9 of reference §4.6: each in one order of
 * steps, before and after the patch that is about it; R1, R2 and R8 on two CPUs as well, with the
 * switch after every point. No patch removes strays: R1 to R3 are the same with none and with all.
 */
#include "reserve_case.h"

#include "mm/alloc/buddy.h"

static void test_4_6_r1_cached_type_outlives_the_release(void **state)
{
	(void)state;
	make_h_stray();
	assert_int_equal(h_strays(z), 1);
	assert_int_equal(other_strays(z), 0);
	assert_reserve(1, 1);
	assert_sound();
}

/* A page of pageblock 0, which is U then. */
static void reclaim(void)
{
	struct alloc_context ac = request(m, GFP_KERNEL, 0);
	struct page *page = direct_reclaim(&ac, WMARK_MIN, &(unsigned long){0});

	assert_int_equal(pageblock_start(z, page_to_pfn(m, page)), block(0));
	assert_int_equal(pageblock_type(z, block(0)), U);
}

/* R1': reclaim releases a block while its pages wait on a CPU's list, and drains afterwards. */
static void test_4_6_r1_prime_reclaim_makes_strays_every_time(void **state)
{
	(void)state;
	use_pages_of_reserved_block();
	shrinker.act = free_used;
	shrinker.gives = 8;
	reclaim();
	assert_int_equal(h_strays(z), 8);
	assert_int_equal(zone_free_of_type(z, H), 64 + 8);
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_PAGES], 32);
	assert_reserve(1, 1);
	assert_sound();
}

static void test_4_6_r1_prime_none_if_it_drained_first(void **state)
{
	(void)state;
	use_pages_of_reserved_block();
	free_used(0);
	pcp_drain_all(m);
	assert_true(unreserve(false));
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_PAGES], 32 + 8);
	assert_int_equal(h_strays(z), 0);
}

static void test_4_6_r2_reserved_while_a_page_waits(void **state)
{
	struct page *page = use(block(0) + 8, 0);

	(void)state;
	put(block(0) + 512, 5, M);
	free_pages(m, page, 0);
	assert_non_null(alloc_pages(m, GFP_ATOMIC, 1));
	assert_reserve(1, 1);
	pcp_drain_all(m);
	assert_int_equal(other_strays(z), 1);
	assert_int_equal(h_strays(z), 0);
	/* A page of the reserve for anybody who asks. */
	assert_ptr_equal(alloc_pages(m, MOVABLE, 0), page);
	assert_sound();
}

static void test_4_6_r3_h_stray_takes_a_free_block_along(void **state)
{
	(void)state;
	make_h_stray_block(0);
	assert_int_equal(zone_free_of_type(z, M), 0);
	assert_int_equal(h_strays(z), 1);
	assert_reserve(0, 0);
	assert_null(alloc_pages(m, MOVABLE, 0));
	assert_sound();
}

static void test_4_6_r3_m_stray_takes_the_reserve_along(void **state)
{
	(void)state;
	make_m_stray(10);
	assert_int_equal(nth_free(m, z, 10, M, 0), block(0));
	assert_int_equal(zone_free_of_type(z, H), 0);
	assert_non_null(alloc_pages(m, MOVABLE, 0));
	assert_reserve(2, 2);
	assert_sound();
}

/* The stray is the first that the next release finds: order 0 comes first. */
static void release_a_stray(unsigned int set)
{
	start_case(10, set);
	make_h_stray();
	reserve(block(2));
	assert_reserve(2, 2);
	assert_true(unreserve(false));
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_BLOCKS], 2);
	assert_int_equal(h_strays(z), 0);
	assert_sound();
}

static void test_4_6_r4_double_decrease_before(void **state)
{
	(void)state;
	release_a_stray(NOSTEAL);
	assert_reserve(2, 1);
	/* A block more than the maximum. */
	reserve(block(3));
	assert_reserve(3, 2);
	assert_int_equal(highatomic_max(z), 2048);
}

static void test_4_6_r4_account_keeps_it_equal(void **state)
{
	(void)state;
	release_a_stray(ACCOUNT);
	assert_reserve(2, 2);
	reserve(block(3));
	assert_reserve(2, 2);
}

/* An unmovable request finds nothing but the M stray in an H pageblock. */
static void steal_a_stray(unsigned int set, unsigned int order)
{
	struct page *stray;

	start_case(10, set);
	stray = make_m_stray(order);
	assert_int_equal(zone_free_of_type(z, M), order < 10 ? 1 : 1024);
	assert_int_equal(pageblock_start(z, page_to_pfn(m, alloc_pages(m, UNMOVABLE, 0))),
		pageblock_start(z, page_to_pfn(m, stray)));
	assert_sound();
}

static void test_4_6_r5_retagged_without_decrement_before(void **state)
{
	struct page *page;

	(void)state;
	steal_a_stray(ACCOUNT, 9);
	assert_int_equal(pageblock_type(z, block(0)), U);
	assert_int_equal(zone_free_of_type(z, U), 512);
	assert_reserve(1, 2);
	/* Refused, though one block less than the maximum is H. */
	page = alloc_pages(m, GFP_ATOMIC, 1);
	assert_int_equal(pageblock_start(z, page_to_pfn(m, page)), block(0));
	assert_reserve(1, 2);
	/* For ever: when all blocks are released, one is still counted. */
	put(block(1), 0, H);
	assert_true(unreserve(true));
	assert_false(unreserve(true));
	assert_reserve(0, 1);
}

static void test_4_6_r5_nosteal_keeps_the_block(void **state)
{
	(void)state;
	steal_a_stray(NOSTEAL, 9);
	assert_int_equal(zone_free_of_type(z, H), 512);
	assert_reserve(2, 2);
}

static void test_4_6_r5_less_than_half_keeps_the_tag_only(void **state)
{
	(void)state;
	steal_a_stray(0, 8);
	assert_reserve(2, 2);
	assert_int_equal(zone_free_of_type(z, U), 256);
	steal_a_stray(NOSTEAL, 8);
	assert_int_equal(zone_free_of_type(z, H), 256);
}

static void test_4_6_r5_whole_block_before_and_after(void **state)
{
	(void)state;
	steal_a_stray(ACCOUNT, 10);
	assert_reserve(1, 2);
	assert_int_equal(other_strays(z), 0);
	steal_a_stray(NOSTEAL, 10);
	assert_reserve(2, 2);
	assert_int_equal(other_strays(z), 10); /* what is left of it, orders 0 to 9 */
}

static void test_4_6_r6_first_block_moves_two_and_counts_one(void **state)
{
	(void)state;
	merge_two_blocks(with, 0, 0);
	assert_true(unreserve(false));
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_PAGES], 1024);
	assert_reserve(1, 1);
	assert_sound();
}

static void test_4_6_r6_second_block_loses_its_pages_not_its_tag(void **state)
{
	(void)state;
	merge_two_blocks(NOSTEAL, 1, 1);
	assert_true(unreserve(false));
	assert_reserve(2, 1);
	merge_two_blocks(ACCOUNT, 1, 1);
	assert_true(unreserve(false));
	assert_reserve(2, 2);
	assert_int_equal(pageblock_type(z, block(1)), H);
	assert_int_equal(zone_free_of_type(z, H), 0);
}

static void test_4_6_r6_nothing_moves_through_the_second_block(void **state)
{
	(void)state;
	merge_two_blocks(with, 0, 0);
	assert_int_equal(move_freepages_block(z, pfn_to_page(m, block(1)), M), 0);
	assert_int_equal(move_freepages_block(z, pfn_to_page(m, block(0)), M), 1024);
}

/* Two blocks of strays, and one H pageblock, counted, in which nothing is free. */
static struct page *ask_past_strays(unsigned int set)
{
	start_case(10, set);
	make_h_stray_block(0);
	make_h_stray_block(1);
	reserve(block(2));
	assert_false(unreserve(false));
	return alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0);
}

static void test_4_6_r7_strays_are_out_of_reach_before(void **state)
{
	(void)state;
	assert_panics(NO_VICTIM, ask_past_strays(EXHAUST));
	assert_int_equal(stalls_in_vain(m), 17);
	assert_int_equal(zone_free_of_type(z, H), 2048);
	assert_reserve(1, 1);
}

static void test_4_6_r7_force_reaches_them(void **state)
{
	(void)state;
	assert_non_null(ask_past_strays(PATCH_SERIES));
	assert_int_equal(stalls_in_vain(m), 17);
	assert_int_equal(zone_free_of_type(z, H), 1024);
	assert_reserve(1, 1);
	assert_sound();
}

static void test_4_6_r9_nosteal_looks_at_the_first_block_only(void **state)
{
	(void)state;
	merge_two_blocks(NOSTEAL | ACCOUNT, 1, 0);
	assert_int_equal(page_to_pfn(m, alloc_pages(m, UNMOVABLE, 0)), block(0));
	assert_reserve(1, 2);
	assert_int_equal(blocks_of_type(z, U), 2);
	assert_sound();
	merge_two_blocks(NOSTEAL | ACCOUNT, 0, 1);
	assert_int_equal(page_to_pfn(m, alloc_pages(m, UNMOVABLE, 0)), block(0));
	assert_reserve(2, 2);
	assert_int_equal(blocks_of_type(z, U), 0);
	assert_sound();
}

/* Two CPUs: 0 frees a page, 1 changes its pageblock. */
static struct page *raced, *got[2];
static unsigned int raced_order, strays;

static void raced_is_h(void)
{
	raced = page_of_reserved_block(raced_order);
	pcp_sizes(1, 1); /* what is freed goes on at once */
}

static void raced_is_m(void)
{
	raced = use(block(0) + 8, raced_order);
	put(block(0) + 512, 5, M);
	pcp_sizes(1, 1);
}

static void free_raced(void *unused)
{
	(void)unused;
	free_pages(m, raced, raced_order);
}

static void release(void *unused)
{
	(void)unused;
	unreserve(false);
}

static void ask(void *unused)
{
	unsigned int id = this_cpu_id();

	(void)unused;
	got[id] = alloc_pages(m, GFP_ATOMIC, 1 + id);
}

static void look_for_a_stray(unsigned long k)
{
	unsigned int here = h_strays(z) + other_strays(z);

	/* Not when one has done all before the other begins. */
	assert_true(here <= (k > 0));
	strays += here;
	assert_reserve(1, 1);
	assert_sound();
}

static void race(void (*prepare)(void), void (*against)(void *))
{
	for (raced_order = 0; raced_order < 3; raced_order++) {
		unsigned long ways;

		strays = 0;
		ways = each_switch(prepare, free_raced, against, look_for_a_stray);
		assert_true(strays > 0 && strays < ways);
	}
}

static void test_4_6_r1_race_of_two_cpus(void **state)
{
	(void)state;
	race(raced_is_h, release);
}

static void test_4_6_r2_race_of_two_cpus(void **state)
{
	(void)state;
	race(raced_is_m, ask);
}

/* One more pageblock may be reserved, and each CPU gets a page of another one. */
static void one_left(void)
{
	reserve(block(0));
	put(block(1), 1, U);
	put(block(2), 2, U);
}

static unsigned int refused_under_lock;

static void look_for_overshoot(unsigned long k)
{
	assert_reserve(2, 2);
	assert_int_equal(highatomic_max(z), 2048);
	assert_int_equal(pageblock_start(z, page_to_pfn(m, got[0])), block(1));
	assert_int_equal(pageblock_start(z, page_to_pfn(m, got[1])), block(2));
	assert_sound();
	/* It passed the first test, as it does alone, and not the second. */
	refused_under_lock += points_passed(0) == alone && pageblock_type(z, block(1)) != H;
	assert_true(k > 0 || pageblock_type(z, block(1)) == H);
}

static void test_4_6_r8_second_test_is_under_the_lock(void **state)
{
	(void)state;
	refused_under_lock = 0;
	each_switch(one_left, ask, ask, look_for_overshoot);
	assert_true(refused_under_lock > 0);
}

/* The same where the other CPU fills the reserve to its limit, to the page. */
static void one_left_to_the_page(void)
{
	z->managed = 99;
	put(block(1), 1, U);
	put(block(2), 2, U);
}

static void look_for_one_block(unsigned long k)
{
	(void)k;
	assert_reserve(1, 1);
}

static void test_4_6_r8_the_second_test_is_the_same_as_the_first(void **state)
{
	(void)state;
	each_switch(one_left_to_the_page, ask, ask, look_for_one_block);
}

static const struct CMUnitTest tests[] = {
	TEST_NONE_AND_ALL(test_4_6_r1_cached_type_outlives_the_release),
	TEST_NONE_AND_ALL(test_4_6_r1_prime_reclaim_makes_strays_every_time),
	TEST(test_4_6_r1_prime_none_if_it_drained_first),
	TEST_NONE_AND_ALL(test_4_6_r2_reserved_while_a_page_waits),
	TEST_NONE_AND_ALL(test_4_6_r3_h_stray_takes_a_free_block_along),
	TEST_NONE_AND_ALL(test_4_6_r3_m_stray_takes_the_reserve_along),
	TEST(test_4_6_r4_double_decrease_before),
	TEST(test_4_6_r4_account_keeps_it_equal),
	TEST(test_4_6_r5_retagged_without_decrement_before),
	TEST(test_4_6_r5_nosteal_keeps_the_block),
	TEST(test_4_6_r5_less_than_half_keeps_the_tag_only),
	TEST(test_4_6_r5_whole_block_before_and_after),
	TEST_NONE_AND_ALL(test_4_6_r6_first_block_moves_two_and_counts_one),
	TEST(test_4_6_r6_second_block_loses_its_pages_not_its_tag),
	TEST(test_4_6_r6_nothing_moves_through_the_second_block),
	TEST(test_4_6_r7_strays_are_out_of_reach_before),
	TEST(test_4_6_r7_force_reaches_them),
	TEST(test_4_6_r9_nosteal_looks_at_the_first_block_only),
	TEST_NONE_AND_ALL(test_4_6_r1_race_of_two_cpus),
	TEST_NONE_AND_ALL(test_4_6_r2_race_of_two_cpus),
	TEST_NONE_AND_ALL(test_4_6_r8_second_test_is_under_the_lock),
	TEST_NONE_AND_ALL(test_4_6_r8_the_second_test_is_the_same_as_the_first),
};
TEST_GROUP(races)
