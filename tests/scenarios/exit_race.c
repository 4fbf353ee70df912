/*
 * exit-race: the victim exits while the reaper comes (reference §8.6 W6).
 *
 * Nothing keeps these victims from dying. In each round a process takes memory until it is killed; the
 * reaper and its exit meet. One without further threads (every second, from the first on) has left its
 * address space before the reaper comes to it: no user is left, its memory is being freed, and there is
 * nothing to do. One with threads is still used when the reaper comes; then whoever comes last takes the
 * address space down, which with the seed may be the reaper.
 *
 * While a victim without threads goes, another app wants a little memory, again and again. Nobody needs
 * to kill that one: a victim is a victim until its address space has gone. But Linux 4.9 forgets it as
 * soon as the reaper finds it gone, and the bystander dies as well.
 */
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"

#define LITTLE 256 /* pages */

static long rounds KERNEL_DATA = 4;
static long threads KERNEL_DATA = 2;

static const struct param knobs[] = {
	{"rounds", "victims, one after the other", 1, 64, &rounds, NULL},
	{"threads", "further threads of every second victim, which take memory as well", 0, 8,
		&threads, NULL},
};

static void take_all(long unused)
{
	(void)unused;
	for (;;)
		hog_pages(256);
}

static void victim(long helpers)
{
	for (long i = 0; i < helpers; i++)
		lw_clone("thread", LW_THREAD, take_all, i);
	take_all(0);
}

/*
 * It begins when somebody has been killed: were it the one who asks when there is no more, the victim would
 * not be running, and the reaper would be there first.
 */
static void other(long kills)
{
	while (lw_oom_kills() == kills)
		lw_sleep_ms(4);
	for (;;) {
		volatile char *p = lw_map(LITTLE * PAGE);

		for (long i = 0; p && i < LITTLE; i++)
			p[i * PAGE] = 1;
		lw_unmap((void *)p, LITTLE * PAGE);
	}
}

static int start(const char *name, void (*fn)(long), long arg)
{
	int pid = lw_spawn(name, fn, arg);

	if (pid < 0)
		fail("an app could not be started");
	return pid;
}

/* True if the killer has taken it already, whether or not we have collected it. */
static int end_other(int pid, int collected)
{
	/* Whoever asked now would be the next to die, or the machine's end. */
	lw_sleep_ms(20);
	return collected || lw_kill(pid);
}

/* One victim, and what became of the other app, if there is one: 1 if it was killed, too. */
static long one_round(long helpers)
{
	int other_pid = helpers ? 0 : start("other", other, lw_oom_kills());
	int pid = start("victim", victim, helpers), code, collected = 0;
	long killed = 0;

	for (int ended = 0; ended != pid;) {
		ended = lw_wait(&code);
		collected |= ended == other_pid;
	}
	if (other_pid)
		killed = end_other(other_pid, collected);
	while (lw_wait(&code) > 0)
		;
	return killed;
}

static void exit_race(long unused)
{
	long pages = free_pages_now(), others_killed = 0;

	(void)unused;
	for (long i = 0; i < rounds; i++) {
		others_killed += one_round(i % 2 ? threads : 0);
		while (free_pages_now() < pages * 9 / 10)
			lw_sleep_ms(4);
	}
	lw_counter(COUNTER("others_killed"), others_killed);
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.showed = "{oom_kills} kills, {others_killed} bystanders died",
		.checks = {"oom_kills == 4", "victims == 'victim victim victim victim'",
			"others_killed == 0"}},
	{.patch = "oom-reaper",
		.outcome = "oom-killed",
		.showed =
			"{oom_reap_raced} gone when it came; {oom_reap_teardowns} taken down by it",
		.checks = {"oom_kills == 4", "victims == 'victim victim victim victim'",
			"others_killed == 0", "oom_reap_raced + oom_reaped == oom_kills",
			"oom_reap_raced >= 2 or cpus > 1", "oom_reap_teardowns >= 1 or cpus > 1"}},
	{.patch = "all",
		.outcome = "oom-killed",
		.showed = "{oom_reap_raced} gone when it came; {others_killed} bystanders died",
		.checks = {"oom_kills == 4 + others_killed", "oom_reap_raced >= 1",
			"others_killed == 2 or cpus > 1",
			"victims == 'victim other victim victim other victim' or cpus > 1"}},
};

SCENARIO(exit_race_scenario) = {
	.name = "exit-race",
	.help = "victims that exit while the reaper comes",
	.source = "oom-reaper",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000",
	.mem = {64, 4096},
	.cpus = {1, 8},
	.group = "study",
	.app = exit_race,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
