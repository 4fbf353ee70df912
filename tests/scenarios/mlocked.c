/*
 * mlocked: a victim whose memory the reaper leaves alone (reference §8.6 W4).
 *
 * As in lockup, but the big app has locked its memory (or shares it: mlocked.shared=1). The reaper skips
 * such mappings: the seed is done after one attempt that frees next to nothing, and the lock-up
 * stays. Linux 4.9 then looks for another victim: a bystander dies.
 */
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"
#include "tests/workloads/lockholder.h"

static long shared KERNEL_DATA;
static long share_percent KERNEL_DATA = 60;

static const struct param knobs[] = {
	{"shared", "1: the victim's memory is shared instead of locked", 0, 1, &shared, NULL},
	{"share", "the victim's part of memory in percent; the rest is a bystander's", 51, 90,
		&share_percent, NULL},
};

static volatile long hog_size KERNEL_DATA, all_taken KERNEL_DATA;
static long pages KERNEL_DATA; /* to be had at the start */

static void holder(long unused)
{
	(void)unused;
	wait_until(&all_taken);
	inode_append_contended(1, pages / 10, DEMAND_KERNEL);
}

static void hog(long unused)
{
	(void)unused;
	hog_size =
		hog_until(pages * (100 - share_percent) / 100, shared ? HOG_SHARED : HOG_MLOCKED);
	lw_wake();
	wait_until(&all_taken);
	lw_sleep_ms(20); /* the holder is faster */
	inode_append(1, DEMAND_KERNEL);
}

static void bystander(long unused)
{
	(void)unused;
	take_the_rest(&all_taken);
}

static void mlocked(long unused)
{
	int holder_pid, hog_pid, bystander_pid;

	(void)unused;
	pages = pages_to_be_had();
	holder_pid = lw_spawn("holder", holder, 0);
	hog_pid = lw_spawn("hog", hog, 0);
	if (holder_pid < 0 || hog_pid < 0)
		fail("an app could not be started");
	wait_for_app(hog_pid, &hog_size);
	bystander_pid = lw_spawn("bystander", bystander, 0);
	if (bystander_pid < 0)
		fail("an app could not be started");
	for (int n = 0; n < 2; n++)
		wait_for_child(bystander_pid, &all_taken);
	lw_kill(bystander_pid);
	while (wait_for_child(bystander_pid, &all_taken) > 0)
		;
	lockholder_free();
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "lockup",
		.showed = "victim never died",
		.checks = {"oom_kills == 1", "victims == 'hog'", "lockup_asleep == 0"}},
	{.patch = "oom-reaper",
		.outcome = "lockup",
		.showed = "{oom_reaped_pages} pages reaped: locked ones are skipped",
		.checks = {"oom_kills == 1", "victims == 'hog'", "oom_reaped == 1",
			"oom_reaped_pages < 256", "lockup_asleep == 0"}},
	{.patch = "all",
		.outcome = "oom-killed",
		.showed = "{oom_reaped_pages} pages reaped, next victim: {oom_kills} kills",
		/* The bystander leaves while the reaper comes: then the holder dies as well (see exit-race). */
		.checks = {"oom_reaped >= 1", "oom_kills == 2 or oom_kills == 3",
			"victims == 'hog bystander' or victims == 'hog bystander holder'"}},
};

SCENARIO(mlocked_scenario) = {
	.name = "mlocked",
	.help = "the victim's memory is locked: the reaper skips it",
	.source = "oom-reaper",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000",
	.mem = {64, 4096},
	.cpus = {1, 8},
	.group = "study",
	.app = mlocked,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
