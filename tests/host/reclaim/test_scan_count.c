/*
 * How much of each list is looked at (§17.6, §17.7, §30.1, §30.2): on machines of counts alone, whose lists
 * are as long as their counters say.
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/reclaim/scan.h"

static struct memory *m;
static struct scan_control sc;

/* 2 GiB; reclaimable, and with room in swap; nothing is free. */
static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_of_counts(10, 3977, 504555, 0);
	m->total_swap_pages = 63999;
	m->swap.nr_swap_pages = 63999;
	sc = (struct scan_control){.memory = m, .highest = ZONE_MOVABLE, .priority = DEF_PRIORITY};
	return err;
}

static void lists(long inactive_anon, long active_anon, long inactive_file, long active_file)
{
	m->node.stat[NR_INACTIVE_ANON] = inactive_anon;
	m->node.stat[NR_ACTIVE_ANON] = active_anon;
	m->node.stat[NR_INACTIVE_FILE] = inactive_file;
	m->node.stat[NR_ACTIVE_FILE] = active_file;
}

static void recent(unsigned long rs0, unsigned long rr0, unsigned long rs1, unsigned long rr1)
{
	m->node.lru.recent_scanned[LRU_ANON] = rs0;
	m->node.lru.recent_rotated[LRU_ANON] = rr0;
	m->node.lru.recent_scanned[LRU_FILE] = rs1;
	m->node.lru.recent_rotated[LRU_FILE] = rr1;
}

/* Inactive anon, active anon, inactive file, active file, and what shrinkers are asked in proportion to. */
static void assert_scan(int priority, const unsigned long nr[4], unsigned long lru_pages)
{
	struct scan_counts c;

	sc.priority = priority;
	c = get_scan_count(&sc);
	for (int i = 0; i < 4; i++)
		assert_int_equal(c.nr[i], nr[i]);
	assert_int_equal(c.lru_pages, lru_pages);
}

#define assert_counts(priority, a, b, c, d, pages)                                                 \
	assert_scan(priority, (const unsigned long[]){a, b, c, d}, pages)

static void test_30_1_inactive_is_low(void **state)
{
	static const struct {
		long active, inactive;
		bool low;
	} v[] = {{383949, 106724, true}, {200000, 100000, false}, {196608, 65536, false},
		{262143, 1, true}, {300, 100, true}, {100, 100, false}, {101, 100, true}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		lists(v[i].inactive, v[i].active, v[i].inactive, v[i].active);
		m->total_swap_pages = 1;
		assert_int_equal(inactive_list_is_low(&sc, LRU_ANON), v[i].low);
		assert_int_equal(inactive_list_is_low(&sc, LRU_FILE), v[i].low);
		m->total_swap_pages = 0; /* no area: never */
		assert_false(inactive_list_is_low(&sc, LRU_ANON));
		assert_int_equal(inactive_list_is_low(&sc, LRU_FILE), v[i].low);
	}
}

/* §17.7's table: so many GiB of a class, and one page more or less than the ratio allows. */
static void test_17_7_ratios(void **state)
{
	static const struct {
		unsigned long gib, ratio;
	} v[] = {{0, 1}, {1, 3}, {2, 4}, {3, 5}, {4, 6}, {7, 8}, {10, 10}, {100, 31}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		long pages = (v[i].gib << 18) + 100000, inactive = pages / (v[i].ratio + 1);
		long active = inactive * v[i].ratio;

		lists(inactive, active, 0, 0);
		assert_false(inactive_list_is_low(&sc, LRU_ANON));
		lists(inactive, active + 1, 0, 0);
		assert_true(inactive_list_is_low(&sc, LRU_ANON));
	}
}

/* Of zones that may not be taken from nothing counts; a counter that is behind makes no negative length. */
static void test_17_7_zones_above_do_not_count(void **state)
{
	(void)state;
	lists(1000, 1500, 0, 0);
	dma32(m)->stat[NR_ZONE_INACTIVE_ANON] = 400;
	dma32(m)->stat[NR_ZONE_ACTIVE_ANON] = 1000;
	sc.highest = ZONE_DMA;
	assert_false(inactive_list_is_low(&sc, LRU_ANON)); /* 600, 500 */
	sc.highest = ZONE_DMA32;
	assert_true(inactive_list_is_low(&sc, LRU_ANON));
	sc.highest = ZONE_DMA;
	dma32(m)->stat[NR_ZONE_INACTIVE_ANON] = 1100;
	assert_true(inactive_list_is_low(&sc, LRU_ANON)); /* 0, 500 */
	dma32(m)->stat[NR_ZONE_ACTIVE_ANON] = 1600;
	assert_false(inactive_list_is_low(&sc, LRU_ANON)); /* 0, 0 */
}

