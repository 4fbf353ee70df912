/*
 * Zone counters gathered by CPUs (mm/page/vmstat.h, §2.9), drains of all CPUs, and one acquisition of
 * the zone's lock for each batch (§3.9).
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/alloc/pcp.h"
#include "mm/page/vmstat.h"

static struct memory *m;

/* A machine of `n` CPUs, large enough for per-CPU lists with batches. */
static void machine_of_cpus(unsigned int n)
{
	struct machine_spec spec = {.range = {{0, 0x9fc00, 1}, {MIB(1), MIB(200), 1}}};

	nr_cpus = n;
	m = machine_new(&spec);
}

static void test_2_9_threshold_formula(void **state)
{
	(void)state;
	assert_int_equal(vmstat_threshold(1, 507523), 0); /* exact on one CPU */
	assert_int_equal(vmstat_threshold(2, 3977), 2 * 2 * 1);
	assert_int_equal(vmstat_threshold(2, 507523), 2 * 2 * 5);
	assert_int_equal(vmstat_threshold(4, 507523), 2 * 3 * 5);
	assert_int_equal(vmstat_threshold(8, 507523), 2 * 4 * 5);
	assert_int_equal(vmstat_threshold(8, 1ul << 40), 125);
}

static void test_2_9_one_cpu_is_exact(void **state)
{
	(void)state;
	machine_of_cpus(1);
	for (int i = 1; i <= 50; i++) {
		zone_stat_add(dma32(m), NR_MLOCK, 1);
		assert_int_equal(zone_stat(dma32(m), NR_MLOCK), i);
	}
}

static void test_2_9_changes_are_gathered_up_to_the_threshold(void **state)
{
	struct zone *z;
	int threshold;

	(void)state;
	machine_of_cpus(4);
	z = dma32(m);
	threshold = z->stat_threshold;
	assert_int_equal(threshold, vmstat_threshold(4, z->managed));
	for (int i = 0; i < threshold; i++)
		zone_stat_add(z, NR_MLOCK, 1);
	assert_int_equal(zone_stat(z, NR_MLOCK), 0);
	assert_int_equal(zone_stat_exact(z, NR_MLOCK), threshold);
	zone_stat_add(z, NR_MLOCK, 1);
	assert_int_equal(zone_stat(z, NR_MLOCK), threshold + 1);
}

static void test_2_9_the_error_is_at_most_cpus_times_threshold(void **state)
{
	struct zone *z;
	long sum = 0;

	(void)state;
	machine_of_cpus(4);
	z = dma32(m);
	for (int i = 0; i < 4000; i++) {
		become_cpu(i % 4);
		zone_stat_add(z, NR_MLOCK, i % 7);
		sum += i % 7;
		assert_int_equal(zone_stat_exact(z, NR_MLOCK), sum);
		assert_true(labs(sum - z->stat[NR_MLOCK]) <= 4 * z->stat_threshold);
	}
	become_cpu(0);
}

static void test_2_9_exact_sum_of_the_machine(void **state)
{
	struct zone *zone;

	(void)state;
	machine_of_cpus(2);
	for (int cpu = 0; cpu < 2; cpu++) {
		become_cpu(cpu);
		for_each_populated_zone(m, zone)
			zone_stat_add(zone, NR_MLOCK, 1);
	}
	become_cpu(0);
	assert_int_equal(memory_stat(m, NR_MLOCK), 0);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 4);
	vmstat_fold_all(m);
	assert_int_equal(memory_stat(m, NR_MLOCK), 4);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 4);
}

static void test_2_9_a_negative_counter_reads_as_0(void **state)
{
	struct zone *z;

	(void)state;
	machine_of_cpus(2);
	z = dma32(m);
	zone_stat_add(z, NR_MLOCK, z->stat_threshold);
	become_cpu(1);
	zone_stat_add(z, NR_MLOCK, -z->stat_threshold - 1);
	become_cpu(0);
	assert_true(z->stat[NR_MLOCK] < 0);
	assert_int_equal(zone_stat(z, NR_MLOCK), 0);
	assert_int_equal(zone_stat_exact(z, NR_MLOCK), -1);
}

