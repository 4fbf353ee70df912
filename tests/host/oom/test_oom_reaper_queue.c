/*
 * Linux 4.9's OOM reaper (reference §8.2 to §8.4): the queue, attempts under oom_lock, the lines, and
 * what a victim that was reaped or given up means to the killer.
 */
#include "fibers.h"
#include "reaper_case.h"

/* The queue */

static void enqueue(struct task *t)
{
	app_mark(m, t);
	wake_oom_reaper(m, t, t->mm);
}

static void test_8_2_last_in_first_out(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		char name[] = "victim-a";

		name[7] += i;
		enqueue(app_mapped(m, name, 10 + i, 5));
	}
	run_reaper();
	assert_printed_in_order(
		"process 12 (victim-c)", "process 11 (victim-b)", "process 10 (victim-a)", NULL);
	assert_int_equal(event_of(OOM_REAPED), 3);
	assert_null(m->reaper.queue);
}

static void test_8_2_queued_once(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 5), *b = app_mapped(m, "b", 11, 5);

	(void)state;
	enqueue(a);
	enqueue(b);
	enqueue(a); /* the last one of the queue */
	enqueue(b);
	assert_int_equal(a->ref.n, 2);
	assert_int_equal(b->ref.n, 2);
	run_reaper();
	assert_int_equal(event_of(OOM_REAP_ATTEMPTS), 2);
	assert_int_equal(a->ref.n, 1);
	assert_int_equal(b->ref.n, 1);
	/* When it is done it may come again. */
	enqueue(a);
	run_reaper();
	assert_int_equal(event_of(OOM_REAP_ATTEMPTS), 3);
}

/* Two CPUs hand over the same victim: at whatever point the second one comes, it is queued once. */
static void hand_over(void *victim)
{
	struct task *t = victim;

	wake_oom_reaper(m, t, t->mm);
}

static struct task *marked_on_two_cpus(void)
{
	struct task *a;

	tasks_reset();
	nr_cpus = 2;
	for (int cpu = 1; cpu >= 0; cpu--) {
		become_cpu(cpu);
		become(task_new("killer", 100 + cpu, NULL));
	}
	m = machine_with(10, REAPER_49);
	oom_reaper_start(m, spawn_stub);
	a = app_mapped(m, "a", 10, 5);
	app_mark(m, a);
	return a;
}

static void test_8_2_queued_once_by_two_cpus(void **state)
{
	unsigned long alone = 1;

	(void)state;
	for (unsigned long k = 0; k <= alone; k++) {
		struct task *a = marked_on_two_cpus();

		run_on_cpus(2, (void (*const[])(void *)){hand_over, hand_over}, a,
			turns_switch_once(k));
		alone = MAX(alone, points_passed(0));
		assert_int_equal(a->ref.n, 2);
		assert_ptr_equal(m->reaper.queue, a);
	}
}

static void test_8_2_nothing_is_lost(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20), *b = app_mapped(m, "b", 11, 30);

	(void)state;
	assert_true(oom_manual_kill(m));
	app_leaves(m, b);
	assert_true(oom_manual_kill(m));
	run_reaper();
	assert_int_equal(event_of(OOM_REAP_LOST), 0);
	assert_int_equal(event_of(OOM_REAP_RACED), 1);
	assert_int_equal(a->mm->anon_rss, 0);
}

/* Lines */

static void test_8_4_reaped(void **state)
{
	struct task *a = app_mapped(m, "fat app", 10, 20);

	(void)state;
	map_more(a->mm, 50, 3, VM_WRITE | VM_LOCKED);
	map_more(a->mm, 60, 2, VM_WRITE | VM_SHARED);
	a->mm->file_rss = 1;
	oom(GFP_KERNEL);
	console_clear();
	run_reaper();
	assert_string_equal(console(),
		"oom_reaper: reaped process 10 (fat app), now "
		"anon-rss:12kB, file-rss:4kB, shmem-rss:8kB\n");
}

