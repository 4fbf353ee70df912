/*
 * Pages that are locked in memory, and the list of those that cannot be reclaimed (§27, §30c), page by page.
 */
#include "lru_case.h"

#include "mm/space/mlock.h"

static void assert_unevictable(long pages, long locked)
{
	assert_int_equal(node_stat_exact(m, NR_UNEVICTABLE), pages);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_UNEVICTABLE), pages);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), locked);
	assert_valid(m);
}

/* Marked, mlocked, culled, rescued, cleared, stranded. */
static void assert_events(unsigned long locked, unsigned long unlocked, unsigned long culled,
	unsigned long rescued, unsigned long cleared, unsigned long stranded)
{
	assert_int_equal(m->event[UNEVICTABLE_PGMLOCKED], locked);
	assert_int_equal(m->event[UNEVICTABLE_PGMUNLOCKED], unlocked);
	assert_int_equal(m->event[UNEVICTABLE_PGCULLED], culled);
	assert_int_equal(m->event[UNEVICTABLE_PGRESCUED], rescued);
	assert_int_equal(m->event[UNEVICTABLE_PGCLEARED], cleared);
	assert_int_equal(m->event[UNEVICTABLE_PGSTRANDED], stranded);
	assert_int_equal(m->event[UNEVICTABLE_PGSCANNED], 0);
}

static void test_27_mlock_culls_from_a_list(void **state)
{
	struct page *page = listed(PG_ACTIVE);

	(void)state;
	page_mlock(m, page);
	assert_unevictable(1, 1);
	assert_events(1, 0, 1, 0, 0, 0);
	assert_ptr_equal(nth(LRU_UNEVICTABLE, 0), page);
	assert_false(page_has(page, PG_ACTIVE));
	assert_int_equal(page->refcount, 1);
	page_mlock(m, page); /* once */
	assert_events(1, 0, 1, 0, 0, 0);
	assert_unevictable(1, 1);
}

/* Not on a list: it is marked, and enters the list that its flags say. */
static void test_27_mlock_of_a_page_that_waits_to_enter(void **state)
{
	struct page *page = added(new_page(PG_ACTIVE));

	(void)state;
	page_mlock(m, page);
	assert_events(1, 0, 0, 0, 0, 0);
	assert_unevictable(0, 1);
	lru_add_drain(m);
	assert_ptr_equal(nth(LRU_ACTIVE_ANON, 0), page);
}

/* A new page of a locked VMA: directly, and not culled. */
static void test_27_a_new_page(void **state)
{
	struct page *page = new_page(PG_ACTIVE);

	(void)state;
	page_get(page);
	mlock_new_page(m, page);
	assert_ptr_equal(nth(LRU_UNEVICTABLE, 0), page);
	assert_events(1, 0, 0, 0, 0, 0);
	assert_unevictable(1, 1);
	assert_int_equal(page->refcount, 1);
}

/* Its last entry goes: NR_MLOCK falls, and it is as others are. */
static void test_27_clear_page_mlock(void **state)
{
	struct page *page = listed(0);

	(void)state;
	page_mlock(m, page);
	clear_page_mlock(m, page);
	assert_events(1, 0, 1, 1, 1, 0);
	lru_add_drain(m);
	assert_unevictable(0, 0);
	assert_ptr_equal(nth(LRU_INACTIVE_ANON, 0), page);
	clear_page_mlock(m, page);
	assert_events(1, 0, 1, 1, 1, 0);
}

/* §30c: stranded only if it cannot be isolated, and is unevictable. */
static void test_27_clear_page_mlock_of_an_isolated_page(void **state)
{
	struct page *page = listed(0), *waits = added(new_page(0));

	(void)state;
	page_mlock(m, page);
	assert_true(isolate_lru_page(m, page));
	clear_page_mlock(m, page);
	assert_events(1, 0, 1, 0, 1, 1);
	page_mlock(m, waits);
	clear_page_mlock(m, waits);
	assert_events(2, 0, 1, 0, 2, 1);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 0);
	putback_lru_page(m, page);
	assert_events(2, 0, 1, 1, 2, 1); /* whoever has it brings it back */
	lru_add_drain(m);
	assert_anon(2, 0);
}

static void test_27_put_back_by_flags(void **state)
{
	struct page *page = listed(PG_ACTIVE);

	(void)state;
	assert_true(isolate_lru_page(m, page));
	putback_lru_page(m, page);
	assert_false(page_has(page, PG_LRU)); /* by way of the pagevec, active as before (§16.3) */
	lru_add_drain(m);
	assert_ptr_equal(nth(LRU_ACTIVE_ANON, 0), page);
	assert_events(0, 0, 0, 0, 0, 0);
	/* What was unevictable before is not culled again. */
	page_mlock(m, page);
	assert_true(isolate_lru_page(m, page));
	putback_lru_page(m, page);
	assert_events(1, 0, 1, 0, 0, 0);
	assert_unevictable(1, 1);
}

static const struct CMUnitTest tests[] = {
	TEST(test_27_mlock_culls_from_a_list),
	TEST(test_27_mlock_of_a_page_that_waits_to_enter),
	TEST(test_27_a_new_page),
	TEST(test_27_clear_page_mlock),
	TEST(test_27_clear_page_mlock_of_an_isolated_page),
	TEST(test_27_put_back_by_flags),
};
TEST_GROUP(lru_mlock)
