/*
 * Linux 4.9's OOM reaper and victims that leave (reference §8.2, §8.3): zombies, threads, the last user,
 * the process that is collected.
 */
#include "reaper_case.h"

#include "kernel/core/sched/process.h"
#include "kernel/core/sched/work.h"

static void test_8_2_a_zombie_s_memory_is_known_still(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20), *b = app_mapped(m, "b", 11, 5);

	(void)state;
	oom(GFP_KERNEL);
	app_leaves(m, a);
	assert_int_equal(a->state, TASK_ZOMBIE);
	run_reaper();
	assert_int_equal(event_of(OOM_REAP_RACED), 1);
	assert_not_printed("oom_reaper: ");
	assert_int_equal(naps, 0);
	assert_true(oom(GFP_KERNEL));
	assert_true(is_victim(b));
	mm_drop(a->process->oom_mm); /* as who collects it would */
	assert_int_equal(m->nr_mms, 1);
}

/* Its last thread but one is queued; another one keeps the memory. */
static void test_8_2_the_victim_s_thread_has_left_the_others_stay(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20), *b = app_thread(a, "b", 11);

	(void)state;
	oom(GFP_KERNEL);
	app_leaves(m, a);
	run_reaper();
	assert_printed("reaped process 10 (a), now anon-rss:0kB");
	assert_int_equal(b->mm->anon_rss, 0);
}

static struct task *leaver;

static void leave_meanwhile(void)
{
	if (leaver)
		app_leaves(m, leaver);
	leaver = NULL;
}

static void test_8_2_the_teardown_is_a_worker_s(void **state)
{
	struct task *a = leaver = app_mapped(m, "a", 10, 20);

	(void)state;
	map_more(a->mm, 100, 5, VM_WRITE | VM_LOCKED);
	oom(GFP_KERNEL);
	twin.on_yield = leave_meanwhile;
	run_reaper();
	twin.on_yield = NULL;
	assert_int_equal(event_of(OOM_REAP_TEARDOWNS), 0);
	assert_int_equal(a->process->oom_mm->anon_rss, 5);
	assert_true(work_do_one());
	mm_drop(a->process->oom_mm);
	assert_all_gone();
}

/* Two threads that the killer has marked: their memory is reaped twice, before a worker comes. */
static void test_8_2_two_victims_of_one_memory(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20), *b = app_thread(a, "b", 11);

	(void)state;
	oom(GFP_KERNEL);
	become(b);
	assert_true(oom(GFP_NOFS));
	assert_ptr_equal(m->reaper.queue, b);
	run_reaper();
	assert_int_equal(event_of(OOM_REAPED), 2);
	app_leaves(m, a);
	app_leaves(m, b);
	while (work_do_one())
		;
	mm_drop(a->process->oom_mm);
	assert_all_gone();
}

/* Collected while it is queued: the reaper's reference keeps the thread and its process. */
static void drop_process_s_mm(struct task *t)
{
	if (t->own.oom_mm)
		mm_drop(t->own.oom_mm);
	memset(&t->own, 0x6b, sizeof(t->own));
	twin.called++;
}

static void collect(struct task *t)
{
	unsigned long flags = tasks_lock();

	t->release = drop_process_s_mm;
	process_leave(t);
	tasks_unlock(flags);
	task_put(t);
}

static void test_8_2_collected_while_it_is_queued(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20), *b = app_thread(a, "b", 11);

	(void)state;
	app_leaves(m, a);
	oom(GFP_KERNEL);
	assert_ptr_equal(m->reaper.queue, b);
	app_leaves(m, b);
	collect(b);
	list_del(&a->all);
	list_del(&b->all);
	collect(a);
	assert_int_equal(twin.called, 0);
	run_reaper();
	assert_int_equal(event_of(OOM_REAP_RACED), 1);
	assert_int_equal(twin.called, 2);
	assert_all_gone();
	free(b);
	free(a);
}

static const struct CMUnitTest tests[] = {
	TEST_49(test_8_2_a_zombie_s_memory_is_known_still),
	TEST_49(test_8_2_the_victim_s_thread_has_left_the_others_stay),
	TEST_49(test_8_2_the_teardown_is_a_worker_s),
	TEST_49(test_8_2_two_victims_of_one_memory),
	TEST_49(test_8_2_collected_while_it_is_queued),
};
TEST_GROUP(oom_reaper_exit)
