/*
 * Pages that are mapped now, while reclaim unmaps them without asking for mmap_sem: a page found in a table
 * may be gone from there, and free, at the next instruction. So it is looked at with a reference; and what
 * must see it mapped takes its lock, without which reclaim does not unmap it: then only zap takes the
 * entry, which with mmap_sem held is the reaper's alone.
 */
#ifndef MM_MAPPED_H
#define MM_MAPPED_H

#include "mm/space/mm.h"

/*
 * The page that the entry maps, with a reference; NULL: none, or the zero page. `mm` is loaded on this CPU, mmap_sem
 * held. Whoever takes the entry asks this CPU to forget it before the page is freed, and with interrupts off
 * we do not answer.
 */
struct page *get_mapped(struct mm *mm, const uint64_t *pte);

/* The slot, in its area, that the page of `addr` is in and is not mapped; -1: none. Takes mmap_sem for reading. */
long mm_swap_slot(struct mm *mm, uint64_t addr);

#endif
