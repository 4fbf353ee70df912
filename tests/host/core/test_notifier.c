/*
 * Notifier chains (kernel/core/lock/notifier.h; reference §9.1).
 */
#include "twin.h"

#include "apps.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/lock/notifier.h"

static struct notifier_chain chain;

struct block {
	struct notifier_block nb;
	char letter;
	int answer;
};

static char *calls;
static char trail[32];

static int note(struct notifier_block *nb, void *data)
{
	struct block *b = container_of(nb, struct block, nb);

	assert_ptr_equal(data, trail);
	assert_int_equal(rwsem_readers(&chain.sem), 1);
	*calls++ = b->letter;
	*calls = '\0';
	return b->answer;
}

#define BLOCK(name, priority)                                                                      \
	{                                                                                          \
		{note, priority, {NULL, NULL}}, name, NOTIFY_OK                                    \
	}
static struct block a, b, c, d;

static int setup(void **state)
{
	int err = twin_setup(state);

	notifier_chain_init(&chain, "chain");
	a = (struct block)BLOCK('a', 0);
	b = (struct block)BLOCK('b', 10);
	c = (struct block)BLOCK('c', 0);
	d = (struct block)BLOCK('d', -10);
	calls = trail;
	*calls = '\0';
	return err;
}

static int teardown(void **state)
{
	lock_forget(&chain.sem.info);
	return twin_teardown(state);
}

static void register_all(void)
{
	notifier_register(&chain, &a.nb);
	notifier_register(&chain, &b.nb);
	notifier_register(&chain, &c.nb);
	notifier_register(&chain, &d.nb);
}

static void test_9_1_by_priority_then_first_come(void **state)
{
	(void)state;
	register_all();
	notifier_call(&chain, trail);
	assert_string_equal(trail, "bacd");
	assert_int_equal(notifier_call_killable(&chain, trail), 0);
	assert_string_equal(trail, "bacdbacd");
	assert_int_equal(rwsem_readers(&chain.sem), 0);
}

static void test_9_1_in_any_order_of_registration(void **state)
{
	(void)state;
	notifier_register(&chain, &d.nb);
	notifier_register(&chain, &c.nb);
	notifier_register(&chain, &b.nb);
	notifier_register(&chain, &a.nb);
	notifier_call(&chain, trail);
	assert_string_equal(trail, "bcad");
}

static void test_9_1_unregistered(void **state)
{
	(void)state;
	register_all();
	notifier_unregister(&chain, &a.nb);
	notifier_call(&chain, trail);
	assert_string_equal(trail, "bcd");
	notifier_register(&chain, &a.nb);
	notifier_call(&chain, trail);
	assert_string_equal(trail, "bcdbcad");
}

static void test_9_1_the_stop_bit(void **state)
{
	(void)state;
	register_all();
	a.answer = NOTIFY_OK | NOTIFY_STOP;
	notifier_call(&chain, trail);
	assert_string_equal(trail, "ba");
	notifier_call_killable(&chain, trail);
	assert_string_equal(trail, "baba");
	assert_int_equal(rwsem_readers(&chain.sem), 0);
	/* Nothing but that bit. */
	a.answer = 0x7fff;
	notifier_call(&chain, trail);
	assert_string_equal(trail, "bababacd");
}

static void would_sleep(void)
{
	panic("waits for %s", current->waiting_for);
}

/* Somebody else holds the chain for writing, and registers. */
static struct task *registrar;

static void lock_chain(void)
{
	struct task *self;

	registrar = task_new("registrar", 20, NULL);
	self = become(registrar);
	down_write(&chain.sem);
	become(self);
}

static void unlock_chain(void)
{
	become(registrar);
	up_write(&chain.sem);
}

static void test_9_1_an_empty_chain_takes_no_lock(void **state)
{
	(void)state;
	lock_chain();
	twin.on_sleep = would_sleep;
	notifier_call(&chain, trail);
	assert_int_equal(notifier_call_killable(&chain, trail), 0);
	assert_string_equal(trail, "");
	app_kill(current);
	assert_int_equal(notifier_call_killable(&chain, trail), 0);
	unlock_chain();
}

static unsigned int waited;

static void killed_then_unlocked(void)
{
	assert_string_equal(current->waiting_for, "chain");
	if (waited++ == 0)
		app_kill(current);
	else
		unlock_chain();
}

static void test_9_1_waits_uninterruptibly(void **state)
{
	(void)state;
	register_all();
	lock_chain();
	waited = 0;
	twin.on_sleep = killed_then_unlocked;
	notifier_call(&chain, trail);
	assert_int_equal(waited, 2);
	assert_string_equal(trail, "bacd");
}

static void test_9_4_a_kill_ends_the_wait(void **state)
{
	(void)state;
	register_all();
	lock_chain();
	waited = 0;
	twin.on_sleep = killed_then_unlocked;
	assert_int_equal(notifier_call_killable(&chain, trail), -1);
	assert_int_equal(waited, 1);
	assert_string_equal(trail, "");
	assert_true(list_empty(&chain.sem.info.waiters));
	become(registrar);
	up_write(&chain.sem);
	/* The lock itself being free, that there is a kill does not matter here. */
	assert_int_equal(notifier_call_killable(&chain, trail), 0);
	assert_string_equal(trail, "bacd");
}

static int sleeps(struct notifier_block *nb, void *data)
{
	schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
	return note(nb, data);
}

static void test_9_1_callbacks_may_sleep(void **state)
{
	(void)state;
	b.nb.call = sleeps;
	register_all();
	notifier_call(&chain, trail);
	assert_string_equal(trail, "bacd");
	assert_int_equal(twin.sleeps, 1);
}

static void reader_leaves(void)
{
	assert_string_equal(current->waiting_for, "chain");
	become(registrar);
	up_read(&chain.sem);
}

/* Registering waits for those who are called. */
static void test_9_1_registration_waits_for_callers(void **state)
{
	struct task *self;

	(void)state;
	registrar = task_new("caller", 20, NULL);
	self = become(registrar);
	down_read(&chain.sem);
	become(self);
	twin.on_sleep = reader_leaves;
	notifier_register(&chain, &a.nb);
	assert_int_equal(twin.sleeps, 1);
	become(registrar);
	down_read(&chain.sem);
	become(self);
	notifier_unregister(&chain, &a.nb);
	assert_int_equal(twin.sleeps, 2);
	assert_true(list_empty(&chain.blocks));
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_9_1_by_priority_then_first_come),
	TEST(test_9_1_in_any_order_of_registration),
	TEST(test_9_1_unregistered),
	TEST(test_9_1_the_stop_bit),
	TEST(test_9_1_an_empty_chain_takes_no_lock),
	TEST(test_9_1_waits_uninterruptibly),
	TEST(test_9_4_a_kill_ends_the_wait),
	TEST(test_9_1_callbacks_may_sleep),
	TEST(test_9_1_registration_waits_for_callers),
};
TEST_GROUP(notifier)
