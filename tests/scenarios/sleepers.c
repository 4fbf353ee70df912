/*
 * sleepers: one waits for what another one never does, and nothing else goes on: what the verdict on
 * everybody asleep is tested with. The larger one is who a key kills first (sysrq=f@10).
 */
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"

static volatile long done KERNEL_DATA;

static void waiter(long unused)
{
	(void)unused;
	wait_until(&done);
}

static void larger(long unused)
{
	(void)unused;
	hog_pages(256);
	wait_until(&done);
}

static void sleepers(long unused)
{
	int code;

	(void)unused;
	if (lw_spawn("waiter", waiter, 0) < 0 || lw_spawn("larger", larger, 0) < 0)
		fail("an app could not be started");
	while (lw_wait(&code) > 0)
		;
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "lockup",
		.showed = "everybody asleep",
		.checks = {"lockup_asleep == 1", "oom_kills == 0"}},
};

SCENARIO(sleepers_scenario) = {
	.name = "sleepers",
	.help = "everybody waits for somebody who waits, too",
	.group = "test",
	.app = sleepers,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "watchdog_ms=3000",
	.mem_mib = 128,
	.shift = 4,
};
