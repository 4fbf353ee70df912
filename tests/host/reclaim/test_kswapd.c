/*
 * kswapd (§18): when it is woken, how long it runs, and when it sleeps. Here it is the only one that runs, and
 * where it waits the rest of the world acts, a step at a time, until its story ends.
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/alloc/watermark.h"
#include "mm/lru/pagevec.h"
#include "mm/page/mm_trace.h"
#include "mm/page/vmstat.h"
#include "mm/space/mm.h"
#include "mm/reclaim/kswapd.h"
#include "mm/reclaim/node_flags.h"
#include "mm/reclaim/throttle.h"
#include "request.h"
#include "shrink.h"

static struct memory *m;
static struct zone *low, *high; /* DMA, DMA32 */
static struct fake_shrinker shrinker;
static void (*const *step)(void);

static int setup(void **state)
{
	int err = twin_setup(state);
	struct zone *z;

	nr_cpus = 2; /* so that DMA has a drift mark */
	m = machine_default();
	low = dma(m);
	high = dma32(m);
	for_each_zone(m, z)
		memset(z->lowmem_reserve, 0, sizeof(z->lowmem_reserve));
	zone_marks(low, 11, 14, 17);
	setup_drift_mark(low);
	fake_shrinker_add(m, &shrinker);
	become(task_new("kswapd0", 3, NULL))->flags |= PF_KTHREAD;
	return err;
}

/* By kswapd's test, for single pages of its own class. */
static void set_balanced(struct zone *z, bool balanced)
{
	long free = zone_stat_exact(z, NR_FREE_PAGES);

	z->watermark[WMARK_HIGH] = balanced ? free - 100 : free + 100;
}

static void world_acts(void)
{
	if (!*step)
		panic("the story ends");
	(*step++)();
}

/* Each step is taken where kswapd sleeps. */
static void run_kswapd(void (*const *steps)(void))
{
	step = steps;
	twin.on_sleep = world_acts;
	assert_panics("the story ends", kswapd(m));
	wait_queue_init(&m->node.kswapd_wait, "kswapd");
}

#define run(...) run_kswapd((void (*const[])(void)){__VA_ARGS__, NULL})

static void nap_passes(void)
{
	jiffies += hz / 10;
}

static void somebody_asks(gfp_t gfp, unsigned int order)
{
	struct alloc_context ac = request(m, gfp, order);

	wakeup_kswapd(&ac);
}

static void a_fault_asks(void)
{
	somebody_asks(GFP_HIGHUSER_MOVABLE, 0);
}

static void assert_wanted(int order, int classzone)
{
	assert_int_equal(m->node.kswapd_order, order);
	assert_int_equal(m->node.kswapd_classzone, classzone);
}

static void assert_events(unsigned long runs, unsigned long quick_low, unsigned long quick_high)
{
	assert_int_equal(m->event[PAGEOUTRUN], runs);
	assert_int_equal(m->event[KSWAPD_LOW_WMARK_HIT_QUICKLY], quick_low);
	assert_int_equal(m->event[KSWAPD_HIGH_WMARK_HIT_QUICKLY], quick_high);
}

/* §18.5, §25.3: a nap, on the thresholds that were; then a sleep on normal ones; then on small ones. */
static void naps_on_normal_thresholds(void)
{
	assert_int_equal(low->stat_threshold, normal_threshold(low));
	nap_passes();
}

static void sleeps_on_normal_thresholds(void)
{
	assert_int_equal(low->stat_threshold, normal_threshold(low));
	assert_false(list_empty(&m->node.kswapd_wait.waiters));
	set_balanced(high, false);
	set_balanced(low, false);
	a_fault_asks();
	set_balanced(low, true);
}

static void naps_on_small_thresholds(void)
{
	assert_int_equal(low->stat_threshold, pressure_threshold(low));
	assert_true(low->stat_threshold < normal_threshold(low));
	set_balanced(high, true);
	nap_passes();
}

static void test_18_5_nap_and_sleep(void **state)
{
	(void)state;
	run(naps_on_normal_thresholds, sleeps_on_normal_thresholds, naps_on_small_thresholds,
		sleeps_on_normal_thresholds);
	assert_int_equal(m->event[KSWAPD_WAKEUPS], 2);
	assert_int_equal(shrinker.counted, 0); /* DMA was balanced: that is enough */
}

