/*
 * read() (§33.6; see file.h).
 */
#include <errno.h>
#include <string.h>

#include "kernel/core/sched/sched.h"
#include "mm/cache/page_cache.h"
#include "mm/cache/readahead.h"
#include "mm/lru/pagevec.h"
#include "mm/page/page_lock.h"

/* One call, and how far it is. */
struct reading {
	struct file *file;
	uint64_t pos;             /* bytes */
	unsigned long left;       /* bytes that are still wanted */
	unsigned long last;       /* the page behind the last one that is */
	unsigned long prev_index; /* the page that was read last, and ... */
	unsigned int prev_offset; /* ... how far */
};

/* With a reference, perhaps still being read; NULL, and *err: 0, look again. */
static struct page *get_page(struct reading *r, unsigned long index, int *err)
{
	struct address_space *as = r->file->mapping;
	unsigned long req = r->last - index;
	struct page *page = find_get_page(as, index);

	*err = 0;
	if (!page) {
		page_cache_sync_readahead(r->file, index, req);
		page = find_get_page(as, index);
	}
	if (page) {
		if (page_has(page, PG_RECLAIM))
			page_cache_async_readahead(r->file, page, index, req);
		return page;
	}
	*err = read_single_page(as, index);
	if (*err == -EEXIST)
		*err = 0;
	return NULL;
}

/* The page is locked, in the cache, and not uptodate; it is not locked at the return. */
static int read_again(struct reading *r, struct page *page)
{
	struct address_space *as = r->file->mapping;

	page_clear(page, PG_ERROR);
	read_locked_page(as, page);
	if (wait_on_page_locked_killable(as->memory, page))
		return -EINTR;
	if (page_has(page, PG_UPTODATE))
		return 0;
	shrink_readahead(r->file);
	return -EIO;
}

/* 0: it is uptodate; -EAGAIN: it has left the cache. */
static int wait_until_read(struct reading *r, struct page *page)
{
	struct memory *m = r->file->mapping->memory;

	if (page_has(page, PG_UPTODATE))
		return 0;
	if (wait_on_page_locked_killable(m, page))
		return -EINTR;
	if (page_has(page, PG_UPTODATE))
		return 0;
	if (lock_page_killable(m, page))
		return -EINTR;
	if (page->mapping == r->file->mapping && !page_has(page, PG_UPTODATE))
		return read_again(r, page);
	unlock_page(m, page);
	return page_has(page, PG_UPTODATE) ? 0 : -EAGAIN;
}

/* Bytes of the file that this page still has for the call. */
static unsigned long bytes_here(const struct reading *r)
{
	unsigned int offset = r->pos & (PAGE_SIZE - 1);
	uint64_t bytes = r->file->mapping->bytes;

	if (r->pos >= bytes)
		return 0;
	return MIN(MIN((uint64_t)PAGE_SIZE - offset, r->left), bytes - r->pos);
}

/* §41.2 item 8: a page that is gone on with where it was left is not used once more. */
static void note_use(struct reading *r, struct page *page, unsigned long n)
{
	unsigned long index = r->pos >> PAGE_SHIFT;
	unsigned int offset = r->pos & (PAGE_SIZE - 1);

	if (index != r->prev_index || offset != r->prev_offset)
		mark_page_accessed(r->file->mapping->memory, page);
	r->prev_index = index;
	r->prev_offset = (offset + n) & (PAGE_SIZE - 1);
}

/* From one page; 0: go on. */
static int read_from(struct reading *r, struct page *page, char **to)
{
	struct memory *m = r->file->mapping->memory;
	int err = wait_until_read(r, page);
	unsigned long n = bytes_here(r);

	if (!err && n) {
		note_use(r, page, n);
		memcpy(*to, (char *)page_address(m, page) + (r->pos & (PAGE_SIZE - 1)), n);
		*to += n;
		r->pos += n;
		r->left -= n;
	}
	page_put(m, page);
	return err == -EAGAIN ? 0 : err;
}

long file_read(struct file *f, uint64_t pos, void *to, unsigned long n)
{
	struct reading r = {.file = f,
		.pos = pos,
		.left = n,
		.last = (pos + n + PAGE_SIZE - 1) >> PAGE_SHIFT,
		.prev_index = f->ra.prev_pos >> PAGE_SHIFT,
		.prev_offset = f->ra.prev_pos & (PAGE_SIZE - 1)};
	char *at = to;
	int err = 0;

	while (!err && r.left && r.pos < f->mapping->bytes) {
		struct page *page = get_page(&r, r.pos >> PAGE_SHIFT, &err);

		if (page)
			err = read_from(&r, page, &at);
		cond_resched();
	}
	f->ra.prev_pos = (int64_t)(r.prev_index << PAGE_SHIFT | r.prev_offset);
	return at == to && err ? err : at - (char *)to;
}
