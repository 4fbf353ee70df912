/*
 * mm_validate(): each kind of broken link is found and named (DESIGN §7).
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"
#include "mm/show/validate.h"

#define M MIGRATE_MOVABLE
#define U MIGRATE_UNMOVABLE
#define H MIGRATE_HIGHATOMIC

static struct memory *m;
static struct zone *z;
static struct page *first, *second;

/* Two free blocks of order 3 on the M list: `second` is its first entry. */
static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	memory_empty(m);
	z = dma32(m);
	first = zone_put(z, 4096, 3, M);
	second = zone_put(z, 5120, 3, M);
	assert_valid(m);
	return err;
}

static void assert_broken(const char *want)
{
	const char *err = mm_validate(m);

	assert_non_null(err);
	assert_string_equal(err, want);
	assert_true(host_arch.irqs);
}

static void test_back_link(void **state)
{
	(void)state;
	first->lru.prev = &z->free_area[3].free_list[M];
	assert_broken("DMA32 order 3 type M hop 0: links do not close");
}

static void test_head_back_link(void **state)
{
	(void)state;
	second->lru.prev = &z->free_area[3].free_list[U];
	assert_broken("DMA32 order 3 type M hop 0: links do not close");
}

static void test_last_link(void **state)
{
	(void)state;
	z->free_area[3].free_list[M].prev = &second->lru;
	assert_broken("DMA32 order 3 type M hop 1: links do not close");
}

/* The entries' links close, yet one is missed out: the list begins behind it. */
static void test_first_link(void **state)
{
	struct list_head *list = &z->free_area[3].free_list[M];

	(void)state;
	list->next = &first->lru;
	assert_broken("DMA32 order 3 type M hop 0: links do not close");
}

static void test_page_of_another_zone(void **state)
{
	struct page *page = pfn_to_page(m, 2048);

	(void)state;
	page->state = PAGE_STATE(PG_BUDDY, 3, M);
	list_add_tail(&page->lru, &z->free_area[3].free_list[M]);
	assert_broken("DMA32 order 3 type M hop 2: pfn 2048 is outside the zone");
}

static void test_page_above_the_zone(void **state)
{
	struct page *page = pfn_to_page(m, zone_end_pfn(z) - 8);

	(void)state;
	page->flags = PG_BUDDY;
	page->order = 3;
	list_add_tail(&page->lru, &z->free_area[3].free_list[M]);
	z->spanned -= 8;
	assert_broken("DMA32 order 3 type M hop 2: pfn 10232 is outside the zone");
	z->spanned += 8;
}

static void test_flag_lost(void **state)
{
	(void)state;
	first->flags = 0;
	assert_broken("DMA32 order 3 type M hop 1: pfn 4096 has flags 0, order 3");
}

static void test_order_changed(void **state)
{
	(void)state;
	second->order = 2;
	assert_broken("DMA32 order 3 type M hop 0: pfn 5120 has flags 1, order 2");
}

static void test_unaligned(void **state)
{
	struct page *page = pfn_to_page(m, 6145);

	(void)state;
	page->state = PAGE_STATE(PG_BUDDY, 3, M);
	list_add(&page->lru, &z->free_area[3].free_list[M]);
	assert_broken("DMA32 order 3 type M hop 0: pfn 6145 is not aligned");
}

static void test_free_but_in_use(void **state)
{
	(void)state;
	first->refcount = 1;
	assert_broken("DMA32 order 3 type M hop 1: pfn 4096 is free but in use");
	first->refcount = 0;
	first->mapcount = 1;
	assert_broken("DMA32 order 3 type M hop 1: pfn 4096 is free but in use");
}

static void test_wrong_list(void **state)
{
	(void)state;
	list_move(&first->lru, &z->free_area[4].free_list[M]);
	assert_broken("DMA32 order 3 type M: nr_free is 2, the list holds 1");
	list_move(&first->lru, &z->free_area[3].free_list[U]);
	assert_broken("DMA32 order 3 type U hop 0: pfn 4096 says that it is on list M");
}

static void test_nr_free(void **state)
{
	(void)state;
	z->free_area[3].nr_free[M] = 3;
	assert_broken("DMA32 order 3 type M: nr_free is 3, the list holds 2");
	z->free_area[3].nr_free[M] = 2;
	z->free_area[7].nr_free[U] = 1;
	assert_broken("DMA32 order 7 type U: nr_free is 1, the list holds 0");
}

