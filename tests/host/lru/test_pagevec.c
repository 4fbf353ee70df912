/*
 * Pages on their way to the lists (§16.4): when a pagevec is emptied, what becomes of its pages, and what is
 * counted.
 */
#include "lru_case.h"

static void test_16_4_the_14th_fills_it(void **state)
{
	struct page *first = added(new_page(0)), *last = NULL;

	(void)state;
	for (int i = 2; i < PAGEVEC_SIZE; i++)
		added(new_page(0));
	assert_int_equal(length(LRU_INACTIVE_ANON), 0);
	assert_int_equal(first->refcount, 2);
	assert_false(page_has(first, PG_LRU));
	last = added(new_page(0));
	assert_int_equal(length(LRU_INACTIVE_ANON), PAGEVEC_SIZE);
	assert_int_equal(first->refcount, 1); /* to be on a list holds none (§19.1) */
	assert_true(page_has(first, PG_LRU));
	assert_ptr_equal(nth(LRU_INACTIVE_ANON, 0), last);
	assert_ptr_equal(tail(LRU_INACTIVE_ANON), first);
	assert_anon(PAGEVEC_SIZE, 0);
}

static void test_16_4_lists_by_flags_and_what_is_recent(void **state)
{
	(void)state;
	listed(0);
	assert_recent(1, 0);
	listed(PG_ACTIVE);
	assert_recent(2, 1);
	assert_anon(1, 1);
	for (int i = 0; i < 5; i++)
		added(new_page(i % 2 ? PG_ACTIVE : 0));
	lru_add_drain(m);
	assert_recent(7, 3);
	assert_anon(4, 3);
}

/* §16.4: its last reference was the pagevec's. */
static void test_16_4_nobody_has_it_any_more(void **state)
{
	long before = all_free(m);
	struct page *page = added(new_page(PG_ACTIVE));

	(void)state;
	page_put(m, page);
	assert_int_equal(page->refcount, 1);
	lru_add_drain(m);
	assert_anon(0, 0);
	assert_recent(1, 1);
	assert_int_equal(all_free(m), before);
}

static void test_16_4_activate(void **state)
{
	struct page *page = listed(0), *other = listed(PG_ACTIVE);

	(void)state;
	activate_page(m, page);
	assert_int_equal(page->refcount, 2); /* on its list, and reclaim keeps it */
	assert_int_equal(m->event[PGACTIVATE], 0);
	lru_add_drain(m);
	assert_ptr_equal(nth(LRU_ACTIVE_ANON, 0), page);
	assert_ptr_equal(nth(LRU_ACTIVE_ANON, 1), other);
	assert_int_equal(page->refcount, 1);
	assert_int_equal(m->event[PGACTIVATE], 1);
	assert_recent(2 + 1, 1 + 1);
	assert_anon(0, 2);
}

/* Trap 9: what still waits to enter is not on the LRU. */
static void test_16_4_activate_what_is_not_inactive(void **state)
{
	struct page *page[] = {added(new_page(0)), listed(PG_ACTIVE), new_page(PG_UNEVICTABLE)};

	(void)state;
	page_get(page[2]);
	lru_add_unevictable(m, page[2]);
	added(page[0] = new_page(0));
	for (int i = 0; i < 3; i++)
		activate_page(m, page[i]);
	assert_int_equal(m->node.pagevec[PAGEVEC_ACTIVATE][0].nr, 0);
	lru_add_drain(m);
	assert_int_equal(m->event[PGACTIVATE], 0);
	assert_false(page_has(page[0], PG_ACTIVE));
	assert_anon(2, 1);
	assert_ptr_equal(nth(LRU_UNEVICTABLE, 0), page[2]);
}

/* The same test again when it comes to it. */
static void test_16_4_activate_what_was_isolated_meanwhile(void **state)
{
	struct page *page = listed(0);

	(void)state;
	activate_page(m, page);
	assert_true(isolate_lru_page(m, page));
	lru_add_drain(m);
	assert_int_equal(m->event[PGACTIVATE], 0);
	assert_int_equal(page->refcount, 2); /* ours, and the isolation's */
	putback_lru_page(m, page);
	lru_add_drain(m);
	assert_anon(1, 0);
}

