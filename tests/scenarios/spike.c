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
#include <stdlib.h>
#include <string.h>

#include "kernel/task/scenario.h"
#include "tests/workloads/rxring.h"

#define PAGE         4096
#define MAX_APPS     1000
#define MARGIN       128 /* pages above low: per-CPU batches must not cross it */
#define APP_PAGES    24  /* what an app costs besides its load and its page tables */
#define KILLED       (-9)
#define LEAST_ROUNDS 6
#define MOST_ROUNDS  16

static long nr_apps KERNEL_DATA = 4;
static long extent_kib KERNEL_DATA = 4096;
static long load_percent KERNEL_DATA = 100;
static long touch_bytes KERNEL_DATA = 64;
static long skew_percent KERNEL_DATA = 10;
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

/* One order at a time for each app; what they share, and all that they share. */
enum order_type { GROW, SHRINK, PEAK };

struct desk {
	volatile int given, done; /* sequence numbers */
	enum order_type type;
	long pages;
	long held; /* pages of load that the app has now */
	int pid;
};

static struct desk desk[MAX_APPS] KERNEL_DATA;
static volatile int arrived KERNEL_DATA; /* apps at their peak, or dead */

/* An app's load: a queue of extents, oldest first. Private to each app, like all its data. */
static struct extent {
	unsigned char *start;
	long pages;
} * extents;
static long nr_extents;

static void fail(const char *what)
{
	printf("%s\n", what);
	exit(1);
}

static void give_up(const char *what)
{
	printf("%s\n", what);
	exit(LW_NO_MEMORY);
}

static unsigned char tag(const unsigned char *page)
{
	return (unsigned char)((size_t)page >> 12) | 1;
}

static void touch(unsigned char *start, long pages)
{
	for (long i = 0; i < pages; i++)
		memset(start + i * PAGE, tag(start + i * PAGE), touch_bytes);
}

static void check(const struct extent *e)
{
	for (long i = 0; i < e->pages; i++)
		if (e->start[i * PAGE] != tag(e->start + i * PAGE))
			fail("a page of load has lost its contents");
}

static void grow(struct desk *d, long pages)
{
	while (pages > 0) {
		long n = extent_kib / 4 < pages ? extent_kib / 4 : pages;
		unsigned char *start = lw_map(n * PAGE);

		extents = realloc(extents, (nr_extents + 1) * sizeof(*extents));
		if (!start || !extents)
			give_up("memory was refused");
		extents[nr_extents++] = (struct extent){start, n};
		touch(start, n);
		d->held += n;
		pages -= n;
	}
}

/* Oldest first, so that memory comes back in large pieces. */
static void shrink(struct desk *d, long pages)
{
	while (pages > 0 && nr_extents) {
		struct extent e = extents[0];

		check(&e);
		lw_unmap(e.start, e.pages * PAGE);
		memmove(extents, extents + 1, --nr_extents * sizeof(*extents));
		d->held -= e.pages;
		pages -= e.pages;
	}
}

/* The last one wakes the others: a thousand need not look each time that one comes. */
static void arrive(void)
{
	if (__atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST) == nr_apps)
		lw_futex_wake(&arrived);
}

/* All together, and nobody leaves before everybody is there, or dead. */
static void peak(struct desk *d, long pages)
{
	grow(d, pages);
	arrive();
	for (int seen = arrived; seen < nr_apps; seen = arrived)
		lw_futex_wait(&arrived, seen);
	shrink(d, d->held);
}

static void app(long index)
{
	struct desk *d = &desk[index];

	for (int seq = 0;; seq++) {
		while (d->given == seq)
			lw_futex_wait(&d->given, seq);
		switch (d->type) {
		case GROW:
			grow(d, d->pages);
			break;
		case SHRINK:
			shrink(d, d->pages);
			break;
		case PEAK:
			peak(d, d->pages);
			printf("finished well\n");
			return;
		}
		d->done = seq + 1;
		lw_wake();
	}
}

static void give(long i, enum order_type type, long pages)
{
	desk[i].type = type;
	desk[i].pages = pages;
	desk[i].given++;
	lw_futex_wake(&desk[i].given);
}

static void wait_done(long i)
{
	long seen = lw_event_count();

	while (desk[i].done != desk[i].given && lw_alive(desk[i].pid)) {
		lw_wait_event(seen);
		seen = lw_event_count();
	}
}

