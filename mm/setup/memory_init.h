/*
 * The room mm/setup: from a firmware map to a machine's memory, once, at boot.
 *
 * In reading order: boot_mem.h (which page frames there are, and memory before the allocator),
 * managed.h (what zones are given of it),
 * memory_init.h (this: from the map to zones), mm_boot.h (the kernel's own machine; the host twin has its
 * own). One CPU, no locks.
 */

/*
 * From a boot memory map to a working struct memory (§2, §3.9, §3.10). Boot context, one CPU;
 * page frame numbers and pages. What can fail says so in a line and leaves the object unusable.
 */
#ifndef MM_MEMORY_INIT_H
#define MM_MEMORY_INIT_H

#include "mm/setup/boot_mem.h"
#include "mm/page/memory.h"

#define DMA_END_PFN   0x1000   /* 16 MiB */
#define DMA32_END_PFN 0x100000 /* 4 GiB */

/*
 * Makes [start, end) of the page array usable, users and state of each struct zero (in debug builds
 * all of it); page frames, multiples of 1024.
 */
typedef bool (*map_page_array_fn)(
	struct memory *m, struct boot_mem *bm, unsigned long start, unsigned long end);

/* Empty object with limits, tunables, locks; mem_map, virt_base and zero_pfn are the caller's. */
void memory_object_init(struct memory *m, const struct mm_tunables *tunables, unsigned int patches);

/* Zones' spans and present pages (§2.1, §2.2). */
void memory_setup_zones(struct memory *m, const struct boot_mem *bm);

/*
 * Page array, pageblock types, free lists; then hand everything free to the buddy allocator and
 * compute watermarks, reserves and per-CPU sizes. NULL, or what was missing.
 */
const char *memory_setup(struct memory *m, struct boot_mem *bm, map_page_array_fn map);

/* Mobility grouping on or off (§3.1). */
void memory_set_grouping(struct memory *m, bool on);

/* Per-CPU sizes, watermarks, reserves again, from the current managed counts. */
void memory_recompute(struct memory *m);

/* All that follows from the zones' managed counts and their sum: the zonelist, grouping, and these. */
void memory_follow_counts(struct memory *m);

#endif
