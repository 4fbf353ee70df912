/*
 * keys: apps that hold some memory and wait to be killed, for whoever wants to press SysRq keys
 * (`make console SCENARIO=keys`, or ARGS="sysrq=f@1500"). It ends when none is left, or when nobody
 * has killed them for a while; it declares nothing, since that is up to whoever presses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"

#define MIB      (1l << 20)
#define MAX_APPS 1000
#define LOOK_MS  20

static long apps KERNEL_DATA = 1;
static long mib KERNEL_DATA = 4;
static long seconds KERNEL_DATA = 600;
static long press KERNEL_DATA;
static long users KERNEL_DATA;

static const struct param knobs[] = {
	{"apps", "how many apps wait", 1, MAX_APPS, &apps, NULL},
	{"mib", "memory of the first; each other has one MiB more than the one before", 1, 1024,
		&mib, NULL},
	{"seconds", "virtual time after which it ends anyway", 1, 86400, &seconds, NULL},
	{"press", "how often the scenario itself presses f, each time when the last kill is done",
		0, MAX_APPS, &press, NULL},
	{"users", "so many of the first are not root: nothing is taken off their badness", 0,
		MAX_APPS, &users, NULL},
};

static volatile long ready KERNEL_DATA;

static void app(long n)
{
	long size = (mib + n - 1) * MIB;
	char *p = malloc(size);

	if (n <= users)
		lw_drop_root();
	if (!p)
		exit(LW_NO_MEMORY);
	memset(p, 1, size);
	ready++;
	lw_wake();
	sleep_for_ever();
}

static int start_app(long n)
{
	char name[16];
	int pid;

	snprintf(name, sizeof(name), "app%ld", n);
	pid = lw_spawn(name, app, n);
	for (;;) {
		long seen = lw_event_count();

		if (ready >= n || !lw_alive(pid))
			return pid;
		lw_wait_event(seen);
	}
}

static long alive(const int *pid)
{
	long n = 0;

	for (long i = 0; i < apps; i++)
		n += lw_alive(pid[i]);
	return n;
}

/* Until no more than `n` are alive, or the time is over. */
static void wait_until_left(const int *pid, long n)
{
	static long ms; /* in all */

	for (; ms < seconds * 1000 && alive(pid) > n; ms += LOOK_MS)
		lw_sleep_ms(LOOK_MS);
}

/* One at a time: a press that meets a victim on its way out kills nobody else. */
static void kill_by_key(const int *pid)
{
	long before = alive(pid);

	lw_sysrq('f');
	wait_until_left(pid, before - 1);
}

static void keys(long unused)
{
	static int pid[MAX_APPS];
	int code;

	(void)unused;
	for (long i = 0; i < apps; i++)
		pid[i] = start_app(i + 1);
	printf("%ld apps wait: press h for help, f to kill one\n", ready);
	for (long i = 0; i < press && alive(pid); i++)
		kill_by_key(pid);
	wait_until_left(pid, 0);
	lw_counter(COUNTER("apps_left"), alive(pid));
	for (long i = 0; i < apps; i++)
		lw_kill(pid[i]);
	while (lw_wait(&code) > 0)
		;
}

SCENARIO(keys_scenario) = {
	.name = "keys",
	.help = "apps that wait to be killed by a SysRq key",
	.group = "test",
	.app = keys,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
};
