/*
 * Queued work (kernel/core/sched/work.h), and the address space's use of it: a user dropped later.
 */
#include "twin.h"

#include "apps.h"
#include "fibers.h"
#include "host_machine.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/sched/work.h"
#include "mm/space/mm.h"

static struct work a, b;
static char done[32];

static void note(struct work *work)
{
	strcat(done, work == &a ? "a" : "b");
}

static int setup(void **state)
{
	int err = twin_setup(state);

	done[0] = '\0';
	work_init(&a, note);
	work_init(&b, note);
	return err;
}

static void test_work_is_done_in_order(void **state)
{
	(void)state;
	assert_false(work_do_one());
	assert_true(work_queue(&b));
	assert_true(work_queue(&a));
	assert_string_equal(done, "");
	assert_true(work_do_one());
	assert_string_equal(done, "b");
	assert_true(work_do_one());
	assert_false(work_do_one());
	assert_string_equal(done, "ba");
}

static void test_work_waits_once(void **state)
{
	(void)state;
	assert_true(work_queue(&a));
	assert_false(work_queue(&a));
	assert_true(work_queue(&b));
	assert_false(work_queue(&a));
	while (work_do_one())
		;
	assert_string_equal(done, "ab");
	assert_true(work_queue(&a)); /* and once more when it was begun */
	assert_true(work_do_one());
	assert_string_equal(done, "aba");
}

static void queue_again(struct work *work)
{
	strcat(done, ".");
	if (strlen(done) < 3)
		assert_true(work_queue(work));
}

static void test_work_may_queue_itself(void **state)
{
	(void)state;
	work_init(&a, queue_again);
	work_queue(&a);
	while (work_do_one())
		;
	assert_string_equal(done, "...");
}

static void work_frees_itself(struct work *work)
{
	free(work);
}

static void test_work_may_free_itself(void **state)
{
	struct work *work = malloc(sizeof(*work));

	(void)state;
	work_init(work, work_frees_itself);
	work_queue(work);
	assert_true(work_do_one());
}

static void test_work_from_an_interrupt(void **state)
{
	(void)state;
	irq_disable();
	this_cpu()->irq_depth = 1;
	assert_true(work_queue(&a));
	this_cpu()->irq_depth = 0;
	irq_enable();
	assert_true(work_do_one());
}

static unsigned int sleeps_in_flush;

static void worker_runs(void)
{
	assert_string_equal(current->waiting_for, "work");
	sleeps_in_flush++;
	work_do_one();
}

static void test_flush_waits_for_all(void **state)
{
	(void)state;
	work_flush(); /* nothing to wait for */
	work_queue(&a);
	work_queue(&b);
	sleeps_in_flush = 0;
	twin.on_sleep = worker_runs;
	work_flush();
	assert_string_equal(done, "ab");
	assert_int_equal(sleeps_in_flush, 2);
}

/* Begun is not done: a worker is in the middle of it when somebody flushes. */
static void slow(struct work *work)
{
	for (int i = 0; i < 4; i++)
		sched_point();
	note(work);
}

static void work_on(void *unused)
{
	(void)unused;
	assert_true(work_do_one());
}

static void flush(void *unused)
{
	(void)unused;
	work_flush();
	assert_string_equal(done, "a");
}

static void test_flush_waits_for_work_that_was_begun(void **state)
{
	unsigned long alone = 0;

	(void)state;
	for (unsigned long k = 0; k <= alone; k++) {
		nr_cpus = 2;
		for (unsigned int id = 2; id-- > 0;) {
			become_cpu(id);
			become(task_new("kworker", 20 + id, NULL));
		}
		done[0] = '\0';
		work_init(&a, slow);
		work_queue(&a);
		run_on_cpus(
			2, (void (*const[])(void *)){work_on, flush}, NULL, turns_switch_once(k));
		if (k == 0)
			alone = points_passed(0);
	}
	assert_int_equal(alone, 4);
}

/* mm_put_user_async() */

static void test_a_user_dropped_later_is_no_user_any_more(void **state)
{
	struct memory *m = machine_default();
	struct mm *mm = mm_create(m);

	(void)state;
	refcount_get(&mm->users);
	mm_put_user_async(mm);
	assert_int_equal(mm->users.n, 1);
	assert_false(work_do_one()); /* nothing to tear down */
	mm_put_user(mm);
	assert_int_equal(m->nr_mms, 0);
}

static void test_the_last_user_s_teardown_is_left_to_a_worker(void **state)
{
	struct memory *m = machine_default();
	long before = all_free(m);
	struct task *t = app_mapped(m, "app", 10, 20);
	struct mm *mm = t->mm;

	(void)state;
	mm_put_user_async(mm);
	assert_int_equal(mm->anon_rss, 20);
	assert_false(mm_get_user(mm));
	assert_true(work_do_one());
	assert_int_equal(all_free(m), before);
	assert_int_equal(m->nr_mms, 0);
	assert_false(work_do_one());
}

/* Each of several borrowers drops what it has, before any worker comes. */
static void test_two_users_dropped_later(void **state)
{
	struct memory *m = machine_default();
	struct mm *mm = mm_create(m);

	(void)state;
	refcount_get(&mm->users);
	mm_put_user_async(mm);
	mm_put_user_async(mm);
	while (work_do_one())
		;
	assert_int_equal(m->nr_mms, 0);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_work_is_done_in_order),
	TEST(test_work_waits_once),
	TEST(test_work_may_queue_itself),
	TEST(test_work_may_free_itself),
	TEST(test_work_from_an_interrupt),
	TEST(test_flush_waits_for_all),
	TEST(test_flush_waits_for_work_that_was_begun),
	TEST(test_a_user_dropped_later_is_no_user_any_more),
	TEST(test_the_last_user_s_teardown_is_left_to_a_worker),
	TEST(test_two_users_dropped_later),
};
TEST_GROUP(work)
