/*
 * The high-order atomic reserve of Linux 4.8 (reference §4), and series 4/4's forced release.
 */
#include "twin.h"

#include "boot/multiboot.h"
#include "host_machine.h"
#include "mm/alloc/buddy.h"
#include "mm/alloc/highatomic.h"
#include "mm/page/pageblock.h"
#include "mm/page/patch.h"
#include "request.h"

#define M MIGRATE_MOVABLE
#define U MIGRATE_UNMOVABLE
#define H MIGRATE_HIGHATOMIC

static struct memory *m;
static struct zone *z;

/* DMA32 has six blocks from 4096 and may reserve two; nothing is free, no mark holds. */
static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	memory_empty(m);
	memory_no_marks(m);
	z = dma32(m);
	return err;
}

static void use_machine_of(uint64_t mib)
{
	struct machine_spec spec = {.range = {{0, MIB(mib), MB_MEMORY_USABLE}}};

	m = machine_new(&spec);
	memory_empty(m);
	memory_no_marks(m);
	z = dma32(m);
}

static void reserve(unsigned long pfn)
{
	reserve_highatomic_pageblock(pfn_zone(m, pfn), pfn_to_page(m, pfn));
}

static bool unreserve(gfp_t gfp, bool force)
{
	struct alloc_context ac = request(m, gfp, 0);

	return unreserve_highatomic_pageblock(&ac, force);
}

/* Fast attempts fail, slow ones do not. */
static void only_slow_path(void)
{
	zone_marks(z, 0, 1 << 20, 1 << 20);
}

static void test_4_2_reserve_counts_tags_and_moves(void **state)
{
	(void)state;
	zone_put(z, 5120 + 8, 3, M);
	zone_put(z, 5120 + 512, 0, U);
	zone_put(z, 4096, 0, M);
	reserve(5120 + 700);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(pageblock_type(z, 5120), H);
	assert_int_equal(free_blocks(z, 3, H), 1);
	assert_int_equal(free_blocks(z, 0, H), 1);
	assert_int_equal(free_blocks(z, 0, M), 1);
	assert_int_equal(m->event[HIGHATOMIC_RESERVED_BLOCKS], 1);
	assert_int_equal(m->event[HIGHATOMIC_RESERVED_MAX], 1024);
	assert_valid(m);
}

static void test_4_2_reserved_block_is_left_alone(void **state)
{
	(void)state;
	reserve(5120);
	reserve(5121);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(m->event[HIGHATOMIC_RESERVED_BLOCKS], 1);
}

static void test_4_2_limit_of_a_small_zone(void **state)
{
	(void)state;
	assert_int_equal(highatomic_limit(z), z->managed / 100 + 1024);
	for (unsigned long pfn = 4096; pfn < 10240; pfn += 1024)
		reserve(pfn);
	assert_int_equal(z->nr_reserved_highatomic, 2048);
	assert_int_equal(blocks_of_type(z, H), 2);
}

/* A reserve that has reached its limit to the page is full: nobody even takes the lock for more. */
static void test_4_2_at_the_limit_is_full(void **state)
{
	unsigned long flags;

	(void)state;
	z->managed = 99; /* the limit is one block exactly */
	reserve(5120);
	assert_int_equal(z->nr_reserved_highatomic, highatomic_limit(z));
	assert_int_equal(highatomic_max(z), 1024);
	reserve(6144);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(blocks_of_type(z, H), 1);
	flags = spin_lock_irqsave(&z->lock);
	reserve(6144);
	spin_unlock_irqrestore(&z->lock, flags);
	z->managed = 100; /* a page below the limit: one block more */
	reserve(6144);
	assert_int_equal(z->nr_reserved_highatomic, 2048);
}

static void test_4_2_table_of_the_seed_machine(void **state)
{
	static const struct {
		int order;
		unsigned long max_dma32, max_dma;
	} rows[] = {{9, 5632, 1024}, {10, 6144, 2048}};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct machine_spec spec = {.pageblock_order = rows[i].order,
			.range = {{0, 0x9fc00, MB_MEMORY_USABLE},
				{MIB(1), 0x7ffe0000, MB_MEMORY_USABLE}}};

		m = machine_new(&spec);
		dma(m)->managed = 3977;
		dma32(m)->managed = 507523;
		for (unsigned long pfn = 1; pfn < 524000; pfn += 512)
			reserve(pfn);
		assert_int_equal(dma32(m)->nr_reserved_highatomic, rows[i].max_dma32);
		assert_int_equal(dma32(m)->nr_reserved_highatomic, highatomic_max(dma32(m)));
		assert_int_equal(dma(m)->nr_reserved_highatomic, rows[i].max_dma);
		assert_int_equal(
			m->event[HIGHATOMIC_RESERVED_MAX], rows[i].max_dma32 + rows[i].max_dma);
		assert_int_equal(blocks_of_type(dma32(m), H), rows[i].max_dma32 >> rows[i].order);
		/* Both are over the limit by less than a block. */
		assert_true(highatomic_limit(dma32(m)) <= rows[i].max_dma32);
	}
}

