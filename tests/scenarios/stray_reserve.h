/*
 * What spike-stray and overshoot have in common: one app that grows when it is told to, and a
 * high-order atomic reserve that comes to hold more than its counter says (reference §4.6 R1', R4; §4.9
 * C to E). All on one CPU: which pages lie on whose per-CPU list decides what becomes a stray. In
 * pages.
 *
 * A droppable cache lies in the pageblocks that a receive ring turns into reserve. Kernel buffers then
 * want memory, and reclaim drops the cache, a little at a time: pages of a reserved pageblock wait on
 * the per-CPU list while that very pageblock is released, come back as strays, and are released once
 * more. Each time Linux 4.8 counts a pageblock off that was not counted (`highatomic-account` does
 * not).
 */
#ifndef SCENARIOS_STRAY_RESERVE_H
#define SCENARIOS_STRAY_RESERVE_H

#include "kernel/task/calls.h"

extern long stray_burst, stray_run, stray_bursts;

#define STRAY_KNOBS                                                                                \
	{"burst", "chunks that the receive ring takes or gives a tick", 1, 4096, &stray_burst,     \
		NULL},                                                                             \
		{"run", "cached and free pages alternate in runs of this length", 8, 256,          \
			&stray_run, NULL},                                                         \
	{                                                                                          \
		"bursts", "how often the ring fills before the cache is dropped, and after", 1,    \
			64, &stray_bursts, NULL                                                    \
	}

/* The zone that requests for any zone prefer. */
struct lw_zone preferred(void);
/* What the app can still have until that zone is down to `left` free pages, page tables counted. */
long until(long left);
/* What the lower zones have for it besides. */
long below(void);
/* One line: the preferred zone's free pages and reserve. */
void say(const char *when);

/*
 * The cache of so many pageblocks, then the app, which takes what is above min. The ring is the
 * scenario's.
 */
void stray_start(long blocks);
/* Until it holds so many pages more, or has been killed. */
void app_grows_by(long pages);
int app_lives(void);
/* Let it end: its exit code. */
int app_ends(void);
/* Fill the reserve, as far as the ring gets in so many bursts. */
void fill_reserve(const char *when);
/* Buffers make reclaim drop the cache down to so many percent of what it holds, and are given back. */
void need_buffers(long keep_percent);
/* What is left of the cache, at once and without reclaim. */
void drop_cache(void);

#endif
