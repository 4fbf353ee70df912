/*
 * Two threads that fault at once, and make the same tables (mm/space/fault.c, pgtable.c).
 */
#include "space/space_case.h"

/* Another thread of the app serves the same fault while this one waits for memory. */
static void other_thread_faults(void)
{
	if (twin.yields > 1)
		return;
	become(task_new("thread", 11, mm));
	for (int i = 0; i < 8; i++)
		zone_put(dma32(m), 4096 + 2 * i, 0, MIGRATE_MOVABLE);
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
	*memory_at(AT(0)) = 42;
}

static void fault_race(void)
{
	twin.yields = 0;
	twin.on_yield = other_thread_faults;
	become(task_new("app", 10, mm));
	memory_empty(m);
	memory_no_marks(m);
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
	assert_true(twin.yields > 0);
	assert_int_equal(*memory_at(AT(0)), 42);
}

/*
 * Allocating the page may sleep: when another thread has served the fault meanwhile, its page and
 * what it wrote must stay.
 */
static void test_two_threads_fault_the_same_page(void **state)
{
	(void)state;
	map(0, 2);
	mm_fault(mm, AT(1), FAULT_WRITE); /* the tables are there */
	fault_race();
	assert_int_equal(mm->anon_rss, 2);
	assert_int_equal(all_free(m), 7);
}

/* A page that was to be shared goes back like any other. */
static void test_two_threads_fault_the_same_shared_page(void **state)
{
	(void)state;
	mm_map_fixed(mm, AT(0), LEN(2), VM_WRITE | VM_SHARED, NULL, 0);
	mm_fault(mm, AT(1), FAULT_WRITE);
	fault_race();
	assert_int_equal(mm->shmem_rss, 2);
	assert_int_equal(node_stat_exact(m, NR_SHMEM), 2);
	assert_int_equal(all_free(m), 7);
}

/* The same for a missing table. */
static void test_two_threads_make_the_same_table(void **state)
{
	(void)state;
	map(0, 1);
	fault_race();
	assert_int_equal(mm->anon_rss, 1);
	assert_int_equal(mm->nr_ptes, 1);
	assert_int_equal(
		all_free(m), 2); /* 8 less a page, three tables, and slabs of anon_vma and chain */
}

/* Of every level; what the loser made is in no account. */
static void race_for_a_table(uint64_t neighbour, long left)
{
	map(0, 1);
	mm_map_fixed(mm, neighbour, LEN(1), VM_WRITE, NULL, 0);
	mm_fault(mm, neighbour, FAULT_WRITE);
	fault_race();
	assert_int_equal(all_free(m), left);
	assert_int_equal(mm->nr_ptes, 2);
	assert_int_equal(memory_stat(m, NR_PAGETABLE), 2);
	assert_int_equal(mm->nr_pmds, left == 6 ? 1 : 2);
	mm_put_user(mm);
	assert_int_equal(memory_stat(m, NR_PAGETABLE), 0);
}

static void test_two_threads_make_the_same_lowest_table(void **state)
{
	(void)state;
	race_for_a_table(AT(0) + (2ull << 20), 6);
}

static void test_two_threads_make_the_same_middle_table(void **state)
{
	(void)state;
	race_for_a_table(AT(0) + (1ull << 30), 5);
}

static const struct CMUnitTest tests[] = {
	TEST(test_two_threads_fault_the_same_page),
	TEST(test_two_threads_fault_the_same_shared_page),
	TEST(test_two_threads_make_the_same_table),
	TEST(test_two_threads_make_the_same_lowest_table),
	TEST(test_two_threads_make_the_same_middle_table),
};
TEST_GROUP(fault_races)
