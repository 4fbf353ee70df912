/*
 * Batches of pages (§17.9, §17.10): which are looked at, how they are put back, and what is counted.
 */
#include "scan_case.h"

#include "mm/space/mlock.h"

static void app_pages(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		inactive_page(i);
}

static unsigned long shrink_inactive(unsigned long n)
{
	unsigned int before = be_reclaimer();
	unsigned long freed = shrink_inactive_list(&sc, n, LRU_ANON);

	current->flags = before;
	assert_int_equal(node_stat_exact(m, NR_ISOLATED_ANON), 0);
	assert_valid(m);
	return freed;
}

static void assert_events(
	enum mm_event scan, unsigned long scanned, enum mm_event steal, unsigned long stolen)
{
	assert_int_equal(m->event[scan], scanned);
	assert_int_equal(m->event[steal], stolen);
}

/* Trap 2. What waits in a pagevec does not count, though it would be there when it comes to isolation. */
static void test_17_9_1_fewer_than_32(void **state)
{
	(void)state;
	app_pages(31);
	page_get(page_at(0));
	for (int i = 0; i < 5; i++)
		assert_int_equal(mm_fault(mm, AT(100 + i), FAULT_WRITE), FAULT_OK);
	assert_int_equal(shrink_inactive(32), 0);
	assert_events(PGSCAN_DIRECT, 0, PGSTEAL_DIRECT, 0);
	assert_int_equal(node_stat_exact(m, NR_PAGES_SCANNED), 0);
	page_put(m, page_at(0));
	inactive_page(31);
	assert_int_equal(shrink_inactive(3), 3);
	assert_events(PGSCAN_DIRECT, 3, PGSTEAL_DIRECT, 3);
	assert_int_equal(shrink_inactive(32), 0); /* 29 are left */
	scan_finish();
}

static void others_put_back(void)
{
	m->node.stat[NR_ISOLATED_FILE] = 0;
}

/* Ticks that it waits for others who have isolated files: none, where these are too few. */
static unsigned long waits_for_files(long inactive)
{
	unsigned long before = jiffies;

	dma32(m)->stat[NR_ZONE_INACTIVE_FILE] = inactive;
	m->node.stat[NR_ISOLATED_FILE] = 1;
	twin.on_sleep = others_put_back;
	assert_int_equal(shrink_inactive_list(&sc, 32, LRU_FILE), 0);
	dma32(m)->stat[NR_ZONE_INACTIVE_FILE] = m->node.stat[NR_ISOLATED_FILE] = 0;
	return jiffies - before;
}

/* Of the class's own inactive list. */
static void test_17_9_1_each_class_by_itself(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 40; i++)
		old_page(i);
	assert_int_equal(waits_for_files(31), 0);
	assert_int_equal(waits_for_files(32), hz / 10);
	scan_finish();
}

/* Of zones that may be taken from. */
static void test_17_9_1_zones_above(void **state)
{
	(void)state;
	app_pages(40);
	sc.highest = ZONE_DMA;
	assert_int_equal(shrink_inactive(32), 0);
	assert_int_equal(mm_event_sum(m, PGSCAN_SKIP), 0);
	sc.highest = ZONE_DMA32;
	assert_int_equal(shrink_inactive(32), 32);
	scan_finish();
}

/* By the task that runs. */
static void test_17_9_kswapd_s_counters(void **state)
{
	(void)state;
	app_pages(40);
	be_kswapd();
	assert_int_equal(shrink_inactive(8), 8);
	assert_events(PGSCAN_KSWAPD, 8, PGSTEAL_KSWAPD, 8);
	assert_events(PGSCAN_DIRECT, 0, PGSTEAL_DIRECT, 0);
	scan_finish();
}

/*
 * The oldest ones first; those that stay go to the heads of their lists, the oldest of them first. What was looked
 * at, and what was used, is remembered.
 */
