/*
 * One slab: the word in its first struct page that says how it stands, and its way from the page
 * allocator (§31.7) and back (§31.10).
 */
#ifndef MM_SLAB_PAGE_H
#define MM_SLAB_PAGE_H

#include "mm/alloc/watermark.h"
#include "mm/page/memory.h"

/* Read and changed whole: page->slab. */
union slab_word {
	struct {
		uint32_t
			free; /* the first free object: its place in the slab in bytes, plus 1; 0: none */
		uint16_t inuse; /* objects that are not in that list */
		uint16_t objects : 15;
		uint16_t frozen : 1; /* a CPU's */
	};
	uint64_t all;
};

static inline union slab_word slab_read(const struct page *page)
{
	return (union slab_word){.all = __atomic_load_n(&page->slab, __ATOMIC_ACQUIRE)};
}

/* False, and nothing changed, if it is not `from` any more. */
static inline bool slab_change(struct page *page, union slab_word from, union slab_word to)
{
	return __atomic_compare_exchange_n(
		&page->slab, &from.all, to.all, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* Objects of a slab of this one's order. */
static inline unsigned int slab_objects_of(const struct kmem_cache *s, const struct page *page)
{
	return page->order == s->order ? s->objects : s->min_objects;
}

/* The link from a free object to the next one. */
static inline void **slab_link(const struct kmem_cache *s, void *object)
{
	return (void **)((char *)object + s->offset);
}

static inline void *slab_object(const struct kmem_cache *s, const struct page *page, uint32_t free)
{
	return free ? (char *)page_address(s->memory, page) + free - 1 : NULL;
}

static inline uint32_t slab_place(
	const struct kmem_cache *s, const struct page *page, const void *object)
{
	return object ? (const char *)object - (char *)page_address(s->memory, page) + 1 : 0;
}

/* §31.6 step 2: a slab from the reserves is for those who may use them. */
static inline bool slab_serves(const struct page *page, gfp_t gfp)
{
	return likely(!(page->flags & PG_RESERVES)) || may_use_reserves(gfp);
}

/*
 * A new slab, frozen, all of its objects counted as in use and linked in the order of their addresses:
 * the first is at its first byte. Or NULL. Interrupts are off; where the mask allows to sleep they are
 * as in `flags` while pages are asked for, and the caller may come back on another CPU.
 */
struct page *new_slab(struct kmem_cache *s, gfp_t gfp, unsigned long flags);
/* Back to the page allocator; no object of it is in use. Any context but NMI. */
void slab_discard(struct kmem_cache *s, struct page *page);

#endif