static void test_2_9_folding_leaves_nothing_behind(void **state)
{
	(void)state;
	machine_of_cpus(4);
	for (unsigned int cpu = 0; cpu < 4; cpu++) {
		become_cpu(cpu);
		zone_stat_add(dma32(m), NR_MLOCK, 3);
	}
	become_cpu(0);
	vmstat_fold_all(m);
	assert_int_equal(zone_stat(dma32(m), NR_MLOCK), 12);
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		assert_int_equal(dma32(m)->pcp[cpu].stat_diff[NR_MLOCK], 0);
}

static void test_drain_all_empties_every_cpus_lists(void **state)
{
	struct page *page[4];
	long free;

	(void)state;
	machine_of_cpus(4);
	free = all_free(m);
	for (unsigned int cpu = 0; cpu < 4; cpu++) {
		become_cpu(cpu);
		page[cpu] = alloc_pages(m, GFP_KERNEL, 0);
	}
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		free_pages(m, page[cpu], 0); /* all to CPU 3's list */
	become_cpu(0);
	assert_true(zone_free_pcp(dma32(m)) > 0);
	pcp_drain_all(m);
	assert_int_equal(zone_free_pcp(dma32(m)), 0);
	vmstat_fold_all(m);
	assert_int_equal(memory_stat(m, NR_FREE_PAGES), free);
	assert_valid(m);
}

static void test_drain_all_disturbs_only_who_has_pages(void **state)
{
	struct page *page;

	(void)state;
	machine_of_cpus(4);
	pcp_drain_all(m);
	twin.called = 0;
	pcp_drain_all(m);
	assert_int_equal(twin.called, 0);
	become_cpu(2);
	page = alloc_pages(m, GFP_KERNEL, 0); /* and the rest of a batch stays on its list */
	become_cpu(0);
	pcp_drain_all(m);
	assert_int_equal(twin.called, 1u << 2);
	free_pages(m, page, 0);
}

static void test_3_9_one_lock_acquisition_for_each_batch(void **state)
{
	enum { PAGES = 2000 };
	static struct page *page[PAGES];
	unsigned long refills, frees;
	int batch;

	(void)state;
	machine_of_cpus(2);
	batch = dma32(m)->pcp[0].batch;
	assert_true(batch > 10);
	refills = m->event[ZONE_LOCK_REFILLS];
	frees = m->event[ZONE_LOCK_BULK_FREES];
	for (int i = 0; i < PAGES; i++)
		page[i] = alloc_pages(m, GFP_KERNEL, 0);
	refills = m->event[ZONE_LOCK_REFILLS] - refills;
	assert_int_equal(refills, (PAGES + batch - 1) / batch);
	for (int i = 0; i < PAGES; i++)
		free_pages(m, page[i], 0);
	frees = m->event[ZONE_LOCK_BULK_FREES] - frees;
	assert_true(frees <= PAGES / (unsigned int)batch);
}

static const struct CMUnitTest tests[] = {
	TEST(test_2_9_threshold_formula),
	TEST(test_2_9_one_cpu_is_exact),
	TEST(test_2_9_changes_are_gathered_up_to_the_threshold),
	TEST(test_2_9_the_error_is_at_most_cpus_times_threshold),
	TEST(test_2_9_exact_sum_of_the_machine),
	TEST(test_2_9_a_negative_counter_reads_as_0),
	TEST(test_2_9_folding_leaves_nothing_behind),
	TEST(test_drain_all_empties_every_cpus_lists),
	TEST(test_drain_all_disturbs_only_who_has_pages),
	TEST(test_3_9_one_lock_acquisition_for_each_batch),
};
TEST_GROUP(vmstat)
