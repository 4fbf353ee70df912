/*
 * Read-ahead (see readahead.h).
 */
#include <errno.h>

#include "mm/alloc/page_alloc.h"
#include "mm/cache/page_cache.h"
#include "mm/cache/readahead.h"
#include "mm/lru/lru.h"
#include "mm/page/io_plug.h"

/* As many pages as a file system is asked for at a time: the largest window of a file that is read as a whole. */
#define READ_AT_ONCE 64

/* Of one call, for a file that is read at random (§33.5). */
#define FORCED_CHUNK 512ul

void read_locked_page(struct address_space *as, struct page *page)
{
	as->ops->readpages(as, &page, 1);
}

int read_single_page(struct address_space *as, unsigned long offset)
{
	struct memory *m = as->memory;
	struct page *page = alloc_pages(m, as->gfp | __GFP_COLD, 0);
	int err;

	if (!page)
		return -ENOMEM;
	err = add_to_page_cache_lru(as, page, offset, as->gfp & GFP_KERNEL);
	if (!err)
		read_locked_page(as, page);
	page_put(m, page);
	return err;
}

/* The window's pages, by `lru`, in their order. */
static unsigned int allocate(struct address_space *as, unsigned long offset, unsigned long nr,
	unsigned long lookahead, struct list_head *pages)
{
	gfp_t gfp = as->gfp | __GFP_COLD | __GFP_NORETRY | __GFP_NOWARN;
	unsigned int got = 0;

	for (unsigned long i = 0; i < nr && offset + i < as->size; i++) {
		struct page *page;

		if (page_cache_has(as, offset + i))
			continue;
		page = alloc_pages(as->memory, gfp, 0);
		if (!page)
			break;
		page->index = offset + i;
		if (i == nr - lookahead)
			page_set(page, PG_RECLAIM);
		list_add_tail(&page->lru, pages);
		got++;
	}
	return got;
}

/* Those that enter the cache are read; another one may have come meanwhile, or there is no node. */
static void read_some(struct address_space *as, struct list_head *pages)
{
	gfp_t gfp = as->gfp | __GFP_COLD | __GFP_NORETRY | __GFP_NOWARN;
	struct page *entered[READ_AT_ONCE];
	unsigned int n = 0;

	while (!list_empty(pages) && n < READ_AT_ONCE) {
		struct page *page = list_first_entry(pages, struct page, lru);

		list_del(&page->lru);
		if (!add_to_page_cache_lru(as, page, page->index, gfp))
			entered[n++] = page;
		page_put(as->memory, page); /* locked, it stays in the cache */
	}
	if (n)
		as->ops->readpages(as, entered, n);
}

static always_inline void read_pages(struct address_space *as, struct list_head *pages)
{
	struct io_plug plug;

	io_plug_start(as->memory, &plug);
	while (!list_empty(pages))
		read_some(as, pages);
	io_plug_finish(as->memory, &plug);
}

noinline void __do_page_cache_readahead(
	struct file *f, unsigned long offset, unsigned long nr, unsigned long lookahead)
{
	struct list_head pages;

	list_init(&pages);
	if (allocate(f->mapping, offset, nr, lookahead, &pages))
		read_pages(f->mapping, &pages);
}

unsigned long ra_initial_size(unsigned long req, unsigned long max)
{
	unsigned long n = 1;

	while (n < req)
		n *= 2;
	if (n <= max / 32)
		return 4 * n;
	return n <= max / 4 ? 2 * n : max;
}

unsigned long ra_next_size(unsigned long size, unsigned long max)
{
	return MIN(size < max / 16 ? 4 * size : 2 * size, max);
}

/* A beginning. */
static void set_initial(struct file_ra *ra, unsigned long offset, unsigned long req)
{
	ra->start = offset;
	ra->size = ra_initial_size(req, ra->ra_pages);
	ra->async_size = ra->size > req ? ra->size - req : ra->size;
}

/* Step 2: as was expected. */
static bool is_expected(const struct file_ra *ra, unsigned long offset)
{
	return offset == ra->start + ra->size - ra->async_size || offset == ra->start + ra->size;
}

static void set_next(struct file_ra *ra)
{
	ra->start += ra->size;
	ra->size = ra_next_size(ra->size, ra->ra_pages);
	ra->async_size = ra->size;
}

/* Step 3: the marker is another reader's, or the window is forgotten: it is guessed. False: all is there. */
static bool set_after_marker(struct file *f, unsigned long offset, unsigned long req)
{
	struct file_ra *ra = &f->ra;
	unsigned long max = ra->ra_pages;
	unsigned long hole = next_hole(f->mapping, offset + 1, max);

	if (hole - offset > max)
		return false;
	ra->start = hole;
	ra->size = ra_next_size(hole - offset + req, max);
	ra->async_size = ra->size;
	return true;
}

/* Step 6: what is there right before says how much of a stream is there. False: none is seen. */
static bool set_by_context(struct file *f, unsigned long offset, unsigned long req)
{
	struct file_ra *ra = &f->ra;
	unsigned long before = pages_before(f->mapping, offset, ra->ra_pages);

	if (before <= req)
		return false;
	if (before >= offset)
		before *= 2; /* since the file's beginning: a long one, presumably */
	ra->start = offset;
	ra->size = MIN(before + req, (unsigned long)ra->ra_pages);
	ra->async_size = 1;
	return true;
}

static bool is_sequential(const struct file_ra *ra, unsigned long offset)
{
	return offset - ((uint64_t)ra->prev_pos >> PAGE_SHIFT) <= 1;
}

/* False: no window is to be read. */
static bool set_window(struct file *f, bool marked, unsigned long offset, unsigned long req)
{
	struct file_ra *ra = &f->ra;

	if (offset && is_expected(ra, offset)) {
		set_next(ra);
		return true;
	}
	if (offset && marked)
		return set_after_marker(f, offset, req);
	if (!offset || req > ra->ra_pages || is_sequential(ra, offset)) {
		set_initial(ra, offset, req);
		return true;
	}
	if (set_by_context(f, offset, req))
		return true;
	__do_page_cache_readahead(f, offset, req, 0);
	return false;
}

static void ondemand_readahead(struct file *f, bool marked, unsigned long offset, unsigned long req)
{
	struct file_ra *ra = &f->ra;

	if (!set_window(f, marked, offset, req))
		return;
	if (offset == ra->start && ra->size == ra->async_size) { /* it would be asked for at once */
		ra->async_size = ra_next_size(ra->size, ra->ra_pages);
		ra->size += ra->async_size;
	}
	ra_submit(f);
}

/* A file that is read at random: what is asked for, and no more. */
static void force_readahead(struct file *f, unsigned long offset, unsigned long req)
{
	unsigned long left = MIN(req, (unsigned long)f->mapping->ra_pages);

	while (left) {
		unsigned long n = MIN(left, FORCED_CHUNK);

		__do_page_cache_readahead(f, offset, n, 0);
		offset += n;
		left -= n;
	}
}

void page_cache_sync_readahead(struct file *f, unsigned long offset, unsigned long req)
{
	if (!f->ra.ra_pages)
		return;
	if (f->flags & FILE_RANDOM)
		force_readahead(f, offset, req);
	else
		ondemand_readahead(f, false, offset, req);
}

void page_cache_async_readahead(
	struct file *f, struct page *page, unsigned long offset, unsigned long req)
{
	if (!f->ra.ra_pages || page_has(page, PG_WRITEBACK))
		return;
	page_clear(page, PG_RECLAIM);
	/* 4.8 asks whether the disk is congested: none is (§41.2). */
	ondemand_readahead(f, true, offset, req);
}
