/*
 * Sizes of slabs (mm/slab/geometry.h): the tables of §31.2, §31.4 and §40.1, and what a real Linux 4.8.15
 * said in /proc/slabinfo on 1, 2 and 4 CPUs.
 */
#include "twin.h"

#include "mm/slab/geometry.h"

/* Default order and objects on 1, 2 to 3, 4 to 7, and 8 CPUs. */
struct row {
	unsigned int size;
	struct {
		int order;
		unsigned int objects;
	} on[4];
};

static void check(const struct row *row, size_t n)
{
	static const unsigned int cpus[][2] = {{1, 1}, {2, 3}, {4, 7}, {8, 8}};

	for (; n--; row++) {
		for (size_t i = 0; i < ARRAY_SIZE(cpus); i++) {
			for (unsigned int c = cpus[i][0]; c <= cpus[i][1]; c++) {
				int order = slab_order(row->size, c, SLAB_MAX_ORDER);

				if (order != row->on[i].order)
					fail_msg("size %u, %u CPUs: order %d, expected %d",
						row->size, c, order, row->on[i].order);
				assert_int_equal(
					slab_objects(row->size, order), row->on[i].objects);
			}
		}
	}
}

static void test_31_4_kmalloc_caches(void **state)
{
	static const struct row rows[] = {
		{8, {{0, 512}, {0, 512}, {0, 512}, {0, 512}}},
		{16, {{0, 256}, {0, 256}, {0, 256}, {0, 256}}},
		{32, {{0, 128}, {0, 128}, {0, 128}, {0, 128}}},
		{64, {{0, 64}, {0, 64}, {0, 64}, {0, 64}}},
		{96, {{0, 42}, {0, 42}, {0, 42}, {0, 42}}},
		{128, {{0, 32}, {0, 32}, {0, 32}, {0, 32}}},
		{192, {{0, 21}, {0, 21}, {0, 21}, {0, 21}}},
		{256, {{0, 16}, {0, 16}, {0, 16}, {1, 32}}},
		{512, {{0, 8}, {1, 16}, {1, 16}, {2, 32}}},
		{1024, {{1, 8}, {2, 16}, {2, 16}, {3, 32}}},
		{2048, {{2, 8}, {3, 16}, {3, 16}, {3, 16}}},
		{4096, {{3, 8}, {3, 8}, {3, 8}, {3, 8}}},
		{8192, {{3, 4}, {3, 4}, {3, 4}, {3, 4}}},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

static void test_40_1_orders(void **state)
{
	static const struct row rows[] = {
		{584, {{1, 14}, {1, 14}, {2, 28}, {2, 28}}},
		{192, {{0, 21}, {0, 21}, {0, 21}, {0, 21}}},
		{832, {{2, 19}, {2, 19}, {2, 19}, {3, 39}}},
		{1072, {{2, 15}, {2, 15}, {3, 30}, {3, 30}}},
		{2112, {{3, 15}, {3, 15}, {3, 15}, {3, 15}}},
		{3456, {{3, 9}, {3, 9}, {3, 9}, {3, 9}}},
		{5952, {{3, 5}, {3, 5}, {3, 5}, {3, 5}}},
		{704, {{1, 11}, {2, 23}, {2, 23}, {2, 23}}},
		{384, {{0, 10}, {1, 21}, {1, 21}, {1, 21}}},
		{104, {{0, 39}, {0, 39}, {0, 39}, {0, 39}}},
		{592, {{1, 13}, {1, 13}, {2, 27}, {2, 27}}},
		{896, {{1, 9}, {2, 18}, {2, 18}, {3, 36}}},
	};

	(void)state;
	check(rows, ARRAY_SIZE(rows));
}

/* Objects and pages a slab, by size, of every cache there but those above. */
static void test_31_3_what_linux_4_8_15_says(void **state)
{
	static const struct {
		unsigned int size, objects[3], pages[3];
	} seen[] = {
		{40, {102, 102, 102}, {1, 1, 1}},
		{48, {85, 85, 85}, {1, 1, 1}},
		{56, {73, 73, 73}, {1, 1, 1}},
		{72, {56, 56, 56}, {1, 1, 1}},
		{80, {51, 51, 51}, {1, 1, 1}},
		{112, {36, 36, 36}, {1, 1, 1}},
		{120, {34, 34, 34}, {1, 1, 1}},
		{160, {25, 25, 25}, {1, 1, 1}},
		{176, {23, 23, 23}, {1, 1, 1}},
		{200, {20, 20, 20}, {1, 1, 1}},
		{208, {19, 19, 19}, {1, 1, 1}},
		{216, {18, 18, 18}, {1, 1, 1}},
		{240, {17, 17, 17}, {1, 1, 1}},
		{312, {13, 13, 26}, {1, 1, 2}},
		{344, {23, 23, 23}, {2, 2, 2}},
		{536, {15, 15, 30}, {2, 2, 4}},
		{624, {13, 13, 26}, {2, 2, 4}},
		{640, {12, 12, 25}, {2, 2, 4}},
		{768, {10, 21, 21}, {2, 4, 4}},
		{984, {8, 16, 16}, {2, 4, 4}},
		{1800, {9, 18, 18}, {4, 8, 8}},
		{2096, {15, 15, 15}, {8, 8, 8}},
		{2496, {13, 13, 13}, {8, 8, 8}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++) {
		for (unsigned int n = 0; n < 3; n++) {
			int order = slab_order(seen[i].size, 1u << n, SLAB_MAX_ORDER);

			assert_int_equal(1u << order, seen[i].pages[n]);
			assert_int_equal(slab_objects(seen[i].size, order), seen[i].objects[n]);
		}
	}
}

static void test_31_3_large_objects(void **state)
{
	(void)state;
	assert_int_equal(slab_order(32768, 2, SLAB_MAX_ORDER), 3);
	assert_int_equal(slab_order(32769, 2, SLAB_MAX_ORDER), 4);
	assert_int_equal(slab_order(4u << 20, 8, SLAB_MAX_ORDER), 10);
	assert_int_equal(slab_order((4u << 20) + 1, 8, SLAB_MAX_ORDER), -1);
}

/* slub_max_order=0: as many objects as a page has; what is larger needs what it needs. */
static void test_31_3_smaller_slabs(void **state)
{
	(void)state;
	assert_int_equal(slab_order(576, 1, SLAB_MAX_ORDER), 1);
	assert_int_equal(slab_order(576, 1, 0), 0);
	assert_int_equal(slab_order(1024, 8, 0), 0);
	assert_int_equal(slab_order(2048, 1, 1), 1);
	assert_int_equal(slab_order(8192, 1, 0), 1);
}

static void test_31_3_minimal_order(void **state)
{
	(void)state;
	assert_int_equal(slab_min_order(8), 0);
	assert_int_equal(slab_min_order(4096), 0);
	assert_int_equal(slab_min_order(4097), 1);
	assert_int_equal(slab_min_order(8192), 1);
	assert_int_equal(slab_objects(8192, 1), 1);
	assert_int_equal(slab_min_order(5952), 1);
	assert_int_equal(slab_min_order((4u << 20) + 1), -1);
}

static void test_31_2_limits(void **state)
{
	static const struct {
		unsigned int size, cpu_partial, min_partial;
	} row[] = {{8, 30, 5}, {255, 30, 5}, {256, 13, 5}, {1023, 13, 5}, {1024, 6, 5},
		{4095, 6, 5}, {4096, 2, 6}, {8192, 2, 6}, {16384, 2, 7}, {1u << 22, 2, 10}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		assert_int_equal(slab_cpu_partial(row[i].size), row[i].cpu_partial);
		assert_int_equal(slab_min_partial(row[i].size), row[i].min_partial);
	}
}

static void test_31_1_alignment(void **state)
{
	(void)state;
	assert_int_equal(slab_align(100, 0, false), 8);
	assert_int_equal(slab_align(100, 20, false), 24);
	assert_int_equal(slab_align(33, 0, true), 64);
	assert_int_equal(slab_align(32, 0, true), 32);
	assert_int_equal(slab_align(16, 0, true), 16);
	assert_int_equal(slab_align(1, 0, true), 8);
	assert_int_equal(slab_align(16, 128, true), 128);
}

static const struct CMUnitTest tests[] = {
	TEST(test_31_4_kmalloc_caches),
	TEST(test_40_1_orders),
	TEST(test_31_3_what_linux_4_8_15_says),
	TEST(test_31_3_large_objects),
	TEST(test_31_3_smaller_slabs),
	TEST(test_31_3_minimal_order),
	TEST(test_31_2_limits),
	TEST(test_31_1_alignment),
};
TEST_GROUP(slab_geometry)
