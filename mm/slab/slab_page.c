/*
 * Slabs and the page allocator (see slab_page.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/alloc/page_alloc.h"
#include "mm/slab/slab.h"
#include "mm/slab/slab_debug.h"
#include "mm/slab/slab_page.h"

/* What is left of a caller's mask: how to reclaim, how to fail, where (§31.7). */
#define GFP_KEPT                                                                                   \
	(__GFP_RECLAIM | __GFP_HIGH | __GFP_IO | __GFP_FS | __GFP_NOWARN | __GFP_REPEAT |          \
		__GFP_NOFAIL | __GFP_NORETRY | __GFP_MEMALLOC | __GFP_NOMEMALLOC | __GFP_ATOMIC |  \
		__GFP_HARDWALL | __GFP_THISNODE)
#define GFP_UNEXPECTED (__GFP_HIGHMEM | __GFP_DMA32)

static void say_unexpected(gfp_t gfp)
{
	char text[GFP_TEXT_LEN];

	pr_warn("Unexpected gfp: %#x (%s)", gfp & GFP_UNEXPECTED,
		gfp_text(gfp & GFP_UNEXPECTED, text, sizeof(text)));
}

/* Whoever may sleep shall not do it for the sake of larger slabs. */
static gfp_t first_mask(const struct kmem_cache *s, gfp_t mask)
{
	gfp_t first = (mask | __GFP_NOWARN | __GFP_NORETRY) & ~__GFP_NOFAIL;

	if ((mask & __GFP_DIRECT_RECLAIM) && s->order > s->min_order)
		first = (first | __GFP_NOMEMALLOC) & ~__GFP_RECLAIM;
	return first;
}

/* A part of new_slab()'s frame (§34.8). */
static always_inline struct page *ask_for_pages(const struct kmem_cache *s, gfp_t mask)
{
	struct memory *m = s->memory;
	struct page *page = alloc_pages(m, first_mask(s, mask) | __GFP_NOTRACK, s->order);

	return page ? page : alloc_pages(m, mask | __GFP_NOTRACK, s->min_order);
}

static void link_objects(struct kmem_cache *s, char *object, unsigned int n)
{
	for (; n; n--, object += s->size) {
		slab_debug_init(s, object);
		if (s->ctor)
			s->ctor(object);
		*slab_link(s, object) = n > 1 ? object + s->size : NULL;
	}
}

static void count(const struct kmem_cache *s, const struct page *page, long sign)
{
	enum zone_stat item =
		s->flags & SLAB_RECLAIM_ACCOUNT ? NR_SLAB_RECLAIMABLE : NR_SLAB_UNRECLAIMABLE;

	zone_stat_add(page_zone(s->memory, page), item, sign * (1l << page->order));
}

static void set_up(struct kmem_cache *s, struct page *page)
{
	unsigned int n = slab_read(page).objects;

	page->flags |= PG_SLAB | (page->mapping == FROM_RESERVES ? PG_RESERVES : 0);
	page->cache = s;
	for (unsigned int i = 0; i < 1u << page->order; i++)
		page[i].slab_head = page;
	link_objects(s, page_address(s->memory, page), n);
	count(s, page, 1);
	atomic_add(&s->nr_slabs, 1);
	atomic_add(&s->total_objects, n);
}

struct page *new_slab(struct kmem_cache *s, gfp_t gfp, unsigned long flags)
{
	gfp_t mask = (gfp & GFP_KEPT) | s->gfp;
	struct page *page;
	unsigned int n;

	if (unlikely(gfp & GFP_UNEXPECTED))
		say_unexpected(gfp);
	if (mask & __GFP_DIRECT_RECLAIM)
		irq_restore(flags);
	page = ask_for_pages(s, mask);
	if (page) {
		n = slab_objects_of(s, page);
		page->slab = (union slab_word){.inuse = n, .objects = n, .frozen = 1}.all;
		set_up(s, page);
	}
	if (mask & __GFP_DIRECT_RECLAIM)
		irq_disable();
	return page;
}

void slab_discard(struct kmem_cache *s, struct page *page)
{
	slab_debug_discard(s, page);
	count(s, page, -1);
	atomic_sub(&s->nr_slabs, 1);
	atomic_sub(&s->total_objects, slab_read(page).objects);
	page->flags = 0;
	atomic_add(&current->reclaimed_slab, 1l << page->order); /* in any context (§30c) */
	free_pages(s->memory, page, page->order);
}
