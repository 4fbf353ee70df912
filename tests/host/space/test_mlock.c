/*
 * mlock and munlock (mm/space/mm.h, mm/space/mlock.h): what is locked is present, and counts as unevictable.
 */
#include "space.h"

#include "fibers.h"
#include "mm/show/show_mem.h"
#include "mm/space/mlock.h"

#define W  VM_WRITE
#define WL (VM_WRITE | VM_LOCKED)

static int lock(unsigned int page, unsigned int pages)
{
	return mm_mlock(mm, AT(page), LEN(pages));
}

static int unlock(unsigned int page, unsigned int pages)
{
	return mm_munlock(mm, AT(page), LEN(pages));
}

static void test_lock_makes_present(void **state)
{
	(void)state;
	map(0, 10, W);
	touch(4, 1);
	assert_accounts(1, 0, 0);
	assert_int_equal(lock(2, 5), 0);
	assert_string_equal(layout(), "0-2:1 2-7:3 7-10:1 ");
	for (int i = 0; i < 10; i++)
		assert_int_equal(entry(i) != 0, i >= 2 && i < 7);
	assert_accounts(0, 5, 0);
	assert_int_equal(m->event[PGFAULT], 5);
	assert_all_back();
}

static void test_lock_again_counts_once(void **state)
{
	(void)state;
	map(0, 4, W);
	assert_int_equal(lock(0, 4), 0);
	assert_int_equal(lock(1, 2), 0);
	assert_string_equal(layout(), "0-4:3 ");
	assert_accounts(0, 4, 0);
	page_mlock(m, page_at(0));
	assert_accounts(0, 4, 0);
	assert_all_back();
}

static void test_unlock_keeps_the_pages(void **state)
{
	(void)state;
	map(0, 6, W);
	lock(0, 6);
	assert_int_equal(unlock(2, 2), 0);
	assert_string_equal(layout(), "0-2:3 2-4:1 4-6:3 ");
	assert_accounts(2, 4, 0);
	assert_int_equal(unlock(0, 6), 0);
	assert_string_equal(layout(), "0-6:1 ");
	assert_accounts(6, 0, 0);
	assert_int_equal(unlock(0, 6), 0);
	assert_accounts(6, 0, 0);
	assert_all_back();
}

/* The first becomes like the second, which is in the range as well; the third is of another kind. */
static void test_lock_across_vmas_that_become_alike(void **state)
{
	(void)state;
	map(0, 5, W);
	map(5, 5, WL);
	map(10, 5, 0);
	assert_int_equal(lock(0, 15), 0);
	assert_string_equal(layout(), "0-10:3 10-15:2 ");
	assert_accounts(0, 10, 0); /* the last five are the zero page */
	assert_all_back();
}

/* Of shared memory only those that mlock() itself asks for: the others when reclaim meets them (§27). */
static void test_faults_in_locked_memory_are_locked(void **state)
{
	(void)state;
	map(0, 2, WL);
	map(5, 2, WL | VM_SHARED);
	touch(0, 1);
	touch(5, 1);
	assert_accounts(1, 1, 1);
	assert_all_back();
}

static void test_locked_shmem(void **state)
{
	(void)state;
	map(0, 4, W | VM_SHARED);
	touch(0, 2);
	assert_accounts(2, 0, 2);
	assert_lists(0, 2);
	assert_int_equal(lock(0, 4), 0);
	assert_accounts(0, 4, 4);
	assert_lists(0, 0);
	assert_int_equal(unlock(0, 1), 0);
	assert_accounts(1, 3, 4);
	assert_lists(0, 1);
	assert_all_back();
}

/* As in 4.8: of the anonymous lists shmem begins on the inactive one, and is no anonymous rss. */
static void test_16_1_shmem_is_inactive(void **state)
{
	(void)state;
	map(0, 4, W | VM_SHARED);
	map(8, 4, W);
	touch(0, 3);
	touch(8, 2);
	assert_accounts(5, 0, 3);
	assert_lists(2, 3);
	show_mem(m);
	assert_line("active_anon:2 inactive_anon:3 isolated_anon:0");
	assert_line(" mapped:3 shmem:3 pagetables:1 bounce:0");
	assert_printed("Node 0 active_anon:8kB inactive_anon:12kB ");
	assert_printed(" mapped:12kB dirty:0kB writeback:0kB shmem:12kB ");
	/* A part of it: the page stays its object's, whose other pages are mapped. */
	assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
	assert_lists(2, 3);
	show_mem(m);
	assert_line(" mapped:2 shmem:3 pagetables:1 bounce:0");
	assert_int_equal(mm->shmem_rss, 2);
	assert_int_equal(mm_unmap(mm, AT(1), LEN(3)), 0);
	assert_lists(2, 0);
	assert_all_back();
}

static void test_unmap_takes_locked_pages(void **state)
{
	(void)state;
	map(0, 6, W);
	lock(0, 6);
	assert_int_equal(mm_unmap(mm, AT(1), LEN(3)), 0);
	assert_accounts(0, 3, 0);
	assert_int_equal(mm->total_vm, 3);
	assert_all_back();
}

static void test_lock_memory_that_may_not_be_written(void **state)
{
	(void)state;
	map(0, 3, 0);
	assert_int_equal(lock(0, 3), 0);
	assert_int_equal((entry(1) & PTE_ADDR) >> PAGE_SHIFT, m->zero_pfn);
	assert_false(entry(1) & PTE_WRITE);
	assert_accounts(0, 0, 0); /* of the zero page there is nothing to lock */
}

