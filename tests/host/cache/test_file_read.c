/*
 * read() (§33.6, §41.2 item 8).
 */
#include "cache/cache_case.h"

static char data[64 * PAGE_SIZE];

static void test_33_6_bytes(void **state)
{
	(void)state;
	assert_int_equal(file_read(disk.file, 4090, data, 12), 12);
	assert_memory_equal(data, (char *)page_address(m, cached(0)) + 4090, 6);
	assert_memory_equal(data + 6, page_address(m, cached(1)), 6);
	assert_int_equal(disk.file->ra.prev_pos, 4096 + 6);
	assert_int_equal(file_read(disk.file, 8000, data, 192), 192);
	assert_int_equal(disk.file->ra.prev_pos, 4096); /* to its end: 0 */
	file_finish();
}

static int odd_setup(void **state)
{
	int err = twin_setup(state);

	file_start(1, 10 * PAGE_SIZE + 100);
	return err;
}

static void test_33_6_the_end(void **state)
{
	(void)state;
	assert_int_equal(disk.as.size, 11);
	assert_int_equal(file_read(disk.file, 10 * PAGE_SIZE, data, 500), 100);
	assert_int_equal(file_read(disk.file, 10 * PAGE_SIZE + 100, data, 500), 0);
	assert_int_equal(file_read(disk.file, 0, data, sizeof(data)), 10 * PAGE_SIZE + 100);
	file_finish();
}

/* Marked at each new place; gone on with where it was left, it is not used once more. */
static void test_33_6_marks(void **state)
{
	struct page *page;

	(void)state;
	file_read(disk.file, 0, data, 100);
	page = cached(0);
	assert_true(page_has(page, PG_REFERENCED));
	file_read(disk.file, 100, data, 100);
	lru_add_drain(m);
	assert_false(page_has(page, PG_ACTIVE));
	file_read(disk.file, 50, data, 100);
	lru_add_drain(m);
	assert_true(page_has(page, PG_ACTIVE));
	assert_false(page_has(page, PG_REFERENCED));
	assert_int_equal(m->node.lru.inactive_age, 1);
	file_finish();
}

static void test_33_6_waits(void **state)
{
	(void)state;
	disk.late = true;
	read_pages_of(0, 4);
	assert_int_equal(twin.sleeps, 1);
	read_pages_of(4, 30);
	file_finish();
}

static void test_33_6_errors(void **state)
{
	(void)state;
	disk.bad = 3;
	disk.fails = 2;
	assert_int_equal(file_read(disk.file, 0, data, 8 * PAGE_SIZE), 3 * PAGE_SIZE);
	assert_int_equal(disk.file->ra.ra_pages, 8);
	disk.fails = 1;
	assert_int_equal(file_read(disk.file, 3 * PAGE_SIZE, data, PAGE_SIZE), -EIO);
	assert_int_equal(disk.file->ra.ra_pages, 2);
	assert_int_equal(file_read(disk.file, 3 * PAGE_SIZE, data, PAGE_SIZE), PAGE_SIZE);
	file_finish();
}

static void be_killed(void)
{
	current->kill_pending = true;
}

static void test_33_6_killed(void **state)
{
	(void)state;
	disk.late = true;
	twin.on_sleep = be_killed;
	assert_int_equal(file_read(disk.file, 0, data, PAGE_SIZE), -EINTR);
	current->kill_pending = false;
	file_finish();
}

static const struct CMUnitTest tests[] = {
	TEST(test_33_6_bytes),
	cmocka_unit_test_setup_teardown(test_33_6_the_end, odd_setup, twin_teardown),
	TEST(test_33_6_marks),
	TEST(test_33_6_waits),
	TEST(test_33_6_errors),
	TEST(test_33_6_killed),
};

TEST_GROUP(file_read)
