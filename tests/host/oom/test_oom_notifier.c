/*
 * OOM notifiers (reference §9): within the OOM killer, as in Linux 4.8, and before it, as in the seed's
 * review.
 */
#include "notifier_case.h"

#include "kernel/core/lock/lock.h"

/* Freed pages and the kill */

static void test_9_1_freed_pages_suppress_the_kill(void **state)
{
	(void)state;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(calls, 1);
	assert_int_equal(event_of(OOM_INVOCATIONS), 1);
	assert_int_equal(event_of(OOM_KILLS), 0);
	assert_int_equal(event_of(OOM_STEPS), 1);
	assert_int_equal(event_of(NOTIFIER_FREED_PAGES), 1);
	assert_string_equal(console(), "");
}

/* What N1 is about: the same pages, and somebody dies. */
static void test_9_4_freed_pages_do_not_suppress_it(void **state)
{
	(void)state;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(calls, 1);
	assert_int_equal(event_of(OOM_INVOCATIONS), 1);
	assert_int_equal(event_of(OOM_KILLS), 1);
	assert_int_equal(event_of(NOTIFIER_KILLS_AFTER_FREED), 1);
	assert_int_equal(event_of(NOTIFIER_FREED_PAGES), 1);
}

static void test_9_4_unless_high_is_passed(void **state)
{
	(void)state;
	zone_marks(z, 0, 0, 10);
	frees = 11;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(calls, 1);
	assert_int_equal(event_of(OOM_INVOCATIONS), 0);
	assert_int_equal(event_of(OOM_KILLS), 0);
	assert_int_equal(event_of(NOTIFIER_KILLS_AFTER_FREED), 0);
}

static void take_two_seconds(void)
{
	jiffies += 2 * hz;
}

/* §9.5: what a call costs is counted, from its begin to its end. */
static void test_9_5_time_in_the_chain(void **state)
{
	(void)state;
	jiffies = 5 * hz;
	meanwhile = take_two_seconds;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(m->event[NOTIFIER_NS], 2000000000 * calls);
	assert_true(calls > 0);
}

static void test_9_1_nothing_freed(void **state)
{
	(void)state;
	frees = 0;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(calls, 1);
	assert_int_equal(event_of(OOM_KILLS), 1);
	assert_int_equal(event_of(NOTIFIER_KILLS_AFTER_FREED), 0);
	assert_int_equal(event_of(NOTIFIER_CALLS), 1);
	assert_int_equal(event_of(NOTIFIER_CALLS_LOCKED), !outside());
}

/* The last attempt is before the callbacks, in 4.8: at the high watermark it would have found them. */
static void test_5_8_the_last_attempt_is_before(void **state)
{
	(void)state;
	zone_marks(z, 0, 0, 10);
	frees = 11;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(event_of(OOM_INVOCATIONS), 1);
	assert_int_equal(event_of(OOM_KILLS), 0);
}

/* Locks */

static void look_at_the_lock(void)
{
	assert_ptr_equal(m->oom_lock.info.owner, outside() ? NULL : current);
	assert_int_equal(rwsem_readers(&m->oom_reclaim_list.sem), 1);
}

static void test_9_4_where_oom_lock_is(void **state)
{
	(void)state;
	meanwhile = look_at_the_lock;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(calls, 1);
}

static struct task *holder;

static void holder_lets_go(void)
{
	struct task *self = become(holder);

	mutex_unlock(&m->oom_lock);
	become(self);
	free_pages_of_nobody(1);
	twin.on_sleep = the_killed_leave;
}

/* Callbacks first, then the lock: freed or not, who finds it taken has made progress. */
static void test_9_4_busy_oom_lock(void **state)
{
	struct task *self;

	(void)state;
	holder = task_new("holder", 40, NULL);
	self = become(holder);
	assert_true(mutex_trylock(&m->oom_lock));
	become(self);
	twin.on_sleep = holder_lets_go;
	frees = 0;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(calls, outside());
	assert_int_equal(event_of(OOM_TRYLOCK_FAILED), 1);
	assert_int_equal(event_of(OOM_KILLS), 0);
}

