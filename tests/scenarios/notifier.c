/*
 * notifier: OOM notifiers inside of the killer, and outside of it (reference §9.5 N1, N2, N4, N5).
 *
 * A ballast gives 256 pages back before anybody is killed.
 *
 * N1: an app needs a little more than there is. Inside, pages that the ballast freed suppress the kill.
 * Outside they do not: unless the zone is above its high watermark now, somebody dies all the same.
 * N5: SysRq-f with a full ballast. Inside, the ballast is emptied first, and nobody dies.
 * N2: the ballast is being filled, against the rule, by requests that wait for memory, its lock held. The
 * notifier wants that lock. Inside, oom_lock's holder sleeps for it, while the other one finds oom_lock
 * taken, for ever, and takes that for progress; SysRq-f waits for oom_lock as well. Outside, both
 * sleep in the ballast's notifier, oom_lock is free, and SysRq-f ends it (N4: the victim leaves the
 * notifier at once, and goes on with its reserves).
 */
#include "kernel/dev/ballast.h"
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"

#define MANY (1l << 30) /* pages: more than there are */

static volatile long filler_pid KERNEL_DATA;

/* The largest app: the one that the killer would choose. */
static void large(long unused)
{
	(void)unused;
	hog_until(min_pages() * 3 / 8, HOG_PLAIN);
	hog_is_ready();
	sleep_for_ever();
}

/* Fills the ballast with its lock held, and is the largest app as well. */
static void filler(long unused)
{
	(void)unused;
	hog_until(min_pages() * 7 / 8, HOG_PLAIN);
	hog_is_ready();
	ballast_inflate_stubborn(MANY, 1);
}

/* Little pressure: what the ballast gives back is enough. */
static void needs_a_little(void)
{
	long kills = lw_oom_kills();
	int pid = hog_start("large", large, 0), other, code;

	hog_wait_ready(pid);
	other = hog_start("small", hog_small, min_pages() * 3 / 4);
	hog_wait_ready(other);
	lw_counter(COUNTER("n1_kills"), lw_oom_kills() - kills);
	lw_kill(other);
	lw_kill(pid);
	while (lw_wait(&code) > 0)
		;
}

static void by_hand_with_full_ballast(void)
{
	long kills = lw_oom_kills(), held = ballast_held();
	int pid = hog_start("small", hog_small, 64), code;

	hog_wait_ready(pid);
	lw_sysrq('f');
	lw_sysrq_wait();
	lw_counter(COUNTER("n5_kills"), lw_oom_kills() - kills);
	lw_counter(COUNTER("n5_ballast_pages"), held - ballast_held());
	lw_kill(pid);
	lw_wait(&code);
}

static void fill_and_want(void)
{
	int pid, code;
	long kills = lw_oom_kills();

	filler_pid = hog_start("filler", filler, 0);
	hog_wait_ready((int)filler_pid);
	pid = hog_start("small", hog_small, min_pages() * 3);
	lw_sleep_ms(400);
	lw_counter(COUNTER("n2_kills_before"), lw_oom_kills() - kills);
	lw_sysrq('f');
	lw_sysrq_wait();
	hog_wait_ready(pid);
	lw_counter(COUNTER("n2_small_alive"), lw_alive(pid));
	lw_kill(pid);
	while (lw_wait(&code) > 0)
		;
}

static void notifier(long unused)
{
	(void)unused;
	ballast_start();
	ballast_inflate(2048);
	needs_a_little();
	by_hand_with_full_ballast();
	fill_and_want();
	ballast_deflate(MANY);
	ballast_stop();
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "lockup",
		.showed = "oom_lock held asleep; SysRq-f waits for it",
		.checks = {"oom_kills == 0", "n1_kills == 0", "n5_kills == 0",
			"notifier_calls_by_hand == 1", "notifier_calls == notifier_calls_locked"}},
	{.patch = "oom-notifier-outside",
		.outcome = "oom-killed",
		.showed = "{notifier_kills_after_freed} killed after pages came; SysRq-f ends it",
		.checks = {"oom_kills == 3", "victims == 'large small filler'", "n1_kills == 1",
			"notifier_kills_after_freed == 1", "n5_kills == 1", "n5_ballast_pages == 0",
			"notifier_calls_locked == 0"}},
	{.patch = "all",
		.outcome = "oom-killed",
		.showed = "{notifier_kills_after_freed} killed after pages came; SysRq-f ends it",
		/* Who leaves while the reaper comes is soon forgotten (see exit-race): the next one dies. */
		.checks = {"n1_kills >= 1", "n1_kills <= 2", "n5_kills == 1",
			"notifier_calls_locked == 0", "oom_kills >= 3", "oom_kills <= 5",
			"victims == 'large small filler' or oom_kills > 3"}},
};

SCENARIO(notifier_scenario) = {
	.name = "notifier",
	.help = "a ballast that gives memory back before a kill, and waits for its own lock",
	.source = "oom-notifier",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000 min_free_kbytes=4096",
	.mem = {64, 1024},
	.cpus = {1, 8},
	.group = "study",
	.app = notifier,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