static void test_17_9_7_put_back(void **state)
{
	unsigned long recent = 0;

	(void)state;
	app_pages(40);
	m->node.lru.recent_scanned[LRU_ANON] = m->node.lru.recent_rotated[LRU_ANON] = 0;
	for (int i = 0; i < 4; i++) {
		*pte_at(i) |= PTE_ACCESSED;
		page_get(page_at(4 + i)); /* stays, inactive */
	}
	recent = shrink_inactive(10);
	assert_int_equal(recent, 2);
	assert_int_equal(m->node.lru.recent_scanned[LRU_ANON], 10);
	assert_int_equal(m->node.lru.recent_rotated[LRU_ANON], 4);
	assert_int_equal(m->event[PGACTIVATE], 4);
	for (int i = 0; i < 4; i++)
		assert_ptr_equal(nth_of(LRU_ACTIVE_ANON, 3 - i), page_at(i));
	assert_ptr_equal(nth_of(LRU_INACTIVE_ANON, 4), page_at(39));
	for (int i = 4; i < 8; i++) {
		struct page *page = nth_of(LRU_INACTIVE_ANON, 7 - i);

		assert_int_equal(swp_offset(page_swap_entry(page)),
			swp_offset(pte_to_swp_entry(*pte_at(i))));
		page_put(m, page);
	}
	scan_finish();
}

/* pages_scanned grows by what is looked at, here and of active lists; nothing was freed. */
static void test_17_10b_pages_scanned(void **state)
{
	(void)state;
	sc.gfp = GFP_NOIO;
	app_pages(40);
	for (int i = 100; i < 120; i++)
		old_page(i);
	m->node.stat[NR_PAGES_SCANNED] = 0;
	shrink_inactive(32);
	assert_int_equal(node_stat_exact(m, NR_PAGES_SCANNED), 32);
	shrink_active_list(&sc, 12, LRU_ANON);
	assert_int_equal(node_stat_exact(m, NR_PAGES_SCANNED), 44);
	scan_finish();
}

static void test_17_9_9_all_under_writeback(void **state)
{
	unsigned long before = jiffies;

	(void)state;
	area = add_area(&fake_vda, 100, 10);
	app_pages(33);
	shrink_inactive(32);
	assert_int_equal(fake.nr_late, 32);
	assert_false(node_has(m, NODE_WRITEBACK));
	inactive_tail_first(33); /* they come to the tail again */
	be_kswapd();
	shrink_inactive(32);
	assert_true(node_has(m, NODE_WRITEBACK));
	assert_int_equal(jiffies, before);
	inactive_tail_first(33);
	shrink_inactive(
		32); /* and again: kswapd has a pause (§17.9.12), the whole of it (trap 17) */
	assert_int_equal(jiffies, before + hz / 10);
	current->flags &= ~(PF_KSWAPD | PF_SWAPWRITE);
	inactive_tail_first(33);
	shrink_inactive(32); /* others have not */
	assert_int_equal(jiffies, before + hz / 10);
	assert_false(node_has(m, NODE_DIRTY | NODE_CONGESTED)); /* pages of apps are never either */
	while (fake.nr_late)
		fake_end_one();
	scan_finish();
}

/* Not by a batch of which one page was something else. */
static void test_17_9_9_not_all_under_writeback(void **state)
{
	(void)state;
	area = add_area(&fake_vda, 100, 10);
	app_pages(32);
	shrink_inactive(31);
	inactive_tail_first(32);
	*pte_at(31) |= PTE_ACCESSED;
	shrink_inactive(32);
	assert_false(node_has(m, NODE_WRITEBACK));
	while (fake.nr_late)
		fake_end_one();
	scan_finish();
}

static void its_users_go(void)
{
	twin.on_yield = NULL;
	assert_int_equal(mm_unmap(mm, AT(0), LEN(4)), 0);
}

/* §17.9.7: the last reference is the isolation's. Freed, which is nobody's progress. */
static void test_17_9_7_the_last_reference(void **state)
{
	(void)state;
	sc.gfp = GFP_NOIO;
	app_pages(32);
	twin.on_yield = its_users_go;
	assert_int_equal(shrink_inactive(8), 0);
	assert_events(PGSCAN_DIRECT, 8, PGSTEAL_DIRECT, 0);
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_ANON), 28);
	assert_counts(28, 0);
	scan_finish();
}

