/*
 * crowdtest: as many tasks as the machine promises, and a wake-up that disturbs nobody it is not for.
 */
#include <stdlib.h>

#include "tests/scenarios/app_test.h"

static long apps KERNEL_DATA = 1024;
static const struct param knobs[] = {
	{"apps", "how many apps there are at a time", 2, 1024, &apps, NULL},
};

/* Even apps wait at one gate, odd ones at the other. */
static volatile int gate[2] KERNEL_DATA;
static volatile int waiting KERNEL_DATA, through[2] KERNEL_DATA, disturbed KERNEL_DATA;

static void app(long index)
{
	int side = index & 1;

	__atomic_add_fetch(&waiting, 1, __ATOMIC_SEQ_CST);
	lw_wake();
	while (!gate[side])
		if (lw_futex_wait(&gate[side], 0) == 0 && !gate[side])
			__atomic_add_fetch(&disturbed, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&through[side], 1, __ATOMIC_SEQ_CST);
	exit(7);
}

static long start(void)
{
	long n = 0;

	while (n < apps && lw_spawn("app", app, n) > 0)
		n++;
	return n;
}

static long collect(long n)
{
	long ended = 0;
	int code;

	while (ended < n && lw_wait(&code) > 0 && code == 7)
		ended++;
	return ended;
}

static void open_gate(int side)
{
	gate[side] = 1;
	lw_futex_wake(&gate[side]);
}

static void crowdtest(long unused)
{
	long n = start(), odd = n / 2, even = n - odd;

	(void)unused;
	report(n == apps, "so_many_apps_live_at_a_time");
	wait_until(waiting == n);
	open_gate(0);
	report(collect(even) == even && through[0] == even && through[1] == 0,
		"who_is_woken_goes_on_and_nobody_else");
	open_gate(1);
	report(collect(odd) == odd && through[1] == odd, "the_others_go_on_when_it_is_their_turn");
	report(disturbed == 0, "nobody_was_woken_for_nothing");
	report_end();
}

static const struct scenario_arm arms[] = {
	{.patch = "none", .outcome = "completed", .checks = REPORT_CHECKS},
};

SCENARIO(crowdtest_scenario) = {
	.name = "crowdtest",
	.help = "a thousand apps at a time, woken one by one",
	.group = "test",
	.app = crowdtest,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
