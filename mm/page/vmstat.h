/*
 * Zone counters on several CPUs (§2.9): each CPU gathers changes up to a threshold before it adds
 * them to the zone's counter, so a counter may be off by CPUs x threshold. On one CPU the
 * threshold is 0 and counters are exact.
 *
 * Units: as the counter. Any context.
 */
#ifndef MM_VMSTAT_H
#define MM_VMSTAT_H

#include "mm/page/memory.h"

/* The threshold of a zone of `managed` pages. */
int vmstat_threshold(unsigned int ncpu, unsigned long managed);

/*
 * §25.3: of a zone for which it matters (it has a drift mark) the threshold is small while kswapd is awake, and
 * normal while it sleeps. Task context.
 */
int pressure_threshold(const struct zone *z);
int normal_threshold(const struct zone *z);
void set_zone_thresholds(struct memory *m, int (*threshold)(const struct zone *z));

/* A counter with what the CPUs have not added yet: exact while nobody changes it. */
long zone_stat_exact(const struct zone *z, enum zone_stat item);
long memory_stat_exact(const struct memory *m, enum zone_stat item);

/* Add this CPU's, or every CPU's, gathered changes to the counters. All: context as smp_call(). */
void vmstat_fold_local(struct memory *m);
void vmstat_fold_all(struct memory *m);

#endif
