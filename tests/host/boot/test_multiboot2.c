/*
 * Multiboot 2, good and broken.
 */
#include "boot/boot_case.h"

static uint32_t tags_len;

static int setup(void **state)
{
	boot_case_start();
	tags_len = sizeof(struct mb2_info);
	return twin_setup(state);
}

static void put(const void *data, uint32_t len)
{
	memcpy(ram + MB_ADDR + tags_len, data, len);
	tags_len += len;
}

static void mb2_tag_header(uint32_t type, uint32_t size)
{
	struct mb2_tag tag = {type, size};

	tags_len = (tags_len + 7) & ~7u;
	put(&tag, sizeof(tag));
}

static void mb2_line(const char *text, uint32_t size)
{
	mb2_tag_header(MB2_TAG_CMDLINE, 8 + size);
	put(text, size);
}

static void mb2_map(const struct boot_range *r, unsigned int n, uint32_t entry_size)
{
	const uint32_t version[] = {entry_size, 0};

	mb2_tag_header(MB2_TAG_MMAP, 16 + n * entry_size);
	put(version, sizeof(version));
	for (unsigned int i = 0; i < n; i++) {
		struct mb2_mmap_entry e = {r[i].start, r[i].end - r[i].start, r[i].type, 0};

		memcpy(ram + MB_ADDR + tags_len, &e, MIN(sizeof(e), entry_size));
		tags_len += entry_size;
	}
}

static const char *read_mb2(void)
{
	struct mb2_info head = {tags_len, 0};

	memcpy(ram + MB_ADDR, &head, sizeof(head));
	return boot_info_read(&info, MB2_LOADER_MAGIC, MB_ADDR, phys);
}

static const char *read_mb2_ended(void)
{
	mb2_tag_header(MB2_TAG_END, 8);
	return read_mb2();
}

static const struct boot_range good[] = {
	{0, 0x9fc00, 1}, {0x9fc00, 0xa0000, 2}, {0x100000, 0x7ffe0000, 1}};

static void test_mb2_good_map(void **state)
{
	(void)state;
	mb2_line("scenario=info  seed=1", 22);
	mb2_tag_header(77, 11); /* somebody else's tag, of odd size */
	put("abc", 3);
	mb2_map(good, 3, 24);
	assert_null(read_mb2_ended());
	assert_int_equal(info.multiboot, 2);
	assert_int_equal(info.nr_ranges, 3);
	assert_memory_equal(&info.range[2].start, &good[2].start, 16);
	assert_string_equal(info.cmdline, "scenario=info  seed=1");
}

static void test_mb2_longer_entries(void **state)
{
	(void)state;
	mb2_map(good, 3, 40);
	assert_null(read_mb2_ended());
	assert_int_equal(info.nr_ranges, 3);
	assert_int_equal(info.range[2].end, 0x7ffe0000);
}

static void mb2_module(uint32_t start, uint32_t end)
{
	const uint32_t range[] = {start, end};

	mb2_tag_header(MB2_TAG_MODULE, 16 + 6);
	put(range, sizeof(range));
	put("state", 6);
}

static void test_mb2_module(void **state)
{
	(void)state;
	mb2_map(good, 3, 24);
	mb2_module(0x7000, 0x7123);
	assert_null(read_mb2_ended());
	assert_int_equal(info.file_start, 0x7000);
	assert_int_equal(info.file_end, 0x7123);
}

static void test_mb2_bad_modules(void **state)
{
	(void)state;
	mb2_map(good, 3, 24);
	mb2_module(0x7000, 0x7000);
	assert_error(read_mb2_ended(), "module: is empty; expected a file");
	tags_len = sizeof(struct mb2_info);
	mb2_module(0x7000, 0x7001);
	mb2_module(0x7800, 0x7801);
	assert_error(read_mb2_ended(), "module: a second one; expected at most one");
	tags_len = sizeof(struct mb2_info);
	mb2_tag_header(MB2_TAG_MODULE, 15);
	put("1234567", 7);
	assert_error(read_mb2_ended(), "module: its tag is truncated");
}

