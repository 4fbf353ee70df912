/*
 * Zones from firmware maps (reference §2.1, §2.2), as Linux 6.1 sees them on the same machines,
 * and the zonelist (§2.3).
 */
#include "twin.h"

#include "boot/multiboot.h"
#include "host_machine.h"
#include "mm/page/pageblock.h"

#define RESERVED 2

struct zone_row {
	unsigned long spanned, present;
};

struct pc_row {
	unsigned long mem_mib;
	uint64_t low_end;  /* end of usable memory below 4 GiB */
	uint64_t high_end; /* the same above, or 0 */
	struct zone_row zone[3];
};

static const struct pc_row pcs[] = {
	{128, 0x7fe0000, 0, {{4095, 3998}, {28640, 28640}}},
	{256, 0xffe0000, 0, {{4095, 3998}, {61408, 61408}}},
	{512, 0x1ffe0000, 0, {{4095, 3998}, {126944, 126944}}},
	{1024, 0x3ffe0000, 0, {{4095, 3998}, {258016, 258016}}},
	{2048, 0x7ffe0000, 0, {{4095, 3998}, {520160, 520160}}},
	{3072, 0xbffe0000, 0, {{4095, 3998}, {782304, 782304}}},
	{4096, 0xbffe0000, 0x140000000, {{4095, 3998}, {1044480, 782304}, {262144, 262144}}},
	{8192, 0xbffe0000, 0x240000000, {{4095, 3998}, {1044480, 782304}, {1310720, 1310720}}},
};

static void add(struct boot_info *info, uint64_t start, uint64_t end, uint32_t type)
{
	info->range[info->nr_ranges++] = (struct boot_range){start, end, type};
}

/* The e820 map of SeaBIOS on that machine. */
static void pc_map(const struct pc_row *pc, struct boot_info *info)
{
	info->nr_ranges = 0;
	add(info, 0, 0x9fc00, MB_MEMORY_USABLE);
	add(info, 0x9fc00, 0xa0000, RESERVED);
	add(info, 0xf0000, 0x100000, RESERVED);
	add(info, 0x100000, pc->low_end, MB_MEMORY_USABLE);
	add(info, pc->low_end, pc->low_end + 0x20000, RESERVED);
	add(info, 0xfffc0000, 0x100000000, RESERVED);
	if (pc->high_end)
		add(info, 0x100000000, pc->high_end, MB_MEMORY_USABLE);
	add(info, 0xfd00000000, 0x10000000000, RESERVED);
}

static void test_2_2_zones_as_linux(void **state)
{
	static struct boot_info info;
	static struct boot_mem bm;
	struct memory *m = machine_of_counts(10, 0, 0, 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pcs); i++) {
		pc_map(&pcs[i], &info);
		boot_mem_init(&bm, &info);
		for (int z = 0; z < MAX_NR_ZONES; z++)
			m->zone[z].start_pfn = m->zone[z].spanned = m->zone[z].present = 0;
		memory_setup_zones(m, &bm);
		for (int z = 0; z < 3; z++) {
			assert_int_equal(m->zone[z].spanned, pcs[i].zone[z].spanned);
			assert_int_equal(m->zone[z].present, pcs[i].zone[z].present);
		}
		assert_int_equal(m->zone[ZONE_MOVABLE].present, 0);
	}
}

static void test_2_1_zone_starts(void **state)
{
	static struct boot_info info;
	static struct boot_mem bm;
	struct memory *m = machine_of_counts(10, 0, 0, 0);

	(void)state;
	pc_map(&pcs[6], &info);
	boot_mem_init(&bm, &info);
	memory_setup_zones(m, &bm);
	assert_int_equal(dma(m)->start_pfn, 1);
	assert_int_equal(zone_end_pfn(dma(m)), 4096);
	assert_int_equal(dma32(m)->start_pfn, 4096);
	assert_int_equal(zone_end_pfn(dma32(m)), 0x100000);
	assert_int_equal(m->zone[ZONE_NORMAL].start_pfn, 0x100000);
	assert_int_equal(m->max_pfn, 0x140000);
	assert_ptr_equal(pfn_zone(m, 4095), dma(m));
	assert_ptr_equal(pfn_zone(m, 4096), dma32(m));
	assert_ptr_equal(pfn_zone(m, 0xfffff), dma32(m));
	assert_ptr_equal(pfn_zone(m, 0x100000), &m->zone[ZONE_NORMAL]);
}

static void test_11_1_seed_machine_present(void **state)
{
	static struct boot_info info;
	static struct boot_mem bm;
	struct memory *m = machine_of_counts(10, 0, 0, 0);

	(void)state;
	pc_map(&pcs[4], &info);
	boot_mem_init(&bm, &info);
	memory_setup_zones(m, &bm);
	assert_int_equal(dma(m)->present * 4, 15992);
	assert_int_equal(dma32(m)->present * 4, 2080640);
	assert_int_equal(dma(m)->present + dma32(m)->present, 524158);
}

static const struct machine_spec three_zones = {
	.range = {{0, MIB(48), MB_MEMORY_USABLE}},
	.dma_end = 4096,
	.dma32_end = 8192,
};