/* §18.2: whoever asks while it works, or finds a balanced zone, leaves word all the same. */
static void test_18_2_what_is_wanted_is_noted(void **state)
{
	(void)state;
	set_balanced(low, false);
	set_balanced(high, false);
	somebody_asks(GFP_KERNEL, 2); /* it does not sleep */
	assert_wanted(2, ZONE_NORMAL);
	somebody_asks(GFP_HIGHUSER_MOVABLE, 0);
	assert_wanted(2, ZONE_MOVABLE);
	somebody_asks(GFP_KERNEL | GFP_DMA, 3);
	assert_wanted(3, ZONE_MOVABLE);
	assert_int_equal(m->event[KSWAPD_WAKEUPS], 0);
}

static void asks_with_one_balanced(void)
{
	set_balanced(low, false);
	a_fault_asks(); /* DMA32 is */
	assert_int_equal(m->event[KSWAPD_WAKEUPS], 0);
	assert_int_equal(current->state, TASK_UNINTERRUPTIBLE);
	somebody_asks(GFP_KERNEL | GFP_DMA, 0); /* but for DMA alone none is */
	assert_int_equal(m->event[KSWAPD_WAKEUPS], 1);
	assert_int_equal(current->state, TASK_RUNNING);
	assert_wanted(0, ZONE_MOVABLE);
	set_balanced(low, true);
}

static unsigned int traced(const struct trace_event *event)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < TRACE_RECORDS; i++)
		n += trace_ring.record[i].event == event;
	return n;
}

static void test_18_2_it_is_woken_when_none_is_balanced(void **state)
{
	(void)state;
	memset(&trace_ring, 0, sizeof(trace_ring));
	run(nap_passes, asks_with_one_balanced);
	assert_events(1, 0, 0);
	assert_int_equal(traced(&mm_vmscan_wakeup_kswapd), 1);
}

/* Trap 20: whoever finds a zone balanced says so of the node, but for what is sticky (trap 16). */
static void test_18_2_balanced_clears_flags(void **state)
{
	(void)state;
	node_set(m, NODE_CONGESTED | NODE_DIRTY | NODE_WRITEBACK);
	set_balanced(high, false);
	assert_false(zone_is_balanced(high, 0, ZONE_MOVABLE));
	assert_true(node_has(m, NODE_CONGESTED));
	set_balanced(high, true);
	assert_true(zone_is_balanced(high, 0, ZONE_MOVABLE));
	assert_false(node_has(m, NODE_CONGESTED | NODE_DIRTY));
	assert_true(node_has(m, NODE_WRITEBACK));
}

/* §30.7. */
static void test_30_7_balanced(void **state)
{
	static const struct {
		long free, reserved;
		bool balanced;
	} v[] = {{2423, 0, true}, {2422, 0, false}, {7000, 6144, false}, {8567, 6144, true}};

	(void)state;
	zone_marks(high, 1414, 1918, 2422);
	high->percpu_drift_mark = 0;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		high->stat[NR_FREE_PAGES] = v[i].free;
		high->nr_reserved_highatomic = v[i].reserved;
		assert_int_equal(zone_is_balanced(high, 0, ZONE_MOVABLE), v[i].balanced);
	}
	high->nr_reserved_highatomic = 0;
	high->stat[NR_FREE_PAGES] = 2424;
	assert_true(zone_is_balanced(high, 1, ZONE_MOVABLE));
	high->stat[NR_FREE_PAGES] = 2423;
	assert_false(zone_is_balanced(high, 1, ZONE_MOVABLE));
	zone_marks(low, 11, 14, 17);
	low->lowmem_reserve[ZONE_MOVABLE] = 1970;
	low->percpu_drift_mark = 25;
	low->stat[NR_FREE_PAGES] = 18;
	assert_true(zone_is_balanced(low, 0, ZONE_DMA));
	low->pcp[1].stat_diff[NR_FREE_PAGES] = -1; /* below 25 on exact counts */
	assert_false(zone_is_balanced(low, 0, ZONE_DMA));
	low->stat[NR_FREE_PAGES] = 1970 + 18;
	assert_true(zone_is_balanced(low, 0, ZONE_MOVABLE));
	low->stat[NR_FREE_PAGES]--;
	assert_false(zone_is_balanced(low, 0, ZONE_MOVABLE));
}

