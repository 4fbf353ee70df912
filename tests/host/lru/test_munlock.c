/*
 * munlock() and the end of locked VMAs (§27, §30c): pages go back to their lists by a batch of 14 of its own, and
 * what is on no list stays in the count of locked pages.
 */
#include "space.h"

#include "mm/lru/isolate.h"

#define W  VM_WRITE
#define WL (VM_WRITE | VM_LOCKED)

static void assert_events(unsigned long unlocked, unsigned long rescued, unsigned long stranded)
{
	assert_int_equal(m->event[UNEVICTABLE_PGMUNLOCKED], unlocked);
	assert_int_equal(m->event[UNEVICTABLE_PGRESCUED], rescued);
	assert_int_equal(m->event[UNEVICTABLE_PGSTRANDED], stranded);
	assert_int_equal(m->event[UNEVICTABLE_PGCLEARED], 0);
}

/* Straight to the list that their flags say: those that came new and locked were never active. */
static void test_27_a_batch_and_a_rest(void **state)
{
	(void)state;
	map(0, 20, WL);
	touch(0, 20);
	assert_int_equal(m->event[UNEVICTABLE_PGMLOCKED], 20);
	assert_int_equal(mm_munlock(mm, AT(0), LEN(20)), 0);
	assert_events(20, 20, 0);
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_ANON), 20); /* not by the CPU's pagevec */
	assert_int_equal(node_stat_exact(m, NR_UNEVICTABLE), 0);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 0);
	assert_all_back();
}

static void test_27_only_those_that_were_locked(void **state)
{
	(void)state;
	map(0, 4, W);
	touch(0, 2);
	map(4, 4, WL);
	touch(4, 1);
	assert_int_equal(mm_munlock(mm, AT(0), LEN(8)), 0);
	assert_events(1, 1, 0);
	assert_all_back();
}

/* Whoever has it: the flag goes, and the count stays too high for ever. */
static void test_30c_an_isolated_page_is_stranded(void **state)
{
	struct page *page;

	(void)state;
	map(0, 3, WL);
	touch(0, 3);
	page = page_at(1);
	assert_true(isolate_lru_page(m, page));
	assert_int_equal(mm_munlock(mm, AT(0), LEN(3)), 0);
	assert_events(2, 2, 1);
	assert_false(page_has(page, PG_MLOCKED));
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 1);
	putback_lru_page(m, page);
	assert_events(2, 3, 1); /* rescued by who puts it back */
	lru_add_drain(m);
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_ANON), 3);
	assert_true(mm_put_user(mm));
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 1);
	assert_int_equal(all_free(m), free_before);
}

/* A page in another CPU's pagevec is not unevictable: it counts as unlocked, and stays in the count as well. */
static void test_30c_a_page_that_waits_elsewhere(void **state)
{
	(void)state;
	m = machine_default();
	nr_cpus = 2;
	become_cpu(1);
	become(task_new("other", 11, NULL));
	mm = mm_create(m);
	map(0, 1, W);
	touch(0, 1);
	become_cpu(0);
	page_set(page_at(0), PG_MLOCKED);
	zone_stat_add(page_zone(m, page_at(0)), NR_MLOCK, 1);
	find_vma(mm, AT(0))->flags |= VM_LOCKED;
	assert_int_equal(mm_munlock(mm, AT(0), LEN(1)), 0);
	assert_events(1, 0, 0);
	assert_false(page_has(page_at(0), PG_MLOCKED));
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 1);
}

/* Before any entry goes: nothing is cleared page by page. */
static void test_27_exit_and_munmap_unlock_first(void **state)
{
	(void)state;
	map(0, 30, WL);
	touch(0, 30);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(10)), 0);
	assert_events(10, 10, 0);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 20);
	assert_all_back();
	assert_events(30, 30, 0);
}

static const struct CMUnitTest tests[] = {
	TEST(test_27_a_batch_and_a_rest),
	TEST(test_27_only_those_that_were_locked),
	TEST(test_30c_an_isolated_page_is_stranded),
	TEST(test_30c_a_page_that_waits_elsewhere),
	TEST(test_27_exit_and_munmap_unlock_first),
};
TEST_GROUP(munlock)
