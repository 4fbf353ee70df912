/*
 * lockup: the workload that the OOM reaper was made for (reference §8.6 W1).
 *
 * A small app appends to a file: it holds the inode's mutex and allocates. A big one wants to append,
 * too, and sleeps until it has the mutex, whatever signals come. Memory runs out, the big one is killed
 * and cannot die. Linux 4.8 without a reaper goes on asking for memory that only the victim could give
 * back; the seed takes it from the victim, the file is written, and everybody goes on.
 *
 * Knobs: the mutex's holder may ask without __GFP_FS, so that it never kills (W7: somebody else's
 * request must); all kernel workers may wait for the mutex (W9); more apps may want memory meanwhile.
 */
#include <stdio.h>

#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"
#include "tests/workloads/lockholder.h"

static long nofs KERNEL_DATA;
static long workers KERNEL_DATA;
static long others KERNEL_DATA;
static long demand_percent KERNEL_DATA = 50;

static const struct param knobs[] = {
	{"nofs", "1: the mutex's holder allocates with GFP_NOFS", 0, 1, &nofs, NULL},
	{"workers", "1: all kernel workers wait for the mutex, too", 0, 1, &workers, NULL},
	{"others", "further apps that want memory meanwhile", 0, 16, &others, NULL},
	{"demand", "what the holder appends, in percent of the victim's memory", 1, 90,
		&demand_percent, NULL},
};

static volatile long hog_size KERNEL_DATA;
static int hog_pid KERNEL_DATA;

static void holder(long waiters)
{
	wait_until(&hog_size);
	inode_append_contended(
		waiters, hog_size * demand_percent / 100, nofs ? DEMAND_NOFS : DEMAND_KERNEL);
	/* Its end takes a page, too, for which it would be killed before all of the victim's are back. */
	for (int i = 0; i < 250 && pages_to_be_had() < min_pages(); i++)
		lw_sleep_ms(4);
}

static void hog(long unused)
{
	long taken = hog_until(min_pages() / 2, HOG_PLAIN);

	(void)unused;
	hog_size = taken;
	lw_wake();
	lw_sleep_ms(20); /* the holder is faster */
	inode_append(1, DEMAND_KERNEL);
}

/* Wants a little when somebody has been killed; where the holder kills nobody, until somebody is killed. */
static void other(long number)
{
	(void)number;
	while (lw_oom_kills() == 0 && !(nofs && inode_waiters() > 0) && lw_alive(hog_pid))
		lw_sleep_ms(4);
	do
		hog_pages(64);
	while (lw_oom_kills() == 0);
}

static void until_inode_is_wanted(int holder_pid)
{
	while (inode_waiters() < 1) {
		if (!lw_alive(holder_pid) || !lw_alive(hog_pid))
			fail("an app ended before its time");
		lw_sleep_ms(4);
	}
}

static void lockup(long unused)
{
	int holder_pid = lw_spawn("holder", holder, 1 + (workers ? 2 : 0));

	(void)unused;
	be_patient();
	hog_pid = lw_spawn("hog", hog, 0);
	if (holder_pid < 0 || hog_pid < 0)
		fail("an app could not be started");
	for (long i = 0; i < others; i++)
		if (lw_spawn("other", other, i) < 0)
			fail("an app could not be started");
	if (workers) {
		until_inode_is_wanted(holder_pid);
		workers_want_inode();
	}
	while (wait_for_child(hog_pid, &hog_size) > 0)
		;
	lockholder_free();
	printf("everybody went on\n");
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "lockup",
		.showed = "holder asked {oom_steps_meanwhile} times, victim never died",
		.checks = {"oom_kills == 1", "victims == 'hog'", "oom_kills_by_hand == 0",
			"oom_reaped == 0", "lockup_asleep == 0"}},
	{.patch = "oom-reaper",
		.outcome = "oom-killed",
		.showed = "{oom_reaped_pages} pages reaped, holder served in {holder_ms} ms",
		.checks = {"oom_kills == 1", "victims == 'hog'", "oom_kills_by_hand == 0",
			"oom_reaped == 1", "oom_reap_attempts == 1"}},
	{.patch = "all",
		.outcome = "oom-killed",
		.showed = "{oom_reaped_pages} pages reaped, holder served in {holder_ms} ms",
		.checks = {"oom_kills == 1", "victims == 'hog'", "oom_kills_by_hand == 0",
			"oom_reaped == 1", "oom_reap_attempts == 1"}},
};

SCENARIO(lockup_scenario) = {
	.name = "lockup",
	.help = "the victim waits for a mutex whose holder waits for memory",
	.source = "oom-reaper",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000",
	.mem = {64, 4096},
	.cpus = {1, 8},
	.group = "study",
	.app = lockup,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
