/*
 * struct page: one for each page frame that the page array covers, 64 bytes, found by
 * arithmetic. All zero is a valid state and the one that boot leaves: reserved, not managed.
 *
 * States: reserved (all zero) | free block head (PG_BUDDY, order, list_type; tails carry nothing) |
 * on a per-CPU list (list_type says where it will go) | allocated (refcount > 0, order in the head).
 *
 * Whoever merges reads a neighbour's state without owning it: only PG_BUDDY, which changes under the
 * zone's lock alone, says whether the rest means anything.
 *
 * A page in the swap cache is allocated; the cache holds one of its references, and so does each entry that
 * maps it (§19.1: the one that it was allocated with becomes the first entry's).
 *
 * A file's page is allocated, and one of its references is the page cache's (mm/cache).
 *
 * A slab's pages are allocated; what says so stands in the first one (flags, cache, slab, lru), and in
 * all of them slab_head.
 *
 * state and lru of a free page belong to its zone's lock, of a page on a per-CPU list to
 * that CPU with interrupts off, of an allocated page to whoever allocated it.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include "kernel/core/list.h"

#define PAGE_STRUCT_SHIFT 6

struct kmem_cache;

#define PG_BUDDY   0x1u
#define PG_MLOCKED 0x2u /* mapped, and locked there: unevictable */
#define PG_SHMEM   0x4u /* an object of shared memory has it, which `mapping` is */
#define PG_FILE                                                                                    \
	0x8u /* a file's, on the lists of those; `mapping` is the file's, or NULL: it has left */
#define PG_SLAB     0x10u /* first page of a slab (mm/slab) */
#define PG_RESERVES 0x20u /* of a slab: for those who may use reserves (§41.2) */
#define PG_ERROR    0x20u /* of any other page: reading or writing it has failed */
/* Of a page that may be reclaimed (§16.2); with page_flags.h only. */
#define PG_LOCKED    0x40u
#define PG_UPTODATE  0x80u /* has been read */
#define PG_WRITEBACK 0x100u
#define PG_DIRTY     0x200u /* other than in swap, besides what the entries that map it say (§16.6) */
#define PG_SWAPCACHE 0x400u /* `private` is its entry */
#define PG_RECLAIM   0x800u /* rotate at the end of writeback; or it was read ahead (§16.2) */
/* Its place on the node's lists (mm/lru); the first one changes under lru_lock alone. */
#define PG_LRU         0x1000u /* it is on one */
#define PG_ACTIVE      0x2000u
#define PG_REFERENCED  0x4000u
#define PG_UNEVICTABLE 0x8000u

/* `mapping` of a page that a request got by ignoring all watermarks, until its owner sets it. */
#define FROM_RESERVES ((void *)0x7265736572766573)

struct page {
	union { /* in one word each, so that one instruction tests or sets them */
		struct {
			int32_t refcount;
			int32_t mapcount; /* PTEs that map it */
		};
		uint64_t users;
	};
	union {
		struct {
			uint16_t flags; /* PG_* */
			uint8_t order; /* of the free block or of the allocation, in its first page */
			/* Of the free list it is on; of a single page, sampled when freed (§3.9). */
			uint8_t list_type;
		};
		uint32_t state; /* PAGE_STATE() */
	};
	struct { /* of a CPU's list of slabs, from this one on (mm/slab/partial.h) */
		uint16_t partial_slabs, partial_objects;
	};
	/* Free list or per-CPU list; a slab's place on its cache's list; a page's on the node's. */
	struct list_head lru;
	union {
		void *mapping; /* owner: anon_vma | 1, a shmem page's object, a file's address_space; or NULL */
		struct kmem_cache *cache; /* of a slab's first page */
	};
	union {
		unsigned long index;    /* page offset within the owner */
		struct page *slab_head; /* of what kmalloc() and caches gave: its first page */
	};
	union {
		unsigned long private; /* of a page in the swap cache: its entry (mm/swap) */
		uint64_t slab;         /* union slab_word, mm/slab/slab_page.h */
	};
	/* Debug builds: free, and filled with a pattern; unmapped, but some TLB may still know it. */
	uint32_t poisoned, unflushed;
};

/* `users` with so many references and mappings. */
#define PAGE_USERS(refs, maps) ((uint64_t)(maps) << 32 | (refs))

#define PAGE_STATE(flags, order, type)                                                             \
	((uint32_t)(flags) | (uint32_t)(order) << 16 | (uint32_t)(type) << 24)

/* Flags and order alone, to compare with PAGE_STATE(flags, order, 0). */
static inline uint32_t page_flags_order(const struct page *page)
{
	return page->state & 0xffffff;
}

_Static_assert(sizeof(struct page) == 1 << PAGE_STRUCT_SHIFT, "struct page is 64 bytes");

#endif
