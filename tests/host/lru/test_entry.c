/*
 * Where pages of apps enter the lists (§16.3), and traps 9, 10 and 36.
 */
#include "space/unmap_case.h"

#include "mm/lru/isolate.h"

static void touch(unsigned int page, unsigned int flags)
{
	assert_int_equal(mm_fault(mm, AT(page), flags), FAULT_OK);
}

static void assert_lists(long inactive, long active, long unevictable)
{
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_ANON), inactive);
	assert_int_equal(node_stat_exact(m, NR_ACTIVE_ANON), active);
	assert_int_equal(node_stat_exact(m, NR_UNEVICTABLE), unevictable);
	assert_valid(m);
}

static void test_16_3_a_fault(void **state)
{
	(void)state;
	map(0, 40, VM_WRITE);
	for (int i = 0; i < 16; i++)
		touch(i, FAULT_WRITE);
	assert_lists(0, 14, 0);
	assert_int_equal(page_at(14)->refcount, 2); /* the entry's, and the pagevec's (§19.1) */
	assert_int_equal(page_at(0)->refcount, 1);
	touch(20, 0); /* the zero page is nobody's */
	lru_add_drain(m);
	assert_lists(0, 16, 0);
	assert_int_equal(mm->anon_rss, 16);
	assert_int_equal(node_stat_exact(m, NR_ANON_MAPPED), 16);
	space_finish();
}

static void test_16_3_a_fault_in_a_locked_vma(void **state)
{
	(void)state;
	map(0, 4, VM_WRITE | VM_LOCKED);
	touch(0, FAULT_WRITE);
	assert_lists(0, 0, 1);
	assert_int_equal(page_at(0)->refcount, 1);
	assert_int_equal(m->event[UNEVICTABLE_PGMLOCKED], 1);
	assert_int_equal(m->event[UNEVICTABLE_PGCULLED], 0);
	space_finish();
}

/* A page goes to swap, out of the cache, and is read again, in a window of so many. */
static void swap_in(long page_cluster)
{
	m->tunables.page_cluster = page_cluster;
	map(0, 1, VM_WRITE);
	old_page(0);
	assert_int_equal(mm_swap_out(mm, AT(0)), 0);
	assert_lists(0, 0, 0);
	touch(0, 0);
	assert_int_equal(m->event[PGMAJFAULT], 1);
}

/* Trap 9: a window of one page is not drained, and the page not on its list when it is to be activated. */
static void test_trap_9_a_window_of_one(void **state)
{
	(void)state;
	swap_in(0);
	assert_lists(0, 0, 0);
	assert_int_equal(page_at(0)->refcount, 3); /* entry, cache, pagevec */
	lru_add_drain(m);
	assert_lists(1, 0, 0);
	assert_int_equal(m->event[PGACTIVATE], 0);
	space_finish();
}

static void test_16_3_a_wider_window(void **state)
{
	(void)state;
	swap_in(3);
	assert_lists(1, 0, 0); /* it waits to be activated */
	lru_add_drain(m);
	assert_lists(0, 1, 0);
	assert_int_equal(m->event[PGACTIVATE], 1);
	space_finish();
}

/* Trap 36, §28.1: pages that another CPU gathers survive the end of their address space, until it drains. */
static void test_trap_36_pages_of_another_cpu(void **state)
{
	(void)state;
	space_start(2);
	become_cpu(1);
	map(0, 20, VM_WRITE);
	for (int i = 0; i < 20; i++)
		touch(i, FAULT_WRITE);
	become_cpu(0);
	assert_true(mm_put_user(mm));
	assert_lists(0, 0, 0);
	assert_int_equal(m->node.pagevec[PAGEVEC_ADD][1].nr, 6);
	assert_int_equal(m->node.pagevec[PAGEVEC_ADD][1].page[5]->refcount, 1);
	lru_add_drain_all(m);
	assert_int_equal(m->node.pagevec[PAGEVEC_ADD][1].nr, 0);
	assert_null(swap_off_all(m));
	assert_no_nodes(m, free_before);
}

static const struct CMUnitTest tests[] = {
	TEST(test_16_3_a_fault),
	TEST(test_16_3_a_fault_in_a_locked_vma),
	TEST(test_trap_9_a_window_of_one),
	TEST(test_16_3_a_wider_window),
	TEST(test_trap_36_pages_of_another_cpu),
};
TEST_GROUP(entry)
