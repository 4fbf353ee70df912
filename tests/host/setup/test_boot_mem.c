/*
 * Memory before the page allocator (reference §2.2, §3.10): trimming, reservations, top-down
 * allocation.
 */
#include "twin.h"

#include "boot/multiboot.h"
#include "mm/setup/boot_mem.h"

static struct boot_info info;
static struct boot_mem bm;

static void add(uint64_t start, uint64_t end, uint32_t type)
{
	info.range[info.nr_ranges++] = (struct boot_range){start, end, type};
}

static void assert_usable(unsigned int i, unsigned long start, unsigned long end)
{
	assert_true(i < bm.nr_usable);
	assert_int_equal(bm.usable[i].start, start);
	assert_int_equal(bm.usable[i].end, end);
}

static int setup(void **state)
{
	info.nr_ranges = 0;
	return twin_setup(state);
}

static void test_2_2_page_0_and_legacy_hole(void **state)
{
	(void)state;
	add(0, 0x400000, MB_MEMORY_USABLE);
	boot_mem_init(&bm, &info);
	assert_int_equal(bm.nr_usable, 2);
	assert_usable(0, 1, 0xa0);
	assert_usable(1, 0x100, 0x400);
	assert_int_equal(boot_mem_first(&bm), 1);
	assert_int_equal(boot_mem_end(&bm), 0x400);
}

static void test_2_2_legacy_hole_within_one_range(void **state)
{
	(void)state;
	add(0xa8000, 0xc0000, MB_MEMORY_USABLE);
	add(0xf0000, 0x200000, MB_MEMORY_USABLE);
	boot_mem_init(&bm, &info);
	assert_int_equal(bm.nr_usable, 1);
	assert_usable(0, 0x100, 0x200);
}

static void test_2_2_partial_pages_round_inwards(void **state)
{
	(void)state;
	add(0x1001, 0x3fff, MB_MEMORY_USABLE);
	add(0x5000, 0x5fff, MB_MEMORY_USABLE);
	add(0x100800, 0x101800, MB_MEMORY_USABLE);
	add(0x101800, 0x103001, MB_MEMORY_USABLE);
	boot_mem_init(&bm, &info);
	assert_int_equal(bm.nr_usable, 2);
	assert_usable(0, 2, 3);
	assert_usable(1, 0x102, 0x103);
}

static void test_2_2_only_usable_type_counts(void **state)
{
	(void)state;
	add(0x100000, 0x200000, 2);
	add(0x200000, 0x300000, MB_MEMORY_USABLE);
	add(0x300000, 0x400000, 3);
	boot_mem_init(&bm, &info);
	assert_int_equal(bm.nr_usable, 1);
	assert_usable(0, 0x200, 0x300);
}

static void test_2_2_most_ranges_fit(void **state)
{
	(void)state;
	add(0x1000, 0x200000, MB_MEMORY_USABLE);
	for (unsigned int i = 1; i < BOOT_MAX_RANGES; i++)
		add(0x200000 + i * 0x2000, 0x201000 + i * 0x2000, MB_MEMORY_USABLE);
	boot_mem_init(&bm, &info);
	assert_int_equal(bm.nr_usable, BOOT_MAX_RANGES + 1);
}

static void test_2_2_empty_map(void **state)
{
	(void)state;
	boot_mem_init(&bm, &info);
	assert_int_equal(boot_mem_first(&bm), 0);
	assert_int_equal(boot_mem_end(&bm), 0);
	assert_int_equal(boot_mem_alloc(&bm, 1, 1), 0);
}

static void test_2_2_present_within_bounds(void **state)
{
	(void)state;
	add(0x100000, 0x200000, MB_MEMORY_USABLE);
	add(0x300000, 0x400000, MB_MEMORY_USABLE);
	boot_mem_init(&bm, &info);
	assert_int_equal(boot_mem_present(&bm, 0, ~0ul), 0x200);
	assert_int_equal(boot_mem_present(&bm, 0x180, 0x380), 0x100);
	assert_int_equal(boot_mem_present(&bm, 0x200, 0x300), 0);
	/* Reserved frames are present all the same. */
	assert_true(boot_mem_reserve(&bm, 0x100, 0x180));
	assert_int_equal(boot_mem_present(&bm, 0, ~0ul), 0x200);
}

static char stretches[512];

static void note(void *arg, unsigned long start, unsigned long end)
{
	size_t len = strlen(stretches);

	(void)arg;
	snprintf(stretches + len, sizeof(stretches) - len, "%lx-%lx ", start, end);
}

static const char *free_stretches(void)
{
	stretches[0] = '\0';
	boot_mem_for_each_free(&bm, note, NULL);
	return stretches;
}

static void test_3_10_free_is_usable_less_reserved(void **state)
{
	(void)state;
	add(0x100000, 0x200000, MB_MEMORY_USABLE);
	add(0x300000, 0x400000, MB_MEMORY_USABLE);
	boot_mem_init(&bm, &info);
	assert_string_equal(free_stretches(), "100-200 300-400 ");
	boot_mem_reserve(&bm, 0x180, 0x190);
	assert_string_equal(free_stretches(), "100-180 190-200 300-400 ");
	boot_mem_reserve(&bm, 0x100, 0x110);
	assert_string_equal(free_stretches(), "110-180 190-200 300-400 ");
	boot_mem_reserve(&bm, 0x1f0, 0x310);
	assert_string_equal(free_stretches(), "110-180 190-1f0 310-400 ");
	boot_mem_reserve(&bm, 0x300, 0x500);
	assert_string_equal(free_stretches(), "110-180 190-1f0 ");
}

