/*
 * Which list a mapped page counts on, and pages locked in memory, which count as unevictable and
 * mlocked instead. mmap_sem held.
 */
#ifndef MM_MLOCK_H
#define MM_MLOCK_H

#include "mm/page/memory.h"

/*
 * A new anonymous page is active; one of shmem lies on the anonymous lists as well, but begins on the
 * inactive one (§16.1: the oracle has most of its shmem there).
 */
static inline enum zone_stat lru_of(bool shmem)
{
	return shmem ? NR_ZONE_INACTIVE_ANON : NR_ZONE_ACTIVE_ANON;
}

/* A mapped page; a page that is locked already, or not, is left as it is. */
void page_mlock(struct memory *m, struct page *page);
void page_munlock(struct memory *m, struct page *page);

#endif
