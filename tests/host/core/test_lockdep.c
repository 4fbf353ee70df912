/*
 * The lock-order checker (kernel/core/lock/lockdep.h): each rule by itself. Random walks have a file
 * of their own.
 */
#include "lockdep_case.h"

#define HANDLER (LOCKDEP_SPIN | LOCKDEP_IN_IRQ)
#define OPEN    (LOCKDEP_SPIN | LOCKDEP_IRQS_ON)

/* One lock for each first letter. */
static const void *lock_of(const char *name)
{
	return &locks[(unsigned char)name[0] % sizeof(locks)];
}

static const char *take(const char *name, unsigned int flags)
{
	return lockdep_acquire(&dep, &task, name, lock_of(name), flags, 0, 0);
}

static const char *drop(const char *name)
{
	return lockdep_release(&dep, &task, name, lock_of(name), 0);
}

static void drop_all(void)
{
	while (task.depth) {
		const struct lockdep_lock *l = &task.locks[task.depth - 1];

		assert_null(lockdep_release(&dep, &task, l->name, l->lock, 0));
	}
}

#define assert_says(text, message)                                                                 \
	do {                                                                                       \
		const char *said_ = (message);                                                     \
		assert_non_null(said_);                                                            \
		assert_string_equal(said_, text);                                                  \
	} while (0)

/* Takes the classes one within another, all with the same flags; all but the last quietly. */
static const char *nest(const char *const *names, unsigned int flags)
{
	const char *message = NULL;

	for (; *names; names++) {
		assert_quiet(message);
		message = take(*names, flags);
	}
	drop_all();
	return message;
}
#define NEST(flags, ...) nest((const char *const[]){__VA_ARGS__, NULL}, flags)

static void test_lockdep_no_recursion(void **state)
{
	(void)state;
	assert_quiet(take("a", 0));
	assert_quiet(take("b", 0));
	assert_says("recursive locking: a is already held", take("a", 0));
	drop_all();
	assert_quiet(take("s", LOCKDEP_SPIN));
	assert_says("recursive locking: s is already held", take("s", LOCKDEP_SPIN));
	assert_quiet(drop("s"));
	assert_quiet(drop("s"));
	assert_int_equal(task.depth, 0);
	/* Held by another task: to wait for it is what locks are for. */
	assert_quiet(take("a", 0));
	assert_quiet(lockdep_acquire(&dep, &other_task, "a", lock_of("a"), 0, 0, 0));
}

static void test_lockdep_readers_recurse_only_by_trying(void **state)
{
	(void)state;
	assert_quiet(take("a", LOCKDEP_READ));
	assert_quiet(take("a", LOCKDEP_READ | LOCKDEP_TRY));
	assert_says("recursive locking: a is already held", take("a", LOCKDEP_READ));
	drop_all();
	assert_quiet(take("a", 0));
	assert_says("recursive locking: a is already held", take("a", LOCKDEP_READ | LOCKDEP_TRY));
}

static void test_lockdep_no_sleeping_lock_under_a_spinlock(void **state)
{
	(void)state;
	assert_quiet(take("s", LOCKDEP_SPIN));
	assert_quiet(take("t", LOCKDEP_SPIN));
	assert_says("sleeping lock m taken while spinlock t is held", take("m", 0));
	drop_all();
	assert_quiet(NEST(LOCKDEP_SPIN, "s", "t"));
	/* The pair was told of; that pair only. */
	take("t", LOCKDEP_SPIN);
	assert_quiet(take("m", 0));
	drop_all();
	take("s", LOCKDEP_SPIN);
	assert_says("sleeping lock m taken while spinlock s is held", take("m", LOCKDEP_READ));
	drop_all();
	/* The order that is right is not held against what was wrong. */
	assert_quiet(take("m", 0));
	assert_quiet(take("s", LOCKDEP_SPIN));
	drop_all();
	assert_quiet(take("t", LOCKDEP_SPIN));
	assert_quiet(take("n", LOCKDEP_TRY));
}

