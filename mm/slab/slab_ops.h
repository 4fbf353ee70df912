/*
 * The short way of an object, inline, for the few functions whose cost it is: from this CPU's free list,
 * and back to it. Neither lock nor atomic instruction, only interrupts off. Contexts as in slab.h.
 */
#ifndef MM_SLAB_OPS_H
#define MM_SLAB_OPS_H

#include "mm/slab/slab.h"
#include "mm/slab/slab_debug.h"
#include "mm/slab/slab_page.h"

static inline struct kmem_cache_cpu *this_cpu_slab(struct kmem_cache *s)
{
	return in_slot(s->cpu, this_cpu_slot());
}

/*
 * This CPU's list is empty: an object from further away (§31.6), finished, or NULL. Interrupts off; then
 * `flags`.
 */
void *__slab_alloc(struct kmem_cache *s, gfp_t gfp, unsigned long flags, const void *caller);
/* The object's slab is not this CPU's (§31.10 step 2). The same. */
void slab_free_elsewhere(
	struct kmem_cache *s, struct page *page, void *object, unsigned long flags);
/* Returns `object`, which may be NULL, cleared. */
void *slab_clear(const struct kmem_cache *s, void *object);

/*
 * What is not the common case comes last, and by a jump (Makefile): no register need be kept for it.
 * `caller`: whom a debug build names as the object's owner.
 */
static always_inline void *slab_finish(
	const struct kmem_cache *s, void *object, gfp_t gfp, const void *caller)
{
	slab_debug_alloc(s, object, caller);
	return unlikely(gfp & __GFP_ZERO) ? slab_clear(s, object) : object;
}

static always_inline void *slab_alloc(struct kmem_cache *s, gfp_t gfp, const void *caller)
{
	unsigned long flags = irq_save();
	struct kmem_cache_cpu *c = this_cpu_slab(s);
	void *object = c->freelist;

	if (unlikely(!object)) {
		object = __slab_alloc(s, gfp, flags, caller);
		barrier(); /* a call, not a jump: whoever asked is in the call trace */
		return object;
	}
	c->freelist = *slab_link(s, object);
	irq_restore(flags);
	return slab_finish(s, object, gfp, caller);
}

static always_inline void slab_free(
	struct kmem_cache *s, struct page *page, void *object, const void *caller)
{
	struct kmem_cache_cpu *c;
	unsigned long flags;

	slab_debug_free(s, page, object, caller);
	flags = irq_save();
	c = this_cpu_slab(s);
	if (unlikely(c->page != page)) {
		slab_free_elsewhere(s, page, object, flags);
		return;
	}
	*slab_link(s, object) = c->freelist;
	c->freelist = object;
	irq_restore(flags);
}

#endif
