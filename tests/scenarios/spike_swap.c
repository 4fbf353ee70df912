/*
 * spike-swap: the first report of the highatomic seeds on the seed's own machine: 2 GiB, two CPUs, 255996 kB
 * of swap on a memory card. Apps fill memory and shrink by turns, while a receive ring makes high-order
 * atomic reserve; then they switch: one after the other grows, and looks at all that it has, which brings its pages
 * back from swap and sends others' there. What reserve that has cost the ring makes again, and all of them peak.
 *
 * The peak is computed from what is free when it begins, in memory and in swap, and knows nothing of the patches. The
 * ring is quiet meanwhile: where frames take free pages below min, whoever has reclaimed gets no page for it, and
 * gives a pageblock of the reserve back each time.
 */
#include <stdio.h>

#include "kernel/task/scenario.h"
#include "tests/scenarios/peak_apps.h"
#include "tests/workloads/rxring.h"

#define MOST_ROUNDS 16

static long load_percent KERNEL_DATA = 100;
static long swapped_percent KERNEL_DATA = 82;
static long switches KERNEL_DATA = 12;
static long switch_pages KERNEL_DATA = 2048;
static long ring_pages KERNEL_DATA = 512;
static long ring_burst KERNEL_DATA = 64;

static volatile int receiving KERNEL_DATA;
static int receiver_pid KERNEL_DATA;

static const struct param knobs[] = {
	{"apps", "how many apps share the load", 1, MAX_APPS, &nr_apps, NULL},
	{"extent_kib", "how much an app maps or unmaps at a time, in KiB", 64, 65536, &extent_kib,
		NULL},
	{"load", "the growth at the peak, in percent of the one computed", 1, 200, &load_percent,
		NULL},
	{"switches", "how often another app comes to the front before the peak", 0, 1000, &switches,
		NULL},
	{"pages", "that it grows by then, and looks at", 1, 65536, &switch_pages, NULL},
	{"ring", "pages that the receive ring takes before it gives them back", 1, 65536,
		&ring_pages, NULL},
	{"swapped", "swap that is used before the peak, in percent", 0, 100, &swapped_percent,
		NULL},
	{"touch", "bytes written to each page of load", 1, PAGE, &touch_bytes, NULL},
	{"skew", "how much larger each app is than the one before it, in percent", 0, 100,
		&skew_percent, NULL},
	{"burst", "chunks that the receive ring takes or gives a tick", 1, 4096, &ring_burst, NULL},
};

/* What is free in memory and in swap, less a quarter of the window that the whole reserve leaves. */
static long peak_growth(void)
{
	const struct lw_zone *top;
	struct lw_meminfo m;
	long room;

	lw_meminfo(&m);
	top = &m.zone[0];
	room = m.swap_free + top->free - top->min - (top->reserve_max - top->min) / 4;
	return (room - overhead(room)) * load_percent / 100;
}

static void say(const char *when)
{
	struct lw_meminfo m;

	lw_meminfo(&m);
	printf("%s: %ld pages of %s free, %ld of them (H), %ld reserved; %ld of %ld slots free\n",
		when, m.zone[0].free, m.zone[0].name, m.zone[0].free_highatomic,
		m.zone[0].reserved_highatomic, m.swap_free, m.swap_total);
}

/* Frames come in, and are passed on, all the time from now on. */
static void receiver(long unused)
{
	(void)unused;
	while (receiving) {
		rxring_fill(ring_pages);
		rxring_empty();
	}
}

/* Reclaim without a page at the end of it has given some of it back since (reference 4.6). */
static void grow_reserve(long quota)
{
	for (long r = 0; r < MOST_ROUNDS && growth_round(r, quota); r++)
		;
	rxring_empty();
	say("ring emptied");
}

/*
 * All grow into swap; then one after the other is left for another one, which grows, and looks at what it has had for
 * long: that comes back from swap, and others' goes there.
 */
static void switch_apps(const struct lw_meminfo *m)
{
	all_grow(m->swap_total * swapped_percent / 100);
	say("apps have grown into swap");
	for (long i = 0; i < switches; i++) {
		order(i % nr_apps, SHRINK, switch_pages);
		order((i + 1) % nr_apps, GROW, switch_pages);
		order((i + 1) % nr_apps, READ, switch_pages);
	}
	say("apps have switched");
}

static void start_receiver(void)
{
	receiving = 1;
	receiver_pid = lw_spawn("receiver", receiver, 0);
	if (receiver_pid < 0)
		give_up("the receiver could not be started");
}

static void stop_receiver(void)
{
	long seen = lw_event_count();

	receiving = 0;
	while (lw_alive(receiver_pid)) {
		lw_wait_event(seen);
		seen = lw_event_count();
	}
}

static void spike_swap(long unused)
{
	struct lw_meminfo m;
	long demand, killed;

	(void)unused;
	lw_meminfo(&m);
	start_apps();
	rxring_start(ring_burst);
	fill();
	grow_reserve(m.pageblock_pages);
	start_receiver();
	switch_apps(&m);
	stop_receiver();
	grow_reserve(m.pageblock_pages);
	rxring_stop();
	demand = held() + peak_growth();
	all_peak(demand);
	killed = collect();
	lw_counter(COUNTER("spike_swap_demand"), demand);
	lw_counter(COUNTER("spike_swap_apps_killed"), killed);
	printf("%ld of %ld apps finished well\n", nr_apps - killed, nr_apps);
}

/*
 * The reserve is what stands between the peak and a kill, and only what takes it by force at every "no" gives it
 * up. exhaust's place, after 16 rounds, is not reached: once the last slot is taken nothing counts as reclaimable,
 * and the free pages are all discounted, so that the first decision says no (reference 24.3 D and 4.8).
 */
#define A_KILL_WITH_H_FREE                                                                         \
	"order == 0", "preferred.free > preferred.min", "preferred.all_free_H", "oom_kills == 1",  \
		"victims == worst.name", "pswpout > 60000", "pswpin > 60000"

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.checks = {A_KILL_WITH_H_FREE},
		.showed = "swap full, {preferred.free} pages of {preferred.name} free, all (H)"},
	{.patch = "highatomic-exhaust",
		.outcome = "oom-killed",
		.checks = {A_KILL_WITH_H_FREE},
		.showed = "swap full, none of {preferred.free} (H) pages released"},
	{.patch = "series",
		.outcome = "oom-killed",
		.checks = {A_KILL_WITH_H_FREE},
		.showed = "swap full, none of {preferred.free} (H) pages released"},
	{.patch = "all",
		.outcome = "completed",
		.checks = {"oom_kills == 0", "highatomic_released_pages > 0", "pswpout > 60000",
			"pswpin > 60000"},
		.showed = "{highatomic_released_pages} pages released, nobody killed"},
};

SCENARIO(spike_swap_scenario) = {
	.name = "spike-swap",
	.source = "highatomic",
	.help = "the same where there is swap: kswapd and reclaim at work before the peak",
	.mem = {2048, 2048},
	.cpus = {2, 2},
	.fills_memory = true,
	.group = "study",
	.app = spike_swap,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "swap=card:255996",
	.mem_mib = 2048,
	.nr_cpus = 2,
	.devices = "card=256",
};
