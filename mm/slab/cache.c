/*
 * Caches: made, merged, shrunk and destroyed (see slab.h), and those that are always there.
 */
#include "kernel/core/log/printk.h"
#include "kernel/core/param.h"
#include "kernel/core/sched/smp.h"
#include "mm/slab/cache.h"
#include "mm/slab/failslab.h"
#include "mm/slab/geometry.h"
#include "mm/slab/kmalloc.h"
#include "mm/slab/partial.h"
#include "mm/slab/slab_ops.h"

#define ROUND_UP(n, to) (((n) + (to)-1) / (to) * (to))

/* Caches that differ in these do not share slabs (§31.4). */
#define SAME_FLAGS (SLAB_RECLAIM_ACCOUNT | SLAB_CACHE_DMA | SLAB_ACCOUNT)

/* Where the parts of an object are (§31.1). */
static void lay_out(struct kmem_cache *s, unsigned int align)
{
	s->align = slab_align(s->object_size, align, s->flags & SLAB_HWCACHE_ALIGN);
	s->inuse = ROUND_UP(s->object_size, sizeof(void *));
	s->size = s->inuse + SLAB_DEBUG_RED;
	if (s->ctor || SLAB_DEBUG) {
		s->offset = s->size;
		s->size += sizeof(void *);
	}
	s->size = ROUND_UP(s->size + SLAB_DEBUG_TRACKS, s->align);
}

PARAM_INT("slub_max_order", mm_tunables.slub_max_order, 0, SLAB_MAX_ORDER,
	"the order of slabs, at most, but of objects that need more");

static gfp_t gfp_of(const struct kmem_cache *s)
{
	return (s->order ? __GFP_COMP : 0) | (s->flags & SLAB_CACHE_DMA ? GFP_DMA : 0) |
		(s->flags & SLAB_RECLAIM_ACCOUNT ? __GFP_RECLAIMABLE : 0);
}

/* False: no block of pages holds one object. */
static bool set_sizes(struct kmem_cache *s)
{
	int order = slab_order(s->size, nr_cpus, s->memory->tunables.slub_max_order);
	int min_order = slab_min_order(s->size);

	if (min_order < 0)
		return false;
	s->order = order;
	s->min_order = min_order;
	s->objects = slab_objects(s->size, order);
	s->min_objects = slab_objects(s->size, min_order);
	s->min_partial = slab_min_partial(s->size);
	s->cpu_partial = slab_cpu_partial(s->size);
	s->gfp = gfp_of(s);
	return true;
}

bool cache_init(struct kmem_cache *s, struct memory *m, const char *name, unsigned int size,
	unsigned int align, unsigned int flags, void (*ctor)(void *object))
{
	s->memory = m;
	s->name = name;
	s->object_size = size;
	s->flags = flags;
	s->ctor = ctor;
	s->users = 1;
	lay_out(s, align);
	if (!set_sizes(s))
		return false;
	list_init(&s->partial);
	spin_lock_init(&s->list_lock, "list_lock");
	list_add(&s->node, &m->slab.caches);
	return true;
}

/* The oldest cache whose slabs hold such objects as well, less than 8 bytes larger; or NULL. */
static struct kmem_cache *find_alike(struct memory *m, const struct kmem_cache *wanted)
{
	struct kmem_cache *s, *found = NULL;

	if (wanted->ctor || SLAB_DEBUG)
		return NULL;
	for_each_cache(s, m)
		if (s != &m->slab.kmem_cache && !s->ctor &&
			s->size - wanted->size < sizeof(void *) && s->size % wanted->align == 0 &&
			!((s->flags ^ wanted->flags) & SAME_FLAGS))
			found = s;
	return found;
}

static struct kmem_cache *share(struct kmem_cache *s, const struct kmem_cache *wanted)
{
	s->users++;
	s->object_size = MAX(s->object_size, wanted->object_size);
	s->inuse = MAX(s->inuse, wanted->inuse);
	return s;
}

static struct kmem_cache *create(struct memory *m, const char *name, unsigned int size,
	unsigned int align, unsigned int flags, void (*ctor)(void *object))
{
	struct kmem_cache *s = kmem_cache_alloc(&m->slab.kmem_cache, GFP_KERNEL | __GFP_ZERO);

	if (s && !cache_init(s, m, name, size, align, flags, ctor)) {
		kmem_cache_free(&m->slab.kmem_cache, s);
		return NULL;
	}
	return s;
}

