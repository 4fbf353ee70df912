/*
 * Taking pages out of an address space: the walk under munmap, exit and the OOM reaper.
 *
 * Addresses in bytes, page-aligned. mmap_sem held, or nobody else uses the address space. Other
 * tasks get a turn after every PMD (2 MiB).
 */
#ifndef MM_ZAP_H
#define MM_ZAP_H

#include "mm/space/gather.h"

/* What a caller wants otherwise; NULL: everything goes. */
struct zap_details {
	bool ignore_dirty;       /* dirty pages that are not anonymous: unmapped, but not freed */
	bool check_swap_entries; /* entries of pages in swap go, too; without it they stay */
};

void unmap_page_range(
	struct mmu_gather *g, uint64_t start, uint64_t end, const struct zap_details *details);

/* A whole VMA. */
static inline void unmap_vma(
	struct mmu_gather *g, const struct vma *v, const struct zap_details *details)
{
	g->sequential = v->flags & VM_SEQ_READ;
	unmap_page_range(g, v->start, v->end, details);
}

#endif
