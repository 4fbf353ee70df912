/*
 * Allocation masks (reference §1): composites, decoding, zones, mobility.
 */
#include "twin.h"

#include "mm/page/gfp.h"
#include "mm/alloc/watermark.h"

static void test_1_1_bits_fill_26(void **state)
{
	gfp_t all = __GFP_DMA | __GFP_HIGHMEM | __GFP_DMA32 | __GFP_MOVABLE | __GFP_RECLAIMABLE |
		__GFP_HIGH | __GFP_IO | __GFP_FS | __GFP_COLD | __GFP_NOWARN | __GFP_REPEAT |
		__GFP_NOFAIL | __GFP_NORETRY | __GFP_MEMALLOC | __GFP_COMP | __GFP_ZERO |
		__GFP_NOMEMALLOC | __GFP_HARDWALL | __GFP_THISNODE | __GFP_ATOMIC | __GFP_ACCOUNT |
		__GFP_NOTRACK | __GFP_DIRECT_RECLAIM | __GFP_OTHER_NODE | __GFP_WRITE |
		__GFP_KSWAPD_RECLAIM;

	(void)state;
	assert_int_equal(all, (1u << 26) - 1);
	assert_int_equal(__GFP_RECLAIM, 0x2400000);
}

static void test_1_2_composites(void **state)
{
	(void)state;
	assert_int_equal(GFP_NOWAIT, 0x2000000);
	assert_int_equal(GFP_ATOMIC, 0x2080020);
	assert_int_equal(GFP_NOIO, 0x2400000);
	assert_int_equal(GFP_NOFS, 0x2400040);
	assert_int_equal(GFP_KERNEL, 0x24000c0);
	assert_int_equal(GFP_TEMPORARY, 0x24000d0);
	assert_int_equal(GFP_KERNEL_ACCOUNT, 0x25000c0);
	assert_int_equal(GFP_USER, 0x24200c0);
	assert_int_equal(GFP_HIGHUSER, 0x24200c2);
	assert_int_equal(GFP_HIGHUSER_MOVABLE, 0x24200ca);
	assert_int_equal(GFP_TRANSHUGE_LIGHT, 0x342ca);
	assert_int_equal(GFP_TRANSHUGE, 0x4342ca);
	assert_int_equal(GFP_DMA, 0x1);
	assert_int_equal(GFP_DMA32, 0x4);
}

static void assert_text(gfp_t mask, const char *want)
{
	char buf[GFP_TEXT_LEN];

	assert_string_equal(gfp_text(mask, buf, sizeof(buf)), want);
}

static void test_1_3_vectors(void **state)
{
	(void)state;
	assert_text(0x24280ca, "GFP_HIGHUSER_MOVABLE|__GFP_ZERO");
	assert_text(0x2280020, "GFP_ATOMIC|__GFP_NOTRACK");
	assert_text(0x2284020, "GFP_ATOMIC|__GFP_COMP|__GFP_NOTRACK");
	assert_text(0x2285220, "GFP_ATOMIC|__GFP_NOWARN|__GFP_NORETRY|__GFP_COMP|__GFP_NOTRACK");
	assert_text(0x24000c0, "GFP_KERNEL");
	assert_text(0x26000c0, "GFP_KERNEL|__GFP_NOTRACK");
	assert_text(0x2400040, "GFP_NOFS");
	assert_text(0x2000200, "GFP_NOWAIT|__GFP_NOWARN");
}

static void test_26_what_the_kernel_asks_with(void **state)
{
	(void)state;
	assert_int_equal(PGALLOC_GFP, 0x27080c0);
	assert_text(0x27080c0, "GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_NOTRACK");
	assert_text(0x25080c0, "GFP_KERNEL_ACCOUNT|__GFP_ZERO");
	assert_int_equal(THREADINFO_GFP, 0x27000c0);
	assert_text(0x27000c0, "GFP_KERNEL_ACCOUNT|__GFP_NOTRACK");
}

static void test_1_3_each_composite_is_one_name(void **state)
{
	(void)state;
	assert_text(GFP_TRANSHUGE, "GFP_TRANSHUGE");
	assert_text(GFP_TRANSHUGE_LIGHT, "GFP_TRANSHUGE_LIGHT");
	assert_text(GFP_HIGHUSER_MOVABLE, "GFP_HIGHUSER_MOVABLE");
	assert_text(GFP_HIGHUSER, "GFP_HIGHUSER");
	assert_text(GFP_USER, "GFP_USER");
	assert_text(GFP_TEMPORARY, "GFP_TEMPORARY");
	assert_text(GFP_KERNEL_ACCOUNT, "GFP_KERNEL_ACCOUNT");
	assert_text(GFP_ATOMIC, "GFP_ATOMIC");
	assert_text(GFP_NOIO, "GFP_NOIO");
	assert_text(GFP_NOWAIT, "GFP_NOWAIT");
	assert_text(GFP_DMA, "GFP_DMA");
	assert_text(GFP_DMA32, "GFP_DMA32");
}

