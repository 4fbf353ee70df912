/*
 * The node's counters on several CPUs (§22.2), pages_scanned (§17.10b, §30c), and thresholds that follow kswapd
 * (§25.2, §25.3).
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/alloc/pcp.h"
#include "mm/alloc/watermark.h"
#include "mm/page/node_stat.h"
#include "mm/page/vmstat.h"

#define ITEM NR_WRITEBACK

static struct memory *m;

static void machine_of_threshold(unsigned int cpus, int threshold)
{
	struct machine_spec spec = {.range = {{0, 0x9fc00, 1}, {MIB(1), MIB(64), 1}}};

	nr_cpus = cpus;
	m = machine_new(&spec);
	m->node.stat_threshold = threshold;
}

/* What is in the counter, and what this CPU has gathered. */
static void assert_item(enum node_stat item, long counter, long gathered)
{
	assert_int_equal(m->node.stat[item], counter);
	assert_int_equal(m->node.cpu[this_cpu_id()].stat_diff[item], gathered);
}

static void mod(enum node_stat item, long n)
{
	unsigned long flags = irq_save();

	node_stat_mod(m, item, n);
	irq_restore(flags);
}

static void test_22_2_mod(void **state)
{
	(void)state;
	machine_of_threshold(2, 20);
	mod(ITEM, 20);
	assert_item(ITEM, 0, 20);
	mod(ITEM, 1);
	assert_item(ITEM, 21, 0);
	mod(ITEM, -20);
	assert_item(ITEM, 21, -20);
	mod(ITEM, -1);
	assert_item(ITEM, 0, 0);
	mod(ITEM, 500);
	assert_item(ITEM, 500, 0);
}

/* The counter is overstepped, so that the next ones need not touch it whichever way they go. */
static void test_22_2_inc_and_dec_overstep(void **state)
{
	(void)state;
	machine_of_threshold(2, 20);
	for (int i = 0; i < 20; i++)
		node_stat_inc(m, ITEM);
	assert_item(ITEM, 0, 20);
	node_stat_inc(m, ITEM);
	assert_item(ITEM, 21 + 10, -10);
	for (int i = 0; i < 10; i++)
		node_stat_dec(m, ITEM);
	assert_item(ITEM, 31, -20);
	node_stat_dec(m, ITEM);
	assert_item(ITEM, 31 - 21 - 10, 10);
	assert_int_equal(node_stat_exact(m, ITEM), 10);
}

/* Half of an odd threshold is rounded down. */
static void test_22_2_half_of_an_odd_threshold(void **state)
{
	(void)state;
	machine_of_threshold(2, 5);
	for (int i = 0; i < 6; i++)
		node_stat_inc(m, ITEM);
	assert_item(ITEM, 6 + 2, -2);
}

static void test_22_2_one_cpu_gathers_nothing(void **state)
{
	(void)state;
	machine_of_threshold(1, 0);
	node_stat_inc(m, ITEM);
	node_stat_add(m, ITEM, 5);
	mod(ITEM, 7);
	node_stat_dec(m, ITEM);
	assert_item(ITEM, 12, 0);
}

static void test_22_2_near_and_exact(void **state)
{
	(void)state;
	machine_of_threshold(4, 20);
	mod(ITEM, 30);
	for (unsigned int id = 1; id < 4; id++) {
		become_cpu(id);
		mod(ITEM, -20);
	}
	become_cpu(0);
	assert_int_equal(node_stat(m, ITEM), 30);
	assert_int_equal(node_stat_exact(m, ITEM), -30);
	assert_int_equal(node_stat_snapshot(m, ITEM), 0);
	vmstat_fold_all(m);
	assert_int_equal(m->node.stat[ITEM], -30);
	assert_int_equal(node_stat(m, ITEM), 0);
	assert_int_equal(node_stat_exact(m, ITEM), -30);
}

/* A page's free, past the per-CPU list: a bulk free. */
static void free_to_buddy(void)
{
	struct page *page = alloc_pages(m, GFP_KERNEL, 1);

	free_pages(m, page, 1);
}

static void test_17_10b_past_the_threshold_it_is_0_at_once(void **state)
{
	(void)state;
	machine_of_threshold(2, 20);
	m->node.stat[NR_PAGES_SCANNED] = 32;
	free_to_buddy();
	assert_item(NR_PAGES_SCANNED, 0, 0);
	free_to_buddy();
	assert_item(NR_PAGES_SCANNED, 0, 0);
}

/* Below it the same is subtracted again, and the exact count is negative until scanning pays it back. */
static void test_30c_below_the_threshold_it_is_subtracted_twice(void **state)
{
	(void)state;
	machine_of_threshold(2, 20);
	m->node.stat[NR_PAGES_SCANNED] = 15;
	free_to_buddy();
	assert_item(NR_PAGES_SCANNED, 15, -15);
	assert_int_equal(node_stat_snapshot(m, NR_PAGES_SCANNED), 0);
	free_to_buddy();
	assert_item(NR_PAGES_SCANNED, -15, 0);
	assert_int_equal(node_stat_exact(m, NR_PAGES_SCANNED), -15);
	assert_int_equal(node_stat_snapshot(m, NR_PAGES_SCANNED), 0);
	free_to_buddy(); /* it is not above 0 */
	assert_item(NR_PAGES_SCANNED, -15, 0);
	mod(NR_PAGES_SCANNED, 32);
	assert_int_equal(node_stat_snapshot(m, NR_PAGES_SCANNED), 17);
}

