/*
 * Partial slabs (see partial.h).
 */
#include "mm/slab/partial.h"
#include "mm/slab/slab_ops.h"

void slab_add_partial(struct kmem_cache *s, struct page *page, bool tail)
{
	WRITE_ONCE(s->nr_partial, s->nr_partial + 1);
	if (tail)
		list_add_tail(&page->lru, &s->partial);
	else
		list_add(&page->lru, &s->partial);
}

void slab_remove_partial(struct kmem_cache *s, struct page *page)
{
	WRITE_ONCE(s->nr_partial, s->nr_partial - 1);
	list_del(&page->lru);
}

/* Nobody's any more; returns how it stands then. */
static union slab_word unfreeze(struct page *page)
{
	union slab_word old, new;

	do {
		old = new = slab_read(page);
		new.frozen = 0;
	} while (!slab_change(page, old, new));
	return new;
}

static void discard_list(struct kmem_cache *s, struct page *page)
{
	while (page) {
		struct page *next = slab_next_partial(page);

		slab_discard(s, page);
		page = next;
	}
}

void slab_unfreeze_partials(struct kmem_cache *s, struct kmem_cache_cpu *c)
{
	struct page *page = c->partial, *next, *empty = NULL;

	if (!page)
		return;
	c->partial = NULL;
	spin_lock(&s->list_lock);
	for (; page; page = next) {
		next = slab_next_partial(page);
		if (unfreeze(page).inuse || s->nr_partial < s->min_partial) {
			slab_add_partial(s, page, true);
		} else {
			page->lru.next = empty ? &empty->lru : NULL;
			empty = page;
		}
	}
	spin_unlock(&s->list_lock);
	discard_list(s, empty);
}

void slab_put_cpu_partial(struct kmem_cache *s, struct page *page, bool drain)
{
	struct kmem_cache_cpu *c = this_cpu_slab(s);
	union slab_word w = slab_read(page);
	const struct page *first = c->partial;

	if (drain && first && first->partial_objects > s->cpu_partial) {
		slab_unfreeze_partials(s, c);
		first = NULL;
	}
	/* A snapshot: what is freed into them later is not added (§31.10). */
	page->partial_slabs = (first ? first->partial_slabs : 0) + 1;
	page->partial_objects = (first ? first->partial_objects : 0) + w.objects - w.inuse;
	page->lru.next = first ? (struct list_head *)&first->lru : NULL;
	c->partial = page;
}

/* A slab of the node's list becomes a CPU's; with `all` it hands out every free object. */
static union slab_word freeze(struct page *page, bool all)
{
	union slab_word old, new;

	do {
		old = new = slab_read(page);
		new.frozen = 1;
		if (all) {
			new.free = 0;
			new.inuse = old.objects;
		}
	} while (!slab_change(page, old, new));
	return old;
}

/* As above, list_lock held. */
static bool take_from_list(struct kmem_cache *s, struct kmem_cache_cpu *c, gfp_t gfp)
{
	unsigned int found = 0;
	struct page *page, *next;
	union slab_word was;

	list_for_each_entry_safe(page, next, &s->partial, lru) {
		if (!slab_serves(page, gfp))
			continue;
		slab_remove_partial(s, page);
		was = freeze(page, !found);
		if (found) {
			slab_put_cpu_partial(s, page, false);
		} else {
			c->page = page;
			c->freelist = slab_object(s, page, was.free);
		}
		found += was.objects - was.inuse;
		if (found > s->cpu_partial / 2)
			break;
	}
	return found > 0;
}

bool slab_take_node_partial(struct kmem_cache *s, struct kmem_cache_cpu *c, gfp_t gfp)
{
	bool found;

	if (!READ_ONCE(s->nr_partial))
		return false;
	spin_lock(&s->list_lock);
	found = take_from_list(s, c, gfp);
	spin_unlock(&s->list_lock);
	return found;
}

/* How many free objects follow, and the last of them. */
static unsigned int find_last(const struct kmem_cache *s, void *object, void **last)
{
	unsigned int n = 0;

	for (; object; object = *slab_link(s, object), n++)
		*last = object;
	return n;
}

/* The CPU's free objects are the slab's again, and the slab is nobody's. */
static union slab_word give_back(
	struct kmem_cache *s, struct page *page, void *first, void *last, unsigned int n)
{
	union slab_word old, new;

	do {
		old = new = slab_read(page);
		if (n) {
			*slab_link(s, last) = slab_object(s, page, old.free);
			new.free = slab_place(s, page, first);
			new.inuse -= n;
		}
		new.frozen = 0;
	} while (!slab_change(page, old, new));
	return new;
}

void slab_deactivate(struct kmem_cache *s, struct kmem_cache_cpu *c)
{
	struct page *page = c->page;
	void *first = c->freelist, *last = NULL;
	bool others_freed = slab_read(page).free, keep;
	unsigned int n = find_last(s, first, &last);
	union slab_word w;

	c->page = NULL;
	c->freelist = NULL;
	spin_lock(&s->list_lock);
	w = give_back(s, page, first, last, n);
	keep = w.inuse || s->nr_partial < s->min_partial;
	if (keep && w.free)
		slab_add_partial(s, page, others_freed);
	spin_unlock(&s->list_lock);
	if (!keep)
		slab_discard(s, page);
}
