/*
 * Sleeping locks (kernel/core/lock/lock.h): order of waiters, killable waits, misuse. A hook plays
 * the other tasks whenever the current one sleeps.
 */
#include "twin.h"

#include "kernel/core/lock/lock.h"
#include "kernel/core/refcount.h"

static struct task *a, *b, *c;
static struct mutex mutex;
static struct rwsem sem;
static struct spinlock spin;
static char order[16];

static int setup(void **state)
{
	int err = twin_setup(state);

	a = task_new("a", 10, NULL);
	b = task_new("b", 11, NULL);
	c = task_new("c", 12, NULL);
	mutex_init(&mutex, "the mutex");
	rwsem_init(&sem, "the rwsem");
	spin_lock_init(&spin, "the spinlock");
	/* What these tests do on purpose, the debug build's checker would see first. */
	mutex.info.unchecked = sem.info.unchecked = spin.info.unchecked = true;
	order[0] = '\0';
	return err;
}

static int teardown(void **state)
{
	mutex_abandon(&mutex);
	sem.info.owner = spin.info.owner = NULL;
	lock_forget(&mutex.info);
	lock_forget(&sem.info);
	lock_forget(&spin.info);
	return twin_teardown(state);
}

static void note(const char *who)
{
	strcat(order, who);
}

static void test_mutex_without_contention(void **state)
{
	(void)state;
	become(a);
	mutex_lock(&mutex);
	assert_ptr_equal(mutex.info.owner, a);
	assert_false(mutex_trylock(&mutex));
	become(b);
	assert_false(mutex_trylock(&mutex));
	become(a);
	mutex_unlock(&mutex);
	assert_null(mutex.info.owner);
	assert_true(mutex_trylock(&mutex));
	mutex_unlock(&mutex);
	assert_int_equal(twin.sleeps, 0);
	assert_true(host_arch.irqs);
}

static void a_unlocks(void)
{
	assert_string_equal(current->waiting_for, "the mutex");
	become(a);
	mutex_unlock(&mutex);
	/* No barging: it is the waiter's already. */
	assert_false(mutex_trylock(&mutex));
}

static void test_mutex_passes_to_the_waiter(void **state)
{
	(void)state;
	become(a);
	mutex_lock(&mutex);
	become(b);
	twin.on_sleep = a_unlocks;
	mutex_lock(&mutex);
	assert_ptr_equal(mutex.info.owner, b);
	assert_null(b->waiting_for);
	assert_int_equal(twin.sleeps, 1);
	mutex_unlock(&mutex);
}

/* b sleeps, then c; a unlocks, b gets it and unlocks, c gets it. */
static void next_in_line(void)
{
	if (twin.sleeps == 1) {
		become(c);
		mutex_lock(&mutex);
		note("c");
		mutex_unlock(&mutex);
	} else if (twin.sleeps == 2) {
		become(a);
		mutex_unlock(&mutex);
	} else {
		assert_ptr_equal(mutex.info.owner, b);
		note("b");
		become(b);
		mutex_unlock(&mutex);
	}
}

static void test_mutex_longest_waiter_first(void **state)
{
	(void)state;
	become(a);
	mutex_lock(&mutex);
	become(b);
	twin.on_sleep = next_in_line;
	mutex_lock(&mutex);
	assert_string_equal(order, "bc");
	assert_null(mutex.info.owner);
}

static void kill_b(void)
{
	assert_int_equal(b->state, TASK_KILLABLE);
	task_kill(b);
	assert_int_equal(b->state, TASK_RUNNING);
}

static void test_mutex_killable(void **state)
{
	(void)state;
	become(a);
	mutex_lock(&mutex);
	become(b);
	twin.on_sleep = kill_b;
	assert_int_equal(mutex_lock_killable(&mutex), -1);
	assert_true(list_empty(&mutex.info.waiters));
	become(a);
	mutex_unlock(&mutex);
	assert_null(mutex.info.owner);
	/* Free: a killed task still gets it. */
	become(b);
	assert_int_equal(mutex_lock_killable(&mutex), 0);
	mutex_unlock(&mutex);
}

