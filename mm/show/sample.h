/*
 * What lists and swap hold at one moment, as an event for the runner:
 *
 *   {"event":"memory_sample","ns":NS,"free":{"DMA":N,...},"reserved":{"DMA":N,...},"inactive_anon":N,
 *    "active_anon":N,"swap_free":N,"swap_cached":N}
 *
 * Pages; by populated zone those that are free, and those in the high-order atomic reserve. Near enough where
 * several CPUs count (§22.1). Any context.
 */
#ifndef MM_SAMPLE_H
#define MM_SAMPLE_H

#include "mm/page/memory.h"

void memory_sample(const struct memory *m);

#endif
