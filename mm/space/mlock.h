/*
 * Pages locked in memory, which are on the unevictable list, and counted (§27). A page is locked by the flag of
 * its VMA, and by its own, which whoever looks at it sets. mmap_sem held.
 */
#ifndef MM_MLOCK_H
#define MM_MLOCK_H

#include "mm/space/mm.h"

/* A mapped page, locked as in lock_page(): to the unevictable list, if it is on one. */
void page_mlock(struct memory *m, struct page *page);
/* A new page in a locked VMA: there at once. The caller's reference goes. */
void mlock_new_page(struct memory *m, struct page *page);
/* A page that is locked in memory is mapped no more. */
void clear_page_mlock(struct memory *m, struct page *page);
/* A VMA is locked no more, and its pages are evictable again: before its entries go, too. May sleep. */
void munlock_vma_pages(struct mm *mm, struct vma *v);

#endif