static void test_4_2_zone_end_block_is_counted_but_not_moved(void **state)
{
	(void)state;
	use_machine_of(38);
	zone_put(z, 9216, 5, M);
	reserve(9216);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(pageblock_type(z, 9216), H);
	assert_int_equal(free_blocks(z, 5, M), 1);
	assert_int_equal(free_blocks(z, 5, H), 0);
}

static void test_4_2_cma_and_isolated_blocks_are_refused(void **state)
{
	(void)state;
	set_pageblock_type(z, 5120, MIGRATE_CMA);
	set_pageblock_type(z, 6144, MIGRATE_ISOLATE);
	reserve(5120);
	reserve(6144);
	assert_int_equal(z->nr_reserved_highatomic, 0);
}

static void test_4_2_slow_path_atomic_reserves(void **state)
{
	(void)state;
	zone_put(z, 5120, 4, M);
	only_slow_path();
	assert_non_null(alloc_pages(m, GFP_ATOMIC, 1));
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(pageblock_type(z, 5120), H);
	/* The rest serves the next such request, without a further block. */
	assert_non_null(alloc_pages(m, GFP_ATOMIC, 2));
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_valid(m);
}

static void test_4_2_fast_path_does_not_reserve(void **state)
{
	(void)state;
	zone_put(z, 5120, 4, M);
	assert_non_null(alloc_pages(m, GFP_ATOMIC, 1));
	assert_int_equal(z->nr_reserved_highatomic, 0);
}

static void test_4_2_who_does_not_reserve(void **state)
{
	static const struct {
		gfp_t gfp;
		unsigned int order;
	} rows[] = {{GFP_ATOMIC, 0}, {GFP_ATOMIC | __GFP_NOMEMALLOC, 1}, {GFP_KERNEL, 1},
		{GFP_NOWAIT, 1}, {__GFP_HIGH, 1}};

	(void)state;
	zone_put(z, 5120, 9, M);
	only_slow_path();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_non_null(alloc_pages(m, rows[i].gfp, rows[i].order));
		assert_int_equal(z->nr_reserved_highatomic, 0);
	}
}

static void test_4_2_realtime_task_reserves(void **state)
{
	(void)state;
	zone_put(z, 5120, 4, M);
	only_slow_path();
	current->prio = PRIO_RT;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 1));
	assert_int_equal(z->nr_reserved_highatomic, 1024);
}

static void test_4_2_no_watermarks_context_does_not_reserve(void **state)
{
	(void)state;
	zone_put(z, 5120, 4, M);
	zone_marks(z, 1 << 20, 1 << 20, 1 << 20);
	current->flags |= PF_MEMALLOC;
	assert_non_null(alloc_pages(m, GFP_ATOMIC, 1));
	assert_int_equal(z->nr_reserved_highatomic, 0);
}

static void test_4_3_freed_pages_return_to_h(void **state)
{
	struct page *page;

	(void)state;
	zone_put(z, 5120, 2, M);
	only_slow_path();
	page = alloc_pages(m, GFP_ATOMIC, 1);
	free_pages(m, page, 1);
	assert_int_equal(free_blocks(z, 2, H), 1);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_valid(m);
}

/* Two counted H blocks, 5120 and 6144, each with one free entry of the given orders. */
static void two_blocks(unsigned int first, unsigned int second)
{
	zone_put(z, 5120, first, M);
	zone_put(z, 6144, second, M);
	reserve(5120);
	reserve(6144);
	assert_int_equal(z->nr_reserved_highatomic, 2048);
}

static void test_4_5_smallest_order_first(void **state)
{
	(void)state;
	two_blocks(2, 3);
	assert_true(unreserve(GFP_KERNEL, false));
	assert_int_equal(pageblock_type(z, 5120), U);
	assert_int_equal(pageblock_type(z, 6144), H);
	assert_int_equal(free_blocks(z, 2, U), 1);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_BLOCKS], 1);
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_PAGES], 4);
	assert_valid(m);
}

