/*
 * One page of an address space out to swap (see mm.h).
 */
#include <errno.h>

#include "mm/lru/pagevec.h"
#include "mm/space/mapped.h"
#include "mm/space/pgtable.h"
#include "mm/space/rmap.h"
#include "mm/space/shmem.h"
#include "mm/swap/swap_cache.h"

/* It is locked again when it has been written. */
static int wait_until_written(struct memory *m, struct page *page)
{
	lock_page(m, page);
	wait_on_page_writeback(m, page);
	return page_has(page, PG_ERROR) ? -EIO : 0;
}

/* It is in the cache, and locked; afterwards it is in swap, and locked. */
static int write_if_dirty(struct memory *m, struct page *page)
{
	if (!page_clear(page, PG_DIRTY))
		return page_has(page, PG_ERROR) ? -EIO : 0;
	swap_writepage(m, page);
	return wait_until_written(m, page);
}

/* The same of one that is in its object, and nobody but that and the caller has it. */
static int write_shmem_if_dirty(struct memory *m, struct page *page)
{
	if (READ_ONCE(page->refcount) != 2)
		return -EAGAIN;
	if (!page_clear(page, PG_DIRTY))
		return 0;
	return shmem_writepage(m, page) ? wait_until_written(m, page) : -ENOMEM;
}

/* Used or not: who fails marks it unused, and only a CPU that walks the table right now marks it again. */
static int unmap(struct memory *m, struct page *page)
{
	enum swap_result result;

	do
		result = try_to_unmap(m, page, false, NULL);
	while (result == SWAP_FAIL);
	return result == SWAP_SUCCESS ? 0 : -EBUSY;
}

/* The page is locked, and the caller has a reference besides the entry's, which goes. */
static int take_out(struct memory *m, struct page *page)
{
	int err;

	if (page_has(page, PG_MLOCKED))
		return -EBUSY;
	if (!page_has(page, PG_FILE | PG_SHMEM | PG_SWAPCACHE) && !add_to_swap(m, page))
		return -ENOMEM;
	err = unmap(m, page);
	if (!err && !page_has(page, PG_FILE))
		err = page_has(page, PG_SHMEM) ? write_shmem_if_dirty(m, page) :
						 write_if_dirty(m, page);
	if (!err && page_has(page, PG_FILE | PG_SHMEM | PG_SWAPCACHE) && !remove_mapping(m, page))
		err = -EAGAIN;
	return err;
}

int mm_swap_out(struct mm *mm, uint64_t addr)
{
	struct memory *m = mm->memory;
	int err = -ENOENT;
	struct page *page;
	uint64_t *pte;

	lru_add_drain_all(m); /* who waits for a list has a reference too many */
	down_write(&mm->mmap_sem);
	pte = pte_find(mm, addr);
	page = pte ? get_mapped(mm, pte) : NULL;
	if (page) {
		lock_page(m, page);
		err = take_out(m, page);
		unlock_page(m, page);
		page_put(m, page);
	}
	up_write(&mm->mmap_sem);
	return err;
}
