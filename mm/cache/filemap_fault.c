/*
 * A page of a file for a fault (see filemap_fault.h).
 */
#include <errno.h>

#include "mm/cache/filemap_fault.h"
#include "mm/cache/page_cache.h"
#include "mm/cache/readahead.h"
#include "mm/lru/lru.h"
#include "mm/page/page_lock.h"

#define MMAP_LOTSAMISS 100

/* §33.4: nothing is there. What is around it is read as well, unless that has been of no use of late. */
static always_inline void sync_mmap_readahead(struct file_fault *f)
{
	struct file_ra *ra = &f->file->ra;

	if (f->random || !ra->ra_pages)
		return;
	if (f->sequential) {
		page_cache_sync_readahead(f->file, f->pgoff, ra->ra_pages);
		return;
	}
	if (ra->mmap_miss < 10 * MMAP_LOTSAMISS)
		ra->mmap_miss++;
	if (ra->mmap_miss > MMAP_LOTSAMISS)
		return;
	ra->start = f->pgoff - MIN(f->pgoff, (unsigned long)ra->ra_pages / 2);
	ra->size = ra->ra_pages;
	ra->async_size = ra->ra_pages / 4;
	ra_submit(f->file);
}

static void async_mmap_readahead(struct file_fault *f, struct page *page)
{
	struct file_ra *ra = &f->file->ra;

	if (f->random)
		return;
	if (ra->mmap_miss)
		ra->mmap_miss--;
	if (page_has(page, PG_RECLAIM))
		page_cache_async_readahead(f->file, page, f->pgoff, ra->ra_pages);
}

/* Step 5. 0: locked; else RETRY, and f->page is what is waited for. */
static unsigned int lock_or_retry(struct file_fault *f, struct page *page)
{
	struct memory *m = f->file->mapping->memory;

	if (trylock_page(page))
		return 0;
	if (!f->tried) {
		f->page = page;
		return VM_FAULT_RETRY;
	}
	if (!lock_page_killable(m, page))
		return 0;
	page_put(m, page);
	return VM_FAULT_RETRY;
}

static void unlock_and_put(struct memory *m, struct page *page)
{
	unlock_page(m, page);
	page_put(m, page);
}

/* Step 9: it is locked, and was not to be read: once more. 0: it may be looked for again. */
static unsigned int read_again(struct file_fault *f, struct page *page)
{
	struct address_space *as = f->file->mapping;
	bool read;

	page_clear(page, PG_ERROR);
	read_locked_page(as, page);
	wait_on_page_locked(as->memory, page);
	read = page_has(page, PG_UPTODATE);
	page_put(as->memory, page);
	if (read)
		return 0;
	shrink_readahead(f->file);
	return VM_FAULT_SIGBUS;
}

/* Step 8: read-ahead has not brought it. 0: it may be looked for again. */
static unsigned int read_alone(struct file_fault *f)
{
	switch (read_single_page(f->file->mapping, f->pgoff)) {
	case 0:
	case -EEXIST:
		return 0;
	case -ENOMEM:
		return VM_FAULT_OOM;
	default:
		return VM_FAULT_SIGBUS;
	}
}

/* Steps 5 and 6 with a page that was found. 0: look again. */
static unsigned int take(struct file_fault *f, struct page *page)
{
	struct address_space *as = f->file->mapping;
	unsigned int wait = lock_or_retry(f, page);

	if (wait)
		return wait;
	if (unlikely(page->mapping != as)) {
		unlock_and_put(as->memory, page);
		return 0;
	}
	if (unlikely(!page_has(page, PG_UPTODATE)))
		return read_again(f, page);
	if (unlikely(f->pgoff >= as->size)) {
		unlock_and_put(as->memory, page);
		return VM_FAULT_SIGBUS;
	}
	f->page = page;
	return VM_FAULT_LOCKED;
}

noinline unsigned int filemap_fault(struct file_fault *f)
{
	struct address_space *as = f->file->mapping;
	unsigned int major = 0, result;
	struct page *page;

	f->page = NULL;
	if (f->pgoff >= as->size)
		return VM_FAULT_SIGBUS;
	page = find_get_page(as, f->pgoff);
	if (page && !f->tried) {
		async_mmap_readahead(f, page);
	} else if (!page) {
		sync_mmap_readahead(f);
		mm_event_add(as->memory, PGMAJFAULT, 1);
		major = VM_FAULT_MAJOR;
		page = find_get_page(as, f->pgoff);
	}
	for (;;) {
		result = page ? take(f, page) : read_alone(f);
		if (result)
			return result | major;
		page = find_get_page(as, f->pgoff);
	}
}
