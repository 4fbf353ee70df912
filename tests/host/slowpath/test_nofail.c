/*
 * Requests that must not fail, and the small print of the slow path (reference §5.2, §5.7, §5.8):
 * what test_slowpath.c and test_retry.c leave.
 */
#include "apps.h"
#include "mm/oom/oom.h"
#include "starved.h"

static void test_5_2_nofail_that_may_not_reclaim_fails_and_says_so_once(void **state)
{
	(void)state;
	assert_null(alloc_pages(m, GFP_NOWAIT | __GFP_NOFAIL | __GFP_NOWARN, 0));
	assert_line("WARNING: gfp_mask=0x2000a00 must not fail, yet may not reclaim: it fails");
	console_clear();
	assert_null(alloc_pages(m, GFP_NOWAIT | __GFP_NOFAIL | __GFP_NOWARN, 0));
	assert_string_equal(console(), "");
	assert_int_equal(m->event[ALLOC_FAILURES], 2);
}

/* For DMA no kill would help: it is tried all the same. */
static void test_5_8_nofail_kills_even_where_it_would_not_help(void **state)
{
	(void)state;
	app_new("fat", 10, 500, 0);
	twin.on_sleep = free_one_page;
	zone_put(dma(m), 1024, 0, U);
	zone_marks(dma(m), 1000, 1000, 1000);
	assert_non_null(alloc_pages(m, GFP_KERNEL | GFP_DMA | __GFP_NOFAIL, 0));
	assert_int_equal(m->event[OOM_KILLS], 1);
	assert_int_equal(dma(m)->stat[NR_FREE_PAGES], 0);
}

static void free_in_third_round(unsigned int call)
{
	if (call == (shrinker.gives ? 3 : FIRST_CALL_OF_ROUND(3)))
		free_one_page();
}

/* Nothing is free after the kill either: it goes round again. */
static void test_5_8_nofail_goes_round_until_there_is_a_page(void **state)
{
	(void)state;
	app_mark(m, app_new("fat", 10, 500, 0));
	shrinker.act = free_in_third_round;
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_KERNEL | __GFP_NOFAIL, 0)), 9500);
	assert_int_equal(rounds_so_far(), 3);
	assert_int_equal(m->event[OOM_INVOCATIONS], 2);
}

/* §5.2 step 9: a victim that must have it goes on like anybody else. */
static void test_5_2_a_victim_s_nofail_does_not_give_up(void **state)
{
	(void)state;
	app_mark(m, app_new("fat", 10, 500, 0));
	current->memdie = true;
	shrinker.act = free_in_third_round;
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_KERNEL | __GFP_NOFAIL, 0)), 9500);
	assert_int_equal(rounds_so_far(), 3);
	assert_int_equal(m->event[ALLOC_FAILURES], 0);
}

/* §41.2: no watermark barred it, neither in the walk after reclaim. */
static void test_41_2_a_victim_s_page_after_reclaim_is_marked(void **state)
{
	struct page *page;

	(void)state;
	app_mark(m, app_new("fat", 10, 500, 0));
	current->memdie = true;
	shrinker.act = free_in_third_round;
	shrinker.gives = 1;
	page = alloc_pages(m, GFP_KERNEL | __GFP_NOFAIL, 0);
	assert_int_equal(shrinker.calls, 3);
	assert_ptr_equal(page->mapping, FROM_RESERVES);
}

/* §5.8 step 4: it goes on, and says so once, where nobody may be killed for it either. */
static void test_5_8_nofail_goes_on_when_the_killer_is_disabled(void **state)
{
	(void)state;
	assert_int_equal(oom_killer_disable(m), 0);
	shrinker.act = free_in_third_round;
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_KERNEL | __GFP_NOFAIL, 0)), 9500);
	assert_int_equal(rounds_so_far(), 3);
	assert_int_equal(console_count("must not fail, and nobody may be killed for it"), 1);
}

static void free_after_three_turns(void)
{
	if (twin.yields == 3)
		free_one_page();
}

/* §5.2 step 8: a reclaimer that must have it waits for others, and does not reclaim. */
static void test_5_2_a_reclaimer_s_nofail_lets_others_run(void **state)
{
	(void)state;
	current->flags |= PF_MEMALLOC;
	twin.on_yield = free_after_three_turns;
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_KERNEL | __GFP_NOFAIL, 0)), 9500);
	assert_int_equal(twin.yields, 3);
	assert_int_equal(shrinker.calls, 0);
	assert_int_equal(m->event[OOM_STEPS], 0);
}

/* A page that another kill has freed, seen at the high watermark with the lock held. */
static void test_5_8_last_look_before_the_kill(void **state)
{
	(void)state;
	/* min is met by nothing, high by one page: no real machine has such marks. */
	zone_marks(z, 1000, 1000, 0);
	free_one_page();
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_KERNEL, 0)), 9500);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_5_7_order_2_gives_up_when_order_0_would_fail_too(void **state)
{
	(void)state;
	shrinker.gives = 1;
	zone_marks(z, 10, 10, 10);
	free_one_page();
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 2));
	assert_int_equal(shrinker.calls, 1);
}

static void test_5_7_order_0_is_not_compaction_s_affair(void **state)
{
	(void)state;
	shrinker.gives = 1;
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(shrinker.calls, 1);
}

/* Order 4 with REPEAT may loop, but for no compaction's sake. */
static void test_5_7_costly_orders_are_not_either(void **state)
{
	(void)state;
	shrinker.gives = 1;
	free_one_page();
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_REPEAT | __GFP_NOWARN, 4));
	assert_int_equal(shrinker.calls, 1);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_sleeping_allocation_with_preemption_off(void **state)
{
	(void)state;
	preempt_disable();
	assert_panics("BUG: sleeping allocation", alloc_pages(m, GFP_KERNEL, 0));
	preempt_enable();
}

static const struct CMUnitTest tests[] = {
	TEST(test_5_2_nofail_that_may_not_reclaim_fails_and_says_so_once),
	TEST(test_5_8_nofail_kills_even_where_it_would_not_help),
	TEST(test_5_8_nofail_goes_round_until_there_is_a_page),
	TEST(test_5_2_a_victim_s_nofail_does_not_give_up),
	TEST(test_41_2_a_victim_s_page_after_reclaim_is_marked),
	TEST(test_5_8_nofail_goes_on_when_the_killer_is_disabled),
	TEST(test_5_2_a_reclaimer_s_nofail_lets_others_run),
	TEST(test_5_8_last_look_before_the_kill),
	TEST(test_5_7_order_2_gives_up_when_order_0_would_fail_too),
	TEST(test_5_7_order_0_is_not_compaction_s_affair),
	TEST(test_5_7_costly_orders_are_not_either),
	TEST(test_sleeping_allocation_with_preemption_off),
};
TEST_GROUP(nofail)
