/*
 * Machines whose memory map is odd or too small (mm/setup/memory_init.h, §2.2): stretches that share a
 * block, pageblocks without memory, no room for what the allocator itself needs.
 */
#include "twin.h"

#include "boot/multiboot.h"
#include "host_machine.h"
#include "mm/alloc/highatomic.h"
#include "mm/page/pageblock.h"
#include "mm/show/proc.h"

static bool map_nothing(
	struct memory *m, struct boot_mem *bm, unsigned long start, unsigned long end)
{
	(void)m;
	(void)bm;
	(void)start;
	(void)end;
	return true;
}

/* Everything usable is taken before the allocator asks for its own page. */
static void test_2_2_no_room_for_the_pageblock_types(void **state)
{
	static const struct boot_info info = {
		.nr_ranges = 1, .range = {{MIB(1), MIB(2), MB_MEMORY_USABLE}}};
	static struct boot_mem bm;
	struct memory *m = machine_of_counts(10, 0, 0, 0);

	(void)state;
	boot_mem_init(&bm, &info);
	assert_true(boot_mem_reserve(&bm, 256, 512));
	assert_string_equal(
		memory_setup(m, &bm, map_nothing), "memory: too little for the pageblock types");
}

/* The page array is mapped by whole top-order blocks: once, also where three stretches share one. */
static void test_2_2_stretches_that_share_a_block(void **state)
{
	struct machine_spec spec = {.range = {{MIB(1), 0x150000, MB_MEMORY_USABLE},
					    {0x180000, 0x190000, MB_MEMORY_USABLE},
					    {0x200000, 0x212000, MB_MEMORY_USABLE},
					    {MIB(4), MIB(24), MB_MEMORY_USABLE}}};
	struct memory *m = machine_new(&spec);

	(void)state;
	assert_int_equal(dma(m)->present, 0x50 + 0x10 + 0x12 + 3072);
	assert_int_equal(m->totalram_pages, dma(m)->present + dma32(m)->present - 2);
	assert_valid(m);
	for (unsigned long n = m->totalram_pages; n; n--)
		assert_non_null(alloc_pages(m, GFP_NOWAIT | __GFP_MEMALLOC, 0));
	assert_int_equal(all_free(m), 0);
	assert_valid(m);
}

/* Memory that begins or ends one page from a top-order block's edge: all of it is there. */
static void use_all_of(uint64_t start, uint64_t end)
{
	struct machine_spec spec = {
		.range = {{MIB(1), MIB(30), MB_MEMORY_USABLE}, {start, end, MB_MEMORY_USABLE}}};
	struct memory *m = machine_new(&spec);

	assert_valid(m);
	for (unsigned long n = m->totalram_pages; n; n--)
		assert_non_null(alloc_pages(m, GFP_NOWAIT | __GFP_MEMALLOC, 0));
	assert_valid(m);
	memset(pfn_to_page(m, start >> PAGE_SHIFT), 0, sizeof(struct page));
	memset(pfn_to_page(m, (end >> PAGE_SHIFT) - 1), 0, sizeof(struct page));
}

static void test_2_2_one_page_beyond_a_block(void **state)
{
	(void)state;
	use_all_of(MIB(40), MIB(44) + PAGE_SIZE);
	use_all_of(MIB(40) - PAGE_SIZE, MIB(44));
	use_all_of(MIB(40) + PAGE_SIZE, MIB(44) - PAGE_SIZE);
}

/* A zone of one pageblock, not whole: it can be reserved, but its pages stay where they are (§3.7). */
static void test_3_7_a_zone_smaller_than_a_pageblock(void **state)
{
	struct machine_spec spec = {.range = {{MIB(1), MIB(3), MB_MEMORY_USABLE}}};
	struct memory *m = machine_new(&spec);
	struct page *page;

	(void)state;
	assert_false(m->mobility_grouping);
	memory_no_marks(m);
	page = alloc_pages(m, GFP_ATOMIC, 1);
	assert_non_null(page);
	free_pages(m, page, 1);
	assert_valid(m);
	assert_int_equal(all_free(m), dma(m)->managed);
}

static void test_10_8_pagetypeinfo_leaves_out_holes(void **state)
{
	struct machine_spec spec = {
		.range = {{MIB(1), MIB(4), MB_MEMORY_USABLE}, {MIB(8), MIB(40), MB_MEMORY_USABLE}}};
	struct memory *m = machine_new(&spec);

	(void)state;
	assert_int_equal(dma(m)->nr_pageblocks, 4);
	assert_int_equal(blocks_of_type(dma(m), PAGEBLOCK_HOLE), 1);
	print_pagetypeinfo(m);
	assert_line("Node 0, zone %8s %12d %12d %12d %12d %12d %12d ", "DMA", 0, 3, 0, 0, 0, 0);
}

/* Whole pageblocks by their tag, whatever the counter says, holes left out. */
static void test_4_1_what_is_tagged_h(void **state)
{
	struct machine_spec spec = {
		.range = {{MIB(1), MIB(4), MB_MEMORY_USABLE}, {MIB(8), MIB(40), MB_MEMORY_USABLE}}};
	struct memory *m = machine_new(&spec);

	(void)state;
	assert_int_equal(highatomic_tagged(dma(m)), 0);
	set_pageblock_type(dma(m), 2048, MIGRATE_HIGHATOMIC);
	set_pageblock_type(dma(m), 4095, MIGRATE_HIGHATOMIC);
	assert_int_equal(highatomic_tagged(dma(m)), 2048);
	assert_int_equal(highatomic_tagged(dma32(m)), 0);
	assert_int_equal(dma(m)->nr_reserved_highatomic, 0);
}

static const struct CMUnitTest tests[] = {
	TEST(test_2_2_no_room_for_the_pageblock_types),
	TEST(test_2_2_stretches_that_share_a_block),
	TEST(test_2_2_one_page_beyond_a_block),
	TEST(test_3_7_a_zone_smaller_than_a_pageblock),
	TEST(test_10_8_pagetypeinfo_leaves_out_holes),
	TEST(test_4_1_what_is_tagged_h),
};
TEST_GROUP(odd_maps)