static void test_free_mask(void **state)
{
	(void)state;
	z->free_mask[M] = 0;
	assert_broken("DMA32 order 3 type M: free_mask is 0, the list holds 2");
	z->free_mask[M] = 1 << 3;
	z->free_mask[H] = 1 << 4;
	assert_broken("DMA32 order 4 type H: free_mask is 10, the list holds 0");
}

static void test_free_pages_counter(void **state)
{
	(void)state;
	z->stat[NR_FREE_PAGES] = 17;
	assert_broken("DMA32: NR_FREE_PAGES is 17, the lists hold 16");
}

static void test_other_zone_is_looked_at(void **state)
{
	(void)state;
	dma(m)->stat[NR_FREE_PAGES] = 1;
	assert_broken("DMA: NR_FREE_PAGES is 1, the lists hold 0");
}

static void test_pcp_count(void **state)
{
	(void)state;
	z->pcp[0].count = 1;
	assert_broken("DMA32 cpu 0: pcp count is 1, the lists hold 0");
}

static void test_pcp_page_in_use(void **state)
{
	struct page *page = pfn_to_page(m, 7000);

	(void)state;
	z->pcp[0].high = 10;
	free_single(z, page, false);
	assert_valid(m);
	page->refcount = 1;
	assert_broken("DMA32 cpu 0 list M: pfn 7000 is in use");
	page->refcount = 0;
	page->mapcount = 1;
	assert_broken("DMA32 cpu 0 list M: pfn 7000 is in use");
	page->mapcount = 0;
	page->flags = PG_BUDDY;
	assert_broken("DMA32 cpu 0 list M: pfn 7000 is in use");
}

static void test_pcp_of_the_other_cpu(void **state)
{
	(void)state;
	z->pcp[1].count = 2;
	assert_valid(m); /* there is no such CPU yet */
	nr_cpus = 2;
	assert_broken("DMA32 cpu 1: pcp count is 2, the lists hold 0");
}

static void test_reserve_in_whole_blocks(void **state)
{
	(void)state;
	z->nr_reserved_highatomic = 1000;
	assert_broken("DMA32: nr_reserved_highatomic 1000 is not whole pageblocks");
}

static void test_reserve_may_part_from_the_tags(void **state)
{
	(void)state;
	/* Linux 4.8 lets them part (§4.6): a stray, an uncounted H block, a counted M block. */
	zone_put(z, 6144, 0, H);
	set_pageblock_type(z, 7168, H);
	z->nr_reserved_highatomic = 3072;
	assert_valid(m);
}

static void test_pageblock_type(void **state)
{
	(void)state;
	z->pageblock_type[2] = MIGRATE_CMA;
	assert_broken("DMA32: pageblock 2 has type 4");
	z->pageblock_type[2] = 200;
	assert_broken("DMA32: pageblock 2 has type 200");
}

static void test_more_free_than_managed(void **state)
{
	(void)state;
	z->managed = 15;
	assert_broken("DMA32: 16 pages free of 15 managed");
}

/* Those on per-CPU lists are free as well. */
static void test_more_free_than_managed_with_per_cpu_lists(void **state)
{
	(void)state;
	z->pcp[0].high = 10;
	free_single(z, pfn_to_page(m, 9000), false);
	z->managed = 16;
	assert_broken("DMA32: 17 pages free of 16 managed");
}

static void test_negative_counter(void **state)
{
	(void)state;
	for (int i = NR_FREE_PAGES + 1; i < NR_ZONE_STATS; i++) {
		char want[80];

		z->stat[i] = -1;
		snprintf(want, sizeof(want), "DMA32: %s is -1", zone_stat_name[i]);
		assert_broken(want);
		z->stat[i] = 0;
	}
	assert_valid(m);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_back_link),
	TEST(test_head_back_link),
	TEST(test_last_link),
	TEST(test_first_link),
	TEST(test_page_of_another_zone),
	TEST(test_page_above_the_zone),
	TEST(test_flag_lost),
	TEST(test_order_changed),
	TEST(test_unaligned),
	TEST(test_free_but_in_use),
	TEST(test_wrong_list),
	TEST(test_nr_free),
	TEST(test_free_mask),
	TEST(test_free_pages_counter),
	TEST(test_other_zone_is_looked_at),
	TEST(test_pcp_count),
	TEST(test_pcp_page_in_use),
	TEST(test_pcp_of_the_other_cpu),
	TEST(test_reserve_in_whole_blocks),
	TEST(test_reserve_may_part_from_the_tags),
	TEST(test_pageblock_type),
	TEST(test_more_free_than_managed),
	TEST(test_more_free_than_managed_with_per_cpu_lists),
	TEST(test_negative_counter),
};
TEST_GROUP(validate)