/* What may be written has a page of its own in the end, also where the zero page was. */
static void test_lock_what_was_only_read(void **state)
{
	(void)state;
	map(0, 3, W);
	for (int i = 0; i < 3; i++)
		assert_int_equal(mm_fault(mm, AT(i), 0), FAULT_OK);
	assert_int_equal(unlock(0, 3), 0); /* as if nothing were there */
	assert_accounts(0, 0, 0);
	assert_int_equal(lock(1, 2), 0);
	assert_accounts(0, 2, 0);
	assert_all_back();
}

/* As in Linux, nothing is made present then. */
static void test_lock_up_to_a_gap(void **state)
{
	(void)state;
	map(0, 3, W);
	map(4, 3, W);
	assert_int_equal(lock(1, 5), -1);
	assert_string_equal(layout(), "0-1:1 1-3:3 4-7:1 ");
	assert_accounts(0, 0, 0);
	assert_int_equal(unlock(1, 5), -1);
	assert_string_equal(layout(), "0-3:1 4-7:1 ");
}

static void test_lock_without_memory(void **state)
{
	(void)state;
	map(0, 4, W);
	touch(0, 2);
	memory_empty(m);
	memory_no_marks(m);
	current->memdie = true; /* refused at once instead of killing somebody */
	assert_int_equal(lock(0, 4), -1);
	assert_accounts(0, 2, 0);
	assert_string_equal(layout(), "0-4:3 ");
	assert_int_equal(rwsem_readers(&mm->mmap_sem), 0);
}

/* A victim does not fill its memory up. */
static void test_a_kill_ends_making_present(void **state)
{
	(void)state;
	map(0, 4, W);
	become(task_new("app", 10, mm));
	app_kill(current);
	assert_int_equal(lock(0, 4), 0);
	assert_string_equal(layout(), "0-4:3 ");
	assert_accounts(0, 0, 0);
}

/* While pages are made present others may have the semaphore, and change what is mapped. */
static int locked;

static void lock_all(void *unused)
{
	(void)unused;
	locked = lock(0, 4);
}

static void unmap_one(void *unused)
{
	(void)unused;
	assert_int_equal(mm_unmap(mm, AT(2), LEN(1)), 0);
}

/* The address space has two users, each on a CPU of its own. */
static void two_users(void)
{
	nr_cpus = 2;
	m = machine_default();
	free_before = all_free(m);
	mm = mm_create(m);
	for (unsigned int id = 2; id-- > 0;) {
		become_cpu(id);
		become(task_new("app", 10 + id, mm));
	}
	map(0, 4, W);
}

/* Unmapped after it was there; when the change of VMAs was done; before that. */
static unsigned int how_it_ended(void)
{
	bool changed = find_vma(mm, AT(3))->flags & VM_LOCKED;

	assert_string_equal(layout(), changed ? "0-2:3 3-4:3 " : "0-2:3 3-4:1 ");
	assert_int_equal(mm->anon_rss, !changed ? 0 : locked ? 2 : 3);
	assert_true(locked == -1 || (changed && locked == 0));
	return !changed ? 2 : locked ? 1 : 0;
}

static void test_unmapped_while_it_is_made_present(void **state)
{
	unsigned int ends[3] = {0};
	unsigned long alone = 0;

	(void)state;
	for (unsigned long k = 0; k <= alone; k++) {
		two_users();
		run_on_cpus(2, (void (*const[])(void *)){lock_all, unmap_one}, NULL,
			turns_switch_once(k));
		if (k == 0)
			alone = points_passed(0);
		ends[how_it_ended()]++;
		assert_accounts(0, mm->anon_rss, 0);
		assert_all_back();
	}
	assert_true(ends[0] && ends[1] && ends[2]);
}

static void unlock_one(void *unused)
{
	(void)unused;
	assert_int_equal(unlock(2, 1), 0);
}

/* Whoever is last says whether it is locked, not whoever comes to the page last. */
static void test_unlocked_while_it_is_made_present(void **state)
{
	unsigned long alone = 0;

	(void)state;
	for (unsigned long k = 0; k <= alone; k++) {
		bool stays;

		two_users();
		run_on_cpus(2, (void (*const[])(void *)){lock_all, unlock_one}, NULL,
			turns_switch_once(k));
		if (k == 0)
			alone = points_passed(0);
		stays = find_vma(mm, AT(2))->flags & VM_LOCKED;
		assert_accounts(!stays, 3 + stays, 0);
		assert_all_back();
	}
}

static const struct CMUnitTest tests[] = {
	TEST(test_lock_makes_present),
	TEST(test_lock_again_counts_once),
	TEST(test_unlock_keeps_the_pages),
	TEST(test_lock_across_vmas_that_become_alike),
	TEST(test_faults_in_locked_memory_are_locked),
	TEST(test_locked_shmem),
	TEST(test_16_1_shmem_is_inactive),
	TEST(test_unmap_takes_locked_pages),
	TEST(test_lock_memory_that_may_not_be_written),
	TEST(test_lock_what_was_only_read),
	TEST(test_lock_up_to_a_gap),
	TEST(test_lock_without_memory),
	TEST(test_a_kill_ends_making_present),
	TEST(test_unmapped_while_it_is_made_present),
	TEST(test_unlocked_while_it_is_made_present),
};
TEST_GROUP(mlock)
