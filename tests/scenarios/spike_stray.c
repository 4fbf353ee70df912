/*
 * spike-stray: the reserve that is larger than its counter says (reference §4.6 R1', R4; §4.9 C to
 * F), and what the October 2016 patches make of it.
 *
 * A droppable cache lies in the pageblocks that a receive ring turns into high-order atomic
 * reserve. Kernel buffers then want memory, and reclaim drops the cache, a little at a time: pages
 * of a reserved pageblock wait on the per-CPU list while that very pageblock is released, come back
 * as strays, and are released once more. Each time Linux 4.8 counts a pageblock off that was not
 * counted (`highatomic-account` does not). Refilled, the reserve holds more than its limit; at the
 * peak the retry decision sees memory that is not there, lasts to its 17th round, and reaches the
 * seed's line. The workload is the same in every arm, and all of it runs on one CPU: which pages lie
 * on whose per-CPU list decides what becomes a stray.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/task/scenario.h"
#include "tests/workloads/dropcache.h"
#include "tests/workloads/rxring.h"

#define PAGE   4096
#define KILLED (-9)
#define SPARE  64 /* pages above min: what page tables and per-CPU lists take meanwhile */

static long burst KERNEL_DATA = 64;
static long run_pages KERNEL_DATA = 64;
static long bursts KERNEL_DATA = 12;
static long percent KERNEL_DATA = 50;
static long first KERNEL_DATA = 12;
static long keep_percent KERNEL_DATA = 25;

static const struct param knobs[] = {
	{"burst", "chunks that the receive ring takes or gives a tick", 1, 4096, &burst, NULL},
	{"run", "cached and free pages alternate in runs of this length", 8, 256, &run_pages, NULL},
	{"bursts", "how often the ring fills before the cache is dropped, and after", 1, 64,
		&bursts, NULL},
	{"keep", "percent of the cache that is left when the buffers have been had", 0, 100,
		&keep_percent, NULL},
	{"first", "pages of the cache that are dropped before buffers are wanted", 0, 1024, &first,
		NULL},
	{"left", "pages left free at the peak, in percent of the reserve's maximum above min", 1,
		100, &percent, NULL},
};

/* What the one app shall hold, and does. */
static volatile long wanted KERNEL_DATA, held KERNEL_DATA;
static int app_pid KERNEL_DATA;

static void give_up(const char *what)
{
	printf("%s\n", what);
	exit(LW_NO_MEMORY);
}

static void app(long unused)
{
	(void)unused;
	lw_bind(0);
	while (wanted >= 0) {
		long seen = lw_event_count();

		if (held < wanted) {
			long n = wanted - held < 1024 ? wanted - held : 1024;
			unsigned char *start = lw_map(n * PAGE);

			if (!start)
				give_up("memory was refused");
			for (long i = 0; i < n; i++)
				start[i * PAGE] = 1;
			held += n;
			lw_wake();
		} else {
			lw_wait_event(seen);
		}
	}
}

static void app_grows_by(long pages)
{
	long seen = lw_event_count();

	if (pages <= 0)
		return;
	wanted += pages;
	lw_wake();
	while (held < wanted && lw_alive(app_pid)) {
		lw_wait_event(seen);
		seen = lw_event_count();
	}
}

static struct lw_zone preferred(void)
{
	struct lw_meminfo m;

	lw_meminfo(&m);
	return m.zone[0];
}

/* Pages that the app can still have until the preferred zone is down to `left` free ones. */
static long until(long left)
{
	long pages = preferred().free - left;

	return pages - pages / 512 - 1;
}

/* What the lower zones have for it besides. */
static long below(void)
{
	struct lw_meminfo m;
	long sum = 0;

	lw_meminfo(&m);
	for (int i = 1; i < m.nr_zones; i++) {
		long pages = m.zone[i].free - m.zone[i].min - m.zone[i].protection;

		sum += pages > 0 ? pages : 0;
	}
	return sum;
}