static void test_2_3_zonelist_highest_first(void **state)
{
	struct memory *m = machine_new(&three_zones);

	(void)state;
	assert_ptr_equal(m->zonelist[0], &m->zone[ZONE_NORMAL]);
	assert_ptr_equal(m->zonelist[1], dma32(m));
	assert_ptr_equal(m->zonelist[2], dma(m));
	assert_null(m->zonelist[3]);
	assert_int_equal(m->first_zone[ZONE_MOVABLE], 0);
	assert_int_equal(m->first_zone[ZONE_NORMAL], 0);
	assert_int_equal(m->first_zone[ZONE_DMA32], 1);
	assert_int_equal(m->first_zone[ZONE_DMA], 2);
}

static void test_2_3_zonelist_without_normal(void **state)
{
	struct memory *m = machine_default();

	(void)state;
	assert_ptr_equal(m->zonelist[0], dma32(m));
	assert_ptr_equal(m->zonelist[1], dma(m));
	assert_null(m->zonelist[2]);
	assert_int_equal(m->first_zone[ZONE_NORMAL], 0);
	assert_int_equal(m->first_zone[ZONE_MOVABLE], 0);
	assert_int_equal(m->first_zone[ZONE_DMA], 1);
}

/* By a mask's zone bits (§1.4); none for those that make no sense. */
static void test_2_3_preferred_zones(void **state)
{
	struct memory *m = machine_new(&three_zones);

	(void)state;
	assert_ptr_equal(m->route[GFP_KERNEL & ROUTE_BITS].zone, &m->zone[ZONE_NORMAL]);
	assert_ptr_equal(m->route[GFP_HIGHUSER_MOVABLE & ROUTE_BITS].zone, &m->zone[ZONE_NORMAL]);
	assert_ptr_equal(m->route[GFP_DMA32].zone, dma32(m));
	assert_ptr_equal(m->route[GFP_DMA32 | __GFP_MOVABLE].zone, dma32(m));
	assert_ptr_equal(m->route[GFP_DMA].zone, dma(m));
	assert_ptr_equal(m->route[GFP_DMA | GFP_DMA32].zone, &m->no_zone);
	assert_string_equal(machine_default()->route[0].zone->name, "DMA32");
}

static void test_2_2_managed_is_present_less_reserved(void **state)
{
	struct memory *m = machine_default();
	struct zone *z;

	(void)state;
	/* The kernel's table page and one page of pageblock types, both at the top. */
	assert_int_equal(dma(m)->managed, dma(m)->present);
	assert_int_equal(dma32(m)->managed, dma32(m)->present - 2);
	assert_int_equal(m->totalram_pages, dma(m)->managed + dma32(m)->managed);
	for_each_populated_zone(m, z)
		assert_int_equal(z->stat[NR_FREE_PAGES], z->managed);
	assert_valid(m);
}

static void test_3_10_boot_release_in_aligned_blocks(void **state)
{
	struct memory *m = machine_default();

	(void)state;
	/* pfn 1 to 158: ends are split. 158 sits beside a free pair: it is kept for last (§3.3). */
	assert_int_equal(nth_free(m, dma(m), 0, MIGRATE_MOVABLE, 0), 1);
	assert_int_equal(nth_free(m, dma(m), 0, MIGRATE_MOVABLE, 1), 158);
	assert_int_equal(free_blocks(dma(m), 10, MIGRATE_MOVABLE), 3);
	assert_int_equal(free_blocks(dma32(m), 10, MIGRATE_MOVABLE), 5);
	assert_int_equal(zone_free_pcp(dma(m)) + zone_free_pcp(dma32(m)), 0);
}

static void test_3_1_all_pageblocks_start_movable(void **state)
{
	struct memory *m = machine_default();

	(void)state;
	assert_int_equal(dma(m)->nr_pageblocks, 4);
	assert_int_equal(dma32(m)->nr_pageblocks, 6);
	assert_int_equal(blocks_of_type(dma(m), MIGRATE_MOVABLE), 4);
	assert_int_equal(blocks_of_type(dma32(m), MIGRATE_MOVABLE), 6);
}

static struct memory *machine_of_mib(unsigned long mib, int order)
{
	struct machine_spec spec = {
		.range = {{0, MIB(mib), MB_MEMORY_USABLE}}, .pageblock_order = order};

	return machine_new(&spec);
}

static void test_3_1_grouping_needs_six_pageblocks(void **state)
{
	(void)state;
	/* 24 MiB less what is reserved is not enough for order 10, 12 MiB for order 9 neither. */
	assert_false(machine_of_mib(24, 10)->mobility_grouping);
	assert_true(machine_of_mib(25, 10)->mobility_grouping);
	assert_true(machine_of_mib(24, 9)->mobility_grouping);
	assert_false(machine_of_mib(12, 9)->mobility_grouping);
	assert_true(machine_of_mib(13, 9)->mobility_grouping);
}