/* Ended early: what it was asked for before is wanted again. */
static void wakes_it(void)
{
	wake_up_all(&m->node.kswapd_wait);
}

static void test_18_5_a_nap_that_is_ended(void **state)
{
	(void)state;
	run(wakes_it, nap_passes);
	assert_events(1, 1, 0);
}

/* DMA is out of reach for a fault, by what it keeps from it. */
static void keep_dma_from_faults(void)
{
	low->lowmem_reserve[ZONE_MOVABLE] = 1 << 20;
	low->lowmem_reserve[ZONE_NORMAL] = 1 << 20;
}

static void a_fault_asks_in_vain(void)
{
	keep_dma_from_faults();
	set_balanced(high, false);
	a_fault_asks();
}

static void dma32_is_unbalanced(void)
{
	assert_false(zone_is_balanced(high, 0, ZONE_MOVABLE));
	nap_passes();
}

/* §18.6, trap 18: nobody has asked meanwhile, and so it looks at DMA alone, and sleeps. */
static void test_18_6_it_sleeps_with_a_zone_unbalanced(void **state)
{
	(void)state;
	run(nap_passes, a_fault_asks_in_vain, dma32_is_unbalanced, dma32_is_unbalanced);
	assert_events(2, 0, 0);                 /* woken without a word it has nothing to do */
	assert_int_equal(shrinker.counted, 12); /* priorities 12 to 1 */
	assert_wanted(0, 0);
}

static void a_fault_asks_meanwhile(unsigned int call)
{
	if (call < 30)
		a_fault_asks();
}

/* If somebody did, once more. */
static void test_18_6_somebody_asks_meanwhile(void **state)
{
	(void)state;
	shrinker.act = a_fault_asks_meanwhile;
	run(nap_passes, a_fault_asks_in_vain, dma32_is_unbalanced);
	assert_events(
		4, 0, 3); /* calls 1 to 12, to 24, to 36, and the last run is in vain as well */
	assert_int_equal(shrinker.counted, 4 * 12);
}

static void end_after_three_runs(void)
{
	if (m->event[PAGEOUTRUN] > 3)
		panic("the story ends");
}

/* §18.6, as §30c has it: DMA's reserve is larger than what is free there. It spins, and finds nothing. */
static void test_18_6_it_spins_if_dma_is_reserved(void **state)
{
	(void)state;
	low->nr_reserved_highatomic = low->stat[NR_FREE_PAGES] + 1;
	twin.on_yield = end_after_three_runs;
	assert_panics("the story ends", kswapd(m));
	assert_events(4, 0, 4);
	assert_int_equal(shrinker.counted, 3 * 12);
	assert_int_equal(mm_event_sum(m, PGSCAN_SKIP), 0);
	assert_int_equal(node_stat_exact(m, NR_PAGES_SCANNED), 0);
	assert_int_equal(twin.sleeps, 0);
}

static void asks_for_order_3(void)
{
	keep_dma_from_faults();
	set_balanced(high, false);
	somebody_asks(GFP_KERNEL, 3);
}

/* 16 pages have been freed, twice an order 3: single pages are there, and no block. */
static void order_0_is_balanced(unsigned int call)
{
	assert_int_equal(call, 1);
	high->watermark[WMARK_HIGH] = zone_stat_exact(high, NR_FREE_PAGES) - 1;
}

/* Its nap is for class 2, which DMA is not balanced for: only order 0 with all zones (§18.3.5). */
static void test_18_3_5_fallback_to_order_0(void **state)
{
	(void)state;
	shrinker.gives = 16;
	shrinker.act = order_0_is_balanced;
	run(nap_passes, asks_for_order_3);
	assert_events(2, 0, 1); /* not all balanced: at once again, for what nobody wants */
	assert_int_equal(shrinker.counted, 1);
}

/* 15 pages are not enough: down to priority 1. */
static void test_18_4_6_not_enough_for_the_order(void **state)
{
	(void)state;
	shrinker.gives = 15;
	run(nap_passes, asks_for_order_3);
	assert_events(1, 0, 0);
	assert_int_equal(shrinker.counted, 12);
}