struct kmem_cache *kmem_cache_create(struct memory *m, const char *name, unsigned int size,
	unsigned int align, unsigned int flags, void (*ctor)(void *object))
{
	struct kmem_cache wanted = {.object_size = size, .flags = flags, .ctor = ctor}, *s;

	BUG_ON(size == 0);
	lay_out(&wanted, align);
	mutex_lock(&m->slab.mutex);
	s = find_alike(m, &wanted);
	s = s ? share(s, &wanted) : create(m, name, size, align, flags, ctor);
	mutex_unlock(&m->slab.mutex);
	return s;
}

static void flush_this_cpu(void *arg)
{
	struct kmem_cache *s = arg;
	struct kmem_cache_cpu *c = this_cpu_slab(s);

	if (c->page)
		slab_deactivate(s, c);
	slab_unfreeze_partials(s, c);
}

/* Only CPUs that have something are disturbed. */
static void flush_all(struct kmem_cache *s)
{
	unsigned int mask = 0;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		if (READ_ONCE(s->cpu[cpu].page) || READ_ONCE(s->cpu[cpu].partial))
			mask |= 1u << cpu;
	if (mask)
		smp_call(mask, flush_this_cpu, s);
}

#define SORTED 32 /* slabs with more free objects stay behind, in the order they are in */

/* Empty slabs to `empty`; the others by their free objects. list_lock held. */
static void sort_partial(struct kmem_cache *s, struct list_head *empty)
{
	struct list_head by_free[SORTED];
	struct page *page, *next;

	for (int i = 0; i < SORTED; i++)
		list_init(&by_free[i]);
	list_for_each_entry_safe(page, next, &s->partial, lru) {
		union slab_word w = slab_read(page);
		unsigned int free = w.objects - w.inuse;

		if (w.inuse == 0) {
			slab_remove_partial(s, page);
			list_add(&page->lru, empty);
		} else if (free <= SORTED) {
			list_move(&page->lru, &by_free[free - 1]);
		}
	}
	for (int i = SORTED - 1; i >= 0; i--)
		while (!list_empty(&by_free[i]))
			list_move(by_free[i].prev, &s->partial);
}

void kmem_cache_shrink(struct kmem_cache *s)
{
	struct list_head empty = LIST_HEAD_INIT(empty);
	struct page *page, *next;
	unsigned long flags;

	flush_all(s);
	flags = spin_lock_irqsave(&s->list_lock);
	sort_partial(s, &empty);
	spin_unlock_irqrestore(&s->list_lock, flags);
	list_for_each_entry_safe(page, next, &empty, lru)
		slab_discard(s, page);
}

void slab_shrink_all(struct memory *m)
{
	struct kmem_cache *s;

	mutex_lock(&m->slab.mutex);
	for_each_cache(s, m)
		if (READ_ONCE(s->nr_slabs))
			kmem_cache_shrink(s);
	mutex_unlock(&m->slab.mutex);
}

static bool is_empty(struct kmem_cache *s)
{
	kmem_cache_shrink(s);
	if (s->nr_slabs == 0)
		return true;
	pr_err("kmem_cache_destroy %s: Slab cache still has objects: %lu in %ld slabs", s->name,
		s->total_objects - slab_free_objects(s), s->nr_slabs);
	slab_debug_leaks(s);
	return false;
}

bool kmem_cache_destroy(struct kmem_cache *s)
{
	struct slab_state *all = &s->memory->slab;
	bool last, gone = true;

	mutex_lock(&all->mutex);
	last = s->users == 1;
	if (last)
		gone = is_empty(s);
	else
		s->users--;
	if (last && gone) {
		list_del(&s->node);
		lock_forget(&s->list_lock.info);
		kmem_cache_free(&all->kmem_cache, s);
	}
	mutex_unlock(&all->mutex);
	return gone;
}

void slab_init(struct memory *m)
{
	failslab_start(m);
	cache_init(&m->slab.kmem_cache, m, "kmem_cache",
		offsetof(struct kmem_cache, cpu) + nr_cpus * sizeof(struct kmem_cache_cpu),
		_Alignof(struct kmem_cache), 0, NULL);
	kmalloc_init(m);
}
