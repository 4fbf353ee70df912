/*
 * exit-race: the victim exits while the reaper comes (reference §8.6 W6).
 *
 * Nothing keeps these victims from dying. In each round an app takes memory until it is killed; the
 * reaper and its exit meet. Whoever comes last takes the address space down; when the victim is gone
 * altogether there is nothing to do. No second process may die for one shortage.
 */
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"

static long rounds KERNEL_DATA = 4;
static long threads KERNEL_DATA = 2;

static const struct param knobs[] = {
	{"rounds", "victims, one after the other", 1, 64, &rounds, NULL},
	{"threads", "further threads of each victim, which take memory as well", 0, 8, &threads,
		NULL},
};

static void take_all(long unused)
{
	(void)unused;
	for (;;)
		hog_pages(256);
}

static void victim(long unused)
{
	for (long i = 0; i < threads; i++)
		lw_clone("thread", LW_THREAD, take_all, i);
	take_all(unused);
}

static void bystander(long unused)
{
	(void)unused;
	hog_pages(512);
	for (;;)
		lw_wait_event(lw_event_count());
}

static void exit_race(long unused)
{
	int code, bystander_pid = lw_spawn("bystander", bystander, 0);

	(void)unused;
	lw_sleep_ms(20);
	for (long i = 0; i < rounds; i++) {
		int pid = lw_spawn("victim", victim, 0);

		if (pid < 0)
			fail("a victim could not be started");
		while (lw_wait(&code) != pid)
			;
	}
	lw_counter("bystander_alive", lw_alive(bystander_pid));
	lw_kill(bystander_pid);
	while (lw_wait(&code) > 0)
		;
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.checks = {"oom_kills == 4", "bystander_alive == 1"}},
	{.patch = "oom-reaper",
		.outcome = "oom-killed",
		.checks = {"oom_kills >= 4",
			"oom_reaped + oom_reap_raced + oom_reap_lost == oom_kills"}},
	{.patch = "all",
		.outcome = "oom-killed",
		.checks = {"oom_kills == 4", "bystander_alive == 1"}},
};

SCENARIO(exit_race_scenario) = {
	.name = "exit-race",
	.help = "victims that exit while the reaper comes",
	.group = "study",
	.app = exit_race,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
