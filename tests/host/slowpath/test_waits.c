/*
 * What a request does between two attempts, besides asking again: waiting for writeback (§5.6 step
 * 3), doing without I/O (§5.1), telling kswapd (§5.2), whose own test is §2.8.
 */
#include "starved.h"

#include "mm/page/vmstat.h"
#include "mm/alloc/watermark.h"

static unsigned long before;

/* Reclaimable pages keep the retry decision at yes until round 3; then a page is free. */
static void keep_going(void)
{
	z->stat[NR_ZONE_ACTIVE_FILE] = 1600;
	zone_marks(z, 100, 100, 100);
	before = jiffies;
}

static void in_third_round(unsigned int call)
{
	if (call == (shrinker.gives ? 3 : FIRST_CALL_OF_ROUND(3))) {
		zone_marks(z, 0, 0, 0);
		free_one_page();
	}
}

static void test_5_6_waits_for_writeback(void **state)
{
	(void)state;
	keep_going();
	z->stat[NR_ZONE_WRITE_PENDING] = 801; /* 2 x 801 > 1600 */
	shrinker.act = in_third_round;
	shrinker.gives = 0;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(jiffies - before, 3 * (hz / 10));
}

static void test_5_6_little_writeback_is_not_waited_for(void **state)
{
	(void)state;
	keep_going();
	z->stat[NR_ZONE_WRITE_PENDING] = 800;
	shrinker.act = in_third_round;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(jiffies, before);
	assert_int_equal(twin.sleeps, 0);
	/*
	 * But others are let run: in each of three rounds twice by a shrinker, and by whoever asks it, by
	 * reclaim, and before the next one.
	 */
	assert_int_equal(twin.yields, 18);
}

/* DMA32 is asked first: its writes are those that count, and DMA's where it says no (§30c). */
static void two_zones(long pending, long pending_in_dma)
{
	start(0);
	keep_going();
	zone_marks(dma(m), 100, 100, 100);
	dma(m)->stat[NR_ZONE_ACTIVE_FILE] = 1600;
	z->stat[NR_ZONE_WRITE_PENDING] = pending;
	dma(m)->stat[NR_ZONE_WRITE_PENDING] = pending_in_dma;
	shrinker.act = in_third_round;
}

static void test_24_2_the_first_zone_that_passes_decides(void **state)
{
	(void)state;
	two_zones(0, 1600);
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(jiffies, before);
	two_zones(1600, 0);
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(jiffies - before, 3 * (hz / 10));
	two_zones(0, 1600);
	z->stat[NR_ZONE_ACTIVE_FILE] = 0;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(jiffies - before, 2 * (hz / 10)); /* in the third DMA32 has a page */
}

static void test_5_6_progress_does_not_wait(void **state)
{
	(void)state;
	keep_going();
	z->stat[NR_ZONE_WRITE_PENDING] = 5000;
	shrinker.act = in_third_round;
	shrinker.gives = 1;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(jiffies, before);
}

static void test_5_6_a_worker_sleeps_a_jiffy(void **state)
{
	(void)state;
	keep_going();
	current->flags |= PF_WQ_WORKER;
	shrinker.act = in_third_round;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(jiffies - before, 3);
}

static void free_after_50(void)
{
	if (twin.yields == 50)
		free_one_page();
}

/* Without I/O and FS nobody is killed for it; with them somebody would be. */
static void test_5_1_memalloc_noio_takes_io_and_fs_away(void **state)
{
	(void)state;
	task_new("fat", 10, NULL);
	current->flags |= PF_MEMALLOC_NOIO;
	twin.on_yield = free_after_50;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(m->event[OOM_KILLS], 0);
	assert_string_equal(console(), "");
	current->flags = 0;
	twin.on_yield = NULL;
	mutex_abandon(&m->oom_lock);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
}

static void test_5_2_kswapd_is_told_at_the_entry_and_each_round(void **state)
{
	(void)state;
	put_kswapd_to_sleep(m);
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 0));
	assert_int_equal(m->event[KSWAPD_WAKEUPS], 2);
	assert_null(alloc_pages(
		m, (GFP_KERNEL & ~__GFP_KSWAPD_RECLAIM) | __GFP_NORETRY | __GFP_NOWARN, 0));
	assert_int_equal(m->event[KSWAPD_WAKEUPS], 2);
}

