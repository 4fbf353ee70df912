/*
 * Slabs that have free objects and are not in use by a CPU at the moment: a short list for each CPU, of
 * frozen slabs that need no lock, and the node's list (§31.6 steps 5, 6, §31.10).
 *
 * Interrupts are off in all of this, list_lock not held.
 */
#ifndef MM_SLAB_PARTIAL_H
#define MM_SLAB_PARTIAL_H

#include "mm/slab/slab_page.h"

/* A CPU's list is linked by lru.next alone. */
static inline struct page *slab_next_partial(const struct page *page)
{
	return page->lru.next ? list_entry(page->lru.next, struct page, lru) : NULL;
}

/*
 * This CPU has frozen `page`: to its list. With `drain`, as frees ask, a list that has enough free
 * objects goes to the node first.
 */
void slab_put_cpu_partial(struct kmem_cache *s, struct page *page, bool drain);
/* A CPU's whole list to the node's, or, of empty ones more than are kept, to the page allocator. */
void slab_unfreeze_partials(struct kmem_cache *s, struct kmem_cache_cpu *c);

/*
 * From the node's list: a slab for this CPU to take from, and further ones on its list, half of what that may
 * have. False if there is none that serves this mask.
 */
bool slab_take_node_partial(struct kmem_cache *s, struct kmem_cache_cpu *c, gfp_t gfp);

/* A CPU gives up its current slab, with the free objects that it held (§31.10 step 4). */
void slab_deactivate(struct kmem_cache *s, struct kmem_cache_cpu *c);

/* list_lock held. */
void slab_add_partial(struct kmem_cache *s, struct page *page, bool tail);
void slab_remove_partial(struct kmem_cache *s, struct page *page);

#endif
