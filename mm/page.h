/*
 * struct page: one for each page frame that the page array covers, 64 bytes, found by
 * arithmetic. All zero is a valid state and the one that boot leaves: reserved, not managed.
 *
 * States: reserved (all zero) | free block head (PG_BUDDY, order; tails carry nothing) | on a
 * per-CPU list (pcp_type says where it will go) | allocated (refcount > 0, order in the head).
 *
 * flags, order and lru of a free page belong to its zone's lock, of a page on a per-CPU list to
 * that CPU with interrupts off, of an allocated page to whoever allocated it.
 */
#ifndef MM_PAGE_H
#define MM_PAGE_H

#include "kernel/core/list.h"

#define PAGE_STRUCT_SHIFT 6

#define PG_BUDDY 0x1u

struct page {
	uint32_t flags; /* PG_*; zone->lock while free */
	int32_t refcount;
	int32_t mapcount; /* PTEs that map it */
	uint8_t order;    /* of the free block or of the allocation, in its first page */
	uint8_t pcp_type; /* migratetype sampled when it was freed to a per-CPU list (§3.9) */
	uint16_t unused;
	struct list_head lru; /* free list or per-CPU list */
	void *mapping;        /* owner: the address space that maps it, or NULL */
	unsigned long index;  /* page offset within the owner */
	unsigned long private;
	unsigned long unused2;
};

_Static_assert(sizeof(struct page) == 1 << PAGE_STRUCT_SHIFT, "struct page is 64 bytes");

#endif