static void kill_then_unlock(void)
{
	if (twin.sleeps == 1) {
		assert_int_equal(b->state, TASK_UNINTERRUPTIBLE);
		task_kill(b);
		assert_int_equal(b->state, TASK_UNINTERRUPTIBLE);
	} else {
		become(a);
		mutex_unlock(&mutex);
	}
}

static void test_mutex_lock_ignores_a_kill(void **state)
{
	(void)state;
	become(a);
	mutex_lock(&mutex);
	become(b);
	twin.on_sleep = kill_then_unlock;
	mutex_lock(&mutex);
	assert_int_equal(twin.sleeps, 2);
	mutex_unlock(&mutex);
}

static void test_mutex_misuse(void **state)
{
	(void)state;
	become(a);
	mutex_lock(&mutex);
	assert_panics("waits for the mutex, which it holds", mutex_lock(&mutex));
	become(b);
	assert_panics("BUG: s->info.owner != current", mutex_unlock(&mutex));
	assert_panics("BUG: info->owner", lock_forget(&mutex.info));
}

static void test_rwsem_readers_share_writers_do_not(void **state)
{
	(void)state;
	become(a);
	down_read(&sem);
	become(b);
	assert_true(down_read_trylock(&sem));
	assert_int_equal(rwsem_readers(&sem), 2);
	up_read(&sem);
	up_read(&sem);
	down_write(&sem);
	become(c);
	assert_false(down_read_trylock(&sem));
	assert_panics("BUG: s->info.owner != current", up_write(&sem));
	become(b);
	up_write(&sem);
	assert_panics("BUG: rwsem_readers(s) <= 0", up_read(&sem));
}

static void reader_goes(void)
{
	/* A reader that comes now queues behind the waiting writer. */
	become(c);
	assert_false(down_read_trylock(&sem));
	become(a);
	up_read(&sem);
}

static void test_rwsem_readers_queue_behind_a_writer(void **state)
{
	(void)state;
	become(a);
	down_read(&sem);
	become(b);
	twin.on_sleep = reader_goes;
	down_write(&sem);
	assert_ptr_equal(sem.info.owner, b);
	up_write(&sem);
}

static void test_rwsem_killed_writer_lets_readers_pass(void **state)
{
	(void)state;
	become(a);
	down_read(&sem);
	become(b);
	b->kill_pending = true; /* it queues, sees the kill and leaves */
	assert_int_equal(down_write_killable(&sem), -1);
	assert_int_equal(twin.sleeps, 0);
	assert_true(list_empty(&sem.info.waiters));
	become(c);
	assert_true(down_read_trylock(&sem));
	up_read(&sem);
	up_read(&sem);
}

static void test_rwsem_downs_killed(void **state)
{
	(void)state;
	become(a);
	down_write(&sem);
	become(b);
	twin.on_sleep = kill_b;
	assert_int_equal(down_read_killable(&sem), -1);
	assert_int_equal(rwsem_readers(&sem), 0);
	become(a);
	up_write(&sem);
	assert_int_equal(down_read_killable(&sem), 0);
	up_read(&sem);
}

static void writer_unlocks(void)
{
	become(a);
	up_write(&sem);
}

static void test_rwsem_reader_gets_it_from_a_writer(void **state)
{
	(void)state;
	become(a);
	down_write(&sem);
	become(b);
	twin.on_sleep = writer_unlocks;
	down_read(&sem);
	assert_int_equal(rwsem_readers(&sem), 1);
	assert_null(sem.info.owner);
	up_read(&sem);
}

static void test_spinlock_keeps_preemption_off(void **state)
{
	unsigned long flags = spin_lock_irqsave(&spin);

	(void)state;
	assert_false(host_arch.irqs);
	assert_int_equal(this_cpu()->preempt_off, 1);
	assert_ptr_equal(spin.info.owner, current);
	assert_panics("spinlock the spinlock is taken by", spin_lock(&spin));
	spin_unlock_irqrestore(&spin, flags);
	assert_true(host_arch.irqs);
	assert_int_equal(this_cpu()->preempt_off, 0);
}

static struct wait_queue queue;
static bool happened;

static void make_it_happen(void)
{
	if (twin.sleeps < 3) {
		wake_up_all(&queue); /* in vain */
		return;
	}
	happened = true;
	wake_up_all(&queue);
}

