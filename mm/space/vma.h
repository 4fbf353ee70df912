/*
 * Changing part of an address space: what mprotect and mlock have in common.
 */
#ifndef MM_VMA_H
#define MM_VMA_H

#include "mm/space/mm.h"

#define PAGE_ALIGN(x) (((x) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ull))

/*
 * Call `change` for each VMA of the range, which begins and ends at VMAs' ends then, with mmap_sem
 * held for writing. 0; or -1: a bad range, a gap (what lies before it is done), killed, no memory.
 */
typedef void (*vma_change)(struct mm *mm, struct vma *v, bool on);
int mm_change_range(struct mm *mm, uint64_t start, uint64_t len, vma_change change, bool on);

#endif
