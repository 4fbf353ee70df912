/*
 * The slow path (reference §5): who fails, who loops, the OOM step. The retry decision
 * has a file of its own.
 */
#include "apps.h"
#include "starved.h"

/* 5.3: fails at once */

static void test_5_2_atomic_fails_after_two_slow_attempts(void **state)
{
	(void)state;
	/* H pages only: an attempt that passes the fast test tries a refill. LOW does not. */
	reserve_of(1, 1);
	zone_marks(z, 0, 100000, 100000);
	assert_null(alloc_pages(m, GFP_ATOMIC | __GFP_NOTRACK, 0));
	assert_int_equal(m->event[ZONE_LOCK_REFILLS], 2);
	assert_int_equal(shrinker.calls, 0);
	assert_int_equal(m->event[ALLOC_FAILURES], 1);
	assert_line("test: page allocation failure: order:0, "
		    "mode:0x2280020(GFP_ATOMIC|__GFP_NOTRACK)");
	assert_printed_in_order("page allocation failure", "<stack>", "Mem-Info:", NULL);
	assert_not_printed("[ pid ]");
}

static void test_5_2_nowarn_is_silent(void **state)
{
	(void)state;
	assert_null(alloc_pages(m, GFP_NOWAIT | __GFP_NOWARN, 0));
	assert_string_equal(console(), "");
	assert_int_equal(m->event[ALLOC_FAILURES], 1);
}

/* §5.2 step 1: both at once is a mistake that is said once; it may sleep, and so is not atomic. */
static void test_5_2_atomic_that_may_sleep(void **state)
{
	(void)state;
	zone_marks(z, 2, 2, 2);
	free_one_page();
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_ATOMIC | __GFP_NORETRY | __GFP_NOWARN, 0));
	assert_line("WARNING: gfp_mask=0x24812c0 is atomic and may sleep: taken as not atomic");
	console_clear();
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_ATOMIC | __GFP_NORETRY | __GFP_NOWARN, 0));
	assert_string_equal(console(), "");
}

static void test_5_3_atomic_in_interrupt(void **state)
{
	(void)state;
	host_arch.irqs = false;
	this_cpu()->irq_depth = 1;
	assert_null(alloc_pages(m, GFP_ATOMIC, 2));
	assert_int_equal(twin.sleeps + twin.yields, 0);
}

static void test_5_3_noretry_has_one_round(void **state)
{
	(void)state;
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NORETRY, 0));
	assert_int_equal(rounds_so_far(), 1);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	shrinker.gives = 1;
	shrinker.calls = 0;
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NORETRY, 0));
	assert_int_equal(shrinker.calls, 1);
}

static void test_5_3_costly_has_one_round(void **state)
{
	(void)state;
	shrinker.gives = 32;
	assert_null(alloc_pages(m, GFP_KERNEL, 4));
	assert_int_equal(shrinker.calls, 1);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_5_3_costly_with_repeat_loops_but_never_kills(void **state)
{
	(void)state;
	shrinker.gives = 32;
	z->stat[NR_ZONE_ACTIVE_FILE] = 16000;
	/* A block for the watermark test, on a list that the request cannot use. */
	zone_put(z, 4096, 10, MIGRATE_CMA);
	assert_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE | __GFP_REPEAT, 4));
	assert_int_equal(shrinker.calls, 17);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_5_3_memalloc_ignores_watermarks_then_fails(void **state)
{
	(void)state;
	zone_marks(z, 1000, 2000, 3000);
	zone_put(z, 9500, 0, U);
	current->flags |= PF_MEMALLOC;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(shrinker.calls, 0);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_5_3_memdie_ignores_watermarks_then_fails(void **state)
{
	(void)state;
	zone_marks(z, 1000, 2000, 3000);
	zone_put(z, 9500, 0, U);
	current->memdie = true;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(shrinker.calls, 0);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_1_7_nomemalloc_keeps_out_of_reserves(void **state)
{
	(void)state;
	zone_marks(z, 1000, 2000, 3000);
	zone_put(z, 9500, 0, U);
	current->memdie = true;
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NOMEMALLOC, 0));
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NOMEMALLOC | __GFP_MEMALLOC, 0));
	assert_int_equal(z->stat[NR_FREE_PAGES], 1);
}

