/*
 * exit-race: the victim exits while the reaper comes (reference §8.6 W6).
 *
 * Nothing keeps these victims from dying. In each round a process with threads takes memory until it is
 * killed; the reaper and its exit meet. Whoever comes last takes the address space down; when the victim
 * is gone altogether there is nothing to do. Meanwhile another app wants a little memory, again and
 * again. Nobody needs to kill that one, but it may happen: a victim that has left its address space is
 * no victim any more, though another of its threads, or the seed's reaper, is still taking the address
 * space down (so with `none` and `oom-reaper`); and Linux 4.9 forgets a victim as soon as the reaper
 * finds it gone.
 */
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"

#define LITTLE 256 /* pages */

static long rounds KERNEL_DATA = 3;
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

static void other(long unused)
{
	(void)unused;
	for (;;) {
		volatile char *p = lw_map(LITTLE * PAGE);

		for (long i = 0; p && i < LITTLE; i++)
			p[i * PAGE] = 1;
		lw_unmap((void *)p, LITTLE * PAGE);
	}
}

/* One victim, and what became of the other app: 1 if it was killed, too. */
static long one_round(void)
{
	int code, other_pid = lw_spawn("other", other, 0), pid = lw_spawn("victim", victim, 0);
	long killed;

	if (pid < 0 || other_pid < 0)
		fail("an app could not be started");
	killed = 0;
	for (int ended = 0; ended != pid;) {
		ended = lw_wait(&code);
		killed += ended == other_pid;
	}
	/* Whoever asked now would be the next to die, or the machine's end. */
	lw_sleep_ms(20);
	if (!killed && lw_kill(other_pid))
		killed = 1;
	while (lw_wait(&code) > 0)
		;
	return killed;
}

static void exit_race(long unused)
{
	long pages = free_pages_now(), others_killed = 0;

	(void)unused;
	for (long i = 0; i < rounds; i++) {
		others_killed += one_round();
		while (free_pages_now() < pages * 9 / 10)
			lw_sleep_ms(4);
	}
	lw_counter("others_killed", others_killed);
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.showed = "{oom_kills} kills; {others_killed} bystanders died",
		.checks = {"oom_kills >= 3 + others_killed", "oom_reap_attempts == 0"}},
	{.patch = "oom-reaper",
		.outcome = "oom-killed",
		.showed = "{oom_reaped} reaped, {oom_reap_raced} gone; {oom_reap_teardowns} taken "
			  "down by "
			  "the reaper",
		.checks = {"oom_kills >= 3 + others_killed",
			"oom_reaped + oom_reap_raced + oom_reap_lost == oom_kills",
			"oom_reap_teardowns <= oom_reaped"}},
	{.patch = "all",
		.outcome = "oom-killed",
		.showed = "{oom_reaped} reaped, {oom_reap_raced} gone; {others_killed} bystanders "
			  "died",
		.checks = {"oom_kills >= 3 + others_killed", "oom_reap_lost == 0",
			"oom_reap_teardowns == 0"}},
};

SCENARIO(exit_race_scenario) = {
	.name = "exit-race",
	.help = "victims that exit while the reaper comes",
	.source = "oom-reaper",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000",
	.group = "study",
	.app = exit_race,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
