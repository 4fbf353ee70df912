/*
 * One app that grows, and a reserve that outgrows its counter (see stray_reserve.h).
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/scenarios/stray_reserve.h"
#include "tests/workloads/dropcache.h"
#include "tests/workloads/rxring.h"

#define PAGE  4096
#define SPARE 64 /* pages above min: what page tables and per-CPU lists take meanwhile */

long stray_burst KERNEL_DATA = 64;
long stray_run KERNEL_DATA = 64;
long stray_bursts KERNEL_DATA = 12;

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

void app_grows_by(long pages)
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

int app_lives(void)
{
	return lw_alive(app_pid);
}

int app_ends(void)
{
	int code = 0, pid;

	wanted = -1;
	lw_wake();
	do
		pid = lw_wait(&code); /* another app of the scenario may have ended before */
	while (pid > 0 && pid != app_pid);
	return code;
}

struct lw_zone preferred(void)
{
	struct lw_meminfo m;

	lw_meminfo(&m);
	return m.zone[0];
}

long until(long left)
{
	long pages = preferred().free - left;

	return pages - pages / 512 - 1;
}

long below(void)
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

void say(const char *when)
{
	struct lw_zone z = preferred();

	printf("%s: %ld pages of %s free, %ld of them (H); %ld reserved by pageblock, %ld "
	       "counted\n",
		when, z.free, z.name, z.free_highatomic, z.highatomic_blocks,
		z.reserved_highatomic);
}

void stray_start(long blocks)
{
	lw_bind(0);
	dropcache_fill(blocks);
	app_pid = lw_spawn("app", app, 0);
	if (app_pid < 0) {
		dropcache_drop(LONG_MAX);
		give_up("the app could not be started");
	}
	app_grows_by(until(preferred().min + SPARE));
	while (dropcache_punch(stray_run))
		;
}

/* The ring takes all that it can, below low from the reserve, and gives it back. */
static void ring_burst(void)
{
	struct lw_meminfo m;

	lw_meminfo(&m);
	rxring_fill(m.free);
	rxring_empty();
}

void fill_reserve(const char *when)
{
	for (long i = 0; i < stray_bursts; i++) {
		if (preferred().reserved_highatomic >= preferred().reserve_max)
			break;
		ring_burst();
	}
	say(when);
}

void need_buffers(long keep_percent)
{
	kernel_buffers_until(dropcache_held() * keep_percent / 100, preferred().managed);
	say("cache dropped");
	kernel_buffers_free();
}

void drop_cache(void)
{
	dropcache_drop(LONG_MAX);
	say("cache dropped for good");
}