/* Only the counter is subtracted: what CPUs have gathered survives (§17.10b). */
static void test_17_10b_what_is_gathered_survives(void **state)
{
	(void)state;
	machine_of_threshold(2, 20);
	become_cpu(1);
	mod(NR_PAGES_SCANNED, 12);
	become_cpu(0);
	m->node.stat[NR_PAGES_SCANNED] = 40;
	free_to_buddy();
	assert_int_equal(m->node.stat[NR_PAGES_SCANNED], 0);
	assert_int_equal(node_stat_snapshot(m, NR_PAGES_SCANNED), 12);
}

/* Not by a page that stays on a per-CPU list; once by each batch that leaves one. */
static void test_17_10b_only_what_reaches_the_zone(void **state)
{
	struct page *page;

	(void)state;
	machine_of_threshold(2, 20);
	pcp_drain_all(m);
	page = alloc_pages(m, GFP_KERNEL, 0);
	m->node.stat[NR_PAGES_SCANNED] = 100;
	free_pages(m, page, 0);
	assert_item(NR_PAGES_SCANNED, 100, 0);
	pcp_drain_all(m);
	assert_item(NR_PAGES_SCANNED, 0, 0);
}

/* §25.2: marks of the 2 GiB machine. */
static void test_25_2_drift_marks(void **state)
{
	static const struct {
		unsigned int cpus;
		long dma, dma32;
	} v[] = {{1, 0, 0}, {2, 25, 0}, {4, 41, 0}, {8, 81, 0}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		nr_cpus = v[i].cpus;
		m = machine_of_counts(10, 3977, 504555, 0);
		assert_int_equal(dma(m)->percpu_drift_mark, v[i].dma);
		assert_int_equal(dma32(m)->percpu_drift_mark, v[i].dma32);
	}
	nr_cpus = 1;
}

/* Trap of §25.2: exactly as far is near enough. */
static void test_25_2_a_mark_needs_more_than_the_distance(void **state)
{
	(void)state;
	nr_cpus = 2;
	m = machine_of_counts(10, 3977, 504555, 0);
	zone_marks(dma32(m), 100, 140, 180);
	setup_drift_mark(dma32(m));
	assert_int_equal(dma32(m)->stat_threshold, 20);
	assert_int_equal(dma32(m)->percpu_drift_mark, 0);
	zone_marks(dma32(m), 101, 140, 180);
	setup_drift_mark(dma32(m));
	assert_int_equal(dma32(m)->percpu_drift_mark, 180 + 40);
}

/* §25.3: zones with a mark switch; the node never does. What CPUs have gathered stays as it is. */
static void test_25_3_switching(void **state)
{
	int node;

	(void)state;
	nr_cpus = 2;
	m = machine_of_counts(10, 3977, 504555, 0);
	node = m->node.stat_threshold;
	assert_int_equal(node, 20); /* the largest of its zones' */
	zone_stat_add(dma(m), NR_MLOCK, 4);
	set_zone_thresholds(m, pressure_threshold);
	assert_int_equal(dma(m)->stat_threshold, 1); /* 3 / 2 */
	assert_int_equal(dma32(m)->stat_threshold, 20);
	assert_int_equal(m->node.stat_threshold, node);
	assert_int_equal(dma(m)->stat[NR_MLOCK], 0);
	zone_stat_add(dma(m), NR_MLOCK, 1); /* the next change folds them */
	assert_int_equal(dma(m)->stat[NR_MLOCK], 5);
	set_zone_thresholds(m, normal_threshold);
	assert_int_equal(dma(m)->stat_threshold, 4);
}

static void test_25_3_pressure_thresholds(void **state)
{
	struct zone z = {.managed = 1};

	(void)state;
	nr_cpus = 4;
	zone_marks(&z, 10, 13, 16);
	assert_int_equal(pressure_threshold(&z), 1); /* never 0 */
	zone_marks(&z, 10, 50, 90);
	assert_int_equal(pressure_threshold(&z), 10);
	zone_marks(&z, 1000, 2000, 3000);
	assert_int_equal(pressure_threshold(&z), 125);
}

static const struct CMUnitTest tests[] = {
	TEST(test_22_2_mod),
	TEST(test_22_2_inc_and_dec_overstep),
	TEST(test_22_2_half_of_an_odd_threshold),
	TEST(test_22_2_one_cpu_gathers_nothing),
	TEST(test_22_2_near_and_exact),
	TEST(test_17_10b_past_the_threshold_it_is_0_at_once),
	TEST(test_30c_below_the_threshold_it_is_subtracted_twice),
	TEST(test_17_10b_what_is_gathered_survives),
	TEST(test_17_10b_only_what_reaches_the_zone),
	TEST(test_25_2_drift_marks),
	TEST(test_25_2_a_mark_needs_more_than_the_distance),
	TEST(test_25_3_switching),
	TEST(test_25_3_pressure_thresholds),
};
TEST_GROUP(node_stat)