static void test_1_7_gfp_memalloc_ignores_watermarks(void **state)
{
	(void)state;
	zone_marks(z, 1000, 2000, 3000);
	zone_put(z, 9500, 0, U);
	assert_non_null(alloc_pages(m, GFP_NOWAIT | __GFP_MEMALLOC, 0));
}

static void test_1_7_task_reserves_are_not_for_interrupts(void **state)
{
	(void)state;
	zone_marks(z, 1000, 2000, 3000);
	zone_put(z, 9500, 0, U);
	current->flags |= PF_MEMALLOC;
	this_cpu()->irq_depth = 1;
	assert_null(alloc_pages(m, GFP_ATOMIC, 0));
}

static void test_1_7_reserves_replace_harder(void **state)
{
	(void)state;
	/* A victim's atomic request: attempt 3 may take H, attempt 6 only ignores marks. */
	reserve_of(1, 1);
	zone_marks(z, 100000, 100000, 100000);
	current->memdie = true;
	assert_null(alloc_pages(m, GFP_ATOMIC, 1));
	zone_marks(z, 0, 100000, 100000);
	assert_non_null(alloc_pages(m, GFP_ATOMIC, 1));
}

static void test_5_3_dma_never_kills(void **state)
{
	(void)state;
	assert_null(alloc_pages(m, GFP_KERNEL | GFP_DMA, 0));
	assert_null(alloc_pages(m, GFP_KERNEL | GFP_DMA32, 0));
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	assert_int_equal(m->event[ALLOC_FAILURES], 2);
}

static void test_5_8_thisnode_and_dumpcore_never_kill(void **state)
{
	(void)state;
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_THISNODE, 0));
	current->flags |= PF_DUMPCORE;
	assert_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_5_2_atomic_and_reclaim_is_not_atomic(void **state)
{
	(void)state;
	zone_marks(z, 8, 100, 200);
	for (int i = 0; i < 8; i++)
		zone_put(z, 9000 + 2 * i, 0, U);
	/* HIGH alone leaves half of min; HARDER would leave 3. */
	for (int i = 0; i < 4; i++)
		assert_non_null(alloc_pages(m, GFP_ATOMIC | GFP_KERNEL | __GFP_NORETRY, 0));
	assert_null(alloc_pages(m, GFP_ATOMIC | GFP_KERNEL | __GFP_NORETRY, 0));
	assert_int_equal(z->stat[NR_FREE_PAGES], 4);
}

static void test_sleeping_allocation_in_atomic_context(void **state)
{
	(void)state;
	host_arch.irqs = false;
	assert_panics("BUG: sleeping allocation (gfp 0x24000c0) in atomic context",
		alloc_pages(m, GFP_KERNEL, 0));
	host_arch.irqs = true;
	this_cpu()->irq_depth = 1;
	assert_panics("BUG: sleeping allocation", alloc_pages(m, GFP_NOFS, 0));
}

/* 5.3: loops */

static unsigned int rounds;

static void free_after_50(void)
{
	if (++rounds == 50)
		free_one_page();
}

static void test_5_3_nofs_loops_and_never_kills(void **state)
{
	(void)state;
	task_new("fat", 10, NULL);
	rounds = 0;
	twin.on_yield = free_after_50;
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_NOFS, 0)), 9500);
	assert_true(m->event[OOM_INVOCATIONS] > 0);
	assert_int_equal(m->event[OOM_KILLS], 0);
	assert_string_equal(console(), "");
}

static void free_in_round_30(unsigned int call)
{
	if (call == 30)
		free_one_page();
}

static void test_5_2_progress_starts_the_count_again(void **state)
{
	(void)state;
	/* With progress every round, R alone decides, and never decays: k stays 0. */
	z->stat[NR_ZONE_ACTIVE_FILE] = 10;
	shrinker.gives = 1;
	shrinker.act = free_in_round_30;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	assert_int_equal(shrinker.calls, 30);
}

/* 5.8: the OOM step */

static struct task *holder;

static void holder_lets_go(void)
{
	become(holder);
	mutex_unlock(&m->oom_lock);
	free_one_page();
}

