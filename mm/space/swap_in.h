/*
 * Faults on pages that are, or were, in swap (§20.9). mmap_sem held for read.
 *
 * Tables change by compare-exchange here, where 4.8 has a lock: an entry of a slot belongs to whoever
 * exchanges it, and with it the slot's count. What 4.8 does besides: it gives mmap_sem up while it waits for
 * a page that is being read, and faults once more.
 */
#ifndef MM_SWAP_IN_H
#define MM_SWAP_IN_H

#include "mm/space/mm.h"

/* `old`, of a slot, is at `pte`. */
enum fault_result swap_in(struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags,
	uint64_t *pte, uint64_t old);
/*
 * The page, locked, in the swap cache and with a reference that becomes the entry's, takes its slot's place at
 * `pte`, as `entry`. False: the entry is not `old` any more.
 */
bool map_swapped_in(struct mm *mm, const struct vma *vma, uint64_t addr, uint64_t *pte,
	uint64_t old, uint64_t entry, struct page *page);
/*
 * A write to a page that is mapped for reading alone, since a read has brought it from swap. Without fork()
 * nobody else has it: it is never copied.
 */
enum fault_result write_to_swapped_in(struct mm *mm, uint64_t *pte, uint64_t old);

#endif
