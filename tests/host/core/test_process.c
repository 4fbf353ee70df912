/*
 * Processes (kernel/core/sched/process.h, task.h): threads share a fate, and keep their leader.
 */
#include "twin.h"

#include "apps.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/sched/process.h"

static struct task *leader, *second, *third;

static int setup(void **state)
{
	int err = twin_setup(state);

	leader = app_new("leader", 10, 100, 0);
	second = app_thread(leader, "second", 11);
	third = app_thread(leader, "third", 12);
	return err;
}

static struct task *child_of(struct task *parent, const char *comm, int pid)
{
	struct task *t = app_new(comm, pid, 10, 0);

	task_set_parent(t, parent);
	return t;
}

/* Who was released, in order. */
static char released[64];

static void note_release(struct task *t)
{
	strcat(released, t->comm);
	strcat(released, " ");
}

static void note_releases(void)
{
	released[0] = '\0';
	leader->release = second->release = third->release = note_release;
}

static void leave(struct task *t)
{
	unsigned long flags = tasks_lock();

	process_leave(t);
	tasks_unlock(flags);
	task_put(t);
}

static void test_a_task_is_a_process_of_its_own(void **state)
{
	struct task *t = task_new("t", 20, NULL);

	(void)state;
	assert_ptr_equal(t->process, &t->own);
	assert_true(is_leader(t));
	assert_ptr_equal(t->process->leader, t);
	assert_int_equal(t->process->live, 1);
	assert_false(t->process->group_exit);
	assert_null(thread_with_mm(t->process));
}

static void test_threads_are_listed_behind_their_leader(void **state)
{
	struct task *expected[] = {leader, second, third}, *t;
	unsigned int n = 0;

	(void)state;
	for_each_thread(t, leader->process)
		assert_ptr_equal(t, expected[n++]);
	assert_int_equal(n, 3);
	assert_int_equal(leader->process->live, 3);
	assert_true(is_leader(leader));
	assert_false(is_leader(second));
	assert_ptr_equal(third->process, &leader->own);
	assert_int_equal(leader->mm->users.n, 3);
}

static void test_only_leaders_are_processes(void **state)
{
	unsigned int n = 0;
	struct task *t;

	(void)state;
	for_each_process(t) {
		assert_true(t != second && t != third);
		n++;
	}
	assert_int_equal(n, 3); /* init, the test, and this one */
}

/* A kill */

static void test_a_kill_reaches_every_thread_and_nobody_else(void **state)
{
	struct task *sharer = app_sharing(leader, "sharer", 13),
		    *child = child_of(leader, "child", 14);

	(void)state;
	app_kill(third);
	assert_true(leader->kill_pending && second->kill_pending && third->kill_pending);
	assert_true(leader->process->group_exit);
	assert_int_equal(leader->process->exit_code, -9);
	assert_false(sharer->kill_pending || sharer->process->group_exit);
	assert_false(child->kill_pending || child->process->group_exit);
}

static void test_a_kill_wakes_those_that_can_be_killed(void **state)
{
	(void)state;
	leader->state = TASK_UNINTERRUPTIBLE;
	second->state = TASK_KILLABLE;
	third->state = TASK_ZOMBIE;
	app_kill(leader);
	assert_int_equal(leader->state, TASK_UNINTERRUPTIBLE);
	assert_int_equal(second->state, TASK_RUNNING);
	assert_int_equal(third->state, TASK_ZOMBIE);
}

static void test_the_first_end_says_the_code(void **state)
{
	(void)state;
	become(second);
	process_exit_others(3);
	assert_true(leader->kill_pending && third->kill_pending);
	assert_false(second->kill_pending); /* it ends by itself */
	assert_int_equal(leader->process->exit_code, 3);
	process_exit_others(4);
	app_kill(leader);
	assert_int_equal(leader->process->exit_code, 3);
	assert_true(second->kill_pending);
}

static void test_exit_after_a_kill_keeps_the_kill_s_code(void **state)
{
	(void)state;
	app_kill(leader);
	become(second);
	process_exit_others(0);
	assert_int_equal(leader->process->exit_code, -9);
}