static void order(long i, enum order_type type, long pages)
{
	give(i, type, pages);
	wait_done(i);
}

/* Each app's part of `pages`; later apps are larger, so that the victim is known: the last. */
static long share(long i, long pages)
{
	long weight = 0;

	for (long k = 0; k < nr_apps; k++)
		weight += 100 + k * skew_percent;
	return pages * (100 + i * skew_percent) / weight;
}

static long held(void)
{
	long sum = 0;

	for (long i = 0; i < nr_apps; i++)
		sum += desk[i].held;
	return sum;
}

/* Page tables and the apps themselves, for `pages` of load. */
static long overhead(long pages)
{
	return pages / 512 + nr_apps * APP_PAGES;
}

/* What requests for any zone can never have of the lower ones: their protection, and below min. */
static long out_of_reach(const struct lw_meminfo *m)
{
	long sum = 0;

	for (int i = 1; i < m->nr_zones; i++)
		sum += m->zone[i].protection + m->zone[i].min;
	return sum;
}

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

static void all_grow(long pages)
{
	for (long i = 0; i < nr_apps; i++)
		order(i, GROW, share(i, pages));
}

/*
 * Fill every zone down to its low watermark. One app after the other: what several CPUs hand out
 * at the same time shares pageblocks, and an app that shrinks would free no whole one. Where the
 * highest zone is the smaller part of memory it is filled first, so that each app has some of it, its
 * oldest: what an app frees when it shrinks shall lie where the ring takes from.
 */
static void fill(void)
{
	struct lw_meminfo m;
	long pages, first;

	lw_meminfo(&m);
	pages = m.free;
	for (int i = 0; i < m.nr_zones; i++)
		pages -= m.zone[i].protection + m.zone[i].low;
	pages -= pages / 512 + MARGIN;
	first = m.zone[0].free - m.zone[0].low;
	printf("%ld apps start and grow to %ld pages\n", nr_apps, pages);
	if (first < pages / 2) {
		all_grow(first);
		pages -= first;
	}
	all_grow(pages);
}

/* Free pages that an app can have, in the zone that the ring takes from. */
static long plain_free(const struct lw_zone *z)
{
	return z->free - z->free_highatomic;
}

/* One app shrinks, another takes its place, the ring refills; true while the reserve grows. */
static int growth_round(long r, long quota)
{
	struct lw_meminfo m;
	struct rxring_stats ring;
	long before, want, spare;

	lw_meminfo(&m);
	before = m.zone[0].reserved_highatomic;
	want = m.zone[0].low + MARGIN;
	if (want < quota + m.zone[0].min / 2 + MARGIN)
		want = quota + m.zone[0].min / 2 + MARGIN;
	order(r % nr_apps, SHRINK, 2 * quota + want);
	lw_meminfo(&m);
	spare = plain_free(&m.zone[0]) - want;
	if (spare > MARGIN)
		order((r + 1) % nr_apps, GROW, spare - spare / 512 - 4);
	rxring_fill(quota);
	lw_meminfo(&m);
	rxring_stats(&ring);
	printf("round %ld: ring holds %ld pages, %ld pages of %s reserved (+%ld)\n", r + 1,
		ring.held_pages, m.zone[0].reserved_highatomic, m.zone[0].name,
		m.zone[0].reserved_highatomic - before);
	return m.zone[0].reserved_highatomic < m.zone[0].reserve_max;
}

static void all_peak(long demand)
{
	long more = demand - held();

	printf("peak: all apps grow, %ld pages more\n", more);
	for (long i = 0; i < nr_apps; i++)
		give(i, PEAK, share(i, more));
}

/* An app that has ended will never arrive; the others must not wait for it. */
static long collect(void)
{
	long killed = 0, gave_up = 0;
	int code;

	while (lw_wait(&code) > 0) {
		if (code == 0)
			continue;
		if (code != KILLED && code != LW_NO_MEMORY)
			fail("an app did not finish well");
		killed += code == KILLED;
		gave_up += code == LW_NO_MEMORY;
		arrive();
	}
	if (gave_up)
		give_up("an app could not have its memory");
	return killed;
}

static void start_apps(void)
{
	for (long i = 0; i < nr_apps; i++) {
		char name[16];

		snprintf(name, sizeof(name), "app%ld", i + 1);
		desk[i].pid = lw_spawn(name, app, i);
		if (desk[i].pid < 0)
			give_up("an app could not be started");
	}
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
	.group = "study",
	.app = spike,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
