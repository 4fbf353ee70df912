/*
 * Numbers that others measured: the seeds' reports (reference §11.2) and Linux 6.1 on the same
 * QEMU machine, whose formulas are those of 4.8 (§2.4, §2.5).
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/alloc/highatomic.h"
#include "mm/alloc/watermark.h"

static void assert_marks_kb(
	const struct zone *z, unsigned long min, unsigned long low, unsigned long high)
{
	assert_int_equal(z->watermark[WMARK_MIN] * 4, min);
	assert_int_equal(z->watermark[WMARK_LOW] * 4, low);
	assert_int_equal(z->watermark[WMARK_HIGH] * 4, high);
}

static void test_11_2_whole_interval_gives_the_report(void **state)
{
	struct memory *m = machine_of_counts(10, 3977, 499712, 0);

	(void)state;
	for (unsigned long managed = 499712; managed <= 499967; managed++) {
		dma32(m)->managed = managed;
		memory_recompute(m);
		assert_in_range(m->min_free_kbytes, 5677, 5679);
		assert_marks_kb(dma(m), 44, 56, 68);
		assert_marks_kb(dma32(m), 5628, 7624, 9620);
		assert_int_equal(dma(m)->lowmem_reserve[ZONE_DMA32], 1952);
		assert_int_equal(dma(m)->lowmem_reserve[ZONE_MOVABLE], 1952);
	}
	dma32(m)->managed = 499968;
	memory_recompute(m);
	assert_int_equal(dma(m)->lowmem_reserve[ZONE_DMA32], 1953);
}

static void test_11_2_printed_managed_gives_other_numbers(void **state)
{
	struct memory *m = machine_of_counts(10, 3977, 507523, 0);

	(void)state;
	assert_marks_kb(dma(m), 44, 56, 68);
	assert_marks_kb(dma32(m), 5672, 7700, 9728);
	assert_int_equal(dma(m)->lowmem_reserve[ZONE_DMA32], 1982);
}

static void test_4_2_limits_of_the_seed_machine(void **state)
{
	static const struct {
		int order, zone;
		unsigned long limit, max;
	} rows[] = {
		{9, ZONE_DMA32, 5587, 5632},
		{10, ZONE_DMA32, 6099, 6144},
		{9, ZONE_DMA, 551, 1024},
		{10, ZONE_DMA, 1063, 2048},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct memory *m = machine_of_counts(rows[i].order, 3977, 507523, 0);

		assert_int_equal(highatomic_limit(&m->zone[rows[i].zone]), rows[i].limit);
		assert_int_equal(highatomic_max(&m->zone[rows[i].zone]), rows[i].max);
	}
}

static void test_11_3_oom_of_the_first_report(void **state)
{
	struct memory *m = machine_of_counts(10, 3977, 499712, 0);

	(void)state;
	/* Order 0, movable, MIN: the fast test passes both zones, which then yield nothing. */
	dma32(m)->stat[NR_FREE_PAGES] = 4851;
	dma(m)->stat[NR_FREE_PAGES] = 2047;
	assert_true(zone_watermark_fast(dma32(m), 0, 1407, ZONE_DMA32, ALLOC_CMA));
	assert_true(zone_watermark_fast(dma(m), 0, 11, ZONE_DMA32, ALLOC_CMA));
	/* With five exactly counted blocks the retry decision's test fails at k = 16. */
	dma32(m)->nr_reserved_highatomic = 5 * 1024;
	assert_false(zone_watermark_test(dma32(m), 0, 1407, ZONE_DMA32, ALLOC_CMA, 4851));
	assert_true(zone_watermark_test(dma32(m), 0, 1407, ZONE_DMA32, ALLOC_CMA, 30555 + 4851));
	/* It is reached with three (§4.8): 3443 is the most that may be counted. */
	dma32(m)->nr_reserved_highatomic = 3443;
	assert_true(zone_watermark_test(dma32(m), 0, 1407, ZONE_DMA32, ALLOC_CMA, 4851));
	dma32(m)->nr_reserved_highatomic = 3444;
	assert_false(zone_watermark_test(dma32(m), 0, 1407, ZONE_DMA32, ALLOC_CMA, 4851));
}

static void test_11_3_failure_of_the_second_report(void **state)
{
	struct memory *m = machine_of_counts(10, 3977, 499712, 0);
	unsigned int flags = WMARK_MIN | ALLOC_HIGH | ALLOC_HARDER;

	(void)state;
	dma32(m)->stat[NR_FREE_PAGES] = 7532;
	dma32(m)->nr_reserved_highatomic = 6144;
	dma(m)->stat[NR_FREE_PAGES] = 1937;
	assert_true(zone_watermark_fast(dma32(m), 0, 1407, ZONE_DMA32, flags));
	assert_false(zone_watermark_fast(dma(m), 0, 11, ZONE_DMA32, flags));
}

