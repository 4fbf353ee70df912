/*
 * Read-ahead (§33), by its vectors (§33.7, §40.2).
 */
#include "cache/cache_case.h"

static void assert_ra(unsigned long start, unsigned int size, unsigned int async_size)
{
	assert_int_equal(disk.file->ra.start, start);
	assert_int_equal(disk.file->ra.size, size);
	assert_int_equal(disk.file->ra.async_size, async_size);
}

static void test_33_3_sizes(void **state)
{
	(void)state;
	assert_int_equal(ra_initial_size(1, 32), 4);
	assert_int_equal(ra_initial_size(2, 32), 4);
	assert_int_equal(ra_initial_size(3, 32), 8);
	assert_int_equal(ra_initial_size(8, 32), 16);
	assert_int_equal(ra_initial_size(9, 32), 32);
	assert_int_equal(ra_initial_size(2, 64), 8);
	assert_int_equal(ra_initial_size(100, 32), 32);
	assert_int_equal(ra_next_size(1, 32), 4);
	assert_int_equal(ra_next_size(2, 32), 4);
	assert_int_equal(ra_next_size(16, 32), 32);
	assert_int_equal(ra_next_size(32, 32), 32);
	file_finish();
}

static void read_on(unsigned long pages_a_time, unsigned long end)
{
	for (unsigned long at = 0; at < end; at += pages_a_time)
		read_pages_of(at, pages_a_time);
}

static void test_33_7_read_4k(void **state)
{
	(void)state;
	read_on(1, 92);
	assert_log("(0,4)->1 (4,8)->4 (12,16)->12 (28,32)->28 (60,32)->60 (92,32)->92");
	assert_ra(92, 32, 32);
	file_finish();
}

static void test_33_7_read_8k(void **state)
{
	(void)state;
	read_on(2, 28);
	assert_log("(0,4)->2 (4,8)->4 (12,16)->12 (28,32)->28");
	file_finish();
}

static void test_33_7_read_64k(void **state)
{
	(void)state;
	read_on(16, 64);
	assert_log("(0,32)->16 (32,32)->32 (64,32)->64");
	file_finish();
}

static void test_33_7_read_128k(void **state)
{
	(void)state;
	read_on(32, 96);
	assert_log("(0,64)->32 (64,32)->64 (96,32)->96");
	file_finish();
}

static void test_33_7_read_1m(void **state)
{
	(void)state;
	read_on(256, 256);
	assert_log("(0,64)->32 (64,32)->64 (96,32)->96 (128,32)->128 (160,32)->160 (192,32)->192 "
		   "(224,32)->224 (256,32)->256");
	assert_non_null(cached(287));
	assert_null(cached(288));
	file_finish();
}

static void test_33_7_alone(void **state)
{
	(void)state;
	read_pages_of(100, 1);
	assert_log("(100,1)");
	read_pages_of(200, 2);
	assert_log("(200,2)");
	assert_ra(0, 0, 0);
	file_finish();
}

static void test_33_7_from_the_middle(void **state)
{
	(void)state;
	read_pages_of(5, 1);
	read_pages_of(6, 1);
	assert_log("(5,1) (6,4)->7");
	read_pages_of(7, 1);
	assert_log("(10,8)->10");
	file_finish();
}

static void test_33_7_context(void **state)
{
	(void)state;
	bring(0, 20);
	read_pages_of(20, 1);
	assert_log("(20,32)->51");
	assert_ra(20, 32, 1);
	file_finish();
}

static void test_33_7_context_in_the_middle(void **state)
{
	(void)state;
	bring(10, 10);
	read_pages_of(20, 1);
	assert_log("(20,11)->30");
	file_finish();
}

static void test_33_7_mmap(void **state)
{
	(void)state;
	map_all(0);
	for (unsigned long i = 100; i < 190; i++)
		assert_int_equal(touch(i), FAULT_OK);
	assert_log("(84,32)->108 (116,32)->116 (148,32)->148 (180,32)->180 (212,32)->212");
	file_finish();
}

static void test_33_7_mmap_twice(void **state)
{
	(void)state;
	map_all(0);
	touch(5);
	assert_log("(0,32)->24");
	assert_ra(0, 32, 8);
	touch(40);
	assert_log("(32,24)->48");
	assert_ra(24, 32, 8);
	file_finish();
}