static void test_1_3_single_bits_and_edges(void **state)
{
	(void)state;
	assert_text(0, "");
	assert_text(__GFP_HIGHMEM, "__GFP_HIGHMEM");
	assert_text(__GFP_HIGH | __GFP_ATOMIC, "__GFP_HIGH|__GFP_ATOMIC");
	assert_text(__GFP_DIRECT_RECLAIM, "__GFP_DIRECT_RECLAIM");
	assert_text(__GFP_OTHER_NODE | __GFP_WRITE, "__GFP_WRITE|__GFP_OTHER_NODE");
	assert_text(0x4000000, "0x4000000");
	assert_text(GFP_KERNEL | 0xc000000, "GFP_KERNEL|0xc000000");
	assert_text(__GFP_MEMALLOC | __GFP_NOMEMALLOC, "__GFP_NOMEMALLOC|__GFP_MEMALLOC");
}

/* The buffer that the header names holds the longest text. */
static void test_1_3_every_mask_fits(void **state)
{
	char buf[GFP_TEXT_LEN];

	(void)state;
	/* The longest text has no composite in it: all bits but one of each pair of RECLAIM. */
	for (unsigned int skip = 0; skip < 26; skip++) {
		gfp_text(((1u << 26) - 1) & ~(1u << skip), buf, sizeof(buf));
		assert_null(strstr(buf, "||"));
		assert_true(strlen(buf) < GFP_TEXT_LEN - 1);
		assert_int_not_equal(buf[strlen(buf) - 1], '|');
	}
}

static void test_1_3_short_buffer_is_cut(void **state)
{
	char buf[8];

	(void)state;
	gfp_text(GFP_KERNEL | __GFP_NOTRACK, buf, sizeof(buf));
	assert_string_equal(buf, "GFP_KER");
}

/* Whatever is too long is cut at the end, and no byte behind the buffer is touched. */
static void test_1_3_every_short_buffer(void **state)
{
	const gfp_t masks[] = {GFP_KERNEL | __GFP_NOTRACK, GFP_KERNEL | 0xc000000, 0x4000000};
	char whole[GFP_TEXT_LEN], buf[GFP_TEXT_LEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		size_t len = strlen(gfp_text(masks[i], whole, sizeof(whole)));

		for (size_t size = 1; size <= len + 1; size++) {
			memset(buf, '#', sizeof(buf) - 1);
			buf[sizeof(buf) - 1] = '\0';
			gfp_text(masks[i], buf, size);
			assert_int_equal(strlen(buf), size - 1);
			assert_memory_equal(buf, whole, size - 1);
			assert_int_equal(strspn(buf + size, "#"), sizeof(buf) - 1 - size);
		}
	}
}

static void test_1_4_zones(void **state)
{
	static const int want[16] = {ZONE_NORMAL, ZONE_DMA, ZONE_NORMAL, -1, ZONE_DMA32, -1, -1, -1,
		ZONE_NORMAL, ZONE_DMA, ZONE_MOVABLE, -1, ZONE_DMA32, -1, -1, -1};

	(void)state;
	for (unsigned int nibble = 0; nibble < 16; nibble++) {
		assert_int_equal(gfp_zone(nibble), want[nibble]);
		assert_int_equal(gfp_zone(nibble | 0x3fffff0), want[nibble]);
	}
}

static void test_1_5_migratetypes(void **state)
{
	(void)state;
	assert_int_equal(gfp_migratetype(GFP_KERNEL), MIGRATE_UNMOVABLE);
	assert_int_equal(gfp_migratetype(GFP_ATOMIC), MIGRATE_UNMOVABLE);
	assert_int_equal(gfp_migratetype(GFP_HIGHUSER_MOVABLE), MIGRATE_MOVABLE);
	assert_int_equal(gfp_migratetype(GFP_TEMPORARY), MIGRATE_RECLAIMABLE);
}

static void test_1_6_alloc_flags(void **state)
{
	(void)state;
	assert_int_equal(ALLOC_NO_WATERMARKS, 0x04);
	assert_int_equal(ALLOC_HARDER, 0x10);
	assert_int_equal(ALLOC_HIGH, __GFP_HIGH);
	assert_int_equal(ALLOC_CPUSET, 0x40);
	assert_int_equal(ALLOC_CMA, 0x80);
	assert_int_equal(WMARK_MIN | WMARK_LOW | WMARK_HIGH, ALLOC_WMARK_MASK);
}

static void test_3_1_type_names(void **state)
{
	(void)state;
	assert_memory_equal(migratetype_letter, "UMEHCI", 6);
	assert_string_equal(migratetype_name[MIGRATE_HIGHATOMIC], "HighAtomic");
	assert_int_equal(MIGRATE_HIGHATOMIC, MIGRATE_PCPTYPES);
}

static const struct CMUnitTest tests[] = {
	TEST(test_1_1_bits_fill_26),
	TEST(test_1_2_composites),
	TEST(test_1_3_vectors),
	TEST(test_26_what_the_kernel_asks_with),
	TEST(test_1_3_each_composite_is_one_name),
	TEST(test_1_3_single_bits_and_edges),
	TEST(test_1_3_every_mask_fits),
	TEST(test_1_3_short_buffer_is_cut),
	TEST(test_1_3_every_short_buffer),
	TEST(test_1_4_zones),
	TEST(test_1_5_migratetypes),
	TEST(test_1_6_alloc_flags),
	TEST(test_3_1_type_names),
};
TEST_GROUP(gfp)