/* A machine of Linux 6.1. Its min_free_kbytes is that of boot, before init memory was freed. */
struct linux_zone {
	unsigned long managed, marks[3];
	long protection[4];
};

struct linux_machine {
	unsigned long min_free_kbytes;
	/* Fewest and most pages freed between that computation and this state. */
	unsigned long freed_least, freed_most;
	struct linux_zone zone[3];
};

static const struct linux_machine linux_machines[] = {
	{870, 1052, 1078, {{3840, {64, 80, 96}, {0, 35, 35, 35}}, {9065, {152, 190, 228}, {0}}}},
	{1343, 1042, 1082, {{3840, {43, 53, 63}, {0, 99, 99, 99}}, {25425, {291, 363, 435}, {0}}}},
	{2826, 1016, 1103,
		{{3840, {21, 26, 31}, {0, 476, 476, 476}}, {122049, {684, 855, 1026}, {0}}}},
	{5720, 982, 1160,
		{{3840, {10, 13, 16}, {0, 1986, 1986, 1986}}, {508545, {1419, 1927, 2435}, {0}}}},
	{9878, 778, 1086,
		{{3840, {6, 9, 12}, {0, 2981, 5944, 5944}},
			{763319, {1235, 1998, 2761}, {0, 0, 2963, 2963}},
			{758535, {1227, 1985, 2743}, {0}}}},
};

static struct memory *as_linux(const struct linux_machine *l)
{
	return machine_of_counts(9, l->zone[0].managed, l->zone[1].managed, l->zone[2].managed);
}

static void test_2_4_protection_as_linux(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(linux_machines); i++) {
		const struct linux_machine *l = &linux_machines[i];
		struct memory *m = as_linux(l);

		for (int zone = 0; zone < 3; zone++)
			for (int class = 0; class < 4; class ++)
				assert_int_equal(m->zone[zone].lowmem_reserve[class],
					l->zone[zone].protection[class]);
	}
}

static void test_2_5_min_free_as_linux(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(linux_machines); i++) {
		const struct linux_machine *l = &linux_machines[i];
		unsigned long pages = as_linux(l)->totalram_pages, want = l->min_free_kbytes;

		assert_true(min_free_kbytes_default(4 * pages) > want);
		assert_int_equal(min_free_kbytes_default(4 * (pages - l->freed_least)), want);
		assert_int_equal(min_free_kbytes_default(4 * (pages - l->freed_most)), want);
		assert_true(min_free_kbytes_default(4 * (pages - l->freed_least + 1)) > want);
		assert_true(min_free_kbytes_default(4 * (pages - l->freed_most - 1)) < want);
	}
}

/* Steps 3 to 6 of §2.5, written out again. */
static void marks_by_the_book(unsigned long min_free_kbytes, unsigned long managed,
	unsigned long total, unsigned long *marks)
{
	unsigned long min = min_free_kbytes / 4 * managed / total;
	unsigned long delta = MAX(min / 4, managed * 10 / 10000);

	marks[0] = min;
	marks[1] = min + delta;
	marks[2] = min + 2 * delta;
}

/* From Linux's managed counts and its min_free_kbytes come its marks, in every row. */
static void test_2_5_marks_as_linux(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(linux_machines); i++) {
		const struct linux_machine *l = &linux_machines[i];
		struct memory *m = as_linux(l);

		m->min_free_kbytes = l->min_free_kbytes;
		setup_watermarks(m);
		for (int zone = 0; zone < 3; zone++)
			assert_memory_equal(m->zone[zone].watermark, l->zone[zone].marks,
				sizeof(l->zone[zone].marks));
	}
}

/* The same with a setting above the formula, which is taken as it is. */
static void test_2_5_marks_as_linux_when_given(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(linux_machines); i++) {
		const struct linux_machine *l = &linux_machines[i];
		struct memory *m = as_linux(l);
		unsigned long given = m->min_free_kbytes * 2, marks[3];

		m->tunables.min_free_kbytes = given;
		memory_recompute(m);
		for (int zone = 0; zone < 3; zone++) {
			marks_by_the_book(given, l->zone[zone].managed, m->totalram_pages, marks);
			assert_memory_equal(marks, m->zone[zone].watermark, sizeof(marks));
		}
	}
}

static const struct CMUnitTest tests[] = {
	TEST(test_11_2_whole_interval_gives_the_report),
	TEST(test_11_2_printed_managed_gives_other_numbers),
	TEST(test_4_2_limits_of_the_seed_machine),
	TEST(test_11_3_oom_of_the_first_report),
	TEST(test_11_3_failure_of_the_second_report),
	TEST(test_2_4_protection_as_linux),
	TEST(test_2_5_min_free_as_linux),
	TEST(test_2_5_marks_as_linux),
	TEST(test_2_5_marks_as_linux_when_given),
};
TEST_GROUP(seed_numbers)
