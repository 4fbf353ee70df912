/*
 * The page allocator: zonelist walk (reference §2.10), taking pages (§3.8), watermarks as seen
 * from outside (§1.7), and its checks.
 */
#include "twin.h"

#include "boot/multiboot.h"
#include "host_machine.h"
#include "mm/alloc/buddy.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"
#include "mm/alloc/watermark.h"
#include "request.h"
#include "rounds.h"

#define M MIGRATE_MOVABLE
#define U MIGRATE_UNMOVABLE
#define H MIGRATE_HIGHATOMIC

static struct memory *m;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	return err;
}

static struct page *try_to_get(gfp_t gfp, unsigned int order, unsigned int alloc_flags)
{
	struct alloc_context ac = request(m, gfp, order);

	return get_page_from_freelist(&ac, alloc_flags);
}

/* Pages that requests with this mask get before the first failure. */
static unsigned long take_all(gfp_t gfp, unsigned int order)
{
	unsigned long n = 0;

	while (alloc_pages(m, gfp | __GFP_NOWARN, order))
		n++;
	return n;
}

static void test_2_3_highest_zone_first(void **state)
{
	struct machine_spec spec = {
		.range = {{0, MIB(48), MB_MEMORY_USABLE}}, .dma_end = 4096, .dma32_end = 8192};
	static const gfp_t masks[] = {
		GFP_KERNEL, GFP_HIGHUSER_MOVABLE, GFP_DMA32 | GFP_KERNEL, GFP_DMA | GFP_KERNEL};
	static const int want[] = {ZONE_NORMAL, ZONE_NORMAL, ZONE_DMA32, ZONE_DMA};

	(void)state;
	m = machine_new(&spec);
	for (int i = 0; i < 4; i++)
		assert_int_equal(page_zone(m, alloc_pages(m, masks[i], 0))->type, want[i]);
}

static void test_2_10_next_zone_when_one_is_low(void **state)
{
	(void)state;
	zone_marks(dma32(m), 8000, 9000, 10000);
	assert_ptr_equal(page_zone(m, alloc_pages(m, GFP_KERNEL, 0)), dma(m));
	assert_ptr_equal(page_zone(m, alloc_pages(m, GFP_KERNEL, 3)), dma(m));
}

static void test_2_10_next_zone_when_one_yields_nothing(void **state)
{
	(void)state;
	/* Enough free, all of it H: the fast test passes, the walk goes on. */
	zone_empty(dma32(m));
	zone_put(dma32(m), 4096, 10, H);
	zone_marks(dma32(m), 10, 20, 30);
	assert_ptr_equal(page_zone(m, alloc_pages(m, GFP_KERNEL, 0)), dma(m));
	assert_int_equal(dma32(m)->stat[NR_FREE_PAGES], 1024);
}

static void test_2_3_lowmem_reserve_by_class(void **state)
{
	unsigned long left;

	(void)state;
	take_all(GFP_NOWAIT, 0);
	left = dma(m)->watermark[WMARK_MIN] + dma(m)->lowmem_reserve[ZONE_DMA32];
	assert_int_equal(dma(m)->stat[NR_FREE_PAGES], left);
	assert_int_equal(dma32(m)->stat[NR_FREE_PAGES], dma32(m)->watermark[WMARK_MIN]);
	/* A request of class DMA is not kept out by the reserve against higher classes. */
	take_all(GFP_NOWAIT | GFP_DMA, 0);
	assert_int_equal(dma(m)->stat[NR_FREE_PAGES], dma(m)->watermark[WMARK_MIN]);
	assert_valid(m);
}

static void test_1_7_atomic_digs_to_three_eighths(void **state)
{
	long min = dma32(m)->watermark[WMARK_MIN], half = min - min / 2;

	(void)state;
	take_all(GFP_ATOMIC, 0);
	assert_int_equal(dma32(m)->stat[NR_FREE_PAGES], half - half / 4);
	assert_valid(m);
}

static void test_1_7_high_alone_digs_to_half(void **state)
{
	long min = dma32(m)->watermark[WMARK_MIN];

	(void)state;
	take_all(__GFP_HIGH, 0);
	assert_int_equal(dma32(m)->stat[NR_FREE_PAGES], min - min / 2);
}

static void test_1_7_nomemalloc_atomic_is_not_harder(void **state)
{
	long min = dma32(m)->watermark[WMARK_MIN];

	(void)state;
	take_all(GFP_ATOMIC | __GFP_NOMEMALLOC, 0);
	assert_int_equal(dma32(m)->stat[NR_FREE_PAGES], min - min / 2);
}

static void test_1_7_realtime_task_is_harder(void **state)
{
	long min = dma32(m)->watermark[WMARK_MIN];

	(void)state;
	current->prio = PRIO_RT;
	take_all(GFP_NOWAIT, 0);
	assert_int_equal(dma32(m)->stat[NR_FREE_PAGES], min - min / 4);
}

