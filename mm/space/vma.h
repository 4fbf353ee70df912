/*
 * Changing part of an address space: what mprotect and mlock have in common; and the end of its VMAs.
 */
#ifndef MM_VMA_H
#define MM_VMA_H

#include "mm/space/mm.h"

#define PAGE_ALIGN(x) (((x) + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ull))

/*
 * Call `change` for each VMA of the range, which begins and ends at VMAs' ends then, with mmap_sem
 * held for writing. 0; or -1: a bad range, a gap, or a VMA for which `change` says false (what lies before it is
 * done), killed, no memory.
 */
typedef bool (*vma_change)(struct mm *mm, struct vma *v, bool on);
int mm_change_range(struct mm *mm, uint64_t start, uint64_t len, vma_change change, bool on);

/* The structs of all VMAs go: of an address space without users, whose pages have gone. */
void free_vmas(struct mm *mm);

#endif
