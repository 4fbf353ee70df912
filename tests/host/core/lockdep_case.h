/*
 * A lock-order checker and the tasks that it watches, for the tests of its rules and for the
 * random walks.
 */
#ifndef HOST_LOCKDEP_CASE_H
#define HOST_LOCKDEP_CASE_H

#include "twin.h"

#include "kernel/core/lock/lockdep.h"

static struct lockdep dep;
static struct lockdep_held task, other_task;
static char locks[128];

/* Nothing was ever taken. */
static inline void forget_all(void)
{
	memset(&dep, 0, sizeof(dep));
	memset(&task, 0, sizeof(task));
	memset(&other_task, 0, sizeof(other_task));
}

static inline int setup(void **state)
{
	forget_all();
	return twin_setup(state);
}

/* One lock for each number, of a class of its own. */
static inline const char *class_name(unsigned int i)
{
	static char names[LOCKDEP_CLASSES + 2][8];

	snprintf(names[i], sizeof(names[i]), "c%u", i);
	return names[i];
}

static inline const char *take_nth(unsigned int i, unsigned int flags)
{
	return lockdep_acquire(&dep, &task, class_name(i), &locks[i], flags, i, 0);
}

#define assert_quiet(message)                                                                      \
	do {                                                                                       \
		const char *said_ = (message);                                                     \
		if (said_)                                                                         \
			fail_msg("said: %s", said_);                                               \
	} while (0)

/* Every test of a file that includes this starts with a checker that has seen nothing. */
#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)

#endif
