/*
 * Pages of shared memory to swap, and back when an area goes (see shmem.h).
 */
#include "kernel/core/sched/sched.h"
#include "mm/page/page_lock.h"
#include "mm/space/shmem.h"
#include "mm/swap/swap_cache.h"

#define ENTRIES_AT_ONCE 32

/* The slot takes its place in the tree; by then it is known to be named. */
static bool give_slot(struct memory *m, struct page *page)
{
	swp_entry_t e;

	if (!READ_ONCE(m->total_swap_pages) || !add_to_swap(m, page))
		return false;
	e = page_swap_entry(page);
	swap_shmem_alloc(m, e);
	shmem_remove(page, shmem_slot(e));
	return true;
}

bool shmem_writepage(struct memory *m, struct page *page)
{
	BUG_ON(!page_has(page, PG_LOCKED) || READ_ONCE(page->mapcount));
	if (!give_slot(m, page)) {
		shmem_set_dirty(page);
		return false;
	}
	swap_writepage(m, page);
	return true;
}

/* Does one of so many offsets from *index on have this slot? That is *index then; else where to look next, or 0. */
static bool find_slot(struct shmem *s, const void *slot, unsigned long *index)
{
	unsigned long at[ENTRIES_AT_ONCE], next = 0;
	void *found[ENTRIES_AT_ONCE];
	unsigned long flags = spin_lock_irqsave(&s->lock);
	unsigned int n = index_gang(&s->tree, *index, found, at, ENTRIES_AT_ONCE);

	spin_unlock_irqrestore(&s->lock, flags);
	for (unsigned int i = 0; i < n; i++) {
		next = at[i] + 1;
		if (found[i] == slot) {
			*index = at[i];
			return true;
		}
	}
	*index = next;
	return false;
}

/* Its page is locked, and the object's by now: if it goes with us, that lock is taken again. */
static void put_unlocked(struct memory *m, struct shmem *s, struct page *page)
{
	unlock_page(m, page);
	shmem_put(s);
	lock_page(m, page);
}

/* False: it is not this object's. */
static bool unuse_in(struct shmem *s, struct page *page, void *slot)
{
	unsigned long index = 0;
	bool found;

	do {
		found = READ_ONCE(s->tree.shadows) && find_slot(s, slot, &index);
		cond_resched();
	} while (!found && index);
	return found && !shmem_add_from_swap(s, index, page, slot);
}

void shmem_unuse(struct memory *m, struct page *page, swp_entry_t e)
{
	struct shmem *s = NULL;

	while ((s = shmem_next(m, s)))
		if (unuse_in(s, page, shmem_slot(e)))
			break;
	if (s)
		put_unlocked(m, s, page);
}