static void test_lockdep_no_sleeping_lock_in_a_handler(void **state)
{
	(void)state;
	assert_quiet(take("m", LOCKDEP_TRY | LOCKDEP_IN_IRQ));
	assert_says("sleeping lock n taken by an interrupt handler", take("n", LOCKDEP_IN_IRQ));
	drop_all();
	assert_quiet(take("n", LOCKDEP_IN_IRQ));
	drop_all();
	/* Nothing is learnt from it: not an order, and interrupts are a matter of spinlocks. */
	assert_quiet(take("m", LOCKDEP_IRQS_ON));
	assert_quiet(take("n", LOCKDEP_IN_IRQ));
	drop_all();
	assert_quiet(NEST(LOCKDEP_IRQS_ON, "n", "m"));
}

static void test_lockdep_wrong_order(void **state)
{
	(void)state;
	assert_quiet(NEST(0, "a", "b"));
	assert_says("wrong lock order: a taken while b is held, but elsewhere b is taken while a "
		    "is held",
		NEST(0, "b", "a"));
	/* Once; the order seen first stays the right one. */
	assert_quiet(NEST(0, "b", "a"));
	assert_quiet(NEST(0, "a", "b"));
	assert_int_equal(dep.classes[1].after, 0);
}

static void test_lockdep_wrong_order_between_tasks_and_readers(void **state)
{
	(void)state;
	assert_quiet(lockdep_acquire(&dep, &other_task, "a", &locks[1], LOCKDEP_READ, 0, 0));
	assert_quiet(lockdep_acquire(&dep, &other_task, "b", &locks[2], LOCKDEP_READ, 0, 0));
	assert_quiet(take("b", LOCKDEP_READ));
	assert_says("wrong lock order: a taken while b is held, but elsewhere b is taken while a "
		    "is held",
		take("a", LOCKDEP_READ));
}

static void test_lockdep_wrong_order_through_a_chain(void **state)
{
	(void)state;
	assert_quiet(NEST(0, "a", "b"));
	assert_quiet(NEST(0, "b", "c"));
	assert_says("wrong lock order: a taken while c is held, but elsewhere c is taken while a "
		    "is held: a -> b -> c",
		NEST(0, "c", "a"));
	assert_says("wrong lock order: b taken while c is held, but elsewhere c is taken while b "
		    "is held",
		NEST(0, "c", "b"));
}

static void test_lockdep_chain_joined_late(void **state)
{
	(void)state;
	assert_quiet(NEST(0, "a", "b"));
	assert_quiet(NEST(0, "x", "y"));
	assert_quiet(NEST(0, "c", "d"));
	assert_quiet(NEST(0, "b", "c"));
	assert_quiet(NEST(0, "a", "x"));
	assert_says("wrong lock order: a taken while d is held, but elsewhere d is taken while a "
		    "is held: a -> b -> c -> d",
		NEST(0, "d", "a"));
}

static void test_lockdep_each_wrong_pair_of_one_acquisition(void **state)
{
	const char *first;
	char copy[LOCKDEP_MESSAGE];

	(void)state;
	assert_quiet(NEST(0, "a", "b", "c"));
	first = NEST(0, "b", "c", "a");
	assert_non_null(first);
	strcpy(copy, first);
	first = NEST(0, "b", "c", "a");
	assert_non_null(first);
	assert_string_not_equal(copy, first);
	assert_quiet(NEST(0, "b", "c", "a"));
}

static void test_lockdep_consistent_order_is_quiet(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		assert_quiet(NEST(0, "a", "b", "c", "d"));
		assert_quiet(NEST(0, "a", "c"));
		assert_quiet(NEST(0, "b", "d"));
		assert_quiet(NEST(0, "a", "d"));
		assert_quiet(take("d", 0));
		assert_quiet(take("s", LOCKDEP_SPIN));
		drop_all();
	}
	/* One after another is no order. */
	assert_quiet(NEST(0, "d"));
	assert_quiet(NEST(0, "a"));
}

static void test_lockdep_trylock_waits_for_nobody(void **state)
{
	(void)state;
	assert_quiet(NEST(0, "a", "b"));
	assert_quiet(take("b", 0));
	assert_quiet(take("a", LOCKDEP_TRY));
	drop_all();
	assert_quiet(NEST(LOCKDEP_TRY, "x", "y"));
	assert_quiet(NEST(0, "y", "x"));
}