static void say(const char *when)
{
	struct lw_zone z = preferred();

	printf("%s: %ld pages of %s free, %ld of them (H); %ld reserved by pageblock, %ld "
	       "counted\n",
		when, z.free, z.name, z.free_highatomic, z.highatomic_blocks,
		z.reserved_highatomic);
}

/* The ring takes all that it can, below low from the reserve, and gives it back. */
static void ring_burst(void)
{
	struct lw_meminfo m;

	lw_meminfo(&m);
	rxring_fill(m.free);
	rxring_empty();
}

static void fill_reserve(const char *when)
{
	for (long i = 0; i < bursts; i++) {
		if (preferred().reserved_highatomic >= preferred().reserve_max)
			break;
		ring_burst();
	}
	say(when);
}

/* Buffers make reclaim drop the cache down to so many percent, and are given back. */
static void need_buffers(void)
{
	kernel_buffers_until(dropcache_held() * keep_percent / 100, preferred().managed);
	say("cache dropped");
	kernel_buffers_free();
}

static void spike_stray(long unused)
{
	struct lw_zone z = preferred();
	struct lw_meminfo m;
	long left, ended = 0;
	int code;

	(void)unused;
	lw_bind(0);
	lw_meminfo(&m);
	left = z.min + (z.reserve_max - z.min) * percent / 100;
	dropcache_fill(2 * z.reserve_max / m.pageblock_pages);
	app_pid = lw_spawn("app", app, 0);
	if (app_pid < 0) {
		dropcache_drop(LONG_MAX);
		give_up("the app could not be started");
	}
	app_grows_by(until(z.min + SPARE));
	while (dropcache_punch(run_pages))
		;
	rxring_start(burst);
	fill_reserve("reserve filled");
	dropcache_drop(first); /* where the per-CPU list stands, and so which pages become strays */
	need_buffers();
	fill_reserve("reserve filled again");
	dropcache_drop(LONG_MAX);
	say("cache dropped for good");
	z = preferred();
	lw_counter(COUNTER("stray_pages"), z.highatomic_blocks - z.reserved_highatomic);
	printf("peak: the app grows until %ld pages are left\n", left);
	app_grows_by(until(left) + below());
	say("after the peak");
	wanted = -1;
	lw_wake();
	if (lw_wait(&code) > 0)
		ended = code;
	rxring_stop();
	printf("the app %s\n", ended == KILLED ? "was killed" : "finished well");
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.checks = {"order == 0", "preferred.all_free_H", "stray_pages > 0",
			"oom_kills == 1", "victims == 'app'"},
		.showed = "{stray_pages} uncounted, {preferred.free} free, all (H): killed"},
	{.patch = "highatomic-exhaust",
		.outcome = "completed",
		.checks = {"oom_kills == 0", "stray_pages > 0", "highatomic_released_pages > 0"},
		.showed = "{stray_pages} uncounted, {highatomic_released_pages} released, nobody "
			  "killed",
		/* The decision sees memory only where more is uncounted than min; on less it is not. */
		.mem = {2048, 2048}},
	{.patch = "series",
		.outcome = "oom-killed",
		.checks = {"preferred.all_free_H", "stray_pages == 0", "oom_kills == 1",
			"victims == 'app'"},
		.showed = "all counted, {preferred.free} free, all (H): killed"},
	{.patch = "all",
		.outcome = "completed",
		.checks = {"oom_kills == 0", "stray_pages == 0"},
		.showed = "all counted, {highatomic_released_pages} released, nobody killed"},
};

SCENARIO(spike_stray_scenario) = {
	.name = "spike-stray",
	.source = "highatomic",
	.help = "a reserve that holds more than its counter says, at a peak",
	.mem = {512, 2048},
	/* Which pages become strays is a matter of whose per-CPU lists they lie on, and of their size. */
	.cpus = {1, 2},
	.shift = 4, /* kswapd spins while others wait (reference 18.6) */
	.fills_memory = true,
	.group = "study",
	.app = spike_stray,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
