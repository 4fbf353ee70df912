/*
 * shared-mm: the victim's memory belongs to somebody who may not be killed (reference §8.6 W3).
 *
 * As in lockup, but a process with oom_score_adj -1000 shares the big app's address space. The seed
 * neither kills that one nor reaps the memory; Linux 4.9 does both.
 */
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"
#include "tests/workloads/lockholder.h"

static volatile long hog_size KERNEL_DATA;

static void holder(long unused)
{
	(void)unused;
	wait_until(&hog_size);
	inode_append_contended(1, hog_size / 2, DEMAND_KERNEL);
}

static void sharer(long unused)
{
	(void)unused;
	sleep_for_ever();
}

static void hog(long unused)
{
	int pid = lw_clone("sharer", 0, sharer, 0);

	(void)unused;
	if (pid < 0 || lw_set_oom_score_adj(pid, -1000))
		fail("the sharer could not be started");
	hog_size = hog_until(min_pages() * 2, HOG_PLAIN);
	lw_wake();
	lw_sleep_ms(20); /* the holder is faster */
	inode_append(1, DEMAND_KERNEL);
}

static void shared_mm(long unused)
{
	int code;

	(void)unused;
	if (lw_spawn("holder", holder, 0) < 0 || lw_spawn("hog", hog, 0) < 0)
		fail("an app could not be started");
	while (lw_wait(&code) > 0)
		;
	lockholder_free();
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "lockup",
		.showed = "a process at -1000 keeps the memory",
		.checks = {"oom_kills == 1"}},
	{.patch = "oom-reaper",
		.outcome = "lockup",
		.showed = "not reaped: a process at -1000 shares it",
		.checks = {"oom_kills == 1", "oom_reap_attempts == 0"}},
	{.patch = "all",
		.outcome = "oom-killed",
		.showed = "sharer killed, reaped, holder served in {holder_ms} ms",
		.checks = {"oom_kills == 1", "oom_reaped == 1"}},
};

SCENARIO(shared_mm_scenario) = {
	.name = "shared-mm",
	.help = "a process that must not be killed shares the victim's memory",
	.source = "oom-reaper",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000",
	.group = "study",
	.app = shared_mm,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