static void test_3_10_reservations_may_overlap(void **state)
{
	(void)state;
	add(0x100000, 0x200000, MB_MEMORY_USABLE);
	boot_mem_init(&bm, &info);
	boot_mem_reserve(&bm, 0x120, 0x180);
	boot_mem_reserve(&bm, 0x110, 0x130);
	boot_mem_reserve(&bm, 0x140, 0x150);
	assert_string_equal(free_stretches(), "100-110 180-200 ");
}

static void test_3_10_touching_reservations_share_an_entry(void **state)
{
	(void)state;
	add(0x100000, 0x800000, MB_MEMORY_USABLE);
	boot_mem_init(&bm, &info);
	for (unsigned long pfn = 0x100; pfn < 0x200; pfn++)
		assert_true(boot_mem_reserve(&bm, pfn, pfn + 1));
	for (unsigned long pfn = 0x3ff; pfn >= 0x300; pfn--)
		assert_true(boot_mem_reserve(&bm, pfn, pfn + 1));
	assert_int_equal(bm.nr_reserved, 2);
	assert_string_equal(free_stretches(), "200-300 400-800 ");
}

static void test_3_10_too_many_reservations(void **state)
{
	(void)state;
	add(0x100000, 0x800000, MB_MEMORY_USABLE);
	boot_mem_init(&bm, &info);
	for (unsigned long i = 0; i < ARRAY_SIZE(bm.reserved); i++)
		assert_true(boot_mem_reserve(&bm, 0x700 - 2 * i, 0x701 - 2 * i));
	assert_false(boot_mem_reserve(&bm, 0x110, 0x111));
	/* An allocation that would need a separate one is refused, not handed out twice. */
	assert_int_equal(boot_mem_alloc(&bm, 1, 0x100), 0);
	for (unsigned int i = 1; i < bm.nr_reserved; i++)
		assert_true(bm.reserved[i - 1].start < bm.reserved[i].start);
}

static void test_3_10_alloc_is_top_down_and_aligned(void **state)
{
	(void)state;
	add(0x100000, 0x200000, MB_MEMORY_USABLE);
	add(0x300000, 0x401000, MB_MEMORY_USABLE);
	boot_mem_init(&bm, &info);
	assert_int_equal(boot_mem_alloc(&bm, 1, 1), 0x400);
	assert_int_equal(boot_mem_alloc(&bm, 1, 1), 0x3ff);
	assert_int_equal(boot_mem_alloc(&bm, 16, 16), 0x3e0);
	assert_int_equal(boot_mem_alloc(&bm, 15, 1), 0x3f0);
	assert_int_equal(boot_mem_alloc(&bm, 0xf0, 1), 0x110);
	assert_int_equal(boot_mem_alloc(&bm, 0xe0, 1), 0x300);
	assert_int_equal(boot_mem_alloc(&bm, 17, 1), 0);
	assert_int_equal(boot_mem_alloc(&bm, 16, 1), 0x100);
	assert_int_equal(boot_mem_alloc(&bm, 1, 1), 0);
	assert_string_equal(free_stretches(), "");
}

/* What boot_mem_absent() asked for, and from where on nothing is there. */
static uint64_t asked[16], absent_from;
static unsigned int nr_asked;

static bool holds(uint64_t addr)
{
	asked[nr_asked++] = addr;
	return addr < absent_from;
}

static void test_the_ends_of_usable_memory_are_asked(void **state)
{
	static const uint64_t want[] = {0x1000, 0x9eff8, 0x200000, 0x3ffff8, 0x500000, 0x500ff8};

	(void)state;
	add(0, 0x9fc00, MB_MEMORY_USABLE);
	add(0x9fc00, 0xa0000, 2);
	add(0x200000, 0x400000, MB_MEMORY_USABLE);
	add(0x500000, 0x501800, MB_MEMORY_USABLE);
	boot_mem_init(&bm, &info);
	absent_from = ~0ull;
	nr_asked = 0;
	assert_int_equal(boot_mem_absent(&bm, holds), 0);
	assert_int_equal(nr_asked, ARRAY_SIZE(want));
	assert_memory_equal(asked, want, sizeof(want));
	absent_from = 0x500000;
	assert_int_equal(boot_mem_absent(&bm, holds), 0x500000);
	absent_from = 0x3ffff8;
	assert_int_equal(boot_mem_absent(&bm, holds), 0x3ffff8);
}

/* The image's first page must not be written, and is there. */
static void test_reserved_ends_are_not_asked(void **state)
{
	(void)state;
	add(0x100000, 0x400000, MB_MEMORY_USABLE);
	boot_mem_init(&bm, &info);
	boot_mem_reserve(&bm, 0x100, 0x180);
	absent_from = 0;
	nr_asked = 0;
	assert_int_equal(boot_mem_absent(&bm, holds), 0x3ffff8);
	assert_int_equal(nr_asked, 1);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_the_ends_of_usable_memory_are_asked),
	TEST(test_reserved_ends_are_not_asked),
	TEST(test_2_2_page_0_and_legacy_hole),
	TEST(test_2_2_legacy_hole_within_one_range),
	TEST(test_2_2_partial_pages_round_inwards),
	TEST(test_2_2_only_usable_type_counts),
	TEST(test_2_2_most_ranges_fit),
	TEST(test_2_2_empty_map),
	TEST(test_2_2_present_within_bounds),
	TEST(test_3_10_free_is_usable_less_reserved),
	TEST(test_3_10_reservations_may_overlap),
	TEST(test_3_10_touching_reservations_share_an_entry),
	TEST(test_3_10_too_many_reservations),
	TEST(test_3_10_alloc_is_top_down_and_aligned),
};
TEST_GROUP(boot_mem)