static void test_5_8_busy_oom_lock_is_progress(void **state)
{
	unsigned long before = jiffies;
	struct task *self;

	(void)state;
	holder = task_new("holder", 10, NULL);
	self = become(holder);
	assert_true(mutex_trylock(&m->oom_lock));
	become(self);
	twin.on_sleep = holder_lets_go;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(twin.sleeps, 1);
	assert_int_equal(jiffies, before + 1);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static struct task *fat;

static void fat_exits(void)
{
	if (!fat->kill_pending)
		return;
	assert_true(fat->memdie);
	app_leaves(m, fat);
	free_one_page();
}

static void fat_task(void)
{
	fat = app_new("fat", 10, 500, 0);
}

static void test_5_8_kill_then_success(void **state)
{
	(void)state;
	fat_task();
	twin.on_sleep = fat_exits;
	assert_non_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE | __GFP_ZERO, 0));
	assert_int_equal(m->event[OOM_KILLS], 1);
	assert_int_equal(m->oom_victims, 0);
	assert_null(m->oom_lock.info.owner);
	assert_line("test invoked oom-killer: gfp_mask=0x24280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), "
		    "order=0, oom_score_adj=0");
}

static void test_5_8_nofail_ignores_watermarks_after_the_step(void **state)
{
	(void)state;
	zone_marks(z, 1000, 1000, 1000);
	zone_put(z, 9500, 0, U);
	fat_task();
	app_mark(m, fat); /* a live victim: the scan aborts */
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_KERNEL | __GFP_NOFAIL, 0)), 9500);
	assert_int_equal(m->event[OOM_INVOCATIONS], 1);
	assert_int_equal(m->event[OOM_KILLS], 0);
}

/*
 * In step 8 a reclaimer with NOFAIL yields and tries again; it does not reclaim within reclaim
 * (trap 25 of §15).
 */
static void test_5_2_memalloc_with_nofail_does_not_recurse(void **state)
{
	(void)state;
	current->flags |= PF_MEMALLOC;
	rounds = 40;
	twin.on_yield = free_after_50;
	assert_non_null(alloc_pages(m, GFP_KERNEL | __GFP_NOFAIL, 0));
	assert_int_equal(shrinker.calls, 0);
}

static void test_5_3_killed_task_marks_itself(void **state)
{
	(void)state;
	fat_task();
	become(fat);
	app_kill(fat);
	zone_marks(z, 1000, 1000, 1000);
	zone_put(z, 9500, 0, U);
	/* It loops into the OOM step, becomes a victim there, then may use reserves. */
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_true(fat->memdie);
	assert_int_equal(m->oom_victims, 1);
	assert_int_equal(m->event[OOM_KILLS], 0);
	assert_string_equal(console(), "");
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NOWARN, 0));
}

static const struct CMUnitTest tests[] = {
	TEST(test_5_2_atomic_fails_after_two_slow_attempts),
	TEST(test_5_2_nowarn_is_silent),
	TEST(test_5_2_atomic_that_may_sleep),
	TEST(test_5_3_atomic_in_interrupt),
	TEST(test_5_3_noretry_has_one_round),
	TEST(test_5_3_costly_has_one_round),
	TEST(test_5_3_costly_with_repeat_loops_but_never_kills),
	TEST(test_5_3_memalloc_ignores_watermarks_then_fails),
	TEST(test_5_3_memdie_ignores_watermarks_then_fails),
	TEST(test_1_7_nomemalloc_keeps_out_of_reserves),
	TEST(test_1_7_gfp_memalloc_ignores_watermarks),
	TEST(test_1_7_task_reserves_are_not_for_interrupts),
	TEST(test_1_7_reserves_replace_harder),
	TEST(test_5_3_dma_never_kills),
	TEST(test_5_8_thisnode_and_dumpcore_never_kill),
	TEST(test_5_2_atomic_and_reclaim_is_not_atomic),
	TEST(test_sleeping_allocation_in_atomic_context),
	TEST(test_5_3_nofs_loops_and_never_kills),
	TEST(test_5_2_progress_starts_the_count_again),
	TEST(test_5_8_busy_oom_lock_is_progress),
	TEST(test_5_8_kill_then_success),
	TEST(test_5_8_nofail_ignores_watermarks_after_the_step),
	TEST(test_5_2_memalloc_with_nofail_does_not_recurse),
	TEST(test_5_3_killed_task_marks_itself),
};
TEST_GROUP(slowpath)
