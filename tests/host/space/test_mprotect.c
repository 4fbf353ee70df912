/*
 * mprotect (mm/space/mm.h): VMAs, entries, faults; and the rules of a range, which mlock and munmap share.
 */
#include "space.h"

#define W VM_WRITE

static int protect(unsigned int page, unsigned int pages, bool write)
{
	return mm_protect(mm, AT(page), LEN(pages), write);
}

static void test_protect_splits_and_merges_again(void **state)
{
	(void)state;
	map(0, 10, W);
	assert_int_equal(protect(3, 2, false), 0);
	assert_string_equal(layout(), "0-3:1 3-5:0 5-10:1 ");
	assert_int_equal(protect(0, 3, false), 0);
	assert_string_equal(layout(), "0-5:0 5-10:1 ");
	assert_int_equal(protect(5, 5, false), 0);
	assert_string_equal(layout(), "0-10:0 ");
	assert_int_equal(protect(0, 10, true), 0);
	assert_string_equal(layout(), "0-10:1 ");
	assert_int_equal(mm->total_vm, 10);
	assert_all_back();
}

static void test_protect_of_what_is_so_already_leaves_one_vma(void **state)
{
	(void)state;
	map(0, 10, W);
	assert_int_equal(protect(3, 2, true), 0);
	assert_string_equal(layout(), "0-10:1 ");
}

/* The first becomes like the second, which is in the range as well and has a third behind it. */
static void test_protect_across_vmas_that_become_alike(void **state)
{
	(void)state;
	map(0, 5, W);
	map(5, 5, 0);
	map(10, 5, W);
	assert_int_equal(protect(0, 15, false), 0);
	assert_string_equal(layout(), "0-15:0 ");
	assert_all_back();
}

static void test_protect_merges_with_both_neighbours(void **state)
{
	(void)state;
	map(0, 5, 0);
	map(5, 5, W);
	map(10, 5, 0);
	assert_int_equal(protect(5, 5, false), 0);
	assert_string_equal(layout(), "0-15:0 ");
}

static void test_protect_keeps_other_flags_apart(void **state)
{
	(void)state;
	map(0, 5, W);
	map(5, 5, W | VM_SHARED);
	assert_int_equal(protect(0, 10, false), 0);
	assert_string_equal(layout(), "0-5:0 5-10:4 ");
}

static void test_protect_changes_the_entries_that_exist(void **state)
{
	(void)state;
	map(0, 1000, W);
	touch(2, 2);
	touch(600, 1);
	host_arch.full_flushes = 0;
	assert_int_equal(protect(3, 700, false), 0);
	assert_true(entry(2) & PTE_WRITE);
	assert_false(entry(3) & PTE_WRITE);
	assert_false(entry(600) & PTE_WRITE);
	assert_true(entry(600) & PTE_PRESENT);
	assert_int_equal(entry(4), 0);
	assert_int_equal(host_arch.full_flushes, 1);
	assert_int_equal(protect(3, 700, true), 0);
	assert_true(entry(3) & entry(600) & PTE_WRITE);
	assert_int_equal(mm->anon_rss, 3);
	assert_all_back();
}

static void test_faults_on_memory_that_may_not_be_written(void **state)
{
	(void)state;
	map(0, 2, W);
	assert_int_equal(protect(0, 2, false), 0);
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_BAD_ADDRESS);
	assert_int_equal(entry(0), 0);
	assert_int_equal(mm_fault(mm, AT(0), 0), FAULT_OK);
	assert_int_equal(entry(0) & (PTE_PRESENT | PTE_WRITE), PTE_PRESENT);
	/* Present makes no difference. */
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_BAD_ADDRESS);
	assert_int_equal(protect(0, 2, true), 0);
	assert_int_equal(mm_fault(mm, AT(1), FAULT_WRITE), FAULT_OK);
	assert_true(entry(1) & PTE_WRITE);
	assert_int_equal(rwsem_readers(&mm->mmap_sem), 0);
}

static void test_protect_up_to_a_gap(void **state)
{
	(void)state;
	map(0, 5, W);
	map(7, 3, W);
	assert_int_equal(protect(2, 8, false), -1);
	assert_string_equal(layout(), "0-2:1 2-5:0 7-10:1 ");
	assert_int_equal(protect(4, 2, true), -1); /* the gap is the end */
	assert_string_equal(layout(), "0-2:1 2-4:0 4-5:1 7-10:1 ");
	/* The gap is the beginning: nothing is done. */
	assert_int_equal(protect(6, 2, false), -1);
	assert_string_equal(layout(), "0-2:1 2-4:0 4-5:1 7-10:1 ");
	assert_int_equal(protect(100, 1, false), -1);
}

