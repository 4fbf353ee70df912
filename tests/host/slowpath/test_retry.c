/*
 * The slow path's retry decision (reference §5.6, §5.7), with and without the patches (§4.8, §4.9).
 */
#include "apps.h"
#include "mm/page/mm_trace.h"
#include "starved.h"

static void free_a_page_in_round_29(unsigned int call)
{
	if (call == 29) {
		zone_marks(z, 0, 0, 0);
		free_one_page();
	}
}

/* 5.6: the retry decision */

static void test_5_6_reclaimable_pages_decay(void **state)
{
	(void)state;
	/* avail(k) = 1600 - 100 k, and min is 100: the last yes is k = 14. */
	z->stat[NR_ZONE_ACTIVE_FILE] = 1000;
	z->stat[NR_ZONE_INACTIVE_FILE] = 600;
	zone_marks(z, 100, 100, 100);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(rounds_so_far(), 15);
	/* With a min of 99 the 100 pages of k = 15 are enough. */
	mutex_abandon(&m->oom_lock);
	shrinker.calls = 0;
	zone_marks(z, 99, 99, 99);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(rounds_so_far(), 16);
}

/* §5.2 step 14: a round with progress counts as none, and all that is reclaimable counts. */
static void test_5_6_progress_begins_anew(void **state)
{
	(void)state;
	z->stat[NR_ZONE_ACTIVE_FILE] = 1;
	shrinker.gives = 1;
	shrinker.act = free_a_page_in_round_29;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(shrinker.calls, 29);
}

static void give_8_pages_in_round_29(unsigned int call)
{
	if (call != 29)
		return;
	zone_marks(z, 0, 0, 0);
	zone_put(z, 8192, 3, M);
}

/* Up to order 3; the block on CMA's list satisfies the watermark test alone. */
static void test_5_6_progress_begins_anew_for_order_3(void **state)
{
	(void)state;
	z->stat[NR_ZONE_ACTIVE_FILE] = 1600;
	zone_marks(z, 1500, 1500, 1500);
	zone_put(z, 4096, 3, MIGRATE_CMA);
	shrinker.gives = 1;
	shrinker.act = give_8_pages_in_round_29;
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 3)), 8192);
	assert_int_equal(shrinker.calls, 29);
	assert_int_equal(m->event[OOM_STEPS], 0);
}

static void test_5_6_decay_rounds_up(void **state)
{
	(void)state;
	/* avail(1) = 1 - 1 = 0: an R of one page never counts after a round without progress. */
	z->stat[NR_ZONE_ACTIVE_FILE] = 1;
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(rounds_so_far(), 1);
	/* avail(15) = 17 - 16 = 1, avail(16) = 0. */
	shrinker.calls = 0;
	mutex_abandon(&m->oom_lock);
	z->stat[NR_ZONE_ACTIVE_FILE] = 17;
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(rounds_so_far(), 16);
}

static void test_5_6_nothing_reclaimable_is_oom_at_once(void **state)
{
	(void)state;
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(rounds_so_far(), 1);
	assert_int_equal(m->event[OOM_INVOCATIONS], 1);
}

/* Free pages are counted exactly, with what CPUs have gathered (§2.9). */
static void test_5_6_free_pages_are_exact(void **state)
{
	(void)state;
	nr_cpus = 2;
	z->stat_threshold = 100;
	zone_marks(z, 100, 100, 100);
	/* 150 by the counter, 100 in truth: the first round says no. */
	z->stat[NR_FREE_PAGES] = 150;
	z->pcp[1].stat_diff[NR_FREE_PAGES] = -50;
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(rounds_so_far(), 1);
	/* 100 by the counter, 101 in truth: yes until the rounds are used up. */
	mutex_abandon(&m->oom_lock);
	shrinker.calls = 0;
	z->stat[NR_FREE_PAGES] = 100;
	z->pcp[1].stat_diff[NR_FREE_PAGES] = 1;
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(rounds_so_far(), 17);
}

static unsigned long steps_in_round_30;

static void count_oom_steps(unsigned int call)
{
	if (call == FIRST_CALL_OF_ROUND(30))
		steps_in_round_30 = m->event[OOM_STEPS];
	if (call != FIRST_CALL_OF_ROUND(31))
		return;
	zone_marks(z, 0, 0, 0);
	free_one_page();
}