static void test_lockdep_trylock_counts_while_held(void **state)
{
	(void)state;
	assert_quiet(take("a", LOCKDEP_TRY));
	assert_quiet(take("b", 0));
	drop_all();
	assert_says("wrong lock order: a taken while b is held, but elsewhere b is taken while a "
		    "is held",
		NEST(0, "b", "a"));
}

static void test_lockdep_no_two_locks_of_a_class(void **state)
{
	(void)state;
	assert_quiet(take("mm", 0));
	assert_quiet(lockdep_acquire(&dep, &task, "mm", &locks[1], LOCKDEP_TRY, 0, 0));
	assert_says("two locks of class mm nested",
		lockdep_acquire(&dep, &task, "mm", &locks[2], 0, 0, 0));
	assert_quiet(lockdep_acquire(&dep, &task, "mm", &locks[3], 0, 0, 0));
	assert_int_equal(dep.nr_classes, 1);
	assert_int_equal(dep.classes[0].after, 0);
}

static void test_lockdep_class_is_the_text_of_the_name(void **state)
{
	char name[] = "a";

	(void)state;
	assert_quiet(NEST(0, "a", "b"));
	assert_quiet(NEST(0, name));
	assert_int_equal(dep.nr_classes, 2);
	assert_int_equal(dep.classes[0].acquisitions, 2);
}

static void test_lockdep_handler_lock_needs_interrupts_off(void **state)
{
	static const char *const says = "s is taken by interrupt handlers and with interrupts on";

	(void)state;
	assert_quiet(NEST(LOCKDEP_SPIN, "s"));
	assert_quiet(NEST(HANDLER, "s"));
	assert_says(says, NEST(OPEN, "s"));
	assert_quiet(NEST(OPEN, "s"));
	assert_quiet(NEST(HANDLER, "s"));
	assert_quiet(NEST(OPEN, "t"));
	assert_says("t is taken by interrupt handlers and with interrupts on", NEST(HANDLER, "t"));
}

static void test_lockdep_handler_that_tries_may_find_it_taken(void **state)
{
	(void)state;
	assert_quiet(NEST(OPEN, "s"));
	assert_quiet(NEST(HANDLER | LOCKDEP_TRY, "s"));
	/* But who holds it with interrupts on makes a handler wait, however it was taken. */
	assert_quiet(NEST(OPEN | LOCKDEP_TRY, "t"));
	assert_says("t is taken by interrupt handlers and with interrupts on", NEST(HANDLER, "t"));
}

static void test_lockdep_sleeping_locks_may_be_taken_with_interrupts_on(void **state)
{
	(void)state;
	assert_quiet(take("m", LOCKDEP_IRQS_ON));
	assert_quiet(take("s", HANDLER));
	drop_all();
	assert_quiet(NEST(LOCKDEP_IN_IRQ | LOCKDEP_TRY, "m"));
}

#define UNSAFE_INNER                                                                               \
	"inner is taken with interrupts on, but while outer is held, which interrupt handlers "    \
	"take"

static void test_lockdep_handler_lock_then_open_lock(void **state)
{
	(void)state;
	assert_quiet(NEST(HANDLER, "outer"));
	assert_quiet(NEST(OPEN, "inner"));
	assert_says(UNSAFE_INNER, NEST(LOCKDEP_SPIN, "outer", "inner"));
	assert_quiet(NEST(LOCKDEP_SPIN, "outer", "inner"));
}

static void test_lockdep_handler_lock_then_open_lock_use_seen_last(void **state)
{
	(void)state;
	assert_quiet(NEST(LOCKDEP_SPIN, "outer", "inner"));
	assert_quiet(NEST(HANDLER, "outer"));
	assert_says(UNSAFE_INNER, NEST(OPEN, "inner"));
	assert_quiet(NEST(OPEN, "inner"));
}

static void test_lockdep_handler_lock_then_open_lock_handler_seen_last(void **state)
{
	(void)state;
	assert_quiet(NEST(OPEN, "inner"));
	assert_quiet(NEST(LOCKDEP_SPIN, "outer", "inner"));
	assert_says(UNSAFE_INNER, NEST(HANDLER, "outer"));
	/* The other way round harms nobody. */
	assert_quiet(NEST(OPEN, "x", "y"));
	assert_quiet(NEST(HANDLER, "z"));
	assert_quiet(take("x", OPEN));
	assert_quiet(take("z", LOCKDEP_SPIN));
}

