/*
 * The end of an address space (mm/space/mm.h; reference §7.7, §8.2).
 */
#include "space/space_case.h"

static void test_teardown_returns_every_page(void **state)
{
	(void)state;
	map(0, 600);
	mm_map_fixed(mm, 0x7000000000, LEN(8), VM_WRITE, NULL, 0);
	for (int i = 0; i < 600; i += 3)
		mm_fault(mm, AT(i), FAULT_WRITE);
	mm_fault(mm, 0x7000000000, FAULT_WRITE);
	assert_true(mm->nr_ptes >= 3);
	mm_put_user(mm);
	assert_all_back();
}

/* What lies behind a table looks like entries of it: none of that is taken for one. */
static void test_teardown_among_dirty_pages(void **state)
{
	(void)state;
	map(0, 1);
	memory_empty(m);
	memory_no_marks(m);
	for (int i = 0; i < 8; i++) {
		zone_put(dma32(m), 4096 + 2 * i, 0, MIGRATE_MOVABLE);
		memset(page_address(m, pfn_to_page(m, 4097 + 2 * i)), 0xff, PAGE_SIZE);
	}
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
	mm_put_user(mm);
	/* With the object, two tables and the VMAs' page. */
	assert_int_equal(all_free(m), 8 + 4);
}

static void test_last_user_tears_down(void **state)
{
	(void)state;
	map(0, 1);
	mm_fault(mm, AT(0), FAULT_WRITE);
	refcount_get(&mm->users);
	mm_put_user(mm);
	assert_int_equal(mm->anon_rss, 1);
	refcount_get(&mm->count); /* somebody looks at the struct */
	mm_put_user(mm);
	assert_int_equal(mm->total_vm, 0);
	assert_int_equal(mm->anon_rss, 0);
	assert_int_equal(all_free(m), free_before - 1);
	mm_drop(mm);
	assert_all_back();
}

/* A killer waits for the memory: that it need not any more is said when all has been freed. */
static void not_yet(void)
{
	assert_false(mm_test_flag(mm, MMF_OOM_SKIP));
	twin.called++;
}

static void test_8_2_skip_is_set_when_the_memory_is_free(void **state)
{
	(void)state;
	map(0, 3);
	mm_fault(mm, AT(0), FAULT_WRITE);
	mm_pin(mm);
	twin.on_yield = not_yet;
	assert_true(mm_put_user(mm));
	assert_int_equal(twin.called, 1);
	assert_true(mm_test_flag(mm, MMF_OOM_SKIP));
	mm_drop(mm);
	assert_all_back();
}

/* Not before its pages are safe from being looked at, and not after they have gone. */
static void look_when_it_has_left(void)
{
	assert_null(current->mm);
	assert_true(current->memdie);
	assert_int_equal(mm->users.n, 1);
	assert_int_equal(mm->anon_rss, 1);
	twin.called++;
}

static void test_7_7_exit_mm(void **state)
{
	struct task *t = task_new("app", 10, mm);

	(void)state;
	map(0, 3);
	mm_fault(mm, AT(0), FAULT_WRITE);
	become(t);
	mark_oom_victim(m, t);
	twin.on_leave = look_when_it_has_left;
	exit_mm(m);
	assert_int_equal(twin.called, 1);
	assert_null(t->mm);
	assert_false(t->memdie);
	assert_int_equal(m->oom_victims, 0);
	assert_all_back();
	exit_mm(m); /* once more is harmless */
}

/* While its memory is being freed it is a victim: who asked for its death waits for that. */
static void still_a_victim(void)
{
	assert_true(current->memdie);
	assert_int_equal(m->oom_victims, 1);
	assert_int_equal(current->process->oom_victims, 1);
	twin.called++;
}

static void test_7_7_a_victim_until_its_memory_is_free(void **state)
{
	struct task *t = task_new("app", 10, mm);

	(void)state;
	map(0, 3);
	mm_fault(mm, AT(0), FAULT_WRITE);
	app_mark(m, t);
	become(t);
	twin.on_yield = still_a_victim;
	exit_mm(m);
	assert_int_equal(twin.called, 1);
	assert_false(t->memdie);
	assert_int_equal(m->oom_victims, 0);
	assert_int_equal(t->process->oom_victims, 0);
	assert_all_back();
}

static struct task *writer;

static void writer_lets_go(void)
{
	struct task *victim = current;

	assert_int_equal(victim->state, TASK_UNINTERRUPTIBLE);
	assert_true(victim->memdie);
	become(writer);
	up_write(&mm->mmap_sem);
}

static void test_7_7_exit_waits_for_a_writer_uninterruptibly(void **state)
{
	struct task *t = task_new("app", 10, mm);

	(void)state;
	writer = task_new("writer", 11, mm);
	refcount_get(&mm->users);
	become(writer);
	down_write(&mm->mmap_sem);
	become(t);
	app_mark(m, t);
	twin.on_sleep = writer_lets_go;
	exit_mm(m);
	assert_int_equal(twin.sleeps, 1);
	assert_false(t->memdie);
	assert_int_equal(mm->users.n, 1);
}

static const struct CMUnitTest tests[] = {
	TEST(test_teardown_returns_every_page),
	TEST(test_teardown_among_dirty_pages),
	TEST(test_last_user_tears_down),
	TEST(test_8_2_skip_is_set_when_the_memory_is_free),
	TEST(test_7_7_exit_mm),
	TEST(test_7_7_a_victim_until_its_memory_is_free),
	TEST(test_7_7_exit_waits_for_a_writer_uninterruptibly),
};
TEST_GROUP(exit_mm)
