/*
 * shared-mm: the victim's memory belongs to somebody who may not be killed (reference §8.6 W3).
 *
 * As in lockup, but a process with oom_score_adj -1000 shares the big app's address space. The seed
 * neither kills that one nor reaps the memory; Linux 4.9's reaper does both. That state can arise until
 * Linux 4.7: since 4.8 who shares the memory has the same oom_score_adj (§7.5). shared-mm-4.8 is the
 * same workload there: the big one is out of the killer's reach as well, the holder dies, and when the
 * big one asks there is nobody left to kill: the kernel panics.
 */
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"
#include "tests/workloads/lockholder.h"

#define DEMAND 1024 /* pages: more than the holder gives back when it dies */

static volatile long hog_size KERNEL_DATA, sharer_pid KERNEL_DATA;

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
	(void)unused;
	sharer_pid = lw_clone("sharer", 0, sharer, 0);
	if (sharer_pid < 0 || lw_set_oom_score_adj(sharer_pid, -1000))
		fail("the sharer could not be started");
	hog_size = hog_until(min_pages() / 2, HOG_PLAIN);
	lw_wake();
	lw_sleep_ms(20); /* the holder is faster */
	inode_append(DEMAND, DEMAND_KERNEL);
}

static void shared_mm(long unused)
{
	int holder_pid = lw_spawn("holder", holder, 0), hog_pid = lw_spawn("hog", hog, 0);

	(void)unused;
	be_patient();
	if (holder_pid < 0 || hog_pid < 0)
		fail("an app could not be started");
	for (int n = 0; n < 2; n++)
		wait_for_child(hog_pid, &hog_size);
	lw_kill(sharer_pid);
	while (wait_for_child(hog_pid, &hog_size) > 0)
		;
	lockholder_free();
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "lockup",
		.showed = "a process at -1000 keeps the memory",
		.checks = {"oom_kills == 1", "victims == 'hog'", "oom_sharers_killed == 0"}},
	{.patch = "oom-reaper",
		.outcome = "lockup",
		.showed = "not reaped: a process at -1000 shares it",
		.checks = {"oom_kills == 1", "victims == 'hog'", "oom_sharers_killed == 0",
			"oom_reap_attempts == 0"}},
	{.patch = "all",
		.outcome = "oom-killed",
		.showed = "sharer killed, reaped, holder served in {holder_ms} ms",
		.checks = {"oom_kills == 1", "victims == 'hog'", "oom_sharers_killed == 1",
			"oom_reaped == 1"}},
};

SCENARIO(shared_mm_scenario) = {
	.name = "shared-mm",
	.help = "a process that must not be killed shares the victim's memory",
	.source = "oom-reaper",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000 shared_oom_adj=0",
	.mem = {64, 4096},
	.cpus = {1, 8},
	.group = "study",
	.app = shared_mm,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};

static const struct scenario_arm arms_of_4_8[] = {
	{.patch = "none",
		.outcome = "panic",
		.showed = "hog at -1000 too: holder dies, none is left",
		.checks = {"oom_kills == 1", "victims == 'holder'", "oom_sharers_killed == 0",
			"oom_invocations > 1"}},
	{.patch = "all",
		.outcome = "panic",
		.showed = "hog at -1000 too: holder dies, none is left",
		.checks = {"oom_kills == 1", "victims == 'holder'", "oom_sharers_killed == 0",
			"oom_invocations > 1"}},
};

SCENARIO(shared_mm_4_8_scenario) = {
	.name = "shared-mm-4.8",
	.help = "the same where both that share have the same oom_score_adj, as in Linux 4.8",
	.source = "oom-reaper",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000",
	.mem = {64, 4096},
	.cpus = {1, 8},
	.group = "study",
	.app = shared_mm,
	.arms = arms_of_4_8,
	.nr_arms = ARRAY_SIZE(arms_of_4_8),
};
