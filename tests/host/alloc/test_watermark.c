/*
 * Watermarks: the formulas (reference §2.4, §2.5) and the tests (§2.6, §2.7).
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/alloc/highatomic.h"
#include "mm/alloc/pcp.h"
#include "mm/alloc/watermark.h"

static void assert_marks(
	const struct zone *z, unsigned long min, unsigned long low, unsigned long high)
{
	assert_int_equal(z->watermark[WMARK_MIN], min);
	assert_int_equal(z->watermark[WMARK_LOW], low);
	assert_int_equal(z->watermark[WMARK_HIGH], high);
}

static void test_2_5_min_free_is_a_square_root(void **state)
{
	(void)state;
	for (unsigned long kb = 1024; kb < 400000; kb += 37) {
		unsigned long root = min_free_kbytes_default(kb);

		assert_true(root * root <= 16 * kb && (root + 1) * (root + 1) > 16 * kb);
	}
}

static void test_2_5_min_free_is_clamped(void **state)
{
	(void)state;
	assert_int_equal(min_free_kbytes_default(0), 128);
	assert_int_equal(min_free_kbytes_default(1023), 128);
	assert_int_equal(min_free_kbytes_default(1024), 128);
	assert_int_equal(min_free_kbytes_default(1041), 129);
	assert_int_equal(min_free_kbytes_default(268435456), 65536);
	assert_int_equal(min_free_kbytes_default(268435455), 65535);
	assert_int_equal(min_free_kbytes_default(1ul << 40), 65536);
}

static void test_2_5_larger_setting_is_kept(void **state)
{
	struct memory *m = machine_of_counts(10, 3977, 504555, 0);

	(void)state;
	m->tunables.min_free_kbytes = 5703;
	memory_recompute(m);
	assert_int_equal(m->min_free_kbytes, 5704);
	m->tunables.min_free_kbytes = 20000;
	memory_recompute(m);
	assert_int_equal(m->min_free_kbytes, 20000);
	/* 5000 pages shared out: 5000 * 504555 / 508532, then a quarter of it. */
	assert_marks(dma32(m), 4960, 6200, 7440);
	assert_marks(dma(m), 39, 48, 57);
}

static void test_2_5_scale_factor(void **state)
{
	struct memory *m = machine_of_counts(10, 3977, 504555, 0);

	(void)state;
	m->tunables.watermark_scale_factor = 1000;
	setup_watermarks(m);
	assert_marks(dma32(m), 1414, 1414 + 50455, 1414 + 2 * 50455);
	m->tunables.watermark_scale_factor = 1;
	setup_watermarks(m);
	assert_marks(dma32(m), 1414, 1414 + 353, 1414 + 2 * 353);
}

/* One row of the reference table; DMA has 3977 managed pages. */
struct machine_row {
	unsigned long dma32, min_free;
	unsigned long dma_marks[3], dma32_marks[3];
	long reserve;
	int batch;
	unsigned long limit9, blocks9, limit10, blocks10;
};

static const struct machine_row rows[] = {
	{27780, 1425, {44, 55, 66}, {311, 388, 465}, 108, 7, 789, 2, 1301, 2},
	{59565, 2016, {31, 38, 45}, {472, 590, 708}, 232, 15, 1107, 3, 1619, 2},
	{123135, 2852, {22, 27, 32}, {690, 862, 1034}, 480, 31, 1743, 4, 2255, 3},
	{250275, 4033, {15, 18, 21}, {992, 1242, 1492}, 977, 31, 3014, 6, 3526, 4},
	{504555, 5704, {11, 14, 17}, {1414, 1918, 2422}, 1970, 31, 5557, 11, 6069, 6},
};

static void test_2_5_reference_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct machine_row *r = &rows[i];
		struct memory *m = machine_of_counts(10, 3977, r->dma32, 0);

		assert_int_equal(m->min_free_kbytes, r->min_free);
		assert_marks(dma(m), r->dma_marks[0], r->dma_marks[1], r->dma_marks[2]);
		assert_marks(dma32(m), r->dma32_marks[0], r->dma32_marks[1], r->dma32_marks[2]);
		assert_int_equal(dma(m)->lowmem_reserve[ZONE_DMA32], r->reserve);
		assert_int_equal(dma(m)->lowmem_reserve[ZONE_DMA], 0);
		assert_int_equal(dma32(m)->lowmem_reserve[ZONE_MOVABLE], 0);
	}
}

