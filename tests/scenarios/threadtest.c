/*
 * threadtest: what threads, and processes that share their memory, are promised (calls.h): one
 * memory, one fate within a process, and everything given back.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/scenarios/app_test.h"

#define MANY     30
#define CHILDREN 20

static int thread(void (*fn)(long), long arg)
{
	return lw_clone("thread", LW_THREAD, fn, arg);
}

static void busy(long unused)
{
	volatile long turns = 0;

	(void)unused;
	for (;;)
		turns = turns + 1;
}

static void sleeper(long unused)
{
	(void)unused;
	for (;;)
		lw_wait_event(lw_event_count());
}

static void busy_and_sleeping_threads(void)
{
	for (int i = 0; i < 2; i++) {
		thread(busy, 0);
		thread(sleeper, 0);
	}
}

/* A child process that begins with fn(arg) ends with this code. */
static void expect_code(void (*fn)(long), long arg, int expected, const char *name)
{
	int code = 1234, pid = lw_spawn("child", fn, arg);

	report(lw_wait(&code) == pid && code == expected, name);
}

static volatile int shared_global;

static void store(long where)
{
	shared_global = 77;
	*(volatile int *)where = lw_pid();
}

static void test_stores_are_seen(void)
{
	volatile int on_stack = 0, *on_heap = malloc(sizeof(*on_heap));

	*on_heap = 0;
	wait_gone(thread(store, (long)&on_stack));
	report(shared_global == 77 && on_stack == lw_pid(), "a_thread_is_of_its_process");
	wait_gone(thread(store, (long)on_heap));
	report(*on_heap == lw_pid(), "threads_share_stack_heap_and_globals");
	free((void *)on_heap);
}

static void exit_nine(long unused)
{
	(void)unused;
	lw_sleep_ms(5);
	exit(9);
}

static void one_thread_exits(long of_main)
{
	busy_and_sleeping_threads();
	thread(exit_nine, 0);
	if (of_main)
		busy(0);
	sleeper(0);
}

static void main_returns(long unused)
{
	(void)unused;
	busy_and_sleeping_threads();
}

static void all_exit(long code)
{
	for (long i = 0; i < 5; i++)
		thread(exit_nine, i);
	lw_sleep_ms(5);
	exit((int)code);
}

static void test_exit(void)
{
	expect_code(one_thread_exits, 0, 9, "exit_in_a_thread_ends_a_sleeping_process");
	expect_code(one_thread_exits, 1, 9, "exit_in_a_thread_ends_a_busy_process");
	expect_code(main_returns, 0, 0, "the_first_thread_ends_all_when_it_returns");
	expect_code(all_exit, 9, 9, "all_may_exit_at_once");
}

static int victim KERNEL_DATA; /* whom to kill */

static void make_victim(long is_thread)
{
	int pid;

	busy_and_sleeping_threads();
	pid = thread(busy, 0);
	victim = is_thread ? pid : lw_pid();
	lw_wake();
	sleeper(0);
}

static void test_kill(long is_thread, const char *name)
{
	int code = 0, pid;

	victim = 0;
	pid = lw_spawn("victims", make_victim, is_thread);
	wait_until(victim);
	lw_sleep_ms(5);
	report(lw_kill(victim) == 0 && lw_wait(&code) == pid && code == -9, name);
	report(!lw_alive(victim) && lw_kill(victim) == -1, "what_is_gone_cannot_be_killed");
}

static volatile int stage KERNEL_DATA;

static void last_one(long unused)
{
	(void)unused;
	lw_sleep_ms(20);
	stage = 2;
}

static void leader_leaves(long unused)
{
	(void)unused;
	thread(last_one, 0);
	stage = 1;
	lw_exit_thread();
}

static void test_leader_leaves(void)
{
	int code = 1, pid;

	stage = 0;
	pid = lw_spawn("leader", leader_leaves, 0);
	wait_until(stage == 1);
	lw_sleep_ms(5);
	report(lw_alive(pid), "a_process_is_alive_while_a_thread_is");
	report(lw_wait(&code) == pid && code == 0 && stage == 2,
		"a_process_is_collected_when_all_its_threads_have_ended");
}

static void leave_a_busy_one(long unused)
{
	(void)unused;
	thread(busy, 0);
	stage = 1;
	lw_exit_thread();
}

static void test_kill_without_leader(void)
{
	int code = 0, pid;

	stage = 0;
	pid = lw_spawn("leader", leave_a_busy_one, 0);
	wait_until(stage == 1);
	lw_sleep_ms(5);
	report(lw_kill(pid) == 0 && lw_wait(&code) == pid && code == -9,
		"a_process_whose_leader_has_left_can_be_killed");
}

static volatile int counted;

static void count(long unused)
{
	char *p = malloc(1000);

	(void)unused;
	memset(p, 1, 1000);
	__atomic_add_fetch(&counted, 1, __ATOMIC_RELAXED);
	lw_wake();
	free(p);
}

static void many_threads(long in_turn)
{
	int pid[MANY];

	for (int i = 0; i < MANY; i++) {
		pid[i] = thread(count, 0);
		if (in_turn)
			wait_gone(pid[i]);
	}
	for (int i = 0; i < MANY; i++)
		wait_gone(pid[i]);
	exit(counted == MANY ? 0 : 1);
}

static void test_many(void)
{
	expect_code(many_threads, 0, 0, "many_threads_at_once");
	expect_code(many_threads, 1, 0, "many_threads_in_turn");
}