/* §27: what is locked in memory leaves for the list of its kind, and was looked at all the same. */
static void test_17_9_7_mlocked(void **state)
{
	(void)state;
	sc.gfp = GFP_NOIO;
	app_pages(32);
	page_set(page_at(3), PG_MLOCKED);
	zone_stat_add(page_zone(m, page_at(3)), NR_MLOCK, 1);
	shrink_inactive(8);
	assert_events(PGSCAN_DIRECT, 8, PGSTEAL_DIRECT, 0);
	assert_int_equal(node_stat_exact(m, NR_UNEVICTABLE), 1);
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_ANON), 31);
	assert_int_equal(m->event[UNEVICTABLE_PGCULLED], 1);
	assert_true(page_has(page_at(3), PG_UNEVICTABLE));
	scan_finish();
}

static void shrink_active(unsigned long n)
{
	unsigned int before = be_reclaimer();

	shrink_active_list(&sc, n, LRU_ANON);
	current->flags = before;
	assert_int_equal(node_stat_exact(m, NR_ISOLATED_ANON), 0);
	assert_valid(m);
}

/* Trap 6: all of them, in their order; that they were used is consumed, and remembered. */
static void test_17_10_shrink_active(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++)
		old_page(i);
	m->node.lru.recent_scanned[LRU_ANON] = m->node.lru.recent_rotated[LRU_ANON] = 0;
	*pte_at(1) |= PTE_ACCESSED;
	*pte_at(2) |= PTE_ACCESSED;
	page_set(page_at(4), PG_REFERENCED);
	shrink_active(6);
	assert_int_equal(m->event[PGREFILL], 6);
	assert_int_equal(m->event[PGDEACTIVATE], 6);
	assert_int_equal(m->node.lru.recent_scanned[LRU_ANON], 6);
	assert_int_equal(m->node.lru.recent_rotated[LRU_ANON], 2);
	assert_false((*pte_at(1) | *pte_at(2)) & PTE_ACCESSED);
	for (int i = 0; i < 6; i++) {
		assert_ptr_equal(nth_of(LRU_INACTIVE_ANON, 5 - i), page_at(i));
		assert_false(page_has(page_at(i), PG_ACTIVE));
	}
	assert_true(page_has(page_at(4), PG_REFERENCED)); /* neither asked nor changed */
	assert_int_equal(node_stat_exact(m, NR_ACTIVE_ANON), 4);
	assert_events(PGSCAN_DIRECT, 0, PGACTIVATE, 0);
	scan_finish();
}

static void test_17_10_mlocked_and_gone(void **state)
{
	struct page *page;

	(void)state;
	for (int i = 0; i < 10; i++)
		old_page(i);
	page = page_at(7);
	page_set(page, PG_MLOCKED);
	zone_stat_add(page_zone(m, page), NR_MLOCK, 1);
	twin.on_yield = its_users_go;
	shrink_active(8);
	assert_int_equal(m->event[PGREFILL], 8);
	assert_int_equal(m->event[PGDEACTIVATE], 7); /* those that are freed then, too */
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_ANON), 3);
	assert_int_equal(node_stat_exact(m, NR_UNEVICTABLE), 1);
	assert_counts(6, 0);
	scan_finish();
}

/* Lists are looked at after this CPU's pagevecs have been emptied. */
static void test_17_10_drains_first(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(mm_fault(mm, AT(i), FAULT_WRITE), FAULT_OK);
	shrink_active(32);
	assert_int_equal(m->event[PGDEACTIVATE], 3);
	scan_finish();
}

static const struct CMUnitTest tests[] = {
	TEST(test_17_9_1_fewer_than_32),
	TEST(test_17_9_1_each_class_by_itself),
	TEST(test_17_9_1_zones_above),
	TEST(test_17_9_kswapd_s_counters),
	TEST(test_17_9_7_put_back),
	TEST(test_17_10b_pages_scanned),
	TEST(test_17_9_9_all_under_writeback),
	TEST(test_17_9_9_not_all_under_writeback),
	TEST(test_17_9_7_the_last_reference),
	TEST(test_17_9_7_mlocked),
	TEST(test_17_10_shrink_active),
	TEST(test_17_10_mlocked_and_gone),
	TEST(test_17_10_drains_first),
};
TEST_GROUP(shrink_list)
