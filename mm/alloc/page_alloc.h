/*
 * The room mm/alloc: the page allocator of one machine, from a request to a page and back.
 *
 * In reading order: watermark.h (may a zone give pages?), buddy.h and buddy_ops.h (free blocks by order),
 * fallback.h (another migratetype's blocks), pcp.h (single pages on per-CPU lists), highatomic.h (the
 * high-order atomic reserve), page_alloc.h (this: requests), exact.h (whole pages, no
 * power of two), fail_page_alloc.h (refusals on purpose).
 *
 * Locks: zone->lock, innermost, interrupts off; per-CPU lists need interrupts off only. An order-0
 * request takes zone->lock once a batch.
 */

/*
 * The page allocator's interface, and what its parts share.
 *
 * alloc_pages(): any context that `gfp` is honest about: with __GFP_DIRECT_RECLAIM it may sleep
 * (task context, interrupts on, no spinlock held); without it, never. Returns the first page of
 * 2^order physically consecutive pages, one reference held, zeroed if __GFP_ZERO; or NULL.
 * free_pages(): any context but NMI; gives back exactly what alloc_pages() gave, same order.
 */
#ifndef MM_PAGE_ALLOC_H
#define MM_PAGE_ALLOC_H

#include "mm/page/memory.h"

struct page *alloc_pages(struct memory *m, gfp_t gfp, unsigned int order);
void free_pages(struct memory *m, struct page *page, unsigned int order);
/* `n` single pages, from the last to the first; cold ones are the last to be handed out again. */
void free_page_array(struct memory *m, struct page **page, unsigned long n);
void free_page_array_cold(struct memory *m, struct page **page, unsigned long n);

/* Make 2^order single pages of an allocated block: each is then freed by itself. Any context. */
void split_page(struct memory *m, struct page *page, unsigned int order);

/* One request on its way through the allocator. */
struct alloc_context {
	struct memory *memory;
	gfp_t gfp;
	unsigned int order;
	unsigned int first;     /* index into memory->zonelist of the preferred zone */
	unsigned int classzone; /* its zone index: which lowmem_reserve applies (§2.3) */
	int high_zoneidx;       /* highest zone that the mask allows */
	enum migratetype migratetype;
};

/* One walk over the zonelist (§2.10): a page, prepared, or NULL. */
struct page *get_page_from_freelist(const struct alloc_context *ac, unsigned int alloc_flags);

/* Called upwards (mm/slowpath): what follows a failed first attempt (§5.2). */
struct page *__alloc_pages_slowpath(struct alloc_context *ac);

/* Boot: hand a range of page frames to the buddy lists, in the largest aligned blocks (§3.10). */
void release_boot_pages(struct memory *m, unsigned long start_pfn, unsigned long end_pfn);

#endif