static void test_bad_ranges(void **state)
{
	(void)state;
	map(0, 5, W);
	assert_int_equal(mm_protect(mm, AT(0) + 1, LEN(1), false), -1);
	assert_int_equal(mm_protect(mm, AT(0), 0, false), -1);
	assert_int_equal(mm_protect(mm, AT(0), -1ull, false), -1);
	assert_int_equal(mm_protect(mm, APP_END, LEN(1), false), -1);
	assert_int_equal(mm_protect(mm, APP_PRIVATE, LEN(1), false), -1);
	assert_int_equal(mm_mlock(mm, AT(0) + 1, LEN(1)), -1);
	assert_int_equal(mm_munlock(mm, AT(0), 0), -1);
	assert_string_equal(layout(), "0-5:1 ");
	/* A length is rounded up. */
	assert_int_equal(mm_protect(mm, AT(0), PAGE_SIZE + 1, false), 0);
	assert_string_equal(layout(), "0-2:0 2-5:1 ");
}

static void test_protect_of_initial_data_keeps_its_place(void **state)
{
	static char initial[3 * PAGE_SIZE];

	(void)state;
	memset(initial + 2 * PAGE_SIZE, 7, PAGE_SIZE);
	assert_int_equal(mm_map_fixed(mm, AT(0), LEN(3), W, initial, sizeof(initial)), 0);
	assert_int_equal(protect(1, 1, false), 0);
	assert_int_equal(protect(1, 1, true), 0);
	/* VMAs with contents of their own are not merged. */
	assert_string_equal(layout(), "0-1:1 1-2:1 2-3:1 ");
	touch(2, 1);
	assert_int_equal(*(char *)page_address(m, page_at(2)), 7);
}

static void test_protect_without_memory_for_a_vma(void **state)
{
	(void)state;
	map(0, 10, W);
	for (unsigned int page = 100; m->vma_cache.cpu[0].freelist; page += 2)
		map(page, 1, W);
	memory_empty(m);
	current->memdie = true; /* refused at once instead of killing somebody */
	assert_int_equal(protect(3, 2, false), -1);
	assert_int_equal(find_vma(mm, AT(3))->flags, W);
	assert_null(mm->mmap_sem.info.owner);
}

/* killable_mmap: does a kill end the wait for mmap_sem? */
static struct task *reader;
static unsigned int waits;

static void killed_then_free(void)
{
	assert_int_equal(current->state,
		mm->memory->tunables.killable_mmap ? TASK_KILLABLE : TASK_UNINTERRUPTIBLE);
	if (waits++ == 0)
		app_kill(current);
	if (waits == 3) {
		become(reader);
		up_read(&mm->mmap_sem);
	}
}

static int protect_while_read(long killable)
{
	struct task *writer = task_new("writer", 10, mm);
	int err;

	map(0, 5, W);
	m->tunables.killable_mmap = killable;
	reader = task_new("reader", 11, mm);
	become(reader);
	down_read(&mm->mmap_sem);
	become(writer);
	waits = 0;
	twin.on_sleep = killed_then_free;
	err = protect(0, 5, false);
	assert_null(mm->mmap_sem.info.owner);
	return err;
}

static void test_8_6_w2_prime_a_kill_ends_the_wait(void **state)
{
	(void)state;
	assert_int_equal(protect_while_read(1), -1);
	assert_int_equal(waits, 1);
	assert_string_equal(layout(), "0-5:1 ");
}

static void test_8_6_w2_a_kill_does_not_end_the_wait(void **state)
{
	(void)state;
	assert_int_equal(protect_while_read(0), 0);
	assert_int_equal(waits, 3);
	assert_string_equal(layout(), "0-5:0 ");
}

static const struct CMUnitTest tests[] = {
	TEST(test_protect_splits_and_merges_again),
	TEST(test_protect_of_what_is_so_already_leaves_one_vma),
	TEST(test_protect_across_vmas_that_become_alike),
	TEST(test_protect_merges_with_both_neighbours),
	TEST(test_protect_keeps_other_flags_apart),
	TEST(test_protect_changes_the_entries_that_exist),
	TEST(test_faults_on_memory_that_may_not_be_written),
	TEST(test_protect_up_to_a_gap),
	TEST(test_bad_ranges),
	TEST(test_protect_of_initial_data_keeps_its_place),
	TEST(test_protect_without_memory_for_a_vma),
	TEST(test_8_6_w2_prime_a_kill_ends_the_wait),
	TEST(test_8_6_w2_a_kill_does_not_end_the_wait),
};
TEST_GROUP(mprotect)