/* §5.2 step 17: an OOM step that made progress, here because a victim lives, begins a new count. */
static void test_5_2_rounds_are_counted_anew_after_the_oom_step(void **state)
{
	(void)state;
	app_mark(m, app_new("fat", 10, 500, 0));
	/* avail(k) = 1600 - 100 k, and min is 100: the 15th round says no, and so would the 30th. */
	z->stat[NR_ZONE_ACTIVE_FILE] = 1600;
	zone_marks(z, 100, 100, 100);
	shrinker.act = count_oom_steps;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(steps_in_round_30, 1);
	assert_int_equal(m->event[OOM_STEPS], 2);
}

/* Of each zone what it was judged by. */
static const struct trace_record *first_trace(const struct trace_event *event)
{
	unsigned long i = 0;

	while (i < trace_ring.total && trace_ring.record[i].event != event)
		i++;
	assert_true(i < trace_ring.total);
	return &trace_ring.record[i];
}

static void test_5_6_what_is_traced(void **state)
{
	(void)state;
	z->stat[NR_ZONE_ACTIVE_FILE] = 1600;
	zone_marks(z, 2000, 2000, 2000);
	memset(&trace_ring, 0, sizeof(trace_ring));
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_string_equal((const char *)first_trace(&reclaim_retry_zone)->arg[0], "DMA32");
	for (int i = 1; i < 7; i++)
		assert_int_equal(first_trace(&reclaim_retry_zone)->arg[i],
			((long[]){0, 0, 1600, 1500, 2000, 1, false})[i]);
}

/* Patches that decide at the end of the retries. */
static void exact_accounting(unsigned int patches)
{
	start(patches);
	reserve_of(2, 2);
	zone_marks(z, 100, 100, 100);
}

static void test_4_8_exact_accounting_without_patch(void **state)
{
	(void)state;
	exact_accounting(0);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(rounds_so_far(), 1);
	assert_int_equal(z->nr_reserved_highatomic, 2048);
	assert_printed("2*4096kB (H) = 8192kB");
}

static void test_4_8_exhaust_is_not_reached_with_exact_accounting(void **state)
{
	(void)state;
	exact_accounting(PATCH_HIGHATOMIC_EXHAUST);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(rounds_so_far(), 1);
	assert_int_equal(z->nr_reserved_highatomic, 2048);
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_BLOCKS], 0);
}

static void test_4_8_early_releases_on_the_first_no(void **state)
{
	(void)state;
	exact_accounting(PATCH_HIGHATOMIC_EXHAUST | PATCH_HIGHATOMIC_EARLY);
	assert_non_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(rounds_so_far(), 1);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	assert_int_equal(blocks_of_type(z, H), 1);
	assert_valid(m);
}

static void drain_with(unsigned int patches)
{
	exact_accounting(patches);
	zone_marks(z, 0, 0, 0);
	for (int i = 0; i < 2048; i++)
		assert_non_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
}

static void test_4_8_early_drains_the_reserve_before_oom(void **state)
{
	(void)state;
	drain_with(PATCH_HIGHATOMIC_EXHAUST | PATCH_HIGHATOMIC_EARLY);
	assert_int_equal(z->nr_reserved_highatomic, 0);
	assert_int_equal(blocks_of_type(z, H), 0);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
}

/* The under-counted reserve of §4.9 F: three free H blocks, two in the counter. */
static void under_counted(unsigned int patches)
{
	start(patches);
	reserve_of(3, 2);
	zone_marks(z, 100, 100, 100);
}

static void test_4_9_f_oom_without_the_patch(void **state)
{
	(void)state;
	under_counted(0);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	/* k = 1 to 16 say yes, 17 says no. */
	assert_int_equal(rounds_so_far(), 17);
	assert_int_equal(blocks_of_type(z, H), 3);
}

static void test_4_9_f_exhaust_releases_at_round_17(void **state)
{
	(void)state;
	under_counted(PATCH_HIGHATOMIC_EXHAUST);
	assert_non_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(rounds_so_far(), 17);
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_BLOCKS], 1);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	assert_valid(m);
}

static void test_4_9_g_exhaust_keeps_the_last_block(void **state)
{
	(void)state;
	start(PATCH_HIGHATOMIC_EXHAUST);
	reserve_of(2, 1);
	zone_marks(z, 100, 100, 100);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(rounds_so_far(), 17);
	assert_int_equal(blocks_of_type(z, H), 2);
}