/* Free enough that files are not too few, and with more active files than inactive ones. */
static void fract(void)
{
	dma32(m)->stat[NR_FREE_PAGES] = 100000;
}

static void test_30_2_fresh(void **state)
{
	(void)state;
	fract();
	lists(0, 201l << 12, 0, 201l << 12);
	assert_counts(12, 0, 201 * 60 / 201, 0, 201 * 140 / 201, 402ul << 12);
}

static void test_30_2_by_what_is_recent(void **state)
{
	(void)state;
	fract();
	recent(1000, 500, 1000, 100);
	lists(300000, 0, 0, 20000);
	assert_counts(12, 73 * 119 / 1507, 0, 0, 4 * 1387 / 1507, 320000);
	assert_counts(8, 92, 0, 0, 71, 320000);
	assert_int_equal(73 * 119 / 1507, 5);
	assert_int_equal(4 * 1387 / 1507, 3);
	assert_int_equal(m->node.lru.recent_scanned[LRU_ANON], 1000);
}

static void test_30_2_files_too_few(void **state)
{
	(void)state;
	zone_marks(dma(m), 11, 14, 17);
	zone_marks(dma32(m), 1414, 1918, 2422);
	dma32(m)->stat[NR_FREE_PAGES] = 1400;
	lists(106724, 383949, 50, 9);
	assert_counts(12, 26, 93, 0, 0, 106724 + 383949);
	/* Up to the sum of the high marks. */
	dma32(m)->stat[NR_FREE_PAGES] = 2439 - 59;
	assert_counts(12, 26, 93, 0, 0, 106724 + 383949);
	dma32(m)->stat[NR_FREE_PAGES]++;
	assert_counts(12, 26 * 60 / 201, 93 * 60 / 201, 0, 0, 106724 + 383949 + 59);
}

/* A large H reserve hides it: then it is files alone, as soon as one of them would be looked at. */
static void test_30_2_files_alone_at_priority_5(void **state)
{
	(void)state;
	zone_marks(dma(m), 11, 14, 17);
	zone_marks(dma32(m), 1414, 1918, 2422);
	dma32(m)->stat[NR_FREE_PAGES] = 7544;
	lists(106724, 383949, 50, 9);
	assert_counts(12, 26 * 60 / 201, 93 * 60 / 201, 0, 0, 490673 + 59);
	assert_counts(6, 1667 * 60 / 201, 5999 * 60 / 201, 0, 0, 490673 + 59);
	for (int priority = 5; priority > 0; priority--)
		assert_counts(priority, 0, 0, 50 >> priority, 9 >> priority, 59);
	assert_counts(0, 106724, 383949, 50, 9, 490673 + 59);
}

/* Rule 1 comes first: without a slot it is files, also at priority 0 and where they are too few. */
static void test_30_2_no_slot(void **state)
{
	(void)state;
	lists(106724, 383949, 59, 0);
	m->swap.nr_swap_pages = 0;
	for (int priority = 12; priority >= 6; priority--)
		assert_counts(priority, 0, 0, 0, 0, 59);
	assert_counts(5, 0, 0, 1, 0, 59);
	assert_counts(0, 0, 0, 59, 0, 59);
	m->swap.nr_swap_pages = -1; /* for a moment (trap 14) */
	assert_counts(0, 0, 0, 59, 0, 59);
}

/* Old experience fades: once at each call that asks, and each class by its own length. */
static void test_30_2_fading(void **state)
{
	(void)state;
	fract();
	lists(100000, 390000, 0, 20000);
	recent(130000, 60001, 5000, 3);
	assert_counts(12, 0, 0, 0, 3, 510000); /* ap 129, fp 175035 */
	assert_int_equal(m->node.lru.recent_scanned[LRU_ANON], 65000);
	assert_int_equal(m->node.lru.recent_rotated[LRU_ANON], 30000);
	assert_int_equal(m->node.lru.recent_scanned[LRU_FILE], 5000); /* exactly a quarter */
	recent(122500, 7, 5001, 3);
	assert_int_equal(get_scan_count(&sc).lru_pages, 510000);
	assert_int_equal(m->node.lru.recent_scanned[LRU_ANON], 122500);
	assert_int_equal(m->node.lru.recent_scanned[LRU_FILE], 2500);
	assert_int_equal(m->node.lru.recent_rotated[LRU_FILE], 1);
}

