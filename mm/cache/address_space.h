/*
 * The room mm/cache: pages of files in memory (§32, §33).
 *
 * In reading order: address_space.h (this: a file's pages, and what a file system registers), page_cache.h (find,
 * enter, leave), cache_run.h (some in a row), workingset.h (what comes back too soon), file.h (an open file),
 * readahead.h, read.c, filemap_fault.h (a fault on a page of a file), mappers.h (who maps it), cache_validate.c.
 *
 * Locks: a page's, then a mapping's tree_lock, interrupts off; inside it cache_state.shadow_lock, and the page
 * allocator for nodes; a page's may be tried there, and waiters for it woken (cache_run.h). Look-ups hold
 * tree_lock, so that a page that is found has a reference of the tree's.
 */

/*
 * An address_space: the pages of one file that are in memory, by their place in it. Clean and read-only: nothing
 * here is ever written back.
 *
 * What a file system has to do: embed one in its inode and call mapping_init() with the file's length and
 * its operations; answer readpages() with mapping_read_end() for each page, at once or later, from any
 * context; let users open it by file_open() (file.h); and call mapping_destroy() when nobody has it open any more.
 */
#ifndef MM_ADDRESS_SPACE_H
#define MM_ADDRESS_SPACE_H

#include "mm/cache/mappers.h"
#include "mm/index/index.h"
#include "mm/page/page_flags.h"

/* §33.1: 128 kB, where the device does not say otherwise. */
#define DEFAULT_RA_PAGES 32

struct address_space;
struct file_fault;

struct address_space_ops {
	/*
	 * Read `n` pages, which are in the cache, locked, at ascending places (page->index) that need not be
	 * neighbours. Each ends with mapping_read_end(). The array is gone at the return. Task context, may
	 * sleep and ask for memory; a plug is held where it is a window of read-ahead (§33.2).
	 */
	void (*readpages)(struct address_space *as, struct page **pages, unsigned int n);
	/*
	 * A fault on a mapping: calls filemap_fault(), with what the file system must hold meanwhile. NULL:
	 * filemap_fault() is called.
	 */
	unsigned int (*fault)(struct file_fault *f);
	/* Nobody has it open any more: it may be destroyed, or keeps its pages. May sleep. NULL: nothing. */
	void (*release)(struct address_space *as);
};

struct address_space {
	struct memory *memory;
	struct spinlock tree_lock; /* interrupts off */
	struct index_root tree;    /* (tree_lock) entries: pages; shadows: §21 */
	uint64_t bytes;            /* length of the file, and ... */
	unsigned long size;        /* ... in pages, the last one perhaps in part */
	gfp_t gfp;                 /* of its pages: GFP_HIGHUSER_MOVABLE (§32.1) */
	unsigned int ra_pages;     /* of a file that is opened (§33.1) */
	bool exiting;              /* what leaves now leaves no shadow */
	const struct address_space_ops *ops;
	void *host; /* the file system's */
	struct mappers mappers;
	struct refcount opened; /* open files, and whoever made it */
	struct list_head all;   /* (cache_state.lock) of memory.cache.mappings */
};

/* A file of `bytes` bytes, of which nothing is in memory. Any time. */
void mapping_init(struct address_space *as, struct memory *m, uint64_t bytes,
	const struct address_space_ops *ops, void *host);
/* Nobody has it open, or maps it, or is in one of its functions: its pages go. May sleep. */
void mapping_destroy(struct address_space *as);
/* §32.7: all pages leave the cache, and all shadows. Nobody maps one. May sleep. */
void truncate_inode_pages(struct address_space *as);
/* §32.7, as drop_caches has it: pages that nobody uses leave. Returns how many. May sleep. */
unsigned long invalidate_mapping_pages(struct address_space *as);

/* The read of a page ends: it is uptodate, or PG_ERROR says that it is not; unlocked. Any context. */
void mapping_read_end(struct address_space *as, struct page *page, int error);

static inline unsigned long mapping_pages(const struct address_space *as)
{
	return as->tree.entries;
}

/* Boot. */
void cache_state_init(struct memory *m);
void cache_init_files(struct memory *m);

/*
 * Do trees, pages, shadows and who maps them agree? NULL, or one line. *pages, *mapped: pages in the cache, and
 * those of them that somebody maps, are added to. Nobody changes them meanwhile.
 */
const char *cache_validate(const struct memory *m, long *pages, long *mapped);

#endif
