/*
 * What each pageblock of a machine is, and how full, as events for the runner: one for each populated zone
 * whose map has changed since it was last told.
 *
 *   {"event":"map","ns":NS,"zone":"DMA32","cells":"12Mf4H03U8"}
 *
 * Runs of pageblocks in the order of their addresses, from the one of the zone's first page on: how many
 * (decimal), their type's letter as in reports, '-' for a hole, and how much of each is in use, as a
 * hexadecimal digit: 0 is nothing, f is all, any other 1 + used * 14 / pages of a pageblock. In use is what
 * is on no free list: pages of per-CPU lists, too, and those that are no memory.
 *
 * A map takes some ten instructions for each free block, under the zone's lock, and thirty for each pageblock.
 */
#ifndef MM_PAGE_MAP_H
#define MM_PAGE_MAP_H

#include "mm/page/memory.h"

struct page_map {
	struct memory *memory;
	struct spinlock lock; /* before a zone's: guards what follows */
	uint16_t *free;       /* pages of each pageblock of the zone that is looked at */
	uint8_t *told;        /* of each pageblock of each zone, what the last event said */
	char *text;
};

/* Bytes that page_map_init() wants. */
size_t page_map_size(const struct memory *m);
/* `space` is the caller's and stays; so does the map, but for lock_forget(&map->lock.info). */
void page_map_init(struct page_map *map, struct memory *m, void *space);
/* Any context, not with a zone's lock. A zone whose lock is not to be had, as when a machine ends, is left out. */
void page_map_tell(struct page_map *map, uint64_t ns);

#endif