/* Nobody but one who takes the parts of both asks what is recent. */
static void test_17_6_only_fractions_fade(void **state)
{
	(void)state;
	lists(100, 100, 0, 0);
	recent(130000, 7, 0, 0);
	assert_counts(12, 0, 0, 0, 0, 200); /* files are too few */
	assert_int_equal(m->node.lru.recent_scanned[LRU_ANON], 130000);
}

static void be_kswapd(void)
{
	current->flags |= PF_KSWAPD;
}

/* kswapd, of a node that has nothing left: some of each list. */
static void test_30_2_forced(void **state)
{
	(void)state;
	fract();
	lists(40, 20, 0, 100);
	recent(0, 0, 0, 0);
	m->node.stat[NR_PAGES_SCANNED] = 6 * 160;
	assert_counts(12, 0, 0, 0, 0, 160);
	be_kswapd();
	assert_counts(12, 32 * 60 / 201, 20 * 60 / 201, 0, 32 * 140 / 201, 160);
	m->node.stat[NR_PAGES_SCANNED]--; /* reclaimable */
	assert_counts(12, 0, 0, 0, 0, 160);
}

/* Only if nothing at all came of the first look; and of one class none but its own. */
static void test_17_6_forced_only_where_nothing_came(void **state)
{
	(void)state;
	be_kswapd();
	m->node.stat[NR_PAGES_SCANNED] = 1000000;
	lists(5000, 20, 0, 100);
	assert_counts(12, 1, 0, 0, 0, 5020);
	lists(4000, 20, 0, 100);
	assert_counts(12, 32, 20, 0, 0, 4020);
}

static void test_17_6_swappiness_0(void **state)
{
	(void)state;
	fract();
	m->tunables.swappiness = 0;
	lists(40000, 0, 100, 40000);
	assert_counts(0, 0, 0, 100 * 200 / 201, 40000 * 200ul / 201, 80100);
	dma32(m)->stat[NR_FREE_PAGES] = 0;
	lists(40000, 0, 0, 0); /* but rule 3 swaps all the same */
	assert_counts(0, 40000, 0, 0, 0, 40000);
}

static void test_17_10b_reclaimable(void **state)
{
	(void)state;
	lists(100, 50, 20, 10);
	m->node.stat[NR_ISOLATED_ANON] = 5;
	m->node.stat[NR_ISOLATED_FILE] = 3;
	assert_int_equal(node_reclaimable_pages(m), 188);
	m->swap.nr_swap_pages = 0;
	assert_int_equal(node_reclaimable_pages(m), 33);
	m->node.stat[NR_PAGES_SCANNED] = 6 * 33 - 1;
	assert_true(node_reclaimable(m));
	m->node.stat[NR_PAGES_SCANNED]++;
	assert_false(node_reclaimable(m));
	lists(100, 50, 0, 0);
	m->node.stat[NR_ISOLATED_FILE] = m->node.stat[NR_PAGES_SCANNED] = 0;
	assert_false(node_reclaimable(m)); /* 0 < 0 */
}

/* §30.6: 490000 pages, without one of them freed. */
static void test_30_6_the_limit(void **state)
{
	(void)state;
	lists(106051, 383949, 0, 0);
	m->node.stat[NR_PAGES_SCANNED] = 2939999;
	assert_true(node_reclaimable(m));
	m->node.stat[NR_PAGES_SCANNED] = 2940000;
	assert_false(node_reclaimable(m));
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_30_1_inactive_is_low),
	TEST(test_17_7_ratios),
	TEST(test_17_7_zones_above_do_not_count),
	TEST(test_30_2_fresh),
	TEST(test_30_2_by_what_is_recent),
	TEST(test_30_2_files_too_few),
	TEST(test_30_2_files_alone_at_priority_5),
	TEST(test_30_2_no_slot),
	TEST(test_30_2_fading),
	TEST(test_17_6_only_fractions_fade),
	TEST(test_30_2_forced),
	TEST(test_17_6_forced_only_where_nothing_came),
	TEST(test_17_6_swappiness_0),
	TEST(test_17_10b_reclaimable),
	TEST(test_30_6_the_limit),
};
TEST_GROUP(scan_count)