static void test_4_5_last_in_first_out(void **state)
{
	(void)state;
	two_blocks(2, 2);
	assert_true(unreserve(GFP_HIGHUSER_MOVABLE, false));
	assert_int_equal(pageblock_type(z, 6144), M);
	assert_int_equal(pageblock_type(z, 5120), H);
}

static void test_4_5_last_block_is_kept(void **state)
{
	(void)state;
	two_blocks(2, 3);
	assert_true(unreserve(GFP_KERNEL, false));
	assert_false(unreserve(GFP_KERNEL, false));
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(pageblock_type(z, 6144), H);
}

static void test_4_5_one_block_a_call_zones_from_the_highest(void **state)
{
	(void)state;
	two_blocks(2, 3);
	zone_put(dma(m), 1024, 0, M);
	zone_put(dma(m), 2048, 0, M);
	reserve(1024);
	reserve(2048);
	assert_true(unreserve(GFP_KERNEL, false));
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(dma(m)->nr_reserved_highatomic, 2048);
	assert_true(unreserve(GFP_KERNEL, false));
	assert_int_equal(dma(m)->nr_reserved_highatomic, 1024);
	assert_false(unreserve(GFP_KERNEL, false));
}

static void test_4_5_zones_of_the_request_only(void **state)
{
	(void)state;
	two_blocks(2, 3);
	assert_false(unreserve(GFP_KERNEL | GFP_DMA, false));
	assert_false(unreserve(GFP_KERNEL | GFP_DMA, true));
	assert_int_equal(z->nr_reserved_highatomic, 2048);
}

static void test_4_5_nothing_free_in_the_blocks(void **state)
{
	(void)state;
	reserve(5120);
	reserve(6144);
	assert_false(unreserve(GFP_KERNEL, false));
	assert_false(unreserve(GFP_KERNEL, true));
	assert_int_equal(z->nr_reserved_highatomic, 2048);
	assert_int_equal(blocks_of_type(z, H), 2);
}

/* A zone-end H block whose only free page is on the H list but cannot be moved. */
static void end_block_first(void)
{
	use_machine_of(38);
	reserve(9216);
	zone_put(z, 9216, 0, H);
	zone_put(z, 5120, 3, M);
	reserve(5120);
	assert_int_equal(z->nr_reserved_highatomic, 2048);
}

static void test_4_5_first_entry_ends_the_search(void **state)
{
	(void)state;
	end_block_first();
	assert_false(unreserve(GFP_KERNEL, false));
	/* Counted down and retagged all the same. */
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(pageblock_type(z, 9216), U);
	assert_int_equal(pageblock_type(z, 5120), H);
	assert_int_equal(free_blocks(z, 0, H), 1);
}

static void test_4_7_force_goes_on_until_pages_moved(void **state)
{
	(void)state;
	end_block_first();
	assert_true(unreserve(GFP_KERNEL, true));
	assert_int_equal(pageblock_type(z, 5120), U);
	assert_int_equal(free_blocks(z, 3, U), 1);
	assert_int_equal(z->nr_reserved_highatomic, 0);
}

/* Series 4/4 makes the search thorough for direct reclaim too, which does not force. */
static void test_4_7_unforced_goes_on_until_pages_moved_with_force_patch(void **state)
{
	(void)state;
	end_block_first();
	zone_put(z, 6144, 3, M);
	set_pageblock_type(z, 6144, H);
	move_freepages_block(z, pfn_to_page(m, 6144), H);
	z->nr_reserved_highatomic += 1024;
	m->patches |= PATCH_HIGHATOMIC_FORCE;
	assert_true(unreserve(GFP_KERNEL, false));
	assert_int_equal(pageblock_type(z, 9216), U);
	assert_int_equal(free_blocks(z, 3, U), 1);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
}

/* Nothing changes before the zone's lock is had; here the test itself has it. */
static void test_4_5_released_under_the_zone_s_lock(void **state)
{
	unsigned long flags;

	(void)state;
	two_blocks(2, 3);
	flags = spin_lock_irqsave(&z->lock);
	assert_panics("zone DMA32", unreserve(GFP_KERNEL, true));
	assert_int_equal(z->nr_reserved_highatomic, 2048);
	assert_int_equal(blocks_of_type(z, H), 2);
	spin_unlock_irqrestore(&z->lock, flags);
}

/* First and last pageblock count, and the one behind them is the next zone's. */
static void test_4_1_a_zone_s_own_blocks_are_counted(void **state)
{
	(void)state;
	set_pageblock_type(dma(m), 1, H);
	set_pageblock_type(dma(m), 3072, H);
	set_pageblock_type(z, 4096, H);
	assert_int_equal(highatomic_tagged(dma(m)), 2048);
	assert_int_equal(highatomic_tagged(z), 1024);
}

