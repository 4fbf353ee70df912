/*
 * Apps that grow, shrink, and peak together when they are told to (see peak_apps.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/task/calls.h"
#include "tests/scenarios/peak_apps.h"
#include "tests/workloads/rxring.h"

#define MARGIN    128 /* pages above low: per-CPU batches must not cross it */
#define APP_PAGES 24  /* what an app costs besides its load and its page tables */
#define KILLED    (-9)

long nr_apps KERNEL_DATA = 4;
long extent_kib KERNEL_DATA = 4096;
long touch_bytes KERNEL_DATA = 64;
long skew_percent KERNEL_DATA = 10;

/* One order at a time for each app; what they share, and all that they share. */
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

void give_up(const char *what)
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

/*
 * A mapping of its own, with a hole behind it: to give back a part of one asks for memory, for the rest's
 * VMA, and where the ring has just taken all down to half of min that would be a kill before the peak.
 */
static unsigned char *map_apart(long pages)
{
	unsigned char *start = lw_map((pages + 1) * PAGE);

	if (start)
		lw_unmap(start + pages * PAGE, PAGE);
	return start;
}

static void grow(struct desk *d, long pages)
{
	while (pages > 0) {
		long n = extent_kib / 4 < pages ? extent_kib / 4 : pages;
		unsigned char *start = map_apart(n);

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

/* What it has had for longest. */
static void look_at(long pages)
{
	for (long i = 0; i < nr_extents && pages > 0; i++) {
		check(&extents[i]);
		pages -= extents[i].pages;
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
		case READ:
			look_at(d->pages);
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

void order(long i, enum order_type type, long pages)
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

long held(void)
{
	long sum = 0;

	for (long i = 0; i < nr_apps; i++)
		sum += desk[i].held;
	return sum;
}

/* Page tables and the apps themselves, for `pages` of load. */
long overhead(long pages)
{
	return pages / 512 + nr_apps * APP_PAGES;
}

/* What requests for any zone can never have of the lower ones: their protection, and below min. */
long out_of_reach(const struct lw_meminfo *m)
{
	long sum = 0;

	for (int i = 1; i < m->nr_zones; i++)
		sum += m->zone[i].protection + m->zone[i].min;
	return sum;
}

void all_grow(long pages)
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
void fill(void)
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
int growth_round(long r, long quota)
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

void all_peak(long demand)
{
	long more = demand - held();

	printf("peak: all apps grow, %ld pages more\n", more);
	for (long i = 0; i < nr_apps; i++)
		give(i, PEAK, share(i, more));
}

static int is_of_ours(int pid)
{
	for (long i = 0; i < nr_apps; i++)
		if (desk[i].pid == pid)
			return 1;
	return 0;
}

/* An app that has ended will never arrive; the others must not wait for it. */
long collect(void)
{
	long killed = 0, gave_up = 0;
	int code;

	for (long left = nr_apps; left;) {
		if (!is_of_ours(lw_wait(&code)))
			continue;
		left--;
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

void start_apps(void)
{
	for (long i = 0; i < nr_apps; i++) {
		char name[16];

		snprintf(name, sizeof(name), "app%ld", i + 1);
		desk[i].pid = lw_spawn(name, app, i);
		if (desk[i].pid < 0)
			give_up("an app could not be started");
	}
}
