/*
 * One page of an address space out to swap (see mm.h).
 */
#include <errno.h>

#include "kernel/core/sched/smp.h"
#include "mm/lru/pagevec.h"
#include "mm/space/pgtable.h"
#include "mm/swap/swap_cache.h"

/* The page that may go, or why not. mmap_sem held. */
static int find(struct mm *mm, uint64_t addr, uint64_t **pte, struct page **page)
{
	*pte = pte_find(mm, addr);
	*page = *pte ? entry_page(mm->memory, **pte) : NULL;
	if (!*page)
		return -ENOENT;
	return page_has(*page, PG_SHMEM | PG_MLOCKED) ? -EBUSY : 0;
}

/*
 * The entry becomes the slot's (§19.6). The processor may make it dirty until it has changed, and until
 * every CPU has forgotten it: only then is it known whether the page is.
 */
static void unmap(struct mm *mm, uint64_t addr, uint64_t *pte, struct page *page)
{
	struct memory *m = mm->memory;
	uint64_t slot = swp_entry_to_pte(page_swap_entry(page));
	uint64_t old = __atomic_exchange_n(pte, slot, __ATOMIC_ACQ_REL);

	tlb_flush_page(mm->pgd, addr);
	if (old & PTE_DIRTY)
		page_set(page, PG_DIRTY);
	node_stat_add(m, NR_ANON_MAPPED, -1);
	atomic_add(&mm->anon_rss, -1);
	atomic_add(&mm->swapents, 1);
	__atomic_fetch_sub(&page->mapcount, 1, __ATOMIC_RELAXED);
}

/* It is in the cache, and locked; afterwards it is in swap, and locked. */
static int write_if_dirty(struct memory *m, struct page *page)
{
	int err = 0;

	if (page_clear(page, PG_DIRTY)) {
		err = swap_writepage(m, page);
		lock_page(m, page);
		wait_on_page_writeback(m, page);
	}
	if (!err && page_has(page, PG_ERROR))
		err = -EIO;
	return err;
}

static int give_slot(struct memory *m, struct page *page)
{
	if (!page_has(page, PG_SWAPCACHE) && !add_to_swap(m, page))
		return -ENOMEM;
	return swap_duplicate(m, page_swap_entry(page));
}

/* The page is locked, and the caller has a reference besides the entry's, which goes. */
static int take_out(struct mm *mm, uint64_t addr, uint64_t *pte, struct page *page)
{
	struct memory *m = mm->memory;
	int err = give_slot(m, page);

	if (err)
		return err;
	unmap(mm, addr, pte, page);
	page_put(m, page);
	err = write_if_dirty(m, page);
	if (!err && page_has(page, PG_SWAPCACHE) && !swap_remove_mapping(m, page))
		err = -EAGAIN;
	return err;
}

int mm_swap_out(struct mm *mm, uint64_t addr)
{
	struct memory *m = mm->memory;
	struct page *page;
	uint64_t *pte;
	int err;

	addr &= ~(PAGE_SIZE - 1ull);
	lru_add_drain_all(m); /* who waits for a list has a reference too many */
	down_write(&mm->mmap_sem);
	err = find(mm, addr, &pte, &page);
	if (!err) {
		page_get(page);
		lock_page(m, page);
		err = take_out(mm, addr, pte, page);
		unlock_page(m, page);
		page_put(m, page);
	}
	up_write(&mm->mmap_sem);
	return err;
}
