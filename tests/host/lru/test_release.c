/*
 * The last reference (§16.7): pages leave their lists, in which order they are free, and what is counted.
 */
#include "lru_case.h"

static void test_16_7_who_is_held_by_others_stays(void **state)
{
	struct page *held = listed(PG_ACTIVE), *page[] = {listed(0), held, new_page(0)};
	long before = all_free(m);

	(void)state;
	page_get(held);
	release_pages(m, page, 3);
	assert_int_equal(all_free(m), before + 2);
	assert_int_equal(held->refcount, 1);
	assert_true(page_has(held, PG_LRU));
	assert_anon(0, 1);
}

/* Each is put before those that came before it, and all are freed hot: the first one is the next to go. */
static void test_16_7_order(void **state)
{
	struct page *page[40], *same[40];

	(void)state;
	for (int i = 0; i < 40; i++)
		same[i] = page[i] = listed(i % 3 ? PG_ACTIVE : 0);
	release_pages(m, page, 40);
	for (int i = 0; i < 40; i++)
		assert_ptr_equal(new_page(0), same[i]);
	assert_anon(0, 0);
}

/* What it was is forgotten (§16.2); nobody finds it active later. */
static void test_16_2_flags_are_dropped(void **state)
{
	struct page *page = listed(PG_ACTIVE | PG_DIRTY | PG_REFERENCED | PG_UPTODATE | PG_RECLAIM);

	(void)state;
	page_put(m, page);
	assert_ptr_equal(alloc_pages(m, GFP_KERNEL | GFP_DMA32, 0), page);
	assert_int_equal(page->flags, 0);
	assert_int_equal(page->refcount, 1);
	assert_anon(0, 0);
}

static void free_in_use(unsigned int flag)
{
	struct page *page = new_page(flag);

	assert_panics("freed while it is in use", page_put(m, page));
}

static void test_16_2_what_is_in_use_is_not_freed(void **state)
{
	static const unsigned int in_use[] = {PG_LOCKED, PG_WRITEBACK, PG_SWAPCACHE, PG_MLOCKED};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(in_use); i++)
		free_in_use(in_use[i]);
}

/* One array with pages of two zones and three lists. */
static void test_16_8_counters_of_each_zone_and_list(void **state)
{
	struct page *page[9];

	(void)state;
	for (int i = 0; i < 9; i++)
		page[i] = listed_in(i % 2 ? GFP_DMA : GFP_DMA32, i % 3 == 1 ? PG_ACTIVE : 0);
	page[8] = new_page(0);
	page_get(page[8]);
	lru_add_unevictable(m, page[8]);
	page_put(m, page[8]);
	assert_int_equal(node_stat_exact(m, NR_UNEVICTABLE), 1);
	release_pages(m, page, 9);
	assert_anon(1, 0); /* the one that page[8] was before */
	assert_int_equal(node_stat_exact(m, NR_UNEVICTABLE), 0);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_UNEVICTABLE), 0);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_ACTIVE_ANON), 0);
}

/* A page that is found on its list while it is being freed: its reference is gone already. */
static void test_16_7_a_last_reference_that_comes_back_is_not_one(void **state)
{
	struct page *page = listed(0);

	(void)state;
	assert_true(page_get_unless_zero(page));
	assert_false(page_put_testzero(page));
	assert_true(page_put_testzero(page));
	assert_false(page_get_unless_zero(page));
	page->refcount = 1;
	page_put(m, page);
	assert_anon(0, 0);
}

static const struct CMUnitTest tests[] = {
	TEST(test_16_7_who_is_held_by_others_stays),
	TEST(test_16_7_order),
	TEST(test_16_2_flags_are_dropped),
	TEST(test_16_2_what_is_in_use_is_not_freed),
	TEST(test_16_8_counters_of_each_zone_and_list),
	TEST(test_16_7_a_last_reference_that_comes_back_is_not_one),
};
TEST_GROUP(release)