static void test_2_5_reference_table_batch(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct memory *m = machine_of_counts(10, 3977, rows[i].dma32, 0);

		for (int cpu = 0; cpu < MAX_CPUS; cpu++) {
			assert_int_equal(dma32(m)->pcp[cpu].batch, rows[i].batch);
			assert_int_equal(dma32(m)->pcp[cpu].high, 6 * rows[i].batch);
			assert_int_equal(dma(m)->pcp[cpu].batch, 1);
			assert_int_equal(dma(m)->pcp[cpu].high, 0);
		}
	}
}

static void assert_limit(
	int order, unsigned long nr_dma32, unsigned long limit, unsigned long blocks)
{
	struct memory *m = machine_of_counts(order, 3977, nr_dma32, 0);

	assert_int_equal(highatomic_limit(dma32(m)), limit);
	assert_int_equal(highatomic_max(dma32(m)), blocks << order);
}

static void test_2_5_reference_table_highatomic_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_limit(9, rows[i].dma32, rows[i].limit9, rows[i].blocks9);
		assert_limit(10, rows[i].dma32, rows[i].limit10, rows[i].blocks10);
	}
}

static void test_2_4_lowmem_reserve_of_three_zones(void **state)
{
	struct memory *m = machine_of_counts(10, 3840, 763319, 758535);

	(void)state;
	assert_int_equal(dma(m)->lowmem_reserve[ZONE_DMA], 0);
	assert_int_equal(dma(m)->lowmem_reserve[ZONE_DMA32], 763319 / 256);
	assert_int_equal(dma(m)->lowmem_reserve[ZONE_NORMAL], (763319 + 758535) / 256);
	assert_int_equal(dma(m)->lowmem_reserve[ZONE_MOVABLE], (763319 + 758535) / 256);
	assert_int_equal(dma32(m)->lowmem_reserve[ZONE_DMA], 0);
	assert_int_equal(dma32(m)->lowmem_reserve[ZONE_NORMAL], 758535 / 256);
	assert_int_equal(m->zone[ZONE_NORMAL].lowmem_reserve[ZONE_MOVABLE], 0);
}

static void test_2_4_lowmem_reserve_ratio(void **state)
{
	struct memory *m = machine_of_counts(10, 3977, 500000, 0);

	(void)state;
	m->tunables.lowmem_reserve_ratio = 1;
	setup_lowmem_reserve(m);
	assert_int_equal(dma(m)->lowmem_reserve[ZONE_DMA32], 500000);
	m->tunables.lowmem_reserve_ratio = 100000;
	setup_lowmem_reserve(m);
	assert_int_equal(dma(m)->lowmem_reserve[ZONE_DMA32], 5);
}

/* NORMAL keeps 1/32 of what lies above it. */
static void test_2_4_normal_keeps_a_32nd_from_movable(void **state)
{
	struct memory *m = machine_of_counts(10, 3977, 500000, 100000);

	(void)state;
	m->zone[ZONE_MOVABLE].managed = 3200;
	setup_lowmem_reserve(m);
	assert_int_equal(m->zone[ZONE_NORMAL].lowmem_reserve[ZONE_MOVABLE], 100);
	assert_int_equal(m->zone[ZONE_NORMAL].lowmem_reserve[ZONE_NORMAL], 0);
	assert_int_equal(dma32(m)->lowmem_reserve[ZONE_MOVABLE], 103200 / 256);
}