static void test_wait_event(void **state)
{
	(void)state;
	wait_queue_init(&queue, "the queue");
	happened = false;
	become(a);
	twin.on_sleep = make_it_happen;
	wait_event(&queue, happened);
	assert_int_equal(twin.sleeps, 3);
	assert_true(list_empty(&queue.waiters));
	assert_int_equal(a->state, TASK_RUNNING);
	assert_null(a->waiting_for);
}

static void test_wait_event_killable(void **state)
{
	(void)state;
	wait_queue_init(&queue, "the queue");
	become(b);
	twin.on_sleep = kill_b;
	assert_int_equal(wait_event_killable(&queue, false), -1);
	assert_true(list_empty(&queue.waiters));
	/* A condition that holds comes before a kill. */
	assert_int_equal(wait_event_killable(&queue, true), 0);
}

static void print_while_waiting(void)
{
	print_held_locks();
	become(a);
	mutex_unlock(&mutex);
}

static void test_print_held_locks(void **state)
{
	(void)state;
	become(a);
	mutex_lock(&mutex);
	become(b);
	twin.on_sleep = print_while_waiting;
	mutex_lock(&mutex);
	assert_line("Locks held:");
	assert_line("  the mutex: held by pid 10 (a)");
	assert_line("  the mutex: pid 11 (b) waits");
	assert_not_printed("the rwsem");
	mutex_unlock(&mutex);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
static struct completion completion;

static void complete_at_third(void)
{
	if (twin.sleeps == 3)
		complete(&completion);
}

static void test_completion(void **state)
{
	(void)state;
	completion_init(&completion, "the completion");
	become(a);
	twin.on_sleep = complete_at_third;
	wait_for_completion(&completion);
	assert_int_equal(twin.sleeps, 3);
	/* It has happened: nobody waits again. */
	assert_int_equal(wait_for_completion_killable(&completion), 0);
	assert_int_equal(twin.sleeps, 3);
}

static void kill_a(void)
{
	task_kill(a);
}

static void test_completion_killable(void **state)
{
	(void)state;
	completion_init(&completion, "the completion");
	become(a);
	twin.on_sleep = kill_a;
	assert_int_equal(wait_for_completion_killable(&completion), -1);
	assert_true(list_empty(&completion.wq.waiters));
}

static void test_refcount(void **state)
{
	struct refcount r;

	(void)state;
	refcount_init(&r);
	refcount_get(&r);
	assert_true(refcount_get_live(&r));
	assert_false(refcount_put(&r));
	assert_false(refcount_put(&r));
	assert_true(refcount_put(&r));
	assert_false(refcount_get_live(&r)); /* it is gone, and stays so */
	assert_int_equal(r.n, 0);
	assert_panics("before <= 0", refcount_get(&r));
	refcount_init(&r);
	assert_true(refcount_put(&r));
	assert_panics("after < 0", refcount_put(&r));
}

/* What a test that fails does not come to: its static locks are in no list when the next one makes them. */
static void test_locks_left_behind(void **state)
{
	static struct spinlock left;

	(void)state;
	assert_true(!left.info.name || list_empty(&left.info.all));
	spin_lock_init(&left, "left behind");
}

/* The last one after itself. */
static const struct CMUnitTest tests[] = {
	TEST(test_mutex_without_contention),
	TEST(test_mutex_passes_to_the_waiter),
	TEST(test_mutex_longest_waiter_first),
	TEST(test_mutex_killable),
	TEST(test_mutex_lock_ignores_a_kill),
	TEST(test_mutex_misuse),
	TEST(test_rwsem_readers_share_writers_do_not),
	TEST(test_rwsem_readers_queue_behind_a_writer),
	TEST(test_rwsem_killed_writer_lets_readers_pass),
	TEST(test_rwsem_downs_killed),
	TEST(test_rwsem_reader_gets_it_from_a_writer),
	TEST(test_spinlock_keeps_preemption_off),
	TEST(test_wait_event),
	TEST(test_wait_event_killable),
	TEST(test_print_held_locks),
	TEST(test_completion),
	TEST(test_completion_killable),
	TEST(test_refcount),
	TEST(test_locks_left_behind),
	TEST(test_locks_left_behind),
};
TEST_GROUP(lock)
