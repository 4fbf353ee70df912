/*
 * Multiboot 1, good and broken.
 */
#include "boot/boot_case.h"

#define MAP_ADDR  0x400
#define LINE_ADDR 0x2000
#define MODS_ADDR 0x1800

static struct mb1_info mb1;
static uint32_t map_len;

static int setup(void **state)
{
	boot_case_start();
	memset(&mb1, 0, sizeof(mb1));
	map_len = 0;
	return twin_setup(state);
}

static void mb1_range_sized(uint32_t size, uint64_t base, uint64_t len, uint32_t type)
{
	struct mb1_mmap_entry e = {size, base, len, type};

	memcpy(ram + MAP_ADDR + map_len, &e, sizeof(e));
	map_len += size + 4;
}

static void mb1_range(uint64_t base, uint64_t len, uint32_t type)
{
	mb1_range_sized(20, base, len, type);
}

static void mb1_line(const char *text)
{
	mb1.flags |= MB1_INFO_CMDLINE;
	mb1.cmdline = LINE_ADDR;
	strcpy((char *)ram + LINE_ADDR, text);
}

static const char *read_mb1(void)
{
	if (map_len) {
		mb1.flags |= MB1_INFO_MMAP;
		mb1.mmap_addr = MAP_ADDR;
		mb1.mmap_length = map_len;
	}
	memcpy(ram + MB_ADDR, &mb1, sizeof(mb1));
	return boot_info_read(&info, MB1_LOADER_MAGIC, MB_ADDR, phys);
}

static void test_mb1_good_map(void **state)
{
	(void)state;
	mb1_range(0, 0x9fc00, 1);
	mb1_range_sized(24, 0x9fc00, 0x400, 2); /* a longer entry, as e820 3.0 has them */
	mb1_range(0x100000, 0x7fee0000, 1);
	mb1_line("/boot/lowwater.elf scenario=spike patch=none");
	assert_null(read_mb1());
	assert_int_equal(info.multiboot, 1);
	assert_int_equal(info.nr_ranges, 3);
	assert_int_equal(info.range[1].start, 0x9fc00);
	assert_int_equal(info.range[1].end, 0xa0000);
	assert_int_equal(info.range[1].type, 2);
	assert_int_equal(boot_usable_bytes(&info), 0x9fc00 + 0x7fee0000);
	assert_string_equal(info.cmdline, "scenario=spike patch=none");
}

static void test_mb1_path_is_dropped(void **state)
{
	static const char *const lines[][2] = {
		{"/some/where/lowwater.elf", ""},
		{"", ""},
		{"a   b=1", "b=1"},
		{" b=1", "b=1"},
		{"lowwater.elf ", ""},
		{"x b=1  c=2 ", "b=1  c=2 "},
	};

	(void)state;
	mb1_range(0x100000, 0x1000, 1);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		mb1_line(lines[i][0]);
		assert_null(read_mb1());
		assert_string_equal(info.cmdline, lines[i][1]);
		assert_null(strstr(info.cmdline, "lowwater"));
	}
}

static void test_mb1_without_command_line(void **state)
{
	(void)state;
	mb1_range(0x100000, 0x1000, 1);
	assert_null(read_mb1());
	assert_string_equal(info.cmdline, "");
}

static void test_no_loader(void **state)
{
	(void)state;
	assert_error(boot_info_read(&info, 0x12345678, MB_ADDR, phys),
		"no Multiboot loader started this image; expected Multiboot 1 or 2");
}

static void test_mb1_information_unreadable(void **state)
{
	(void)state;
	readable = MB_ADDR + sizeof(mb1) - 1;
	assert_error(read_mb1(), "Multiboot 1 information: " UNREADABLE);
}

static void test_mb1_no_map(void **state)
{
	(void)state;
	assert_error(
		read_mb1(), "memory map: the loader gave none; expected the firmware's (e820) map");
	mb1.flags = MB1_INFO_MMAP;
	assert_error(
		read_mb1(), "memory map: the loader gave none; expected the firmware's (e820) map");
}

static void test_mb1_map_unreadable(void **state)
{
	(void)state;
	mb1_range(0x100000, 0x1000, 1);
	readable = MAP_ADDR + map_len - 1;
	assert_error(read_mb1(), "memory map: " UNREADABLE);
}

/* QEMU's microvm has one; wherever it stands, it says nothing. */
static void test_mb1_an_empty_entry_is_ignored(void **state)
{
	(void)state;
	mb1_range(0x100000, 0, 1);
	mb1_range(0x100000, 0x1000, 1);
	mb1_range(0, 0, 2);
	mb1_range(1ull << 60, 0, 1);
	mb1_range(0x200000, 0x1000, 1);
	assert_null(read_mb1());
	assert_int_equal(info.nr_ranges, 2);
	assert_int_equal(info.range[0].start, 0x100000);
	assert_int_equal(info.range[1].start, 0x200000);
}