/* Each zone's high mark and what it keeps from requests that could go higher, or all that it has. */
static void test_2_5_totalreserve(void **state)
{
	struct memory *m = machine_of_counts(10, 3977, 500000, 100000);
	unsigned long high[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		high[i] = m->zone[i].watermark[WMARK_HIGH];
	assert_int_equal(
		totalreserve_pages(m), high[0] + 600000 / 256 + high[1] + 100000 / 256 + high[2]);
	m->zone[ZONE_DMA].managed = 100; /* less than it keeps back */
	assert_int_equal(totalreserve_pages(m), 100 + high[1] + 100000 / 256 + high[2]);
}

/* With one zone nothing is rounded away: 64 pages of memory and more are a square to the page. */
static void test_2_5_one_zone_has_it_all(void **state)
{
	struct memory *m = machine_of_counts(10, 0, 40000, 0);

	(void)state;
	assert_int_equal(m->min_free_kbytes, 1600);
	assert_int_equal(dma32(m)->watermark[WMARK_MIN], 400);
	assert_marks(dma(m), 0, 0, 0);
}

static void assert_distance(struct zone *z, unsigned long managed, unsigned long distance)
{
	z->managed = managed;
	setup_watermarks(z->memory);
	assert_int_equal(z->watermark[WMARK_LOW] - z->watermark[WMARK_MIN], distance);
}

/* Step 5, to the page, where no quarter of min is more. */
static void test_2_5_ten_thousandths(void **state)
{
	struct memory *m = machine_of_counts(10, 0, 40000, 0);

	(void)state;
	m->min_free_kbytes = 0;
	assert_distance(dma32(m), 20000, 20);
	assert_distance(dma32(m), 19999, 19);
	assert_distance(dma32(m), 15000, 15);
	assert_distance(dma32(m), 9999, 9);
}

static void test_2_5_no_memory_no_marks(void **state)
{
	struct memory *m = machine_of_counts(10, 0, 0, 0);

	(void)state;
	assert_marks(dma32(m), 0, 0, 0);
}

static void test_1_7_flags_of_the_slow_path(void **state)
{
	(void)state;
	assert_int_equal(gfp_to_alloc_flags(GFP_KERNEL), WMARK_MIN | ALLOC_CPUSET);
	assert_int_equal(
		gfp_to_alloc_flags(GFP_HIGHUSER_MOVABLE), WMARK_MIN | ALLOC_CPUSET | ALLOC_CMA);
	assert_int_equal(gfp_to_alloc_flags(GFP_ATOMIC), WMARK_MIN | ALLOC_HIGH | ALLOC_HARDER);
	assert_int_equal(gfp_to_alloc_flags(GFP_ATOMIC | __GFP_NOMEMALLOC), WMARK_MIN | ALLOC_HIGH);
	current->prio = PRIO_RT;
	assert_int_equal(gfp_to_alloc_flags(GFP_KERNEL), WMARK_MIN | ALLOC_CPUSET | ALLOC_HARDER);
}

/* The largest free count that fails the order-0 test: the effective mark. */
static long effective_mark(struct zone *z, unsigned long mark, unsigned int flags)
{
	long free = -5000;

	while (!zone_watermark_test(z, 0, mark, z->type, flags | ALLOC_CMA, free + 1))
		free++;
	return free;
}

static void test_2_6_effective_min(void **state)
{
	struct zone *z = dma32(machine_of_counts(10, 3977, 504555, 0));

	(void)state;
	assert_int_equal(effective_mark(z, 1407, 0), 1407);
	assert_int_equal(effective_mark(z, 1407, ALLOC_HIGH), 704);
	assert_int_equal(effective_mark(z, 1407, ALLOC_HIGH | ALLOC_HARDER), 528);
	assert_int_equal(effective_mark(z, 1407, ALLOC_HARDER), 1056);
	assert_int_equal(effective_mark(z, 11, ALLOC_HIGH | ALLOC_HARDER), 5);
	assert_int_equal(effective_mark(z, 0, ALLOC_HIGH | ALLOC_HARDER), 0);
}

static void test_2_6_whole_reserve_is_discounted(void **state)
{
	struct zone *z = dma32(machine_of_counts(10, 3977, 504555, 0));

	(void)state;
	z->nr_reserved_highatomic = 6144;
	assert_int_equal(effective_mark(z, 1407, 0), 1407 + 6144);
	assert_int_equal(effective_mark(z, 1407, ALLOC_HIGH), 704 + 6144);
	assert_int_equal(effective_mark(z, 1407, ALLOC_HARDER), 1056);
	assert_int_equal(effective_mark(z, 1407, ALLOC_HIGH | ALLOC_HARDER), 528);
}

static void test_2_6_lowmem_reserve_is_never_reduced(void **state)
{
	struct zone *z = dma(machine_of_counts(10, 3977, 499712, 0));

	(void)state;
	assert_false(zone_watermark_test(z, 0, 11, ZONE_DMA32, 0, 11 + 1952));
	assert_true(zone_watermark_test(z, 0, 11, ZONE_DMA32, 0, 11 + 1952 + 1));
	/* The second seed report: 1937 pages, HIGH and HARDER, fails by 20 (§11.3). */
	assert_false(zone_watermark_test(z, 0, 11, ZONE_DMA32, ALLOC_HIGH | ALLOC_HARDER, 1937));
	assert_false(zone_watermark_test(z, 0, 11, ZONE_DMA32, ALLOC_HIGH | ALLOC_HARDER, 1957));
	assert_true(zone_watermark_test(z, 0, 11, ZONE_DMA32, ALLOC_HIGH | ALLOC_HARDER, 1958));
	assert_true(zone_watermark_test(z, 0, 11, ZONE_DMA, 0, 12));
}

static void test_2_6_cma_pages_count_for_some(void **state)
{
	struct zone *z = dma32(machine_of_counts(10, 3977, 504555, 0));

	(void)state;
	z->stat[NR_FREE_CMA_PAGES] = 100;
	assert_false(zone_watermark_test(z, 0, 1000, ZONE_DMA32, 0, 1100));
	assert_true(zone_watermark_test(z, 0, 1000, ZONE_DMA32, 0, 1101));
	assert_true(zone_watermark_test(z, 0, 1000, ZONE_DMA32, ALLOC_CMA, 1001));
}

static void test_2_6_order_is_subtracted_and_may_go_negative(void **state)
{
	struct memory *m = machine_default();
	struct zone *z = dma32(m);

	(void)state;
	assert_false(zone_watermark_test(z, 3, 100, ZONE_DMA32, 0, 107));
	assert_true(zone_watermark_test(z, 3, 100, ZONE_DMA32, 0, 108));
	assert_false(zone_watermark_test(z, 10, 0, ZONE_DMA32, 0, 1));
	assert_false(zone_watermark_test(z, 10, 0, ZONE_DMA32, 0, 0));
}

static void test_2_6_order_needs_a_block(void **state)
{
	struct memory *m = machine_default();
	struct zone *z = dma32(m);

	(void)state;
	memory_empty(m);
	zone_put(z, 4096, 1, MIGRATE_MOVABLE);
	assert_true(zone_watermark_test(z, 1, 0, ZONE_DMA32, 0, 1000));
	assert_false(zone_watermark_test(z, 2, 0, ZONE_DMA32, 0, 1000));
	assert_false(zone_watermark_test(z, 2, 0, ZONE_DMA32, ALLOC_HARDER, 1000));
	zone_put(z, 4128, 5, MIGRATE_RECLAIMABLE);
	assert_true(zone_watermark_test(z, 2, 0, ZONE_DMA32, 0, 1000));
	assert_true(zone_watermark_test(z, 5, 0, ZONE_DMA32, 0, 1000));
	assert_false(zone_watermark_test(z, 6, 0, ZONE_DMA32, 0, 1000));
}

static void test_2_6_highatomic_block_serves_harder_only(void **state)
{
	struct memory *m = machine_default();
	struct zone *z = dma32(m);

	(void)state;
	memory_empty(m);
	zone_put(z, 4096, 4, MIGRATE_HIGHATOMIC);
	assert_false(zone_watermark_test(z, 2, 0, ZONE_DMA32, ALLOC_CMA, 1000));
	assert_false(zone_watermark_test(z, 2, 0, ZONE_DMA32, ALLOC_HIGH, 1000));
	assert_true(zone_watermark_test(z, 2, 0, ZONE_DMA32, ALLOC_HARDER, 1000));
	assert_true(zone_watermark_test(z, 0, 0, ZONE_DMA32, 0, 1000));
}

static void test_2_6_cma_block_serves_movable_only(void **state)
{
	struct memory *m = machine_default();
	struct zone *z = dma32(m);

	(void)state;
	memory_empty(m);
	zone_put(z, 4096, 4, MIGRATE_CMA);
	assert_false(zone_watermark_test(z, 2, 0, ZONE_DMA32, 0, 1000));
	assert_true(zone_watermark_test(z, 2, 0, ZONE_DMA32, ALLOC_CMA, 1000));
}

static void test_2_7_fast_test_does_not_discount(void **state)
{
	struct zone *z = dma32(machine_of_counts(10, 3977, 499712, 0));

	(void)state;
	z->stat[NR_FREE_PAGES] = 1408;
	z->nr_reserved_highatomic = 6144;
	assert_true(zone_watermark_fast(z, 0, 1407, ZONE_DMA32, 0));
	assert_false(zone_watermark_test(z, 0, 1407, ZONE_DMA32, 0, 1408));
	z->stat[NR_FREE_PAGES] = 1407;
	assert_false(zone_watermark_fast(z, 0, 1407, ZONE_DMA32, 0));
	/* Below the mark the full test decides: HIGH and HARDER still pass. */
	assert_true(zone_watermark_fast(z, 0, 1407, ZONE_DMA32, ALLOC_HARDER));
	assert_false(zone_watermark_fast(z, 0, 1407, ZONE_DMA32, ALLOC_HIGH));
}

static void test_2_7_fast_test_is_for_order_0(void **state)
{
	struct memory *m = machine_default();
	struct zone *z = dma32(m);

	(void)state;
	memory_empty(m);
	zone_put(z, 4096, 4, MIGRATE_MOVABLE);
	z->nr_reserved_highatomic = 1024;
	assert_true(zone_watermark_fast(z, 0, 10, ZONE_DMA32, 0));
	assert_false(zone_watermark_fast(z, 1, 10, ZONE_DMA32, 0));
	assert_true(zone_watermark_fast(z, 1, 10, ZONE_DMA32, ALLOC_HARDER));
}

static void test_2_7_fast_test_counts_cma_for_movable_only(void **state)
{
	struct zone *z = dma32(machine_of_counts(10, 3977, 499712, 0));

	(void)state;
	z->stat[NR_FREE_PAGES] = 150;
	z->stat[NR_FREE_CMA_PAGES] = 60;
	assert_false(zone_watermark_fast(z, 0, 100, ZONE_DMA32, 0));
	assert_true(zone_watermark_fast(z, 0, 100, ZONE_DMA32, ALLOC_CMA));
}

static const struct CMUnitTest tests[] = {
	TEST(test_2_5_min_free_is_a_square_root),
	TEST(test_2_5_min_free_is_clamped),
	TEST(test_2_5_larger_setting_is_kept),
	TEST(test_2_5_scale_factor),
	TEST(test_2_5_reference_table),
	TEST(test_2_5_reference_table_batch),
	TEST(test_2_5_reference_table_highatomic_limits),
	TEST(test_2_4_lowmem_reserve_of_three_zones),
	TEST(test_2_4_lowmem_reserve_ratio),
	TEST(test_2_4_normal_keeps_a_32nd_from_movable),
	TEST(test_2_5_totalreserve),
	TEST(test_2_5_one_zone_has_it_all),
	TEST(test_2_5_ten_thousandths),
	TEST(test_2_5_no_memory_no_marks),
	TEST(test_1_7_flags_of_the_slow_path),
	TEST(test_2_6_effective_min),
	TEST(test_2_6_whole_reserve_is_discounted),
	TEST(test_2_6_lowmem_reserve_is_never_reduced),
	TEST(test_2_6_cma_pages_count_for_some),
	TEST(test_2_6_order_is_subtracted_and_may_go_negative),
	TEST(test_2_6_order_needs_a_block),
	TEST(test_2_6_highatomic_block_serves_harder_only),
	TEST(test_2_6_cma_block_serves_movable_only),
	TEST(test_2_7_fast_test_does_not_discount),
	TEST(test_2_7_fast_test_is_for_order_0),
	TEST(test_2_7_fast_test_counts_cma_for_movable_only),
};
TEST_GROUP(watermark)
