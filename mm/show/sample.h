/*
 * What lists and swap hold at one moment, as an event for the runner:
 *
 *   {"event":"memory_sample","ns":NS,"why":"sample","free":{"DMA":N,...},"reserved":{"DMA":N,...},
 *    "inactive_anon":N,"active_anon":N,"swap_free":N,"swap_cached":N,"allocstall":N,"kills":N,"reaps":N}
 *
 * Pages; by populated zone those that are free, and those in the high-order atomic reserve; then how many
 * requests have reclaimed by themselves so far, how many kills there were and reaps that were done. Near enough
 * where several CPUs count (§22.1). And, once, what these figures are to be held against:
 *
 *   {"event":"zones","pageblock_pages":N,"zones":{"DMA":{"start_pfn":N,"pageblocks":N,"managed":N,"min":N,
 *    "low":N,"high":N},...}}
 *
 * Any context.
 */
#ifndef MM_SAMPLE_H
#define MM_SAMPLE_H

#include "mm/page/memory.h"

/* `why`: "sample", or what memory_notice() said. */
void memory_sample(const struct memory *m, uint64_t ns, const char *why);
void memory_sample_zones(const struct memory *m);

#endif
