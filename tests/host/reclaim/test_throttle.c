/*
 * Who reclaims waits for others (§23, §30.9): on a machine of counts alone, where the rest of the world acts while
 * somebody waits.
 */
#include "twin.h"

#include "apps.h"
#include "host_machine.h"
#include "mm/reclaim/dirty.h"
#include "mm/reclaim/kswapd.h"
#include "mm/reclaim/reclaim.h"
#include "mm/reclaim/throttle.h"

static struct memory *m;
static struct scan_control sc;
static struct task *app;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_of_counts(10, 3977, 504555, 0);
	kswapd_init(m);
	zone_marks(dma(m), 11, 14, 17);
	zone_marks(dma32(m), 1414, 1918, 2422);
	m->node.stat[NR_INACTIVE_FILE] = 100; /* there is something to reclaim */
	sc = (struct scan_control){.memory = m, .gfp = GFP_KERNEL, .highest = ZONE_MOVABLE};
	app = app_new("app", 10, 100, 0);
	become(app);
	return err;
}

static void set_free(long pages)
{
	dma32(m)->stat[NR_FREE_PAGES] = pages;
}

static void test_30_9_reserve_of_1425(void **state)
{
	(void)state;
	set_free(713);
	assert_true(pfmemalloc_watermark_ok(m));
	set_free(712);
	assert_false(pfmemalloc_watermark_ok(m));
	dma(m)->stat[NR_FREE_PAGES] = 1;
	assert_true(pfmemalloc_watermark_ok(m));
	set_free(712);
	dma32(m)->nr_reserved_highatomic = 700; /* free is free (trap 39) */
	assert_true(pfmemalloc_watermark_ok(m));
}

/* Nobody is held up on the way to a kill. */
static void test_23_3_nothing_reclaimable(void **state)
{
	(void)state;
	m->node.stat[NR_INACTIVE_FILE] = 0;
	m->node.stat[NR_INACTIVE_ANON] = 400000;
	assert_true(pfmemalloc_watermark_ok(m));
	m->swap.nr_swap_pages = 1;
	assert_false(pfmemalloc_watermark_ok(m));
	zone_marks(dma(m), 0, 0, 0);
	zone_marks(dma32(m), 0, 0, 0);
	assert_true(pfmemalloc_watermark_ok(m)); /* of nothing nothing is asked */
}

static unsigned int slept;

static void memory_comes_at_last(void)
{
	if (++slept == 3)
		set_free(1000);
	wake_throttled(m);
}

static void test_23_3_until_it_is_there(void **state)
{
	(void)state;
	slept = 0;
	twin.on_sleep = memory_comes_at_last;
	assert_true(throttle_direct_reclaim(m, GFP_KERNEL));
	assert_int_equal(slept, 3);
	assert_int_equal(m->event[PGSCAN_DIRECT_THROTTLE], 1);
	assert_true(list_empty(&m->node.pfmemalloc_wait.waiters));
	assert_true(throttle_direct_reclaim(m, GFP_KERNEL)); /* it is there */
	assert_int_equal(m->event[PGSCAN_DIRECT_THROTTLE], 1);
}

static void test_23_3_who_is_exempt(void **state)
{
	(void)state;
	app->flags |= PF_KTHREAD;
	assert_true(throttle_direct_reclaim(m, GFP_KERNEL));
	app->flags &= ~PF_KTHREAD;
	app_kill(app);
	assert_true(throttle_direct_reclaim(m, GFP_KERNEL));
	assert_int_equal(m->event[PGSCAN_DIRECT_THROTTLE], 0);
	assert_int_equal(twin.sleeps, 0);
}

static void is_killed(void)
{
	app_kill(app);
}

