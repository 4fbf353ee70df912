/*
 * swapoff (§20.13): every page of an area comes back to the address spaces that have it, and the area goes.
 * Whoever calls it is the first to be killed where memory is short (facts §7.4).
 */
#ifndef MM_SWAP_OFF_H
#define MM_SWAP_OFF_H

#include "mm/space/mm.h"

/* An entry of this address space is about to name a slot: swapoff looks into it from here on (trap 33). */
void mm_enter_swap_list(struct mm *mm);
static inline void mm_has_swap(struct mm *mm)
{
	if (unlikely(list_empty(&mm->swap_node)))
		mm_enter_swap_list(mm);
}
/* Its last user has gone, and its tables are empty. */
void mm_leave_swap_list(struct mm *mm);

/*
 * The area on disk `name` goes. 0; -EPERM: the caller is not root; -EINVAL: there is no such area;
 * -ENOMEM: memory has not that much room; -EINTR: the caller is killed; -EIO: a page cannot be read, where 4.8
 * maps whatever is there. After an error the area is as it was, but for pages that came back. No mmap_sem
 * held; may sleep.
 */
int swap_off(struct memory *m, const char *name);

#endif