static void test_mb2_information_unreadable(void **state)
{
	const char *want = "Multiboot 2 information: " UNREADABLE;

	(void)state;
	mb2_map(good, 3, 24);
	readable = MB_ADDR + 7;
	assert_error(read_mb2_ended(), want);
	readable = MB_ADDR + tags_len - 1;
	assert_error(read_mb2(), want);
}

static void test_mb2_no_end_tag(void **state)
{
	const char *want = "Multiboot 2 information: ends without its end tag";

	(void)state;
	assert_error(read_mb2(), want);
	mb2_map(good, 3, 24);
	assert_error(read_mb2(), want);
}

static void test_mb2_tag_misfit(void **state)
{
	const char *want = "Multiboot 2 information: a tag does not fit its block";

	(void)state;
	mb2_tag_header(9, 7);
	assert_error(read_mb2_ended(), want);
	tags_len = 8;
	mb2_tag_header(9, 17);
	assert_error(read_mb2_ended(), want);
	tags_len = 8;
	mb2_tag_header(9, 0xfffffff9);
	assert_error(read_mb2_ended(), want);
}

static void test_mb2_no_map(void **state)
{
	(void)state;
	assert_error(read_mb2_ended(),
		"memory map: the loader gave none; expected the firmware's (e820) map");
}

static void test_mb2_map_tag_truncated(void **state)
{
	(void)state;
	mb2_tag_header(MB2_TAG_MMAP, 12);
	tags_len += 8;
	assert_error(read_mb2_ended(), "memory map: its tag is truncated");
}

static void test_mb2_entries_too_small(void **state)
{
	(void)state;
	mb2_map(good, 1, 20);
	assert_error(
		read_mb2_ended(), "memory map: entries are too small; expected 24 bytes or more");
}

static void test_mb2_last_entry_truncated(void **state)
{
	uint32_t size = 16 + 3 * 24 - 1;

	(void)state;
	mb2_map(good, 3, 24);
	memcpy(ram + MB_ADDR + 8 + 4, &size, 4);
	assert_error(read_mb2_ended(), "memory map: its last entry is truncated");
}

static void test_mb2_bad_ranges(void **state)
{
	static const struct boot_range unsorted[] = {{0x2000, 0x3000, 1}, {0x1000, 0x2000, 1}};
	static const struct boot_range overlapping[] = {{0x1000, 0x3000, 1}, {0x2fff, 0x4000, 1}};

	(void)state;
	mb2_map(unsorted, 2, 24);
	assert_error(
		read_mb2_ended(), "memory map: entries are unsorted; expected ascending addresses");
	tags_len = 8;
	mb2_map(overlapping, 2, 24);
	assert_error(
		read_mb2_ended(), "memory map: entries overlap; expected each byte in one entry");
}

static void test_mb2_line_unterminated(void **state)
{
	const char *want = "command line: not terminated within its field";

	(void)state;
	mb2_line("abc", 3);
	assert_error(read_mb2_ended(), want);
	tags_len = 8;
	mb2_line("", 0);
	assert_error(read_mb2_ended(), want);
}

static void test_mb2_line_too_long(void **state)
{
	static char text[BOOT_CMDLINE_LEN + 1];

	(void)state;
	memset(text, 'x', BOOT_CMDLINE_LEN);
	mb2_line(text, sizeof(text));
	assert_error(read_mb2_ended(), "command line: too long; expected at most 2047 characters");
	tags_len = 8;
	text[BOOT_CMDLINE_LEN - 1] = '\0';
	mb2_line(text, BOOT_CMDLINE_LEN);
	mb2_map(good, 3, 24);
	assert_null(read_mb2_ended());
	assert_int_equal(strlen(info.cmdline), BOOT_CMDLINE_LEN - 1);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_mb2_good_map),
	TEST(test_mb2_longer_entries),
	TEST(test_mb2_module),
	TEST(test_mb2_bad_modules),
	TEST(test_mb2_information_unreadable),
	TEST(test_mb2_no_end_tag),
	TEST(test_mb2_tag_misfit),
	TEST(test_mb2_no_map),
	TEST(test_mb2_map_tag_truncated),
	TEST(test_mb2_entries_too_small),
	TEST(test_mb2_last_entry_truncated),
	TEST(test_mb2_bad_ranges),
	TEST(test_mb2_line_unterminated),
	TEST(test_mb2_line_too_long),
};

TEST_GROUP(multiboot2)