static void test_33_7_mmap_refault(void **state)
{
	(void)state;
	bring(50, 100);
	evict(100);
	map_all(0);
	touch(100);
	assert_log("(100,1)");
	assert_ra(84, 32, 8);
	file_finish();
}

static int small_setup(void **state)
{
	int err = twin_setup(state);

	file_start(1, 20 * PAGE_SIZE);
	return err;
}

static void test_33_7_small_file(void **state)
{
	(void)state;
	map_all(0);
	touch(3);
	assert_log("(0,20)");
	file_finish();
}

/* §33.5 step 3: a marker of somebody else's: what is there is passed over. */
static void test_33_5_foreign_marker(void **state)
{
	(void)state;
	bring(100, 10);
	page_set(cached(102), PG_RECLAIM);
	read_pages_of(102, 1);
	assert_log("(110,18)->110"); /* 8 up to the hole and 1 more, twice */
	file_finish();
}

/* All that could be wanted is there. */
static void test_33_5_no_hole(void **state)
{
	(void)state;
	bring(100, 80);
	page_set(cached(102), PG_RECLAIM);
	read_pages_of(102, 1);
	assert_log("");
	assert_false(page_has(cached(102), PG_RECLAIM));
	file_finish();
}

static void test_33_5_random(void **state)
{
	(void)state;
	file_advise(disk.file, FILE_ADVICE_RANDOM);
	read_pages_of(0, 1);
	read_pages_of(1, 40);
	assert_log("(0,1) (1,32) (33,8)");
	file_finish();
}

static void test_33_1_sequential_doubles(void **state)
{
	(void)state;
	file_advise(disk.file, FILE_ADVICE_SEQUENTIAL);
	read_pages_of(0, 16);
	assert_log("(0,32)->16");
	read_pages_of(16, 16);
	assert_log("(32,64)->32");
	file_finish();
}

/* §33.2: what is there is passed over; memory ends it where it ends. */
static void test_33_2_window(void **state)
{
	(void)state;
	bring(10, 3);
	__do_page_cache_readahead(disk.file, 8, 8, 5);
	assert_log("(8,5)"); /* 8, 9, 13, 14, 15; the one to be marked, 11, was there */
	__do_page_cache_readahead(disk.file, 990, 20, 2);
	assert_log("(990,10)"); /* the file ends */
	file_finish();
}

/* §33.4: faults that find nothing end the reading around; those that find something bring it back. */
static void test_33_4_mmap_miss(void **state)
{
	struct file_ra *ra = &disk.file->ra;

	(void)state;
	map_all(0);
	disk.late = true;
	ra->mmap_miss = 99;
	touch(300);
	assert_log("(284,32)->308");
	assert_int_equal(ra->mmap_miss, 100 - 16); /* 288 to 303 are around it */
	ra->mmap_miss = 100;
	touch(500);
	assert_log("(500,1)"); /* alone */
	assert_int_equal(ra->mmap_miss, 101 - 1);
	ra->mmap_miss = 1000;
	touch(600);
	assert_int_equal(ra->mmap_miss, 1000 - 1);
	file_finish();
}

static void test_33_4_advised(void **state)
{
	(void)state;
	map_all(VM_RAND_READ);
	touch(300);
	assert_log("(300,1)");
	assert_int_equal(mm_unmap(mm, AT(0), LEN(1000)), 0);
	map_all(VM_SEQ_READ);
	touch(400);
	assert_log("(400,32)");
	file_finish();
}

static const struct CMUnitTest tests[] = {
	TEST(test_33_3_sizes),
	TEST(test_33_7_read_4k),
	TEST(test_33_7_read_8k),
	TEST(test_33_7_read_64k),
	TEST(test_33_7_read_128k),
	TEST(test_33_7_read_1m),
	TEST(test_33_7_alone),
	TEST(test_33_7_from_the_middle),
	TEST(test_33_7_context),
	TEST(test_33_7_context_in_the_middle),
	TEST(test_33_7_mmap),
	TEST(test_33_7_mmap_twice),
	TEST(test_33_7_mmap_refault),
	cmocka_unit_test_setup_teardown(test_33_7_small_file, small_setup, twin_teardown),
	TEST(test_33_5_foreign_marker),
	TEST(test_33_5_no_hole),
	TEST(test_33_5_random),
	TEST(test_33_1_sequential_doubles),
	TEST(test_33_2_window),
	TEST(test_33_4_mmap_miss),
	TEST(test_33_4_advised),
};

TEST_GROUP(readahead)
