/*
 * What the boot loader tells (DESIGN §6): Multiboot 1 and 2, good and broken. "Physical memory"
 * is a buffer of which a part is readable.
 */
#include "twin.h"

#include "boot/bootinfo.h"
#include "boot/multiboot.h"

#define MB_ADDR   0x100
#define MAP_ADDR  0x400
#define LINE_ADDR 0x2000
#define MODS_ADDR 0x1800

#define UNREADABLE "lies outside readable memory; expected it below 1 GiB and not in the image"

static uint8_t ram[0x8000];
static uint64_t readable;
static struct boot_info info;
static struct mb1_info mb1;
static uint32_t map_len, tags_len;

static const void *phys(uint64_t addr, uint64_t len)
{
	return addr <= readable && len <= readable - addr ? ram + addr : NULL;
}

static int setup(void **state)
{
	memset(ram, 0, sizeof(ram));
	memset(&mb1, 0, sizeof(mb1));
	readable = sizeof(ram);
	map_len = 0;
	tags_len = sizeof(struct mb2_info);
	return twin_setup(state);
}

/* Multiboot 1 */

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

#define assert_error(result, text)                                                                 \
	do {                                                                                       \
		const char *err_ = (result);                                                       \
		assert_non_null(err_);                                                             \
		assert_string_equal(err_, text);                                                   \
	} while (0)

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

/* Multiboot 2 */

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
TEST_GROUP(bootinfo)
