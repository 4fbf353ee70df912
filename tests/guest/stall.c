/*
 * stall: a lock-up that is expected, on a machine that the scenario chooses: a mutex is held while
 * its holder sleeps. For tests of what the runner makes of a scenario's declarations.
 */
#include "kernel/core/log/event.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/time/time.h"
#include "kernel/task/app.h"
#include "kernel/task/scenario.h"

static struct mutex mutex;
static long holds_ms = 1000;

static const struct param knobs[] = {
	{"holds_ms", "how long the mutex is held", 1, 600000, &holds_ms, NULL},
};

static void hold(void *unused)
{
	(void)unused;
	mutex_lock(&mutex);
	schedule_timeout(TASK_UNINTERRUPTIBLE, holds_ms * hz / 1000);
	mutex_unlock(&mutex);
	app_exit(0);
}

static void say(const char *what, unsigned long rss)
{
	unsigned long ns = clock_ns();

	event("{\"event\":\"sample\",\"name\":\"victim_rss\",\"pid\":%d,\"ns\":%lu,\"value\":%lu}",
		current->pid, ns, rss);
	event("{\"event\":\"oom\",\"what\":\"%s\",\"pid\":%d,\"ns\":%lu}", what, current->pid, ns);
}

static void stall(void)
{
	int code;

	mutex_init(&mutex, "the mutex of stall");
	say("killed", 300);
	kthread_spawn("holder", hold, NULL);
	schedule_timeout(TASK_UNINTERRUPTIBLE, 2);
	event_counter(COUNTER("stall_holds_ms"), holds_ms);
	mutex_lock(&mutex);
	mutex_unlock(&mutex);
	app_wait(&code);
	say("exited", 0);
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "lockup",
		.checks = {"stall_holds_ms == 1000", "oom_kills == 0", "pgalloc > 0"},
		.showed = "held {stall_holds_ms} ms, watched for 100: {oom_kills == 0}"},
	{.patch = "all",
		.outcome = "completed",
		.args = "stall.holds_ms=50",
		.checks = {"stall_holds_ms == 50"},
		.showed = "held {stall_holds_ms} ms"},
};

SCENARIO(stall_scenario) = {
	.name = "stall",
	.help = "a mutex that is held for longer than the watchdog waits",
	.group = "test",
	.kernel = stall,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "watchdog_ms=100 stall.holds_ms=1000",
	.mem_mib = 96,
	.shift = 4,
};
