/*
 * Objects: their long way, when this CPU's free list does not do (see slab.h).
 */
#include <string.h>

#include "kernel/core/log/printk.h"
#include "mm/slab/failslab.h"
#include "mm/slab/partial.h"
#include "mm/slab/slab_ops.h"

static void *take_first(const struct kmem_cache *s, struct kmem_cache_cpu *c)
{
	void *object = c->freelist;

	c->freelist = *slab_link(s, object);
	return object;
}

/* What others have freed into this CPU's slab; with nothing there it is full, and nobody's (§31.6). */
static void *take_freed(const struct kmem_cache *s, struct page *page)
{
	union slab_word old, new;

	do {
		old = new = slab_read(page);
		new.free = 0;
		new.inuse = old.objects;
		new.frozen = old.free != 0;
	} while (!slab_change(page, old, new));
	return slab_object(s, page, old.free);
}

/* True when this CPU's slab has an object for this mask, on the free list; else it has no slab. */
static bool current_slab_serves(struct kmem_cache *s, struct kmem_cache_cpu *c, gfp_t gfp)
{
	if (!c->page)
		return false;
	if (unlikely(!slab_serves(c->page, gfp))) {
		slab_deactivate(s, c);
		return false;
	}
	if (!c->freelist)
		c->freelist = take_freed(s, c->page);
	if (!c->freelist)
		c->page = NULL;
	return c->page;
}

static bool next_of_own_list(struct kmem_cache_cpu *c)
{
	c->page = c->partial;
	if (!c->page)
		return false;
	c->partial = slab_next_partial(c->page);
	return true;
}

/* §31.9: after the page allocator's own report. */
static void say_refused(struct kmem_cache *s, gfp_t gfp)
{
	char text[GFP_TEXT_LEN];

	if ((gfp & __GFP_NOWARN) || !ratelimit(&s->memory->slab.ratelimit, "slab_out_of_memory"))
		return;
	pr_warn("SLUB: Unable to allocate memory on node %d, gfp=%#x(%s)", -1, gfp,
		gfp_text(gfp, text, sizeof(text)));
	pr_warn("  cache: %s, object size: %d, buffer size: %d, default order: %d, min order: %d",
		s->name, s->object_size, s->size, s->order, s->min_order);
	pr_warn("  node %d: slabs: %ld, objs: %ld, free: %ld", 0, s->nr_slabs, s->total_objects,
		slab_free_objects(s));
}

/* The CPU may be another one than before. Inlined: not a frame of 4.8's. */
static always_inline void *take_from_new(struct kmem_cache *s, gfp_t gfp, unsigned long flags)
{
	struct page *page = new_slab(s, gfp, flags);
	struct kmem_cache_cpu *c = this_cpu_slab(s);

	if (unlikely(!page)) {
		say_refused(s, gfp);
		return NULL;
	}
	if (unlikely(c->page))
		slab_deactivate(s, c);
	c->page = page;
	c->freelist = page_address(s->memory, page);
	return take_first(s, c);
}

void *slab_clear(const struct kmem_cache *s, void *object)
{
	return object ? memset(object, 0, s->object_size) : NULL;
}

/* Two functions, and these names, as call traces have them (§34.8). */
static noinline void *___slab_alloc(struct kmem_cache *s, gfp_t gfp, unsigned long flags)
{
	struct kmem_cache_cpu *c = this_cpu_slab(s);

	do {
		if (current_slab_serves(s, c, gfp))
			return take_first(s, c);
	} while (next_of_own_list(c));
	if (slab_take_node_partial(s, c, gfp))
		return take_first(s, c);
	return take_from_new(s, gfp, flags);
}

/* Faults on purpose: the CPU keeps no free object, so that the next request comes here as well. */
static noinline void *alloc_or_fail(struct kmem_cache *s, gfp_t gfp, unsigned long flags)
{
	void *object = should_failslab(s, gfp) ? NULL : ___slab_alloc(s, gfp, flags);
	struct kmem_cache_cpu *c = this_cpu_slab(s);

	if (c->page)
		slab_deactivate(s, c);
	return object;
}

noinline void *__slab_alloc(
	struct kmem_cache *s, gfp_t gfp, unsigned long flags, const void *caller)
{
	void *object;

	if (unlikely(s->memory->slab.fail.on)) {
		object = alloc_or_fail(s, gfp, flags);
		irq_restore(flags);
		return slab_finish(s, object, gfp, caller);
	}
	object = ___slab_alloc(s, gfp, flags);
	irq_restore(flags);
	return slab_finish(s, object, gfp, caller);
}

/* What a free makes of a slab that it found so. */
static union slab_word with_one_more(
	const struct kmem_cache *s, union slab_word old, uint32_t place)
{
	union slab_word new = old;

	new.free = place;
	new.inuse--;
	if (!old.free && s->cpu_partial)
		new.frozen = 1; /* it was full: this CPU's from now on */
	return new;
}

/* It comes to the node's list, or may leave it: list_lock is needed before the word changes. */
static bool concerns_node(union slab_word old, union slab_word new)
{
	return !old.frozen && !new.frozen && (!new.inuse || !old.free);
}

/* The object is in the slab's list; returns what it was before. list_lock held if `*locked`. */
static union slab_word push(struct kmem_cache *s, struct page *page, void *object, bool *locked)
{
	uint32_t place = slab_place(s, page, object);
	union slab_word old, new;

	*locked = false;
	do {
		if (*locked)
			spin_unlock(&s->list_lock);
		old = slab_read(page);
		*slab_link(s, object) = slab_object(s, page, old.free);
		new = with_one_more(s, old, place);
		*locked = concerns_node(old, new);
		if (*locked)
			spin_lock(&s->list_lock);
	} while (!slab_change(page, old, new));
	return old;
}

/* list_lock held, and let go. The slab has one object less in use than `old` says. */
static void settle_on_node(struct kmem_cache *s, struct page *page, union slab_word old)
{
	bool listed = old.free, give = old.inuse == 1 && s->nr_partial >= s->min_partial;

	if (listed && give)
		slab_remove_partial(s, page);
	else if (!listed && !give)
		slab_add_partial(s, page, true);
	spin_unlock(&s->list_lock);
	if (give)
		slab_discard(s, page);
}

void slab_free_elsewhere(struct kmem_cache *s, struct page *page, void *object, unsigned long flags)
{
	union slab_word old;
	bool locked;

	old = push(s, page, object, &locked);
	if (locked)
		settle_on_node(s, page, old);
	else if (!old.frozen && !old.free)
		slab_put_cpu_partial(s, page, true);
	irq_restore(flags);
}

void *kmem_cache_alloc(struct kmem_cache *s, gfp_t gfp)
{
	return slab_alloc(s, gfp, CALLER);
}

void kmem_cache_free(struct kmem_cache *s, void *object)
{
	slab_free(s, virt_to_page(s->memory, object)->slab_head, object, CALLER);
}

unsigned long slab_free_objects(struct kmem_cache *s)
{
	unsigned long flags = spin_lock_irqsave(&s->list_lock), n = 0;
	struct page *page;

	list_for_each_entry(page, &s->partial, lru)
		n += slab_read(page).objects - slab_read(page).inuse;
	spin_unlock_irqrestore(&s->list_lock, flags);
	return n;
}