/*
 * Order 2, with CMA blocks to keep the watermark test content: the first released block has but
 * one page, so the very next round releases another.
 */
static void test_4_8_counter_of_rounds_is_not_reset(void **state)
{
	(void)state;
	start(PATCH_HIGHATOMIC_EXHAUST);
	for (unsigned long pfn = 4096; pfn < 7168; pfn += 1024)
		zone_put(z, pfn, 10, MIGRATE_CMA);
	set_pageblock_type(z, 7168, H);
	set_pageblock_type(z, 8192, H);
	zone_put(z, 7168, 0, H);
	zone_put(z, 8192, 2, H);
	z->nr_reserved_highatomic = 3072;
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 2)), 8192);
	assert_int_equal(rounds_so_far(), 18);
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_BLOCKS], 2);
}

static void test_4_8_realtime_reaches_exhaust_with_exact_accounting(void **state)
{
	(void)state;
	exact_accounting(PATCH_HIGHATOMIC_EXHAUST);
	current->prio = PRIO_RT;
	assert_non_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(rounds_so_far(), 17);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
}

/* 5.7 */

static void give_a_block_at_100(unsigned int call)
{
	if (call == 100)
		zone_put(z, 8192, 2, U);
}

static void test_5_7_order_2_goes_on_while_order_0_would_do(void **state)
{
	(void)state;
	zone_put(z, 9500, 0, U);
	shrinker.gives = 1;
	shrinker.act = give_a_block_at_100;
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_KERNEL, 2)), 8192);
	assert_int_equal(shrinker.calls, 100);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void goes_on_for(unsigned int order)
{
	start(0);
	zone_put(z, 9500, 0, U);
	shrinker.gives = 1;
	shrinker.act = give_8_pages_in_round_29;
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_KERNEL, order)), 8192);
	assert_int_equal(shrinker.calls, 29);
}

static void test_5_7_orders_1_to_3_go_on(void **state)
{
	(void)state;
	for (unsigned int order = 1; order <= 3; order++)
		goes_on_for(order);
}

/* Where the counter says more than there is, order 0 is for the killer and not for one more round. */
static void test_5_7_order_0_does_not(void **state)
{
	(void)state;
	nr_cpus = 2;
	z->stat_threshold = 100;
	zone_marks(z, 100, 100, 100);
	z->stat[NR_FREE_PAGES] = 150;
	z->pcp[1].stat_diff[NR_FREE_PAGES] = -50;
	shrinker.gives = 1;
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(shrinker.calls, 1);
}

static void test_5_7_not_without_progress(void **state)
{
	(void)state;
	zone_put(z, 9500, 0, U);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 2));
	assert_int_equal(rounds_so_far(), 1);
}

static const struct CMUnitTest tests[] = {
	TEST(test_5_6_reclaimable_pages_decay),
	TEST(test_5_6_progress_begins_anew),
	TEST(test_5_6_progress_begins_anew_for_order_3),
	TEST(test_5_6_decay_rounds_up),
	TEST(test_5_6_nothing_reclaimable_is_oom_at_once),
	TEST(test_5_6_free_pages_are_exact),
	TEST(test_5_6_what_is_traced),
	TEST(test_5_2_rounds_are_counted_anew_after_the_oom_step),
	TEST(test_4_8_exact_accounting_without_patch),
	TEST(test_4_8_exhaust_is_not_reached_with_exact_accounting),
	TEST(test_4_8_early_releases_on_the_first_no),
	TEST(test_4_8_early_drains_the_reserve_before_oom),
	TEST(test_4_9_f_oom_without_the_patch),
	TEST(test_4_9_f_exhaust_releases_at_round_17),
	TEST(test_4_9_g_exhaust_keeps_the_last_block),
	TEST(test_4_8_counter_of_rounds_is_not_reset),
	TEST(test_4_8_realtime_reaches_exhaust_with_exact_accounting),
	TEST(test_5_7_order_2_goes_on_while_order_0_would_do),
	TEST(test_5_7_orders_1_to_3_go_on),
	TEST(test_5_7_order_0_does_not),
	TEST(test_5_7_not_without_progress),
};
TEST_GROUP(retry)