/* §16.5: once is a mark, twice is active; on its list, or on its way there. */
static void test_16_5_known_to_be_used(void **state)
{
	struct page *page = listed(0), *waits = added(new_page(0)), *active = listed(PG_ACTIVE);
	struct page *locked = new_page(PG_UNEVICTABLE | PG_REFERENCED);

	(void)state;
	waits = added(new_page(0)); /* after listed() has emptied the pagevec */
	mark_page_accessed(m, page);
	mark_page_accessed(m, waits);
	mark_page_accessed(m, active);
	assert_true(page_has(page, PG_REFERENCED));
	assert_int_equal(m->node.pagevec[PAGEVEC_ACTIVATE][0].nr, 0);
	mark_page_accessed(m, page);
	mark_page_accessed(m, waits);
	mark_page_accessed(m, active);
	mark_page_accessed(m, locked);
	assert_int_equal(m->node.pagevec[PAGEVEC_ACTIVATE][0].nr, 1);
	assert_false(page_has(page, PG_REFERENCED));
	assert_false(page_has(waits, PG_REFERENCED));
	assert_true(page_has(waits, PG_ACTIVE));
	assert_true(page_has(active, PG_REFERENCED)); /* more than active it cannot be */
	assert_true(page_has(locked, PG_REFERENCED));
	lru_add_drain(m);
	assert_true(page_has(page, PG_ACTIVE));
	assert_int_equal(m->event[PGACTIVATE], 1);
}

static void test_16_4_rotate(void **state)
{
	struct page *first = listed(0), *page = listed(0);

	(void)state;
	assert_ptr_equal(tail(LRU_INACTIVE_ANON), first);
	rotate_reclaimable_page(m, page);
	lru_add_drain(m);
	assert_ptr_equal(tail(LRU_INACTIVE_ANON), page);
	assert_int_equal(m->event[PGROTATED], 1);
	assert_recent(2, 0); /* it was not looked at */
	assert_int_equal(page->refcount, 1);
	assert_anon(2, 0);
}

static void test_20_7_what_is_not_rotated(void **state)
{
	static const unsigned int flags[] = {PG_LOCKED, PG_DIRTY, PG_ACTIVE};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		rotate_reclaimable_page(m, listed(flags[i]));
	rotate_reclaimable_page(m, new_page(0)); /* on no list yet: a fast disk's (trap 10) */
	lru_add_drain(m);
	assert_int_equal(m->event[PGROTATED], 0);
	assert_int_equal(m->node.pagevec[PAGEVEC_ROTATE][0].nr, 0);
}

/* To the tail if it is clean; if it is written back later, then. What is mapped stays where it is. */
static void test_16_4_deactivate_a_page_of_a_file(void **state)
{
	struct page *first = listed(0), *used = listed(PG_ACTIVE | PG_REFERENCED),
		    *dirty = listed(PG_ACTIVE | PG_DIRTY), *mapped = listed(PG_ACTIVE);

	(void)state;
	mapped->mapcount = 1;
	deactivate_file_page(m, used);
	deactivate_file_page(m, dirty);
	deactivate_file_page(m, mapped);
	assert_int_equal(used->refcount, 2);
	assert_recent(4, 3);
	lru_add_drain(m);
	assert_ptr_equal(tail(LRU_INACTIVE_ANON), used);
	assert_ptr_equal(nth(LRU_INACTIVE_ANON, 0), dirty);
	assert_ptr_equal(nth(LRU_INACTIVE_ANON, 1), first);
	assert_ptr_equal(tail(LRU_ACTIVE_ANON), mapped);
	assert_false(page_has(used, PG_REFERENCED | PG_RECLAIM));
	assert_true(page_has(dirty, PG_RECLAIM));
	assert_int_equal(m->event[PGDEACTIVATE], 2);
	assert_int_equal(m->event[PGROTATED], 1);
	assert_recent(6, 3);
	assert_int_equal(used->refcount, 1);
	assert_anon(3, 1);
	mapped->mapcount = 0;
	page_clear(dirty, PG_DIRTY);
}

static void test_16_4_unevictable_ones_are_not_deactivated(void **state)
{
	struct page *page = listed(PG_UNEVICTABLE);

	(void)state;
	deactivate_file_page(m, page);
	assert_int_equal(page->refcount, 1);
	assert_int_equal(m->node.pagevec[PAGEVEC_DEACTIVATE_FILE][0].nr, 0);
}

/* By the 14th of a kind as well. */
static void test_16_4_any_kind_is_emptied_by_its_14th(void **state)
{
	struct page *page[PAGEVEC_SIZE];

	(void)state;
	for (int i = 0; i < PAGEVEC_SIZE; i++)
		page[i] = listed(0);
	for (int i = 0; i < PAGEVEC_SIZE; i++) {
		assert_int_equal(m->event[PGACTIVATE], 0);
		activate_page(m, page[i]);
	}
	assert_int_equal(m->event[PGACTIVATE], PAGEVEC_SIZE);
	assert_anon(0, PAGEVEC_SIZE);
	assert_int_equal(page[0]->refcount, 1);
}

