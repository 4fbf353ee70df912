/*
 * Faults on shared memory, and its pages in tables (see shmem.h).
 */
#include <errno.h>

#include "kernel/core/sched/smp.h"
#include "mm/alloc/page_alloc.h"
#include "mm/page/page_lock.h"
#include "mm/space/file_map.h"
#include "mm/space/pgtable.h"
#include "mm/space/shmem.h"
#include "mm/space/swap_off.h"
#include "mm/swap/swap_cache.h"

/*
 * Locked, and with a reference. As in 4.8 it is zeroed when its place is sure: until it is unlocked
 * nobody looks.
 */
static int add_new(struct shmem *s, unsigned long index, struct page **page)
{
	struct memory *m = s->memory;
	struct page *new = alloc_pages(m, SHMEM_GFP, 0);
	int err;

	if (!new)
		return -ENOMEM;
	page_set(new, PG_LOCKED);
	err = shmem_add(s, index, new);
	if (err) {
		page_clear(new, PG_LOCKED);
		page_put(m, new);
		return err;
	}
	clear_page(page_address(m, new));
	page_set(new, PG_UPTODATE);
	*page = new;
	return 0;
}

/* With a reference; NULL: no memory. What cannot be had counts as a major fault all the same. */
static struct page *find_or_read(struct memory *m, swp_entry_t e)
{
	struct page *page = lookup_swap_cache(m, e);

	if (page)
		return page;
	mm_event_add(m, PGMAJFAULT, 1);
	return swapin_readahead(m, e, SHMEM_GFP);
}

/* It is locked. */
static int check_and_add(struct shmem *s, unsigned long index, struct page *page, void *slot)
{
	if (!page_has(page, PG_SWAPCACHE) || page->private != shmem_slot_entry(slot).val)
		return -EEXIST; /* it has come back, or is another slot's by now */
	if (!page_has(page, PG_UPTODATE))
		return shmem_has(s, index, slot) ? -EIO : -EEXIST;
	wait_on_page_writeback(s->memory, page);
	return shmem_add_from_swap(s, index, page, slot);
}

/* The page of a slot. -EEXIST: it is not there any more. */
static int bring_back(struct shmem *s, unsigned long index, void *slot, struct page **page)
{
	struct memory *m = s->memory;
	int err;

	*page = find_or_read(m, shmem_slot_entry(slot));
	if (!*page)
		return shmem_has(s, index, slot) ? -ENOMEM : -EEXIST;
	lock_page(m, *page);
	err = check_and_add(s, index, *page, slot);
	if (err) {
		unlock_page(m, *page);
		page_put(m, *page);
	}
	return err;
}

/*
 * Locked, and with a reference. swapoff waits for the faults of those who have had slots, before the
 * area goes: who is not known to it has to be, and to look again.
 */
static int get_locked(struct mm *mm, struct shmem *s, unsigned long index, struct page **page)
{
	void *slot;
	int err;

	do {
		*page = shmem_find_lock(s, index, &slot);
		if (*page)
			return 0;
		if (!slot) {
			err = add_new(s, index, page);
		} else if (list_empty(&mm->swap_node)) {
			mm_enter_swap_list(mm);
			err = -EEXIST;
		} else {
			err = bring_back(s, index, slot, page);
		}
	} while (err == -EEXIST);
	return err;
}

static uint64_t entry_for(
	const struct memory *m, const struct vma *vma, unsigned int flags, const struct page *page)
{
	return page_to_phys(m, page) | PTE_PRESENT | PTE_ACCESSED | PTE_NX |
		(vma->flags & VM_WRITE) << 1 | (flags & FAULT_WRITE ? PTE_DIRTY : 0);
}

/* The page is locked; the reference becomes the entry's, or goes: another thread was faster. */
static void map(struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags, uint64_t *pte,
	struct page *page)
{
	struct memory *m = mm->memory;

	/*
	 * Reclaim may not yet have told the TLBs of the page that was here before: a thread must not
	 * read there what another one has written over here.
	 */
	if (READ_ONCE(vma->object->unmapped))
		tlb_flush_page(mm->pgd, addr);
	if (!pte_change(pte, 0, entry_for(m, vma, flags, page))) {
		page_put(m, page);
		return;
	}
	object_mapped(m, &mm->shmem_rss, page);
	if (flags & FAULT_WRITE)
		shmem_set_dirty(page);
}

enum fault_result shmem_fault(
	struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags, uint64_t *pte)
{
	struct memory *m = mm->memory;
	struct page *page;
	int err = get_locked(mm, vma->object, vma_index(vma, addr), &page);

	if (err)
		return err == -EIO ? FAULT_SIGBUS : FAULT_OOM;
	page_get(page); /* whatever becomes of it, it is unlocked below */
	map(mm, vma, addr, flags, pte, page);
	unlock_page(m, page);
	page_put(m, page);
	return FAULT_OK;
}