/* Threads that make threads, until the kill comes. */
static void storm(long depth)
{
	for (int i = 0; i < 3 && depth; i++)
		thread(storm, depth - 1);
	sleeper(0);
}

static void test_kill_of_a_storm(void)
{
	int ok = 1, code;

	for (unsigned int ms = 0; ms < 4; ms++) {
		int pid = lw_spawn("storm", storm, 3);

		if (ms)
			lw_sleep_ms(ms);
		lw_kill(pid);
		ok &= lw_wait(&code) == pid && code == -9;
	}
	report(ok, "a_kill_reaches_threads_that_are_just_being_made");
}

static void exit_with(long code)
{
	exit((int)code);
}

static volatile int seen_of[CHILDREN];

/* Several threads collect one process's children: each child once. */
static void collect_all(long unused)
{
	int code;

	(void)unused;
	while (lw_wait(&code) > 0)
		__atomic_add_fetch(&seen_of[code], 1, __ATOMIC_RELAXED);
}

static void many_waiters(long unused)
{
	int ok = 1, pid[4];

	(void)unused;
	for (int i = 0; i < CHILDREN; i++)
		lw_spawn("child", exit_with, i);
	for (int i = 0; i < 4; i++)
		pid[i] = thread(collect_all, 0);
	for (int i = 0; i < 4; i++)
		wait_gone(pid[i]);
	for (int i = 0; i < CHILDREN; i++)
		ok &= seen_of[i] == 1;
	exit(ok ? 0 : 1);
}

static void test_many_waiters(void)
{
	expect_code(many_waiters, 0, 0, "each_child_is_collected_once_by_many_waiters");
}

/* Processes that share their memory. */

static int parent_pid, *parents_data;

static void outlive(long unused)
{
	(void)unused;
	stage = 1;
	lw_wake();
	wait_gone(parent_pid);
	parents_data[9] += parents_data[0];
	free(parents_data);
	exit(parents_data == NULL || !calloc(1, 100000) ? 1 : 5);
}

static void short_lived(long unused)
{
	(void)unused;
	parent_pid = lw_pid();
	parents_data = calloc(10, sizeof(int));
	parents_data[0] = 4;
	lw_clone("sharer", 0, outlive, 0);
	wait_until(stage == 1);
	exit(4);
}

static void test_outlived_by_a_sharer(void)
{
	int first = 0, second = 0, pid;

	stage = 0;
	pid = lw_spawn("parent", short_lived, 0);
	report(lw_wait(&first) == pid && first == 4, "a_parent_ends_before_who_shares_its_memory");
	report(lw_wait(&second) > pid && second == 5, "who_shares_it_goes_on");
}

static volatile int exits;

static void count_exit(void)
{
	exits++;
}

static void work_and_exit(long code)
{
	shared_global = lw_pid();
	parents_data = malloc(5000);
	memset(parents_data, 5, 5000);
	printf("a sharer's line without its end");
	if (code)
		exit((int)code);
}

/* Neither exit functions nor streams are the sharer's to finish. */
static void outlive_a_sharer(long code_of_sharer)
{
	int code, pid, ok;

	atexit(count_exit);
	printf("a line begun before the sharer ");
	pid = lw_clone("sharer", 0, work_and_exit, code_of_sharer);
	ok = lw_wait(&code) == pid && code == code_of_sharer && shared_global == pid;
	ok &= exits == 0 && printf("and ended after it\n") > 0 && fflush(stdout) == 0;
	ok &= ((char *)parents_data)[4999] == 5;
	free(parents_data);
	exit(ok ? 6 : 1);
}

static void test_outlives_a_sharer(void)
{
	expect_code(outlive_a_sharer, 3, 6, "a_parent_goes_on_when_a_sharer_exits");
	expect_code(outlive_a_sharer, 0, 6, "a_parent_goes_on_when_a_sharer_returns");
}

static void sharer_with_threads(long unused)
{
	(void)unused;
	busy_and_sleeping_threads();
	stage = 1;
	lw_wake();
	sleeper(0);
}

static void kill_a_sharer(long unused)
{
	int code, pid, own = thread(sleeper, 0);

	(void)unused;
	pid = lw_clone("sharer", 0, sharer_with_threads, 0);
	wait_until(stage == 1);
	lw_kill(pid);
	exit(lw_wait(&code) == pid && code == -9 && lw_alive(own) ? 6 : 1);
}

static void test_kill_of_a_sharer(void)
{
	stage = 0;
	expect_code(kill_a_sharer, 0, 6, "a_kill_stays_within_its_process");
}

static void threadtest(long unused)
{
	(void)unused;
	test_stores_are_seen();
	test_exit();
	test_kill(0, "a_kill_of_a_process_ends_all_its_threads");
	test_kill(1, "a_kill_of_a_thread_ends_its_process");
	test_leader_leaves();
	test_kill_without_leader();
	test_many();
	test_kill_of_a_storm();
	test_many_waiters();
	test_outlived_by_a_sharer();
	test_outlives_a_sharer();
	test_kill_of_a_sharer();
	report_end();
}

static const struct scenario_arm arms[] = {
	{.patch = "none", .outcome = "completed", .checks = REPORT_CHECKS},
};

SCENARIO(threadtest_scenario) = {
	.name = "threadtest",
	.help = "what threads are promised: one memory, one fate, everything given back",
	.group = "test",
	.app = threadtest,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
