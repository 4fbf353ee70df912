/*
 * The room mm/swap: pages of apps on disks (§20).
 *
 * In reading order: swap.h (this: entries, slots), swap_device.h (disks, as this room sees them),
 * swap_area.h (areas and what is known of each slot), area.c and area_off.c (areas come and go), scan.c (which slot is
 * next: of a disk that rotates), cluster.c (of one that does not), slots.c (slots in use), swap_cache.h with
 * swap_cache.c (pages that have a slot), read.c (into the cache, with read-ahead), swap_io.c (to the disk
 * and back), swap_param.h, swap_show.c, swap_validate.c.
 *
 * Locks: swapon_mutex outside all others; a page's (mm/page/page_lock.h), then an area's lock, then avail_lock, or the area's tree_lock
 * (interrupts off). tree_lock is not held when slots are given back.
 */

/*
 * Entries and slots. A slot holds a page; an entry names it, in the tables of apps and in a page of the
 * swap cache. How many tables name it, and whether the cache does, stands in the slot's byte (§20.2).
 */
#ifndef MM_SWAP_H
#define MM_SWAP_H

#include "mm/page/memory.h"

/* type << 57 | offset in pages; 0: none, since the header is at offset 0 of every area (§20.1). */
typedef struct {
	unsigned long val;
} swp_entry_t;

#define SWP_TYPE_SHIFT 57

static inline swp_entry_t swp_entry(unsigned int type, unsigned long offset)
{
	return (swp_entry_t){(unsigned long)type << SWP_TYPE_SHIFT | offset};
}

static inline unsigned int swp_type(swp_entry_t e)
{
	return e.val >> SWP_TYPE_SHIFT;
}

static inline unsigned long swp_offset(swp_entry_t e)
{
	return e.val & ((1ul << SWP_TYPE_SHIFT) - 1);
}

/* In a page table: not present, bits 9 to 13 the type, the offset from bit 14 on (§20.1). */
static inline uint64_t swp_entry_to_pte(swp_entry_t e)
{
	return (uint64_t)swp_type(e) << 9 | swp_offset(e) << 14;
}

static inline swp_entry_t pte_to_swp_entry(uint64_t pte)
{
	return swp_entry(pte >> 9 & 31, pte >> 14);
}

/*
 * A slot that nobody had, now the cache's alone (0x40), by §20.3 to §20.5; val 0: there is none. Does not
 * sleep, but gives others a turn: task context.
 */
swp_entry_t get_swap_page(struct memory *m);
/*
 * One table more that names it: 0; -ENOENT: nobody uses the slot; -ENOMEM: there are 62 already, and a
 * continuation (§20.2) is not made: that takes fork(), which no app has. Any context but interrupts, as
 * all of these.
 */
int swap_duplicate(struct memory *m, swp_entry_t e);
/* Shmem names it, which needs no count (§20.2): of a slot that only the cache has. */
void swap_shmem_alloc(struct memory *m, swp_entry_t e);
/* The cache is about to have it: 0; -EEXIST: it has; -ENOENT: nobody uses the slot. */
int swapcache_prepare(struct memory *m, swp_entry_t e);
/* A table, shmem, or the cache, does not name it any more. The last one makes it free. */
void swap_free(struct memory *m, swp_entry_t e);
void swapcache_free(struct memory *m, swp_entry_t e);
/* Tables that name it, or SWAP_MAP_SHMEM (swap_area.h); -1: no such slot. */
int swap_count(struct memory *m, swp_entry_t e);

/* More than half of all slots are in use (§20.9). */
static inline bool vm_swap_full(const struct memory *m)
{
	return READ_ONCE(m->swap.nr_swap_pages) * 2 < (long)m->total_swap_pages;
}

/* /proc/swaps, a line each. */
void print_swaps(const struct memory *m);
/*
 * Do slots, areas, trees and totals agree? NULL, or one line. Nobody swaps meanwhile.
 */
const char *swap_validate(const struct memory *m);
/* Tables' entries that name slots, of all areas: by the slots' bytes. */
long swap_entries(const struct memory *m);
/* Slots that shmem names. */
long swap_shmem_slots(const struct memory *m);

/* Boot. */
void swap_init(struct memory *m);

#endif
