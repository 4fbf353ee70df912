/*
 * The room mm/slab: objects of one size, many to a block of pages, as Linux 4.8's SLUB hands them out
 * (§31). A cache has slabs; a slab is a block from the page allocator, cut into objects from its first
 * byte on, without a header: what is known of it stands in its first struct page.
 *
 * In reading order: geometry.h (how large slabs are), mm/page/slab_state.h (struct kmem_cache), slab.h
 * (this: caches and their objects), slab_page.h (one slab: its word, from the page allocator and back),
 * partial.h (slabs with free objects: a CPU's list, the node's), slab_ops.h (the short way, inline),
 * slab.c (the long way), cache.c (making, shrinking, destroying), kmalloc.h, slab_debug.h (what the debug
 * build checks), slab_validate.h, slab_use.h (what was in use before, and is now).
 *
 * A slab is one of: a CPU's current one or on its list (frozen: only that CPU takes objects from it, any
 * CPU may give them back), on the node's list, or full and on no list. Objects that a CPU holds free for
 * itself count as in use in the slab's word.
 *
 * Locks: a cache's list_lock, interrupts off, for the node's list; nothing is taken inside it. A slab's
 * word (free objects, count, frozen) changes by compare-exchange. What is a CPU's needs interrupts off.
 * slab_state.mutex for the list of caches.
 */

/*
 * Caches. Sizes in bytes. An object that was given back is not touched any more; it may be given back on
 * any CPU.
 */
#ifndef MM_SLAB_H
#define MM_SLAB_H

#include "mm/page/memory.h"

/*
 * A cache of objects of `size` bytes, at multiples of `align` (0: 8); NULL without memory, or when no
 * block of pages holds one object. With a constructor objects keep its work while they are free: who gives
 * one back leaves it so. A cache that differs from another only in name is that one (§31.4), but in debug
 * builds.
 * `name` is kept. May sleep.
 */
struct kmem_cache *kmem_cache_create(struct memory *m, const char *name, unsigned int size,
	unsigned int align, unsigned int flags, void (*ctor)(void *object));
/*
 * The last user's: false, and a line, when objects are still in use; the cache then stays. Nobody uses
 * it meanwhile. May sleep, as smp_call().
 */
bool kmem_cache_destroy(struct kmem_cache *s);
/*
 * Everything that no object needs goes back to the page allocator: of all CPUs, and of the node, whose
 * list is then in order, the fullest slab first. Context as smp_call().
 */
void kmem_cache_shrink(struct kmem_cache *s);
/* The same for every cache. */
void slab_shrink_all(struct memory *m);

/*
 * An object, or NULL: context as alloc_pages() with this mask, of which __GFP_ZERO clears the object. Zone
 * bits are a mistake, said in a line, and left out. When a slab is refused a line says so (§31.9),
 * unless __GFP_NOWARN.
 */
void *kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp);
/* Any context but NMI. */
void kmem_cache_free(struct kmem_cache *s, void *object);

/* The caches that are always there (§31.4). Boot, before the first object. */
void slab_init(struct memory *m);

#define for_each_cache(s, m) list_for_each_entry(s, &(m)->slab.caches, node)

/* Objects that are free in slabs of the node's list: what 4.8 counts as free (§31.9). Any context. */
unsigned long slab_free_objects(struct kmem_cache *s);

#endif