static void test_lockdep_handler_lock_then_open_lock_through_a_chain(void **state)
{
	(void)state;
	assert_quiet(NEST(HANDLER, "outer"));
	assert_quiet(NEST(OPEN, "inner"));
	assert_quiet(NEST(LOCKDEP_SPIN, "outer", "x"));
	assert_quiet(NEST(LOCKDEP_SPIN, "y", "inner"));
	assert_says(UNSAFE_INNER ": outer -> x -> y -> inner", NEST(LOCKDEP_SPIN, "x", "y"));
}

static void test_lockdep_released_in_any_order(void **state)
{
	(void)state;
	assert_quiet(take("a", 0));
	assert_quiet(take("b", LOCKDEP_TRY));
	assert_quiet(take("c", LOCKDEP_TRY));
	assert_quiet(drop("a"));
	assert_quiet(drop("b"));
	assert_int_equal(task.depth, 1);
	/* Only what is still held counts. */
	assert_quiet(take("x", 0));
	assert_quiet(drop("c"));
	assert_quiet(drop("x"));
	assert_int_equal(task.depth, 0);
	assert_quiet(NEST(0, "x", "a"));
	assert_quiet(NEST(0, "x", "b"));
	assert_non_null(NEST(0, "x", "c"));
}

static void test_lockdep_release_of_what_is_not_held(void **state)
{
	static const char *const says = "a released but not held by this task (double unlock?)";

	(void)state;
	assert_says(says, drop("a"));
	assert_quiet(take("a", 0));
	assert_says(says, lockdep_release(&dep, &other_task, "a", lock_of("a"), 0));
	assert_quiet(drop("a"));
	assert_says(says, drop("a"));
}

static void hold(uint64_t from, uint64_t to, uint64_t place)
{
	assert_quiet(lockdep_acquire(&dep, &task, "a", locks, 0, from, place));
	assert_quiet(lockdep_release(&dep, &task, "a", locks, to));
}

static void test_lockdep_statistics(void **state)
{
	const struct lockdep_class *a = &dep.classes[0];

	(void)state;
	hold(100, 150, 0x1000);
	hold(200, 280, 0x2000);
	hold(300, 310, 0x3000);
	hold(500, 400, 0x4000); /* the clock of another CPU */
	lockdep_contended(&dep, "a");
	lockdep_contended(&dep, "nobody");
	assert_string_equal(a->name, "a");
	assert_int_equal(a->first_place, 0x1000);
	assert_int_equal(a->acquisitions, 4);
	assert_int_equal(a->contended, 1);
	assert_int_equal(a->longest_ns, 80);
	assert_int_equal(a->longest_place, 0x2000);
	assert_int_equal(dep.nr_classes, 1);
}

static void test_lockdep_waiting_is_not_holding(void **state)
{
	(void)state;
	assert_quiet(lockdep_acquire(&dep, &task, "a", locks, 0, 100, 0));
	lockdep_waited(&task, locks, 900);
	lockdep_waited(&task, &locks[1], 0);
	assert_quiet(lockdep_release(&dep, &task, "a", locks, 905));
	assert_int_equal(dep.classes[0].longest_ns, 5);
}

static void test_lockdep_innermost_spinlock(void **state)
{
	(void)state;
	assert_quiet(take("m", 0));
	assert_false(lockdep_holds_spin(&task));
	assert_null(lockdep_spin_name(&task));
	assert_quiet(take("s", LOCKDEP_SPIN));
	assert_quiet(take("t", LOCKDEP_SPIN | LOCKDEP_TRY));
	assert_quiet(take("n", LOCKDEP_TRY));
	assert_true(lockdep_holds_spin(&task));
	assert_string_equal(lockdep_spin_name(&task), "t");
	assert_quiet(drop("t"));
	assert_string_equal(lockdep_spin_name(&task), "s");
	assert_quiet(drop("s"));
	assert_false(lockdep_holds_spin(&task));
}