/* To the page: 6 x 1024 pages are enough. */
static void test_3_1_grouping_needs_no_more_than_six_pageblocks(void **state)
{
	struct machine_spec spec = {.range = {{MIB(1), 0, MB_MEMORY_USABLE}}};
	struct memory *m;

	(void)state;
	/* Two pages more: the kernel's table page, and one of pageblock types (see above). */
	spec.range[0].end = MIB(1) + (6 * 1024 + 2) * PAGE_SIZE;
	m = machine_new(&spec);
	assert_int_equal(m->totalram_pages, 6 * 1024);
	assert_true(m->mobility_grouping);
	spec.range[0].end -= PAGE_SIZE;
	assert_false(machine_new(&spec)->mobility_grouping);
}

static void test_3_1_without_grouping_only_h_is_kept(void **state)
{
	struct memory *m = machine_of_mib(20, 10);

	(void)state;
	assert_false(m->mobility_grouping);
	set_pageblock_type(dma32(m), 4096, MIGRATE_MOVABLE);
	assert_int_equal(pageblock_type(dma32(m), 4096), MIGRATE_UNMOVABLE);
	set_pageblock_type(dma32(m), 4096, MIGRATE_RECLAIMABLE);
	assert_int_equal(pageblock_type(dma32(m), 4096), MIGRATE_UNMOVABLE);
	set_pageblock_type(dma32(m), 4096, MIGRATE_HIGHATOMIC);
	assert_int_equal(pageblock_type(dma32(m), 4096), MIGRATE_HIGHATOMIC);
}

static void test_2_2_holes_are_not_touched(void **state)
{
	/* A hole of whole top-order blocks, whose page array does not exist. */
	struct machine_spec spec = {
		.range = {{0, 0x9fc00, MB_MEMORY_USABLE}, {MIB(1), MIB(18), MB_MEMORY_USABLE},
			{MIB(32), MIB(48), MB_MEMORY_USABLE}}};
	struct memory *m = machine_new(&spec);

	(void)state;
	assert_int_equal(dma32(m)->spanned, 8192);
	assert_int_equal(dma32(m)->present, 512 + 4096);
	assert_valid(m);
	for (int i = 0; i < 3000; i++)
		assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_valid(m);
}

/* Of the page array only what lies around memory is made: whole top-order blocks, each once. */
static struct pfn_range mapped[4];
static unsigned int nr_mapped;

static bool note_map(struct memory *m, struct boot_mem *bm, unsigned long start, unsigned long end)
{
	(void)m;
	(void)bm;
	mapped[nr_mapped++] = (struct pfn_range){start, end};
	return start < 5 * 1024; /* enough is known */
}

static void test_2_2_the_page_array_has_the_map_s_holes(void **state)
{
	static const struct boot_info info = {.nr_ranges = 3,
		.range = {{MIB(1), MIB(3), MB_MEMORY_USABLE}, {MIB(5), MIB(6), MB_MEMORY_USABLE},
			{MIB(21), MIB(30), MB_MEMORY_USABLE}}};
	static struct boot_mem bm;
	struct memory *m = machine_of_counts(10, 0, 0, 0);

	(void)state;
	nr_mapped = 0;
	boot_mem_init(&bm, &info);
	assert_non_null(memory_setup(m, &bm, note_map));
	assert_int_equal(nr_mapped, 2);
	assert_int_equal(mapped[0].start, 0);
	assert_int_equal(mapped[0].end, 2 * 1024);
	assert_int_equal(mapped[1].start, 5 * 1024);
	assert_int_equal(mapped[1].end, 8 * 1024);
}

static bool refuse(struct memory *m, struct boot_mem *bm, unsigned long start, unsigned long end)
{
	(void)m;
	(void)bm;
	(void)start;
	(void)end;
	return false;
}

static void test_2_2_no_room_for_the_page_array(void **state)
{
	static struct boot_info info;
	static struct boot_mem bm;
	struct memory *m = machine_of_counts(10, 0, 0, 0);

	(void)state;
	pc_map(&pcs[0], &info);
	boot_mem_init(&bm, &info);
	assert_string_equal(memory_setup(m, &bm, refuse), "memory: too little for the page array");
}

static const struct CMUnitTest tests[] = {
	TEST(test_2_2_zones_as_linux),
	TEST(test_2_1_zone_starts),
	TEST(test_11_1_seed_machine_present),
	TEST(test_2_3_zonelist_highest_first),
	TEST(test_2_3_zonelist_without_normal),
	TEST(test_2_3_preferred_zones),
	TEST(test_2_2_managed_is_present_less_reserved),
	TEST(test_3_10_boot_release_in_aligned_blocks),
	TEST(test_3_1_all_pageblocks_start_movable),
	TEST(test_3_1_grouping_needs_six_pageblocks),
	TEST(test_3_1_grouping_needs_no_more_than_six_pageblocks),
	TEST(test_3_1_without_grouping_only_h_is_kept),
	TEST(test_2_2_holes_are_not_touched),
	TEST(test_2_2_the_page_array_has_the_map_s_holes),
	TEST(test_2_2_no_room_for_the_page_array),
};
TEST_GROUP(zones)