/* New ones first, then those to be rotated, then those that were used. */
static void test_16_4_order_of_a_drain(void **state)
{
	struct page *used = listed(0), *written = listed(0), *fresh[2];

	(void)state;
	activate_page(m, used);
	rotate_reclaimable_page(m, written);
	fresh[0] = added(new_page(PG_ACTIVE));
	fresh[1] = added(new_page(0));
	lru_add_drain(m);
	assert_ptr_equal(nth(LRU_ACTIVE_ANON, 0), used);
	assert_ptr_equal(nth(LRU_ACTIVE_ANON, 1), fresh[0]);
	assert_ptr_equal(nth(LRU_INACTIVE_ANON, 0), fresh[1]);
	assert_ptr_equal(tail(LRU_INACTIVE_ANON), written);
}

/* Trap 36: each CPU has its own, and only those that have pages are asked for them. */
static void test_trap_36_a_drain_is_this_cpu_s(void **state)
{
	struct page *page;

	(void)state;
	m = slab_machine(3);
	become_cpu(1);
	page = added(new_page(0));
	become_cpu(0);
	lru_add_drain(m);
	assert_false(page_has(page, PG_LRU));
	assert_int_equal(page->refcount, 2);
	twin.called = 0;
	lru_add_drain_all(m);
	assert_int_equal(twin.called, 1u << 1);
	assert_true(page_has(page, PG_LRU));
	twin.called = 0;
	lru_add_drain_all(m);
	assert_int_equal(twin.called, 0);
}

static void test_trap_36_cpu_0_is_asked_as_well(void **state)
{
	struct page *page;

	(void)state;
	m = slab_machine(3);
	page = added(new_page(0));
	become_cpu(2);
	twin.called = 0;
	lru_add_drain_all(m);
	assert_int_equal(twin.called, 1u << 0);
	assert_true(page_has(page, PG_LRU));
}

#ifdef LW_DEBUG
/* Whoever moves pages without lru_lock is stopped. */
static void test_lists_are_changed_under_their_lock(void **state)
{
	static struct page *page;

	(void)state;
	page = listed(0);
	assert_panics("BUG: locks: lru_lock is not held", lru_del(m, page));
	assert_panics("BUG: locks: lru_lock is not held", lru_add_head(m, page));
}
#endif

/* Who takes it off its list changes the two counters of its zone and of the node alone (§16.8). */
static void test_16_8_two_counters_a_page(void **state)
{
	struct page *low = listed_in(GFP_DMA, PG_ACTIVE), *high = listed(PG_ACTIVE);

	(void)state;
	assert_int_equal(zone_stat_exact(dma(m), NR_ZONE_ACTIVE_ANON), 1);
	assert_int_equal(zone_stat_exact(dma32(m), NR_ZONE_ACTIVE_ANON), 1);
	assert_anon(0, 2);
	assert_true(isolate_lru_page(m, low));
	assert_int_equal(zone_stat_exact(dma(m), NR_ZONE_ACTIVE_ANON), 0);
	assert_int_equal(zone_stat_exact(dma32(m), NR_ZONE_ACTIVE_ANON), 1);
	assert_int_equal(node_stat_exact(m, NR_ISOLATED_ANON), 0); /* only reclaim's (§22.4) */
	assert_false(isolate_lru_page(m, low));
	putback_lru_page(m, low);
	page_put(m, high);
	lru_add_drain(m);
	assert_anon(0, 1);
}

static const struct CMUnitTest tests[] = {
	TEST(test_16_4_the_14th_fills_it),
	TEST(test_16_4_lists_by_flags_and_what_is_recent),
	TEST(test_16_4_nobody_has_it_any_more),
	TEST(test_16_4_activate),
	TEST(test_16_4_activate_what_is_not_inactive),
	TEST(test_16_4_activate_what_was_isolated_meanwhile),
	TEST(test_16_5_known_to_be_used),
	TEST(test_16_4_rotate),
	TEST(test_20_7_what_is_not_rotated),
	TEST(test_16_4_deactivate_a_page_of_a_file),
	TEST(test_16_4_unevictable_ones_are_not_deactivated),
	TEST(test_16_4_any_kind_is_emptied_by_its_14th),
	TEST(test_16_4_order_of_a_drain),
	TEST(test_trap_36_a_drain_is_this_cpu_s),
	TEST(test_trap_36_cpu_0_is_asked_as_well),
#ifdef LW_DEBUG
	TEST(test_lists_are_changed_under_their_lock),
#endif
	TEST(test_16_8_two_counters_a_page),
};
TEST_GROUP(pagevec)