static void test_8_4_unable(void **state)
{
	struct task *a = app_mapped(m, "app", 10, 20);

	(void)state;
	block(a->mm);
	oom(GFP_KERNEL);
	console_clear();
	run_reaper();
	assert_printed_in_order("oom_reaper: unable to reap pid:10 (app)\n",
		"Locks held:", "mmap_sem: held by pid 40 (writer)", NULL);
	assert_not_printed("giving up");
	assert_int_equal(naps, 10);
	assert_int_equal(event_of(OOM_REAP_GAVE_UP), 1);
	unblock(a->mm);
}

/* SKIP */

static void test_8_2_reaped_is_skipped(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20), *b = app_mapped(m, "b", 11, 5);

	(void)state;
	oom(GFP_KERNEL);
	assert_true(oom(GFP_KERNEL)); /* it waits for the reaper */
	assert_int_equal(event_of(OOM_SCANS_ABORTED), 1);
	assert_true(untouched(b));
	run_reaper();
	assert_true(mm_test_flag(a->mm, MMF_OOM_SKIP));
	assert_true(is_victim(a)); /* it has its reserves still */
	assert_int_equal(m->oom_victims, 1);
	assert_int_equal(oom_badness(m, a, 10000), 0);
	assert_true(oom(GFP_KERNEL));
	assert_true(is_victim(b));
}

static void test_8_2_given_up_is_skipped(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20), *b = app_mapped(m, "b", 11, 5);

	(void)state;
	block(a->mm);
	oom(GFP_KERNEL);
	run_reaper();
	assert_int_equal(a->mm->anon_rss, 20);
	assert_true(mm_test_flag(a->mm, MMF_OOM_SKIP));
	assert_false(mm_test_flag(a->mm, MMF_UNSTABLE));
	assert_true(oom(GFP_KERNEL));
	assert_true(is_victim(b));
	unblock(a->mm);
}

/* Nobody is left: what has been reaped is not killed twice, not even by hand. */
static void test_8_2_reaped_is_not_chosen_again(void **state)
{
	(void)state;
	app_mapped(m, "a", 10, 20);
	oom(GFP_KERNEL);
	run_reaper();
	assert_true(oom_manual_kill(m));
	assert_int_equal(event_of(OOM_KILLS), 1);
	assert_panics("no killable processes", oom(GFP_KERNEL));
	mutex_abandon(&m->oom_lock);
}

static void test_8_2_reaped_will_free_nothing(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);

	(void)state;
	oom(GFP_KERNEL);
	assert_true(task_will_free_mem(a));
	run_reaper();
	assert_false(task_will_free_mem(a));
}

/* An attempt */

static struct mm *watched;

static void look_during_an_attempt(void)
{
	assert_ptr_equal(m->oom_lock.info.owner, m->reaper.task);
	assert_int_equal(rwsem_readers(&watched->mmap_sem), 1);
	assert_true(mm_test_flag(watched, MMF_UNSTABLE));
	assert_false(mm_test_flag(watched, MMF_OOM_SKIP));
	assert_int_equal(watched->users.n, 2);
	twin.called++;
}

static void test_8_3_oom_lock_is_held_during_an_attempt(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);

	(void)state;
	watched = a->mm;
	oom(GFP_KERNEL);
	twin.on_yield = look_during_an_attempt;
	run_reaper();
	twin.on_yield = NULL;
	assert_int_equal(twin.called, 1);
	assert_null(m->oom_lock.info.owner);
	assert_int_equal(rwsem_readers(&a->mm->mmap_sem), 0);
	assert_int_equal(a->mm->users.n, 1);
}

static unsigned long started;

static void look_between_attempts(void)
{
	assert_int_equal(jiffies - started, naps * (hz / 10));
	assert_null(m->oom_lock.info.owner);
	assert_int_equal(current->state, TASK_UNINTERRUPTIBLE);
	assert_int_equal(watched->users.n, 1);
	if (naps == 2)
		unblock(watched);
}

static void test_8_3_and_not_between_two(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);

	(void)state;
	watched = a->mm;
	block(a->mm);
	oom(GFP_KERNEL);
	started = jiffies;
	on_nap = look_between_attempts;
	run_reaper();
	assert_int_equal(naps, 2);
	assert_int_equal(event_of(OOM_REAP_ATTEMPTS), 3);
	assert_int_equal(event_of(OOM_REAPED), 1);
	assert_int_equal(event_of(OOM_REAP_GAVE_UP), 0);
}

