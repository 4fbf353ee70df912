/*
 * Faults on pages that are in swap (see swap_in.h).
 */
#include "kernel/core/sched/smp.h"
#include "mm/lru/pagevec.h"
#include "mm/space/anon_vma.h"
#include "mm/space/mapped.h"
#include "mm/space/pgtable.h"
#include "mm/space/swap_in.h"
#include "mm/swap/swap_cache.h"

/* With a reference; NULL: no memory. */
static struct page *find_or_read(struct memory *m, swp_entry_t e)
{
	struct page *page = lookup_swap_cache(m, e);

	if (page)
		return page;
	page = swapin_readahead(m, e, GFP_HIGHUSER_MOVABLE);
	if (page)
		mm_event_add(m, PGMAJFAULT, 1);
	return page;
}

/*
 * The page is locked: with its entry as it was when the fault came it is mapped, and reclaim lets it be. By
 * then it may be in swap again, and its contents nowhere but in the cache, which it must not leave.
 */
static void allow_write(struct memory *m, struct page *page, uint64_t *pte, uint64_t old)
{
	if (READ_ONCE(*pte) != old)
		return; /* and once more */
	BUG_ON(!reuse_swap_page(m, page) && READ_ONCE(*pte) == old);
	pte_change(pte, old, old | PTE_WRITE | PTE_DIRTY | PTE_ACCESSED);
}

/* In this order (anon_vma.h): walkers may know the page already. */
static void enter(const struct vma *vma, struct page *page, uint64_t addr)
{
	WRITE_ONCE(page->index, addr >> PAGE_SHIFT);
	WRITE_ONCE(page->mapping, vma_rmap(vma));
	__atomic_fetch_add(&page->mapcount, 1, __ATOMIC_RELEASE);
}

static void charge(struct mm *mm, struct page *page)
{
	struct memory *m = mm->memory;

	node_stat_add(m, NR_ANON_MAPPED, 1);
	atomic_add(&mm->anon_rss, 1);
	atomic_add(&mm->swapents, -1);
	activate_page(m, page);
}

bool map_swapped_in(struct mm *mm, const struct vma *vma, uint64_t addr, uint64_t *pte,
	uint64_t old, uint64_t entry, struct page *page)
{
	/*
	 * Reclaim may not yet have told the TLBs of the page that was here before: a thread must not
	 * read there what another one has written over here.
	 */
	tlb_flush_page(mm->pgd, addr);
	enter(vma, page, addr);
	if (!pte_change(pte, old, entry)) {
		__atomic_fetch_sub(&page->mapcount, 1, __ATOMIC_RELAXED);
		return false;
	}
	charge(mm, page);
	swap_free(mm->memory, pte_to_swp_entry(old));
	return true;
}

/*
 * The page is locked; the reference becomes the entry's, or goes. It is mapped read-only and clean
 * before who writes may have it (§20.9, steps 7 and 8), and it leaves the cache: as long as the entry
 * is the slot's another thread must find it there, not read what the slot holds.
 */
static enum fault_result map_locked(struct mm *mm, struct vma *vma, uint64_t addr,
	unsigned int flags, uint64_t *pte, uint64_t old, struct page *page)
{
	swp_entry_t e = pte_to_swp_entry(old);
	struct memory *m = mm->memory;
	uint64_t entry;

	if (!page_has(page, PG_SWAPCACHE) || page->private != e.val || READ_ONCE(*pte) != old) {
		page_put(m, page);
		return FAULT_OK; /* and once more */
	}
	if (!page_has(page, PG_UPTODATE)) {
		page_put(m, page);
		return FAULT_SIGBUS;
	}
	entry = page_to_phys(m, page) | PTE_PRESENT | PTE_ACCESSED | PTE_NX;
	if (!map_swapped_in(mm, vma, addr, pte, old, entry, page)) {
		page_put(m, page); /* the reaper has taken the slot */
		return FAULT_OK;
	}
	if (flags & FAULT_WRITE)
		allow_write(m, page, pte, entry);
	if (vm_swap_full(m) || (vma->flags & VM_LOCKED))
		try_to_free_swap(m, page);
	return FAULT_OK;
}

enum fault_result swap_in(struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags,
	uint64_t *pte, uint64_t old)
{
	struct memory *m = mm->memory;
	struct page *page = find_or_read(m, pte_to_swp_entry(old));
	enum fault_result result;

	if (!page)
		return READ_ONCE(*pte) == old ? FAULT_OOM : FAULT_OK;
	if (lock_page_killable(m, page)) {
		page_put(m, page);
		return FAULT_OK;
	}
	page_get(page); /* whatever becomes of it, it is unlocked below */
	result = map_locked(mm, vma, addr, flags, pte, old, page);
	unlock_page(m, page);
	page_put(m, page);
	return result;
}

enum fault_result write_to_swapped_in(struct mm *mm, uint64_t *pte, uint64_t old)
{
	struct memory *m = mm->memory;
	struct page *page = get_mapped(mm, pte);

	if (!page)
		return FAULT_OK;
	if (!lock_page_killable(m, page)) {
		if (page == entry_page(m, old))
			allow_write(m, page, pte, old);
		unlock_page(m, page);
	}
	page_put(m, page);
	return FAULT_OK;
}