/* Births */

static void test_born_to_a_dying_process(void **state)
{
	struct task *thread, *child;

	(void)state;
	app_kill(leader);
	thread = app_thread(leader, "thread", 13);
	child = child_of(leader, "child", 14);
	assert_true(thread->kill_pending);
	assert_int_equal(leader->process->live, 4);
	assert_true(child->kill_pending && child->process->group_exit);
	assert_int_equal(child->process->exit_code, -9);
}

static void test_born_to_a_living_process(void **state)
{
	struct task *child = child_of(leader, "child", 14);

	(void)state;
	assert_false(child->kill_pending || child->process->group_exit);
	assert_int_equal(child->process->exit_code, 0);
	assert_ptr_equal(child->parent, leader);
	assert_ptr_equal(list_first_entry(&leader->process->children, struct task, sibling), child);
}

/* A thread's child is its process's. */
static void test_a_thread_s_child_is_the_leader_s(void **state)
{
	struct task *child = child_of(second, "child", 14);

	(void)state;
	assert_ptr_equal(child->parent, leader);
	assert_false(list_empty(&leader->process->children));
	assert_true(list_empty(&second->own.children));
}

/* References */

static void test_the_last_reference_releases(void **state)
{
	struct task *t = task_new("t", 20, NULL);

	(void)state;
	released[0] = '\0';
	t->release = note_release;
	task_get(t);
	task_put(t);
	assert_string_equal(released, "");
	task_put(t);
	assert_string_equal(released, "t ");
	assert_panics("BUG", task_put(t));
	assert_panics("BUG", task_get(t));
}

static void test_nobody_has_to_be_released(void **state)
{
	struct task *t = task_new("t", 20, NULL);

	(void)state;
	task_put(t);
	assert_int_equal(t->ref.n, 0);
}

static void test_leaving_the_lists(void **state)
{
	struct task *child = child_of(leader, "child", 14);

	(void)state;
	note_releases();
	leave(second);
	assert_string_equal(released, "second ");
	assert_ptr_equal(leader->thread.next, &third->thread);
	leave(child);
	assert_true(list_empty(&leader->process->children));
	leave(third);
	leave(leader);
	assert_string_equal(released, "second third leader ");
}

/*
 * The reaper, for one, keeps a victim that is a thread, and looks at its process: which lies in the
 * leader, and that may have been collected meanwhile.
 */
static void test_a_thread_s_reference_keeps_the_leader(void **state)
{
	(void)state;
	note_releases();
	task_get(third);
	leave(second);
	leave(third);
	leave(leader);
	assert_string_equal(released, "second ");
	assert_ptr_equal(third->process->leader, leader);
	task_put(third);
	assert_string_equal(released, "second third leader ");
}

/* Address spaces */

static void test_thread_with_mm(void **state)
{
	(void)state;
	assert_ptr_equal(thread_with_mm(leader->process), leader);
	leader->mm = NULL;
	assert_ptr_equal(thread_with_mm(leader->process), second);
	second->mm = NULL;
	assert_ptr_equal(thread_with_mm(leader->process), third);
	third->mm = NULL;
	assert_null(thread_with_mm(leader->process));
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_a_task_is_a_process_of_its_own),
	TEST(test_threads_are_listed_behind_their_leader),
	TEST(test_only_leaders_are_processes),
	TEST(test_a_kill_reaches_every_thread_and_nobody_else),
	TEST(test_a_kill_wakes_those_that_can_be_killed),
	TEST(test_the_first_end_says_the_code),
	TEST(test_exit_after_a_kill_keeps_the_kill_s_code),
	TEST(test_born_to_a_dying_process),
	TEST(test_born_to_a_living_process),
	TEST(test_a_thread_s_child_is_the_leader_s),
	TEST(test_the_last_reference_releases),
	TEST(test_nobody_has_to_be_released),
	TEST(test_leaving_the_lists),
	TEST(test_a_thread_s_reference_keeps_the_leader),
	TEST(test_thread_with_mm),
};
TEST_GROUP(process)