/* It has nothing reclaimed, and shall ask again: fake progress, and no stall. */
static void test_23_3_killed_while_it_waits(void **state)
{
	struct alloc_context ac = {.memory = m, .gfp = GFP_HIGHUSER_MOVABLE, .high_zoneidx = 3};
	unsigned long progress;

	(void)state;
	twin.on_sleep = is_killed;
	direct_reclaim(&ac, WMARK_MIN, &progress);
	assert_int_equal(progress, 1);
	assert_int_equal(mm_event_sum(m, ALLOCSTALL), 0);
	assert_int_equal(m->event[PGSCAN_DIRECT_THROTTLE], 1);
	assert_int_equal(twin.sleeps, 1);
}

static void a_fifth_passes(void)
{
	jiffies += hz / 5;
}

/* Who may not wait for a file system waits a second. */
static void test_23_3_without_fs(void **state)
{
	unsigned long before = jiffies;

	(void)state;
	twin.on_sleep = a_fifth_passes;
	assert_true(throttle_direct_reclaim(m, GFP_NOFS));
	assert_int_equal(jiffies - before, hz);
	assert_int_equal(m->event[PGSCAN_DIRECT_THROTTLE], 1);
}

static struct waiter kswapd_s;
static struct task *kswapd_task;

static void kswapd_was_woken(void)
{
	assert_int_equal(kswapd_task->state, TASK_RUNNING);
	assert_int_equal(m->node.kswapd_classzone, ZONE_NORMAL);
	set_free(1000);
}

/* It waits for kswapd alone, which may sleep for another reason: for zones up to NORMAL, at most. */
static void test_23_3_kswapd_is_woken(void **state)
{
	(void)state;
	kswapd_task = task_new("kswapd0", 3, NULL);
	become(kswapd_task);
	wait_prepare(&m->node.kswapd_wait, &kswapd_s, TASK_UNINTERRUPTIBLE);
	become(app);
	m->node.kswapd_classzone = ZONE_MOVABLE;
	twin.on_sleep = kswapd_was_woken;
	assert_true(throttle_direct_reclaim(m, GFP_KERNEL));
	assert_int_equal(m->event[KSWAPD_WAKEUPS], 0);
	/* What kswapd has taken for itself stays taken (§30c). */
	set_free(0);
	m->node.kswapd_classzone = ZONE_DMA;
	wake_kswapd_for_throttled(m);
	assert_int_equal(m->node.kswapd_classzone, ZONE_DMA);
}

/* §30.9: batches of 32 that others have. */
static void test_30_9_too_many_isolated(void **state)
{
	static const struct {
		gfp_t gfp;
		long inactive, isolated;
		bool waits;
	} v[] = {
		{GFP_KERNEL, 1000, 96, false},
		{GFP_KERNEL, 1000, 125, false},
		{GFP_KERNEL, 1000, 126, true},
		{GFP_KERNEL, 1000, 128, true},
		{GFP_NOFS, 1000, 1000, false},
		{GFP_NOFS, 1000, 1001, true},
		{GFP_NOIO, 1000, 128, false},
		{GFP_KERNEL, 7, 0, false},
		{GFP_KERNEL, 7, 1, true},
	};

	(void)state;
	twin.on_sleep = is_killed;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		unsigned long before = jiffies;

		app->kill_pending = app->process->group_exit = false;
		sc.gfp = v[i].gfp;
		m->node.stat[NR_INACTIVE_ANON] = v[i].inactive;
		m->node.stat[NR_ISOLATED_ANON] = v[i].isolated;
		assert_int_equal(wait_for_isolated(&sc, LRU_ANON), !v[i].waits);
		assert_int_equal(jiffies - before, v[i].waits ? hz / 10 : 0);
	}
}

/* Each class by itself; and kswapd never. */
static void test_23_2_class_and_kswapd(void **state)
{
	(void)state;
	m->node.stat[NR_ISOLATED_ANON] = 1;
	m->node.stat[NR_INACTIVE_FILE] = 8;
	m->node.stat[NR_ISOLATED_FILE] = 1;
	assert_true(wait_for_isolated(&sc, LRU_FILE));
	app->flags |= PF_KSWAPD;
	assert_true(wait_for_isolated(&sc, LRU_ANON));
	assert_int_equal(twin.sleeps, 0);
}

