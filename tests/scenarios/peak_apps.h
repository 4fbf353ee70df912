/*
 * What the spike scenarios have in common: apps that grow, shrink, and peak together, and a receive ring that
 * makes high-order atomic reserve of what they free. One app gives the orders; all is in pages.
 */
#ifndef SCENARIOS_PEAK_APPS_H
#define SCENARIOS_PEAK_APPS_H

#include "kernel/task/calls.h"

#define PAGE     4096
#define MAX_APPS 1000

/* Knobs. */
extern long nr_apps, extent_kib, touch_bytes, skew_percent;

enum order_type { GROW, SHRINK, PEAK, READ };

void start_apps(void);
/* One app does it, and is waited for, unless it dies; READ: looks at all that it has. */
void order(long i, enum order_type type, long pages);
/* All do, one after the other, their part. */
void all_grow(long pages);
/* All at once; nobody leaves before everybody is there, or dead. */
void all_peak(long demand);
/* Of all apps, at their end: how many were killed. */
long collect(void);
/* What they have. */
long held(void);

/* Fill every zone down to its low watermark. */
void fill(void);
/* One app shrinks, another takes its place, the ring refills; true while the reserve grows. */
int growth_round(long r, long quota);

/* Page tables and the apps themselves, for `pages` of load. */
long overhead(long pages);
/* What requests for any zone can never have of the lower ones: their protection, and below min. */
long out_of_reach(const struct lw_meminfo *m);
/* The scenario has had no memory for what it is about. */
void give_up(const char *what);

#endif