static void test_1_7_realtime_does_not_count_in_interrupt(void **state)
{
	(void)state;
	current->prio = PRIO_RT;
	this_cpu()->irq_depth = 1;
	take_all(GFP_NOWAIT, 0);
	assert_int_equal(dma32(m)->stat[NR_FREE_PAGES], dma32(m)->watermark[WMARK_MIN]);
}

static void test_3_8_harder_high_order_takes_h_first(void **state)
{
	struct page *page;

	(void)state;
	memory_empty(m);
	memory_no_marks(m);
	set_pageblock_type(dma32(m), 5120, H);
	zone_put(dma32(m), 4096, 3, U);
	zone_put(dma32(m), 5120, 3, H);
	page = try_to_get(GFP_ATOMIC, 2, WMARK_MIN | ALLOC_HARDER);
	assert_int_equal(page_to_pfn(m, page), 5120);
	/* The remainder stays on the H lists. */
	assert_int_equal(free_blocks(dma32(m), 2, H), 1);
	assert_int_equal(page_to_pfn(m, try_to_get(GFP_ATOMIC, 2, WMARK_MIN)), 4096);
	assert_valid(m);
}

static void test_3_8_high_order_without_harder_never_takes_h(void **state)
{
	(void)state;
	memory_empty(m);
	memory_no_marks(m);
	zone_put(dma32(m), 5120, 10, H);
	assert_null(try_to_get(GFP_KERNEL, 2, WMARK_MIN));
	assert_null(try_to_get(GFP_ATOMIC, 2, WMARK_MIN | ALLOC_HIGH));
	assert_null(try_to_get(GFP_KERNEL, 2, ALLOC_NO_WATERMARKS));
}

static void test_3_8_order_0_never_takes_h(void **state)
{
	static const unsigned int flags[] = {WMARK_MIN, WMARK_LOW, ALLOC_HIGH, ALLOC_HARDER,
		ALLOC_HIGH | ALLOC_HARDER, ALLOC_NO_WATERMARKS, ALLOC_NO_WATERMARKS | ALLOC_HARDER};
	static const gfp_t masks[] = {GFP_KERNEL, GFP_ATOMIC, GFP_HIGHUSER_MOVABLE, GFP_TEMPORARY};

	(void)state;
	memory_empty(m);
	memory_no_marks(m);
	zone_put(dma32(m), 5120, 10, H);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		for (size_t j = 0; j < ARRAY_SIZE(masks); j++)
			assert_null(try_to_get(masks[j], 0, flags[i]));
	assert_int_equal(dma32(m)->stat[NR_FREE_PAGES], 1024);
}

static void test_1_6_no_watermarks_takes_the_last_page(void **state)
{
	(void)state;
	memory_empty(m);
	zone_put(dma32(m), 5120, 0, M);
	assert_null(try_to_get(GFP_KERNEL, 0, WMARK_MIN | ALLOC_HIGH | ALLOC_HARDER));
	assert_non_null(try_to_get(GFP_KERNEL, 0, ALLOC_NO_WATERMARKS));
}

static void test_3_8_page_is_prepared(void **state)
{
	struct page *page = alloc_pages(m, GFP_KERNEL, 3);

	(void)state;
	assert_int_equal(page->refcount, 1);
	assert_int_equal(page->order, 3);
	assert_int_equal(page->flags, 0);
	assert_int_equal(page_to_pfn(m, page) % 8, 0);
	assert_int_equal(mm_event_sum(m, PGALLOC), 8);
	free_pages(m, page, 3);
	assert_int_equal(m->event[PGFREE], 8);
	assert_int_equal(page->refcount, 0);
}

static void test_3_8_zeroing(void **state)
{
	unsigned char *p;
	struct page *page;

	(void)state;
	/* Dirty the block that comes next. */
	page = alloc_pages(m, GFP_KERNEL, 3);
	memset(page_address(m, page), 0xa5, 8 * PAGE_SIZE);
	free_pages(m, page, 3);
	page = alloc_pages(m, GFP_KERNEL | __GFP_ZERO, 3);
	p = page_address(m, page);
	for (int i = 0; i < 8 * PAGE_SIZE; i++)
		assert_int_equal(p[i], 0);
	assert_ptr_equal(virt_to_page(m, p), page);
}