static void test_mb1_beyond_physical_addresses(void **state)
{
	const char *want = "memory map: an entry ends beyond 2^52; expected a physical address";

	(void)state;
	mb1_range(1ull << 52, 0x1000, 1);
	assert_error(read_mb1(), want);
	map_len = 0;
	mb1_range(0x1000, ~0ull, 1);
	assert_error(read_mb1(), want);
	map_len = 0;
	mb1_range((1ull << 52) - 0x1000, 0x1000, 1);
	assert_null(read_mb1());
}

static void test_mb1_overlapping(void **state)
{
	(void)state;
	mb1_range(0x100000, 0x1001, 1);
	mb1_range(0x101000, 0x1000, 2);
	assert_error(read_mb1(), "memory map: entries overlap; expected each byte in one entry");
}

static void test_mb1_unsorted(void **state)
{
	(void)state;
	mb1_range(0x200000, 0x1000, 1);
	mb1_range(0x100000, 0x1000, 1);
	assert_error(read_mb1(), "memory map: entries are unsorted; expected ascending addresses");
}

static void test_mb1_too_many(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < BOOT_MAX_RANGES; i++)
		mb1_range(0x100000 + i * 0x1000, 0x1000, 1);
	assert_null(read_mb1());
	assert_int_equal(info.nr_ranges, BOOT_MAX_RANGES);
	mb1_range(0x800000, 0x1000, 1);
	assert_error(read_mb1(), "memory map: more than 128 entries");
}

static void test_mb1_truncated(void **state)
{
	(void)state;
	mb1_range(0x100000, 0x1000, 1);
	mb1_range(0x200000, 0x1000, 1);
	map_len -= 1;
	assert_error(read_mb1(), "memory map: its last entry is truncated");
}

static void test_mb1_size_misfit(void **state)
{
	const char *want = "memory map: an entry's size does not fit the map";
	uint32_t size = 19;

	(void)state;
	mb1_range(0x100000, 0x1000, 1);
	memcpy(ram + MAP_ADDR, &size, 4);
	assert_error(read_mb1(), want);
	size = 21;
	memcpy(ram + MAP_ADDR, &size, 4);
	assert_error(read_mb1(), want);
	size = 0xffffffff;
	memcpy(ram + MAP_ADDR, &size, 4);
	assert_error(read_mb1(), want);
}

/* GRUB's "multiboot" passes no path: the first parameter must not be taken for one. */
static void test_mb1_first_word_may_be_a_parameter(void **state)
{
	(void)state;
	mb1_range(0x100000, 0x1000, 1);
	mb1_line("scenario=spike patch=all");
	assert_null(read_mb1());
	assert_string_equal(info.cmdline, "scenario=spike patch=all");
	mb1_range(0x200000, 0x1000, 1);
	mb1_line("build/a=b/lowwater.elf patch=all");
	assert_null(read_mb1());
	assert_string_equal(info.cmdline, "patch=all");
}

static void test_mb1_line_unreadable(void **state)
{
	(void)state;
	mb1_range(0x100000, 0x1000, 1);
	mb1.flags |= MB1_INFO_CMDLINE;
	mb1.cmdline = sizeof(ram);
	assert_error(read_mb1(), "command line: " UNREADABLE);
	mb1.cmdline = sizeof(ram) - 1;
	ram[sizeof(ram) - 1] = 'x';
	assert_error(read_mb1(), "command line: not terminated within its field");
}

/* Nothing is readable behind it, but all of it is. */
static void test_mb1_line_at_the_end_of_memory(void **state)
{
	static const char text[] = "image patch=all";

	(void)state;
	mb1_range(0x100000, 0x1000, 1);
	mb1.flags |= MB1_INFO_CMDLINE;
	mb1.cmdline = sizeof(ram) - sizeof(text);
	memcpy(ram + mb1.cmdline, text, sizeof(text));
	assert_null(read_mb1());
	assert_string_equal(info.cmdline, "patch=all");
}

static void test_mb1_line_unterminated(void **state)
{
	(void)state;
	mb1_range(0x100000, 0x1000, 1);
	mb1_line("image ");
	memset(ram + LINE_ADDR + 6, 'x', 0x1800);
	assert_error(read_mb1(), "command line: not terminated within its field");
}

/*
 * The search for the path's end stops at the span that was asked for; what lies behind it is not
 * the command line.
 */