static void test_lockdep_too_many_held(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < LOCKDEP_HELD; i++)
		assert_quiet(take_nth(i, 0));
	assert_says("more than 16 locks held: c16 is not tracked", take_nth(LOCKDEP_HELD, 0));
	assert_quiet(take_nth(LOCKDEP_HELD + 1, 0));
	for (unsigned int i = LOCKDEP_HELD + 2; i-- > 0;)
		assert_quiet(lockdep_release(&dep, &task, class_name(i), &locks[i], 100));
	assert_int_equal(task.depth, 0);
	assert_int_equal(task.untracked, 0);
	assert_non_null(lockdep_release(&dep, &task, "c0", &locks[0], 100));
	/* Its order was learnt all the same. */
	assert_quiet(take_nth(LOCKDEP_HELD, 0));
	assert_non_null(take_nth(0, 0));
}

static void test_lockdep_too_many_classes(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < LOCKDEP_CLASSES; i++) {
		assert_quiet(take_nth(i, LOCKDEP_SPIN));
		drop_all();
	}
	assert_says("more than 64 lock classes: the order of c64 is not checked",
		take_nth(LOCKDEP_CLASSES, OPEN));
	assert_quiet(take_nth(LOCKDEP_CLASSES + 1, HANDLER));
	assert_quiet(take_nth(LOCKDEP_CLASSES - 1, LOCKDEP_SPIN));
	/* What needs no class still works. */
	assert_says("recursive locking: c64 is already held", take_nth(LOCKDEP_CLASSES, OPEN));
	assert_quiet(lockdep_release(&dep, &task, "c63", &locks[63], 0));
	assert_says("sleeping lock m taken while spinlock c64 is held", take("m", 0));
	assert_says("sleeping lock c0 taken while spinlock c64 is held", take_nth(0, 0));
	drop_all();
	assert_int_equal(dep.nr_classes, LOCKDEP_CLASSES);
}

static void test_lockdep_longest_chain_fits(void **state)
{
	const char *message;

	(void)state;
	for (unsigned int i = 0; i + 1 < LOCKDEP_CLASSES; i++) {
		assert_quiet(take_nth(i, 0));
		assert_quiet(take_nth(i + 1, 0));
		drop_all();
	}
	assert_quiet(take_nth(LOCKDEP_CLASSES - 1, 0));
	message = take_nth(0, 0);
	assert_non_null(strstr(message, ": c0 -> c1 -> c2 -> "));
	assert_int_equal(strlen(message), LOCKDEP_MESSAGE - 1);
}

static const struct CMUnitTest tests[] = {
	TEST(test_lockdep_no_recursion),
	TEST(test_lockdep_readers_recurse_only_by_trying),
	TEST(test_lockdep_no_sleeping_lock_under_a_spinlock),
	TEST(test_lockdep_no_sleeping_lock_in_a_handler),
	TEST(test_lockdep_wrong_order),
	TEST(test_lockdep_wrong_order_between_tasks_and_readers),
	TEST(test_lockdep_wrong_order_through_a_chain),
	TEST(test_lockdep_chain_joined_late),
	TEST(test_lockdep_each_wrong_pair_of_one_acquisition),
	TEST(test_lockdep_consistent_order_is_quiet),
	TEST(test_lockdep_trylock_waits_for_nobody),
	TEST(test_lockdep_trylock_counts_while_held),
	TEST(test_lockdep_no_two_locks_of_a_class),
	TEST(test_lockdep_class_is_the_text_of_the_name),
	TEST(test_lockdep_handler_lock_needs_interrupts_off),
	TEST(test_lockdep_handler_that_tries_may_find_it_taken),
	TEST(test_lockdep_sleeping_locks_may_be_taken_with_interrupts_on),
	TEST(test_lockdep_handler_lock_then_open_lock),
	TEST(test_lockdep_handler_lock_then_open_lock_use_seen_last),
	TEST(test_lockdep_handler_lock_then_open_lock_handler_seen_last),
	TEST(test_lockdep_handler_lock_then_open_lock_through_a_chain),
	TEST(test_lockdep_released_in_any_order),
	TEST(test_lockdep_release_of_what_is_not_held),
	TEST(test_lockdep_statistics),
	TEST(test_lockdep_waiting_is_not_holding),
	TEST(test_lockdep_innermost_spinlock),
	TEST(test_lockdep_too_many_held),
	TEST(test_lockdep_too_many_classes),
	TEST(test_lockdep_longest_chain_fits),
};
TEST_GROUP(lockdep)
