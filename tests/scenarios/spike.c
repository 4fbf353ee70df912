/*
 * spike: the first report of the highatomic seeds. Several apps start, grow, shrink and switch,
 * while a receive ring takes orders 1 to 3 from its timer. Memory is kept near the low
 * watermark, so the ring's slow-path requests turn pageblocks into high-order atomic reserve.
 * The ring gives its chunks back, and at one moment all apps peak together.
 *
 * The peak lies two thirds into the window between what fits with the whole reserve held back
 * and what fits with none of it: it is computed from the free pages at the start, is the same in
 * every arm (but for the pages of the OOM reaper's task), and knows nothing of the patches. Linux 4.8
 * kills with megabytes of (H) free.
 */
#include <stdio.h>

#include "kernel/task/scenario.h"
#include "tests/scenarios/peak_apps.h"
#include "tests/workloads/rxring.h"

#define LEAST_ROUNDS 6
#define MOST_ROUNDS  16

static long load_percent KERNEL_DATA = 100;
static long ring_burst KERNEL_DATA = 64;

static const struct param knobs[] = {
	{"apps", "how many apps share the load", 1, MAX_APPS, &nr_apps, NULL},
	{"extent_kib", "how much an app maps or unmaps at a time, in KiB", 64, 65536, &extent_kib,
		NULL},
	{"load", "the peak, in percent of the one computed", 1, 200, &load_percent, NULL},
	{"touch", "bytes written to each page of load", 1, PAGE, &touch_bytes, NULL},
	{"skew", "how much larger each app is than the one before it, in percent", 0, 100,
		&skew_percent, NULL},
	{"burst", "chunks that the receive ring takes or gives a tick", 1, 4096, &ring_burst, NULL},
};

static long peak_demand(const struct lw_meminfo *m)
{
	const struct lw_zone *top = &m->zone[0];
	long window = top->reserve_max - top->min;
	long usable = m->free - out_of_reach(m) - (top->min + window / 3);
	long demand = (usable - overhead(usable)) * load_percent / 100;

	printf("window %ld pages: %s can hold %ld in reserve, its min is %ld\n", window, top->name,
		top->reserve_max, top->min);
	if (top->reserve_max < 2 * top->min)
		printf("the reserve is less than twice min: too small a window to show much\n");
	printf("peak demand %ld pages of %ld free at the start\n", demand, m->free);
	return demand;
}

static void spike(long unused)
{
	struct lw_meminfo m;
	long demand, killed, r = 0;

	(void)unused;
	lw_meminfo(&m);
	demand = peak_demand(&m);
	start_apps();
	rxring_start(ring_burst);
	fill();
	while (growth_round(r, m.pageblock_pages) ? r < MOST_ROUNDS : r + 1 < LEAST_ROUNDS)
		r++;
	rxring_empty();
	rxring_stop();
	lw_meminfo(&m);
	printf("ring emptied: %ld pages of %s free, %ld of them (H)\n", m.zone[0].free,
		m.zone[0].name, m.zone[0].free_highatomic);
	all_peak(demand);
	killed = collect();
	lw_counter(COUNTER("spike_demand"), demand);
	lw_counter(COUNTER("spike_apps_killed"), killed);
	printf("%ld of %ld apps finished well\n", nr_apps - killed, nr_apps);
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.checks = {"order == 0", "preferred.free > preferred.min", "preferred.all_free_H",
			"preferred.free_by_type.H >= 2 * preferred.min",
			"highatomic_released_pages == 0", "oom_kills == 1",
			"victims == worst.name"},
		.showed = "{preferred.free} pages of {preferred.name} free, min {preferred.min}, "
			  "all (H)"},
	{.patch = "highatomic-exhaust",
		.outcome = "oom-killed",
		.checks = {"preferred.all_free_H", "highatomic_released_pages == 0",
			"oom_kills == 1", "victims == worst.name"},
		.showed = "none of {preferred.free} (H) pages released"},
	{.patch = "all",
		.outcome = "completed",
		.checks = {"oom_kills == 0", "highatomic_released_pages > 0"},
		.showed = "{highatomic_released_pages} pages released, nobody killed"},
};

SCENARIO(spike_scenario) = {
	.name = "spike",
	.source = "highatomic",
	.help = "apps peak together while the high-order atomic reserve holds the free memory",
	.mem = {128, 4096},
	.cpus = {1, 8},
	.fills_memory = true,
	.group = "study",
	.app = spike,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