/* Who calls them */

static void test_9_4_by_hand(void **state)
{
	(void)state;
	assert_true(oom_manual_kill(m));
	assert_int_equal(calls, !outside());
	assert_int_equal(event_of(NOTIFIER_CALLS_BY_HAND), !outside());
	assert_int_equal(event_of(OOM_KILLS), outside()); /* N5 */
}

static void test_9_4_page_fault(void **state)
{
	(void)state;
	pagefault_out_of_memory(m);
	assert_int_equal(calls, !outside());
	assert_int_equal(event_of(NOTIFIER_CALLS_FAULT), !outside());
	assert_int_equal(event_of(NOTIFIER_CALLS_BY_HAND), 0);
	assert_int_equal(event_of(OOM_KILLS), outside());
}

static void test_9_4_nofs_calls_them_and_kills_nobody(void **state)
{
	(void)state;
	assert_non_null(alloc_pages(m, GFP_NOFS, 0));
	assert_int_equal(calls, 1);
	assert_int_equal(event_of(OOM_INVOCATIONS), 1);
	assert_int_equal(event_of(OOM_KILLS), 0);
}

static void test_9_4_disabled(void **state)
{
	(void)state;
	frees = 0;
	assert_int_equal(oom_killer_disable(m), 0);
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NOWARN, 0));
	assert_int_equal(calls, outside());
	assert_int_equal(event_of(NOTIFIER_CALLS_DISABLED), outside());
	assert_int_equal(event_of(OOM_INVOCATIONS), 1);
}

/* What they free is progress by itself. */
static void test_9_4_disabled_and_freed(void **state)
{
	(void)state;
	assert_int_equal(oom_killer_disable(m), 0);
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(calls, 1);
	assert_int_equal(event_of(OOM_KILLS), 0);
}

static void test_unregistered(void **state)
{
	(void)state;
	unregister_oom_notifier(m, &balloon);
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(calls, 0);
	assert_int_equal(event_of(OOM_KILLS), 1);
	assert_int_equal(event_of(NOTIFIER_FREED_PAGES), 0);
	assert_int_equal(event_of(NOTIFIER_KILLS_AFTER_FREED), 0);
	assert_int_equal(event_of(NOTIFIER_CALLS), 0);
	assert_int_equal(oom_reclaim_pages(m), 0);
}

/* Killed callers */

static void test_9_4_a_killed_caller(void **state)
{
	struct task *self = app_new("self", 11, 1, 0);

	(void)state;
	become(self);
	app_kill(self);
	zone_marks(z, 1000, 1000, 1000);
	free_pages_of_nobody(1);
	frees = 0;
	/* It goes on to become a victim, and to use the reserves. */
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_true(self->memdie);
	assert_int_equal(calls, !outside());
	assert_int_equal(event_of(NOTIFIER_CALLS), !outside());
	assert_int_equal(event_of(NOTIFIER_KILLED_EARLY), outside());
	assert_int_equal(oom_reclaim_pages(m), 0);
}

static struct task *registrar;

static void somebody_registers(void)
{
	struct task *self;

	registrar = task_new("registrar", 41, NULL);
	self = become(registrar);
	down_write(&m->oom_reclaim_list.sem);
	become(self);
}

static void kill_who_waits(void)
{
	assert_string_equal(current->waiting_for, "oom_reclaim_list");
	assert_int_equal(current->state, TASK_KILLABLE);
	assert_null(m->oom_lock.info.owner);
	app_kill(current);
}

static void test_9_4_killed_while_it_waits(void **state)
{
	(void)state;
	become(app_new("self", 11, 1, 0));
	somebody_registers();
	twin.on_sleep = kill_who_waits;
	assert_int_equal(oom_reclaim_pages(m), 0);
	assert_int_equal(calls, 0);
	assert_int_equal(event_of(NOTIFIER_KILLED_EARLY), 1);
	assert_int_equal(event_of(NOTIFIER_CALLS), 0);
}