static void test_5_2_order_11_fails(void **state)
{
	(void)state;
	assert_null(alloc_pages(m, GFP_KERNEL, 11));
	assert_null(alloc_pages(m, GFP_KERNEL, 64));
	assert_int_equal(m->event[ALLOC_FAILURES], 2);
	assert_non_null(alloc_pages(m, GFP_KERNEL, 10));
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

/* Once, for the first one that does not forbid it. */
static void test_5_2_order_11_is_said_once_unless_nowarn(void **state)
{
	(void)state;
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NOWARN, 11));
	assert_string_equal(console(), "");
	assert_null(alloc_pages(m, GFP_KERNEL, 12));
	assert_line("WARNING: no allocation of order 12 with gfp_mask=0x24000c0 is possible");
	console_clear();
	assert_null(alloc_pages(m, GFP_KERNEL, 12));
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NOWARN, 11));
	assert_string_equal(console(), "");
	assert_int_equal(m->event[ALLOC_FAILURES], 4);
}

static void test_5_1_no_zone_fails(void **state)
{
	struct machine_spec spec = {.range = {{MIB(16), MIB(40), MB_MEMORY_USABLE}}};

	(void)state;
	m = machine_new(&spec);
	assert_null(alloc_pages(m, GFP_DMA | GFP_KERNEL, 0));
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
}

static void assert_invalid(gfp_t gfp)
{
	assert_panics("BUG: invalid zone bits in gfp mask", alloc_pages(m, gfp, 0));
}

static void test_1_4_invalid_zone_bits_panic(void **state)
{
	static const gfp_t nibbles[] = {3, 5, 6, 7, 0xb, 0xd, 0xe, 0xf};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nibbles); i++)
		assert_invalid(GFP_KERNEL | nibbles[i]);
}

/* §2.7: pages of CMA are nothing to a request that may not have them: it is below low, and says so. */
static void test_2_7_cma_pages_do_not_count_in_the_first_attempt(void **state)
{
	struct zone *first = dma32(m);
	long free;

	(void)state;
	put_kswapd_to_sleep(m);
	free = zone_stat(first, NR_FREE_PAGES);
	zone_marks(first, 0, free - 10, free + 1000);
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(m->event[KSWAPD_WAKEUPS], 0);
	first->stat[NR_FREE_CMA_PAGES] = 100;
	zone_marks(dma(m), 0, 1 << 20, 1 << 20);
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_true(m->event[KSWAPD_WAKEUPS] > 0);
}

/* Whoever had it, the next one finds a page without an owner. */
static void test_freed_pages_have_no_owner(void **state)
{
	(void)state;
	for (unsigned int order = 0; order < 3; order++) {
		struct page *page = alloc_pages(m, GFP_KERNEL, order);

		page->mapping = m;
		free_pages(m, page, order);
		assert_null(page->mapping);
	}
}

static void test_bad_page_double_free(void **state)
{
	struct page *volatile page = alloc_pages(m, GFP_KERNEL, 0);

	(void)state;
	free_pages(m, page, 0);
	assert_panics("freed, but not allocated (double free?)", free_pages(m, page, 0));
	page = alloc_pages(m, GFP_KERNEL, 2);
	free_pages(m, page, 2);
	assert_panics("freed, but not allocated (double free?)", free_pages(m, page, 2));
}

static void test_bad_page_wrong_order(void **state)
{
	struct page *volatile page = alloc_pages(m, GFP_KERNEL, 2);

	(void)state;
	assert_panics("freed with another order", free_pages(m, page, 1));
	assert_panics("freed with another order", free_pages(m, page, 0));
	assert_panics("freed, but not allocated", free_pages(m, page + 1, 0));
}

static void test_bad_page_still_in_use(void **state)
{
	struct page *volatile page = alloc_pages(m, GFP_KERNEL, 0);

	(void)state;
	page->refcount = 2;
	assert_panics("freed while others hold it", free_pages(m, page, 0));
	page->refcount = 1;
	page->mapcount = 1;
	assert_panics("freed while mapped or on a free list", free_pages(m, page, 0));
}

static void test_bad_page_taken_while_in_use(void **state)
{
	(void)state;
	memory_empty(m);
	memory_no_marks(m);
	zone_put(dma32(m), 5120, 0, U)->refcount = 1;
	assert_panics("a free page is in use", alloc_pages(m, GFP_KERNEL, 0));
}

#ifdef LW_DEBUG
/* Also where there is plenty; the idle task, which is boot as well, has nobody to leave the CPU to. */
static void test_a_sleeping_request_is_told_at_once(void **state)
{
	struct task *self, *idle = task_new("swapper", 0, NULL);

	(void)state;
	preempt_disable();
	assert_panics("BUG: sleeping allocation (gfp 0x24000c0) in atomic context",
		alloc_pages(m, GFP_KERNEL, 0));
	assert_non_null(alloc_pages(m, GFP_ATOMIC, 0));
	self = become(idle);
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	become(self);
	preempt_enable();
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
}

/* `word` counts through all the block's words. */
static void write_after_free(unsigned int order, unsigned long word, unsigned long bit)
{
	struct page *page = alloc_pages(m, GFP_KERNEL, order);
	unsigned long *first = page_address(m, page);

	free_pages(m, page, order);
	first[word] ^= bit;
	assert_panics("written to after it was freed", alloc_pages(m, GFP_KERNEL, order));
}

