/*
 * Read-ahead (§33): windows of pages that are read before they are asked for. The last pages of a window carry
 * a marker (PG_RECLAIM on the first of them), and whoever comes to that has the next window read.
 *
 * Units: pages. Task context, may sleep: pages are asked for with NORETRY, so that nobody is killed for them.
 */
#ifndef MM_READAHEAD_H
#define MM_READAHEAD_H

#include "mm/cache/file.h"

/* §33.2: `nr` pages from `offset` on, as far as they are not there; the one `lookahead` before the end is marked. */
void __do_page_cache_readahead(
	struct file *f, unsigned long offset, unsigned long nr, unsigned long lookahead);
/* §33.5: `offset` was missed, and `req` pages from there on are wanted. */
void page_cache_sync_readahead(struct file *f, unsigned long offset, unsigned long req);
/* The page at `offset`, found with the marker, is used: the marker is gone. */
void page_cache_async_readahead(
	struct file *f, struct page *page, unsigned long offset, unsigned long req);

/* A window (§33.2). */
static inline void ra_submit(struct file *f)
{
	__do_page_cache_readahead(f, f->ra.start, f->ra.size, f->ra.async_size);
}

/* The page at `offset` is read alone: 0; -EEXIST: it is there, or being read; -ENOMEM (§32.5 step 8, §33.6). */
int read_single_page(struct address_space *as, unsigned long offset);
/* A page of the cache, locked, is read, again: it is unlocked when that has ended. */
void read_locked_page(struct address_space *as, struct page *page);

/* A read has failed: less at a time (§32.5 step 9). */
static inline void shrink_readahead(struct file *f)
{
	f->ra.ra_pages /= 4;
}

/* §33.3, with `max` as the largest window. */
unsigned long ra_initial_size(unsigned long req, unsigned long max);
unsigned long ra_next_size(unsigned long size, unsigned long max);

#endif