/* One active page of an app's, and inactive ones by their number alone: how many are looked at in 12 passes. */
static unsigned long refilled_beside(long inactive)
{
	struct mm *mm = mm_create(m);

	assert_int_equal(mm_map_fixed(mm, APP_BASE, PAGE_SIZE, VM_WRITE, NULL, 0), 0);
	assert_int_equal(mm_fault(mm, APP_BASE, FAULT_WRITE), FAULT_OK);
	lru_add_drain(m);
	vmstat_fold_all(m);
	m->total_swap_pages = 100;
	m->node.stat[NR_INACTIVE_ANON] += inactive;
	run(nap_passes, a_fault_asks_in_vain);
	assert_int_equal(shrinker.counted, 12);
	return m->event[PGREFILL];
}

/* §18.4.3: before each pass, where the inactive ones are few. */
static void test_18_4_3_active_pages_of_apps(void **state)
{
	(void)state;
	assert_int_equal(refilled_beside(0), 1);
}

static void test_18_4_3_unless_enough_are_inactive(void **state)
{
	(void)state;
	assert_int_equal(refilled_beside(1), 0);
}

/* Freed, but too little looked at (a mark of pages): the priority falls all the same (§18.4.9). */
static void test_18_4_9_too_little_is_scanned(void **state)
{
	(void)state;
	shrinker.gives = 100;
	run(nap_passes, a_fault_asks_in_vain);
	assert_int_equal(shrinker.counted, 12);
}

static struct waiter throttled;
static struct task *thrown;

static void somebody_is_throttled(void)
{
	struct task *self = become(thrown);

	wait_prepare(&m->node.pfmemalloc_wait, &throttled, TASK_KILLABLE);
	become(self);
	set_balanced(low, false);
	set_balanced(high, false);
	a_fault_asks();
}

static void assert_woken(unsigned int call)
{
	assert_int_equal(thrown->state, call == 1 ? TASK_KILLABLE : TASK_RUNNING);
	if (call == 2)
		set_balanced(low, true);
}

/* §23.3: after each pass, if what is kept for those who free memory is there. */
static void test_18_4_7_throttled_tasks_are_woken(void **state)
{
	(void)state;
	thrown = task_new("thrown", 20, NULL);
	shrinker.act = assert_woken;
	run(nap_passes, somebody_is_throttled);
	assert_int_equal(shrinker.counted, 2);
}

static void is_throttled_now(void)
{
	struct task *self = become(thrown);

	wait_prepare(&m->node.pfmemalloc_wait, &throttled, TASK_KILLABLE);
	become(self);
	nap_passes();
}

static void is_awake(void)
{
	assert_int_equal(thrown->state, TASK_RUNNING);
}

/* And whatever is there before it sleeps (§18.5). */
static void test_18_5_throttled_tasks_are_woken_before_sleep(void **state)
{
	(void)state;
	thrown = task_new("thrown", 20, NULL);
	m->node.stat[NR_INACTIVE_FILE] = 1;
	zone_marks(low, 1 << 20, 0, 0);
	run(is_throttled_now, is_awake);
	assert_false(pfmemalloc_watermark_ok(m));
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_18_5_nap_and_sleep),
	TEST(test_18_2_what_is_wanted_is_noted),
	TEST(test_18_2_it_is_woken_when_none_is_balanced),
	TEST(test_18_2_balanced_clears_flags),
	TEST(test_30_7_balanced),
	TEST(test_18_5_a_nap_that_is_ended),
	TEST(test_18_6_it_sleeps_with_a_zone_unbalanced),
	TEST(test_18_6_somebody_asks_meanwhile),
	TEST(test_18_6_it_spins_if_dma_is_reserved),
	TEST(test_18_3_5_fallback_to_order_0),
	TEST(test_18_4_6_not_enough_for_the_order),
	TEST(test_18_4_3_active_pages_of_apps),
	TEST(test_18_4_3_unless_enough_are_inactive),
	TEST(test_18_4_9_too_little_is_scanned),
	TEST(test_18_4_7_throttled_tasks_are_woken),
	TEST(test_18_5_throttled_tasks_are_woken_before_sleep),
};
TEST_GROUP(kswapd)