static void one_comes_back(void)
{
	m->node.stat[NR_ISOLATED_ANON]--;
}

static void test_23_2_until_there_are_less(void **state)
{
	unsigned long before = jiffies;

	(void)state;
	m->node.stat[NR_INACTIVE_ANON] = 1000;
	m->node.stat[NR_ISOLATED_ANON] = 128;
	twin.on_sleep = one_comes_back;
	assert_true(wait_for_isolated(&sc, LRU_ANON));
	assert_int_equal(jiffies - before, 3 * (hz / 10));
}

/* A killed task is told that it has 32 pages, which nobody has stolen. */
static void test_23_2_killed(void **state)
{
	(void)state;
	m->node.stat[NR_INACTIVE_ANON] = dma32(m)->stat[NR_ZONE_INACTIVE_ANON] = 32;
	m->node.stat[NR_ISOLATED_ANON] = 128;
	twin.on_sleep = is_killed;
	assert_int_equal(shrink_inactive_list(&sc, 32, LRU_ANON), 32);
	assert_int_equal(m->event[PGSTEAL_DIRECT] + m->event[PGSCAN_DIRECT], 0);
}

static void writing_ends(void)
{
	m->node.stat[NR_WRITEBACK] -= 5000;
}

/* §30.9: a limit of 100000 and a tenth more. */
static void test_30_9_throttle_vm_writeout(void **state)
{
	unsigned long before = jiffies;

	(void)state;
	m->node.dirty_limit = 100000;
	m->node.stat[NR_WRITEBACK] = 110000;
	throttle_vm_writeout(m, GFP_KERNEL);
	assert_int_equal(jiffies, before);
	m->node.stat[NR_WRITEBACK] = 110001;
	twin.on_sleep = writing_ends;
	throttle_vm_writeout(m, GFP_KERNEL);
	assert_int_equal(jiffies - before, hz / 10);
	m->node.stat[NR_WRITEBACK] = 120001;
	throttle_vm_writeout(m, GFP_KERNEL);
	assert_int_equal(jiffies - before, 4 * (hz / 10)); /* 115001, 110001, 105001 */
	m->node.stat[NR_WRITEBACK] = 120001;
	throttle_vm_writeout(m, GFP_NOFS); /* once, and goes on */
	throttle_vm_writeout(m, GFP_NOIO);
	assert_int_equal(jiffies - before, 6 * (hz / 10));
}

/* The threshold, where it is more than the limit that boot left. */
static void test_23_5_the_larger_limit(void **state)
{
	unsigned long before = jiffies;

	(void)state;
	m->node.dirty_limit = 0;
	set_free(500000);
	m->node.stat[NR_WRITEBACK] = dirty_threshold(m);
	assert_in_range(m->node.stat[NR_WRITEBACK], 98000, 100000);
	throttle_vm_writeout(m, GFP_KERNEL);
	assert_int_equal(jiffies, before);
	assert_int_equal(dirty_background_threshold(m), 409ul * (dirty_threshold(m) + 1) / 819);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_30_9_reserve_of_1425),
	TEST(test_23_3_nothing_reclaimable),
	TEST(test_23_3_until_it_is_there),
	TEST(test_23_3_who_is_exempt),
	TEST(test_23_3_killed_while_it_waits),
	TEST(test_23_3_without_fs),
	TEST(test_23_3_kswapd_is_woken),
	TEST(test_30_9_too_many_isolated),
	TEST(test_23_2_class_and_kswapd),
	TEST(test_23_2_until_there_are_less),
	TEST(test_23_2_killed),
	TEST(test_30_9_throttle_vm_writeout),
	TEST(test_23_5_the_larger_limit),
};
TEST_GROUP(throttle)