/* A bit that is set and one that is not, in each place among four, in each of the pages, at both ends. */
static void test_a_write_after_the_free_is_seen(void **state)
{
	const unsigned long words = PAGE_SIZE / sizeof(unsigned long);

	(void)state;
	for (unsigned long page = 0; page < 4; page++)
		for (unsigned long w = 0; w < 4; w++) {
			write_after_free(2, page * words + w, 1);
			write_after_free(2, page * words + w, 4);
			write_after_free(2, (page + 1) * words - 1 - w, 1);
			write_after_free(2, (page + 1) * words - 1 - w, 4);
		}
	write_after_free(0, 0, 1);
	write_after_free(0, words - 1, 4);
}
#endif

static void test_3_conservation_of_every_order(void **state)
{
	static struct page *pages[16384];
	long before = all_free(m);
	unsigned int tops = free_blocks(dma32(m), 10, M);

	(void)state;
	memory_no_marks(m);
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		unsigned long n = 0, sum = 0;

		while ((pages[n] = alloc_pages(m, GFP_NOWAIT | __GFP_NOWARN, order)))
			sum += 1ul << order, n++;
		assert_int_equal(all_free(m), before - sum);
		assert_valid(m);
		while (n--)
			free_pages(m, pages[n], order);
		pcp_drain_all(m);
		assert_int_equal(all_free(m), before);
		/* Everything merged again, on whatever list. */
		assert_int_equal(nr_free_blocks(&dma32(m)->free_area[10]), tops);
		assert_valid(m);
	}
}

static void test_3_9_order_above_0_by_pageblock_type(void **state)
{
	struct page *page;

	(void)state;
	memory_empty(m);
	memory_no_marks(m);
	zone_put(dma32(m), 5120, 10, M);
	page = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 2);
	set_pageblock_type(dma32(m), 5120, H);
	m->node.stat[NR_PAGES_SCANNED] = 5;
	free_pages(m, page, 2);
	/* Merged wholesale onto the H list (R3). */
	assert_int_equal(free_blocks(dma32(m), 10, H), 1);
	assert_int_equal(node_stat_exact(m, NR_PAGES_SCANNED), 0);
}

static void test_split_pages_are_freed_one_by_one(void **state)
{
	long before = all_free(m);
	struct page *page;

	(void)state;
	page = alloc_pages(m, GFP_KERNEL, 3);
	assert_panics("split with another order", split_page(m, page, 2));
	split_page(m, page, 3);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(page[i].refcount, 1);
		assert_int_equal(page[i].order, 0);
		free_pages(m, page + i, 0);
	}
	assert_panics("split with another order", split_page(m, page, 0));
	pcp_drain_all(m);
	assert_int_equal(all_free(m), before);
	assert_valid(m);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_2_3_highest_zone_first),
	TEST(test_2_10_next_zone_when_one_is_low),
	TEST(test_2_10_next_zone_when_one_yields_nothing),
	TEST(test_2_3_lowmem_reserve_by_class),
	TEST(test_1_7_atomic_digs_to_three_eighths),
	TEST(test_1_7_high_alone_digs_to_half),
	TEST(test_1_7_nomemalloc_atomic_is_not_harder),
	TEST(test_1_7_realtime_task_is_harder),
	TEST(test_1_7_realtime_does_not_count_in_interrupt),
	TEST(test_3_8_harder_high_order_takes_h_first),
	TEST(test_3_8_high_order_without_harder_never_takes_h),
	TEST(test_3_8_order_0_never_takes_h),
	TEST(test_1_6_no_watermarks_takes_the_last_page),
	TEST(test_3_8_page_is_prepared),
	TEST(test_3_8_zeroing),
	TEST(test_5_2_order_11_fails),
	TEST(test_5_2_order_11_is_said_once_unless_nowarn),
	TEST(test_5_1_no_zone_fails),
	TEST(test_1_4_invalid_zone_bits_panic),
	TEST(test_2_7_cma_pages_do_not_count_in_the_first_attempt),
	TEST(test_freed_pages_have_no_owner),
	TEST(test_bad_page_double_free),
	TEST(test_bad_page_wrong_order),
	TEST(test_bad_page_still_in_use),
	TEST(test_bad_page_taken_while_in_use),
#ifdef LW_DEBUG
	TEST(test_a_sleeping_request_is_told_at_once),
	TEST(test_a_write_after_the_free_is_seen),
#endif
	TEST(test_3_conservation_of_every_order),
	TEST(test_3_9_order_above_0_by_pageblock_type),
	TEST(test_split_pages_are_freed_one_by_one),
};
TEST_GROUP(page_alloc)
