/*
 * spike-stray: the reserve that is larger than its counter says (reference §4.6 R1', R4; §4.9 C, D,
 * F), and what the October 2016 patches make of it.
 *
 * How the reserve comes to that stands in stray_reserve.h. At the peak the retry decision sees memory that is
 * not there, lasts to its 17th round, and reaches the seed's line. The workload is the same in every arm.
 */
#include <stdio.h>

#include "kernel/task/scenario.h"
#include "tests/scenarios/stray_reserve.h"
#include "tests/workloads/dropcache.h"
#include "tests/workloads/rxring.h"

#define KILLED (-9)

static long percent KERNEL_DATA = 50;
static long keep_percent KERNEL_DATA = 25;
static long first KERNEL_DATA = 12;

static const struct param knobs[] = {
	STRAY_KNOBS,
	{"keep", "percent of the cache that is left when the buffers have been had", 0, 100,
		&keep_percent, NULL},
	{"first", "pages of the cache that are dropped before buffers are wanted", 0, 1024, &first,
		NULL},
	{"left", "pages left free at the peak, in percent of the reserve's maximum above min", 1,
		100, &percent, NULL},
};

static void spike_stray(long unused)
{
	struct lw_zone z = preferred();
	struct lw_meminfo m;
	long left;

	(void)unused;
	lw_meminfo(&m);
	left = z.min + (z.reserve_max - z.min) * percent / 100;
	stray_start(2 * z.reserve_max / m.pageblock_pages);
	rxring_start(stray_burst);
	fill_reserve("reserve filled");
	/* Where the per-CPU list stands, and so what becomes a stray. */
	dropcache_drop(first);
	need_buffers(keep_percent);
	fill_reserve("reserve filled again");
	drop_cache();
	z = preferred();
	lw_counter(COUNTER("stray_pages"), z.highatomic_blocks - z.reserved_highatomic);
	printf("peak: the app grows until %ld pages are left\n", left);
	app_grows_by(until(left) + below());
	say("after the peak");
	rxring_stop();
	printf("the app %s\n", app_ends() == KILLED ? "was killed" : "finished well");
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