static void kill_who_waits_for_the_mutex(void)
{
	assert_string_equal(current->waiting_for, "oom_notifier_lock");
	assert_int_equal(current->state, TASK_KILLABLE);
	assert_null(m->oom_lock.info.owner);
	app_kill(current);
}

/* The mail's form: one is in the callbacks, and the next can be killed where it waits for that one. */
static void test_9_4_killed_while_another_is_in_the_callbacks(void **state)
{
	struct task *self = app_new("self", 11, 1, 0);

	(void)state;
	m->tunables.oom_notifier_mutex = 1;
	become(task_new("first", 41, NULL));
	mutex_lock(&m->oom_notifier_lock);
	become(self);
	twin.on_sleep = kill_who_waits_for_the_mutex;
	assert_int_equal(oom_reclaim_pages(m), 0);
	assert_int_equal(calls, 0);
	assert_int_equal(event_of(NOTIFIER_KILLED_EARLY), 1);
	assert_int_equal(event_of(NOTIFIER_CALLS), 0);
}

static struct task *in_callbacks;

static void second_comes(void)
{
	struct task *self;

	meanwhile = NULL;
	assert_ptr_equal(
		m->oom_notifier_lock.info.owner, m->tunables.oom_notifier_mutex ? current : NULL);
	self = become(in_callbacks);
	/* The review's form: it is in the callback as well, at the same time. */
	if (!m->tunables.oom_notifier_mutex)
		assert_int_equal(oom_reclaim_pages(m), frees);
	become(self);
}

static void test_9_4_how_many_are_in_the_callbacks(void **state)
{
	(void)state;
	in_callbacks = task_new("second", 42, NULL);
	for (int form = 0; form < 2; form++) {
		calls = 0;
		m->tunables.oom_notifier_mutex = form;
		meanwhile = second_comes;
		assert_int_equal(oom_reclaim_pages(m), frees);
		assert_int_equal(calls, form ? 1 : 2);
		assert_null(m->oom_notifier_lock.info.owner);
	}
}

static void registered(void)
{
	struct task *self = become(registrar);

	assert_string_equal(self->waiting_for, "oom_reclaim_list");
	assert_int_equal(self->state, TASK_UNINTERRUPTIBLE);
	assert_ptr_equal(m->oom_lock.info.owner, self);
	up_write(&m->oom_reclaim_list.sem);
	become(self);
	twin.on_sleep = the_killed_leave;
}

/* The wait of §9.3, "rwsem": with oom_lock held, for whoever registers. */
static void test_9_3_waits_with_oom_lock_held(void **state)
{
	(void)state;
	somebody_registers();
	twin.on_sleep = registered;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(calls, 1);
}

static const struct CMUnitTest tests[] = {
	TEST(test_9_1_freed_pages_suppress_the_kill),
	TEST_OUTSIDE(test_9_4_freed_pages_do_not_suppress_it),
	TEST_OUTSIDE(test_9_4_unless_high_is_passed),
	TEST_BOTH(test_9_5_time_in_the_chain),
	TEST_BOTH(test_9_1_nothing_freed),
	TEST(test_5_8_the_last_attempt_is_before),
	TEST_BOTH(test_9_4_where_oom_lock_is),
	TEST_BOTH(test_9_4_busy_oom_lock),
	TEST_BOTH(test_9_4_by_hand),
	TEST_BOTH(test_9_4_page_fault),
	TEST_BOTH(test_9_4_nofs_calls_them_and_kills_nobody),
	TEST_BOTH(test_9_4_disabled),
	TEST_OUTSIDE(test_9_4_disabled_and_freed),
	TEST_BOTH(test_unregistered),
	TEST_BOTH(test_9_4_a_killed_caller),
	TEST_OUTSIDE(test_9_4_killed_while_it_waits),
	TEST_OUTSIDE(test_9_4_killed_while_another_is_in_the_callbacks),
	TEST_OUTSIDE(test_9_4_how_many_are_in_the_callbacks),
	TEST(test_9_3_waits_with_oom_lock_held),
};
TEST_GROUP(oom_notifier)