static void free_before_the_last(void)
{
	if (naps == 9)
		unblock(watched);
}

static void test_8_3_succeeds_at_the_last_attempt(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);

	(void)state;
	watched = a->mm;
	block(a->mm);
	oom(GFP_KERNEL);
	on_nap = free_before_the_last;
	run_reaper();
	assert_int_equal(event_of(OOM_REAP_ATTEMPTS), 10);
	assert_int_equal(event_of(OOM_REAP_FAILED), 9);
	assert_int_equal(event_of(OOM_REAPED), 1);
	assert_int_equal(event_of(OOM_REAP_GAVE_UP), 0);
	assert_not_printed("unable to reap");
}

/* Its last user has gone, its struct has not: there is nothing to reap, and nothing stays locked. */
static void test_8_2_the_victim_has_left(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);
	struct mm *mm = a->mm;

	(void)state;
	oom(GFP_KERNEL);
	app_leaves(m, a);
	run_reaper();
	assert_int_equal(event_of(OOM_REAP_RACED), 1);
	assert_int_equal(event_of(OOM_REAPED), 0);
	assert_ptr_equal(a->process->oom_mm, mm);
	assert_int_equal(rwsem_readers(&mm->mmap_sem), 0);
	mm_drop(mm);
	assert_all_gone();
}

static struct task *holder;

static void holder_lets_go(void)
{
	assert_string_equal(current->waiting_for, "oom_lock");
	assert_int_equal(rwsem_readers(&watched->mmap_sem), 0); /* that comes after it */
	become(holder);
	mutex_unlock(&m->oom_lock);
}

static void test_8_3_waits_for_oom_lock(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20), *self;

	(void)state;
	watched = a->mm;
	oom(GFP_KERNEL);
	holder = task_new("holder", 41, NULL);
	self = become(holder);
	assert_true(mutex_trylock(&m->oom_lock));
	become(self);
	on_nap = holder_lets_go;
	run_reaper();
	assert_int_equal(a->mm->anon_rss, 0);
}

static void test_8_2_what_the_kernel_reads_is_no_longer_what_was_written(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);

	(void)state;
	oom(GFP_KERNEL);
	run_reaper();
	assert_true(mm_test_flag(a->mm, MMF_UNSTABLE));
	assert_int_equal(mm_fault(a->mm, AT(3), FAULT_KERNEL), FAULT_BAD_ADDRESS);
	assert_int_equal(mm_fault(a->mm, AT(4), FAULT_KERNEL | FAULT_WRITE), FAULT_BAD_ADDRESS);
	/* The app itself is killed anyway before it sees a zero. */
	assert_int_equal(mm_fault(a->mm, AT(5), 0), FAULT_OK);
}

static void test_8_2_the_seed_lets_the_kernel_read_zeroes(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);

	(void)state;
	oom(GFP_KERNEL);
	run_reaper();
	assert_int_equal(mm_fault(a->mm, AT(3), FAULT_KERNEL), FAULT_OK);
}

static const struct CMUnitTest tests[] = {
	TEST_49(test_8_2_last_in_first_out),
	TEST_49(test_8_2_queued_once),
	TEST_49(test_8_2_queued_once_by_two_cpus),
	TEST_49(test_8_2_nothing_is_lost),
	TEST_49(test_8_4_reaped),
	TEST_49(test_8_4_unable),
	TEST_49(test_8_2_reaped_is_skipped),
	TEST_49(test_8_2_given_up_is_skipped),
	TEST_49(test_8_2_reaped_is_not_chosen_again),
	TEST_49(test_8_2_reaped_will_free_nothing),
	TEST_49(test_8_3_oom_lock_is_held_during_an_attempt),
	TEST_49(test_8_3_and_not_between_two),
	TEST_49(test_8_3_succeeds_at_the_last_attempt),
	TEST_49(test_8_2_the_victim_has_left),
	TEST_49(test_8_3_waits_for_oom_lock),
	TEST_49(test_8_2_what_the_kernel_reads_is_no_longer_what_was_written),
	TEST_SEED(test_8_2_the_seed_lets_the_kernel_read_zeroes),
};
TEST_GROUP(oom_reaper_queue)