static void test_4_7_force_drains_everything(void **state)
{
	int calls = 0;

	(void)state;
	two_blocks(2, 3);
	zone_put(dma(m), 1024, 0, M);
	reserve(1024);
	while (unreserve(GFP_KERNEL, true))
		assert_true(++calls < 10);
	assert_int_equal(calls, 3);
	assert_int_equal(z->nr_reserved_highatomic + dma(m)->nr_reserved_highatomic, 0);
	assert_int_equal(blocks_of_type(z, H) + blocks_of_type(dma(m), H), 0);
	assert_int_equal(all_free(m), 4 + 8 + 1);
	assert_valid(m);
}

static void test_4_7_force_one_block_a_call(void **state)
{
	(void)state;
	two_blocks(2, 3);
	assert_true(unreserve(GFP_KERNEL, true));
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_true(unreserve(GFP_KERNEL, true));
	assert_int_equal(z->nr_reserved_highatomic, 0);
	assert_false(unreserve(GFP_KERNEL, true));
}

/* Linux 4.8: a stray's block is counted down a second time (scenario D of §4.9). */
static void test_4_6_r4_stray_is_counted_down_twice(void **state)
{
	(void)state;
	two_blocks(5, 5);
	zone_put(z, 7168, 0, H); /* a stray: its block is M */
	assert_true(unreserve(GFP_KERNEL, false));
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(blocks_of_type(z, H), 2);
}

static void test_4_6_r7_strays_are_out_of_reach(void **state)
{
	(void)state;
	zone_put(z, 5120, 5, M);
	reserve(5120);
	zone_put(z, 7168, 4, H);
	assert_false(unreserve(GFP_KERNEL, false));
	assert_true(unreserve(GFP_KERNEL, true));
	assert_int_equal(free_blocks(z, 4, U), 1);
}

static void test_4_5_counter_does_not_go_below_zero(void **state)
{
	(void)state;
	zone_put(z, 7168, 4, H);
	z->nr_reserved_highatomic = 0;
	assert_true(unreserve(GFP_KERNEL, true));
	assert_int_equal(z->nr_reserved_highatomic, 0);
}

static void test_4_6_overshoot_after_double_decrease(void **state)
{
	(void)state;
	test_4_6_r4_stray_is_counted_down_twice(state);
	reserve(8192);
	/* Three H blocks, where two are the maximum. */
	assert_int_equal(blocks_of_type(z, H), 3);
	assert_int_equal(z->nr_reserved_highatomic, 2048);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_4_2_reserve_counts_tags_and_moves),
	TEST(test_4_2_reserved_block_is_left_alone),
	TEST(test_4_2_limit_of_a_small_zone),
	TEST(test_4_2_at_the_limit_is_full),
	TEST(test_4_2_table_of_the_seed_machine),
	TEST(test_4_2_zone_end_block_is_counted_but_not_moved),
	TEST(test_4_2_cma_and_isolated_blocks_are_refused),
	TEST(test_4_2_slow_path_atomic_reserves),
	TEST(test_4_2_fast_path_does_not_reserve),
	TEST(test_4_2_who_does_not_reserve),
	TEST(test_4_2_realtime_task_reserves),
	TEST(test_4_2_no_watermarks_context_does_not_reserve),
	TEST(test_4_3_freed_pages_return_to_h),
	TEST(test_4_5_smallest_order_first),
	TEST(test_4_5_last_in_first_out),
	TEST(test_4_5_last_block_is_kept),
	TEST(test_4_5_one_block_a_call_zones_from_the_highest),
	TEST(test_4_5_zones_of_the_request_only),
	TEST(test_4_5_nothing_free_in_the_blocks),
	TEST(test_4_5_first_entry_ends_the_search),
	TEST(test_4_7_force_goes_on_until_pages_moved),
	TEST(test_4_7_unforced_goes_on_until_pages_moved_with_force_patch),
	TEST(test_4_5_released_under_the_zone_s_lock),
	TEST(test_4_1_a_zone_s_own_blocks_are_counted),
	TEST(test_4_7_force_drains_everything),
	TEST(test_4_7_force_one_block_a_call),
	TEST(test_4_6_r4_stray_is_counted_down_twice),
	TEST(test_4_6_r7_strays_are_out_of_reach),
	TEST(test_4_5_counter_does_not_go_below_zero),
	TEST(test_4_6_overshoot_after_double_decrease),
};
TEST_GROUP(highatomic)