static void test_mb1_line_is_not_read_past_its_span(void **state)
{
	(void)state;
	mb1_range(0x100000, 0x1000, 1);
	mb1_line("");
	memset(ram + LINE_ADDR, 'x', 2 * BOOT_CMDLINE_LEN);
	strcpy((char *)ram + LINE_ADDR + 2 * BOOT_CMDLINE_LEN, " beyond=1");
	readable = LINE_ADDR + 2 * BOOT_CMDLINE_LEN;
	assert_error(read_mb1(), "command line: not terminated within its field");
}

static void test_mb1_line_as_long_as_it_may_be(void **state)
{
	(void)state;
	mb1_range(0x100000, 0x1000, 1);
	mb1_line("image ");
	memset(ram + LINE_ADDR + 6, 'x', BOOT_CMDLINE_LEN - 1);
	assert_null(read_mb1());
	assert_int_equal(strlen(info.cmdline), BOOT_CMDLINE_LEN - 1);
}

static void mb1_module(uint32_t start, uint32_t end)
{
	struct mb1_module module = {.start = start, .end = end};

	mb1_range(0x100000, 0x1000, 1);
	mb1.flags |= MB1_INFO_MODS;
	mb1.mods_count = 1;
	mb1.mods_addr = MODS_ADDR;
	memcpy(ram + MODS_ADDR, &module, sizeof(module));
}

static void test_mb1_module(void **state)
{
	(void)state;
	mb1_module(0x7000, 0x7123);
	assert_null(read_mb1());
	assert_int_equal(info.file_start, 0x7000);
	assert_int_equal(info.file_end, 0x7123);
	mb1.mods_count = 0;
	assert_null(read_mb1());
	assert_int_equal(info.file_end, 0);
	mb1.mods_count = 1;
	mb1.flags &= ~MB1_INFO_MODS;
	assert_null(read_mb1());
	assert_int_equal(info.file_end, 0);
}

static void test_mb1_bad_modules(void **state)
{
	(void)state;
	mb1_module(0x7000, 0x7000);
	assert_error(read_mb1(), "module: is empty; expected a file");
	mb1_module(0x7001, 0x7000);
	assert_error(read_mb1(), "module: is empty; expected a file");
	mb1_module(0x7000, 0x8001);
	assert_error(read_mb1(), "module: " UNREADABLE);
	mb1_module(0x7000, 0x7123);
	mb1.mods_count = 2;
	assert_error(read_mb1(), "module: a second one; expected at most one");
	mb1.mods_count = 1;
	mb1.mods_addr = sizeof(ram) - sizeof(struct mb1_module) + 1;
	assert_error(read_mb1(), "module: its entry " UNREADABLE);
}

/* Reserved ranges may lie anywhere: nobody maps them. */
static void test_usable_memory_beyond_a_limit(void **state)
{
	const struct boot_range *r;

	(void)state;
	mb1_range(0x100000, 0x1000, 1);
	mb1_range(0xfd00000000, 0x300000000, 2);
	mb1_range(0x10000000000, 0x1000, 1);
	mb1_range(0x20000000000, 0x1000, 1);
	assert_null(read_mb1());
	assert_null(boot_usable_beyond(&info, 0x20000001000));
	assert_ptr_equal(boot_usable_beyond(&info, 0x20000000fff), &info.range[3]);
	r = boot_usable_beyond(&info, 0x10000000000);
	assert_int_equal(r->start, 0x10000000000);
	assert_int_equal(r->end, 0x10000001000);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_mb1_good_map),
	TEST(test_mb1_path_is_dropped),
	TEST(test_mb1_first_word_may_be_a_parameter),
	TEST(test_mb1_without_command_line),
	TEST(test_no_loader),
	TEST(test_mb1_information_unreadable),
	TEST(test_mb1_no_map),
	TEST(test_mb1_map_unreadable),
	TEST(test_mb1_an_empty_entry_is_ignored),
	TEST(test_mb1_beyond_physical_addresses),
	TEST(test_usable_memory_beyond_a_limit),
	TEST(test_mb1_overlapping),
	TEST(test_mb1_unsorted),
	TEST(test_mb1_too_many),
	TEST(test_mb1_truncated),
	TEST(test_mb1_size_misfit),
	TEST(test_mb1_line_unreadable),
	TEST(test_mb1_line_at_the_end_of_memory),
	TEST(test_mb1_line_unterminated),
	TEST(test_mb1_line_is_not_read_past_its_span),
	TEST(test_mb1_line_as_long_as_it_may_be),
	TEST(test_mb1_module),
	TEST(test_mb1_bad_modules),
};

TEST_GROUP(multiboot1)
