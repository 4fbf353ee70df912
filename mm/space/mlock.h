/*
 * Pages locked in memory: they count as unevictable and mlocked instead of active. mmap_sem held.
 */
#ifndef MM_MLOCK_H
#define MM_MLOCK_H

#include "mm/page/memory.h"

/* A mapped page; a page that is locked already, or not, is left as it is. */
void page_mlock(struct memory *m, struct page *page);
void page_munlock(struct memory *m, struct page *page);

#endif