static unsigned long since;

static void look_at_the_clock(unsigned int call)
{
	(void)call;
	since = current->alloc_since;
}

/* The watchdog's clock of a request; one made by whoever reclaims for it is a part of it. */
static void test_a_request_s_clock_is_the_outermost_s(void **state)
{
	(void)state;
	shrinker.act = look_at_the_clock;
	jiffies = 70;
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 0));
	assert_int_equal(since, 70);
	assert_int_equal(current->alloc_since, 0);
	current->alloc_since = 5;
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, 0));
	assert_int_equal(since, 5);
	assert_int_equal(current->alloc_since, 5);
}

static void test_2_8_safe_is_discounted(void **state)
{
	(void)state;
	zone_put(z, 5120, 10, M);
	assert_true(zone_watermark_safe(z, 0, 1000, ZONE_DMA32));
	z->nr_reserved_highatomic = 1024;
	assert_false(zone_watermark_safe(z, 0, 1000, ZONE_DMA32));
}

static void set_threshold(int threshold)
{
	z->stat_threshold = threshold;
	setup_drift_mark(z);
}

/* Where what CPUs have gathered could hide a breach of min, the exact count is used. */
static void test_2_8_safe_is_exact_where_it_matters(void **state)
{
	(void)state;
	nr_cpus = 4;
	zone_marks(z, 100, 120, 140);
	set_threshold(20); /* 4 x 20 > 120 - 100: the drift mark is 140 + 80 */
	z->stat[NR_FREE_PAGES] = 200;
	z->pcp[1].stat_diff[NR_FREE_PAGES] = -20;
	z->pcp[2].stat_diff[NR_FREE_PAGES] = -20;
	z->pcp[3].stat_diff[NR_FREE_PAGES] = -20;
	assert_true(zone_watermark_test(z, 0, 140, ZONE_DMA32, 0, zone_stat(z, NR_FREE_PAGES)));
	assert_false(zone_watermark_safe(z, 0, 140, ZONE_DMA32));
	z->pcp[3].stat_diff[NR_FREE_PAGES] = -19;
	assert_true(zone_watermark_safe(z, 0, 140, ZONE_DMA32));
	z->pcp[3].stat_diff[NR_FREE_PAGES] = -20;
	z->stat[NR_FREE_PAGES] = 220; /* at the drift mark the estimate will do */
	z->pcp[0].stat_diff[NR_FREE_PAGES] = -20;
	assert_true(zone_watermark_safe(z, 0, 140, ZONE_DMA32));
	set_threshold(5); /* nor can 20 pages of drift hide that 20 are gone */
	z->stat[NR_FREE_PAGES] = 141;
	z->pcp[0].stat_diff[NR_FREE_PAGES] = 0;
	assert_true(zone_watermark_safe(z, 0, 140, ZONE_DMA32));
	z->stat[NR_FREE_PAGES] = 0; /* nor is none an occasion to look */
	z->pcp[1].stat_diff[NR_FREE_PAGES] = 20;
	z->pcp[2].stat_diff[NR_FREE_PAGES] = z->pcp[3].stat_diff[NR_FREE_PAGES] = 0;
	assert_false(zone_watermark_safe(z, 0, 0, ZONE_DMA32));
	set_threshold(4); /* 16 pages of drift cannot hide 20 */
	z->stat[NR_FREE_PAGES] = 200;
	assert_true(zone_watermark_safe(z, 0, 140, ZONE_DMA32));
}

static const struct CMUnitTest tests[] = {
	TEST(test_5_6_waits_for_writeback),
	TEST(test_5_6_little_writeback_is_not_waited_for),
	TEST(test_24_2_the_first_zone_that_passes_decides),
	TEST(test_5_6_progress_does_not_wait),
	TEST(test_5_6_a_worker_sleeps_a_jiffy),
	TEST(test_5_1_memalloc_noio_takes_io_and_fs_away),
	TEST(test_5_2_kswapd_is_told_at_the_entry_and_each_round),
	TEST(test_a_request_s_clock_is_the_outermost_s),
	TEST(test_2_8_safe_is_discounted),
	TEST(test_2_8_safe_is_exact_where_it_matters),
};
TEST_GROUP(waits)
