/*
 * Objects of slabs, and larger pieces of kmalloc()'s: each is filled by its owner and must be as it was
 * left when it is given back, on whatever CPU (see play_parts.h).
 */
#include "play_parts.h"

#include "mm/alloc/watermark.h"
#include "mm/slab/kmalloc.h"
#include "mm/slab/slab.h"
#include "mm/slab/slab_debug.h"
#include "mm/slab/slab_page.h"

#define MOST_OBJECTS 4096
#define WHOLE        8192u /* bytes; of a larger object only both ends are written and looked at */
#define END          64u
#define ZONE_BITS    (__GFP_DMA | __GFP_HIGHMEM | __GFP_DMA32)

static struct object {
	unsigned char *p;
	struct kmem_cache *cache; /* or NULL: kmalloc()'s */
	unsigned int size;
	unsigned char tag;
	bool constructed;
	bool short_way; /* this CPU had one at hand: whose slab it is is not looked at (§31.6) */
} objects[MOST_OBJECTS];
static unsigned int nr_objects;
static unsigned char next_tag;

void objects_start(void)
{
	nr_objects = 0;
	next_tag = 0;
}

/* What a constructor leaves: each object's own, so that none may pass for another. */
static unsigned char work_of(const void *object)
{
	return (uintptr_t)object / sizeof(void *) * 37 + 11;
}

void construct_object(void *object)
{
	*(unsigned char *)object = work_of(object);
}

static bool holds(const unsigned char *p, unsigned int n, unsigned char byte)
{
	return n == 0 || (p[0] == byte && !memcmp(p, p + 1, n - 1));
}

static bool is_filled(const struct object *o, unsigned char byte)
{
	if (o->size <= WHOLE)
		return holds(o->p, o->size, byte);
	return holds(o->p, END, byte) && holds(o->p + o->size - END, END, byte);
}

static void fill(const struct object *o)
{
	if (o->size <= WHOLE) {
		memset(o->p, o->tag, o->size);
		return;
	}
	memset(o->p, o->tag, END);
	memset(o->p + o->size - END, o->tag, END);
}

static struct page *head_of(const struct object *o)
{
	return virt_to_page(world.m, o->p)->slab_head;
}

/* Its first page, and how many there are, of what it keeps from the page allocator. */
static unsigned long pages_of(const struct object *o, unsigned long *pfn)
{
	struct page *head = head_of(o);

	*pfn = page_to_pfn(world.m, head);
	return 1ul << head->order;
}

/* It lies in a slab of the cache that it was asked of, at an object's place. */
static void check_slab_object(const struct object *o, const struct page *head, gfp_t gfp)
{
	const struct kmem_cache *s = head->cache;
	unsigned long at = o->p - (unsigned char *)page_address(world.m, head);

	if (o->cache && s != o->cache)
		panic("play: an object of %s was asked for, and is one of %s", o->cache->name,
			s->name);
	if (at % s->size || at / s->size >= slab_objects_of(s, head))
		panic("play: %s: %p is no object", s->name, (void *)o->p);
	if ((uintptr_t)o->p % s->align || o->size > s->object_size)
		panic("play: %s: %p is not aligned, or too small", s->name, (void *)o->p);
	/* A kill that leads nowhere gives who must not fail the reserves (§5.8). */
	if ((head->flags & PG_RESERVES) && !o->short_way && !may_use_reserves(gfp) &&
		!(gfp & __GFP_NOFAIL))
		panic("play: %s: gfp %#x has an object of the reserves", s->name, gfp);
}

static void check_contents(const struct object *o, gfp_t gfp)
{
	if ((gfp & __GFP_ZERO) && !is_filled(o, 0))
		panic("play: %p of %u bytes should be zero", (void *)o->p, o->size);
	if (o->constructed && *o->p != work_of(o->p))
		panic("play: %p: a constructor's work is lost", (void *)o->p);
}

static void check_object(const struct object *o, gfp_t gfp)
{
	const struct page *head = head_of(o);
	bool in_slab = head->flags & PG_SLAB;
	gfp_t zone = gfp & (o->cache ? 0 : ZONE_BITS);
	unsigned long pfn, n = pages_of(o, &pfn);

	if (any_is_held(pfn, n))
		panic("play: %p lies in pages that somebody else has", (void *)o->p);
	if (in_slab)
		check_slab_object(o, head, gfp);
	else if (o->cache || o->size <= KMALLOC_MAX_CACHED || o->size > n * PAGE_SIZE)
		panic("play: %p of %u bytes is in no slab", (void *)o->p, o->size);
	if (in_slab)
		zone = (zone & GFP_DMA) | (head->cache->gfp & ZONE_BITS);
	if ((int)page_zone(world.m, head)->type > gfp_zone(zone))
		panic("play: an object for gfp %#x is of %s", gfp, page_zone(world.m, head)->name);
	check_contents(o, gfp);
}

/* As many as one request's waits may add have room as well. */
static bool is_possible(gfp_t gfp)
{
	if ((gfp & __GFP_NOFAIL) && world.m->event[HIGHATOMIC_RESERVED_BLOCKS])
		return false;
	return nr_objects < MOST_OBJECTS - 4 * MOST_WAITS;
}

static void add(struct object o, gfp_t gfp)
{
	if (!o.p || o.p == ZERO_SIZE_PTR)
		return;
	check_object(&o, gfp);
	o.tag = ++next_tag;
	fill(&o);
	BUG_ON(nr_objects == MOST_OBJECTS);
	objects[nr_objects++] = o;
}

static struct kmem_cache *cache_for(const struct object *o, gfp_t gfp)
{
	if (o->cache || o->size - 1 >= KMALLOC_MAX_CACHED)
		return o->cache;
	return (gfp & GFP_DMA ? world.m->slab.dma_kmalloc : world.m->slab.kmalloc) +
		kmalloc_index(o->size);
}

static void *ask_slab(struct object *o, gfp_t gfp)
{
	const struct kmem_cache *s = cache_for(o, gfp);

	o->short_way = s && s->cpu[this_cpu_id()].freelist;
	return o->cache ? kmem_cache_alloc(o->cache, gfp) : kmalloc(world.m, o->size, gfp);
}

static void ask(struct object *o, gfp_t gfp, bool irq)
{
	unsigned long flags;

	if (!irq) {
		o->p = ask_slab(o, gfp);
		add(*o, gfp);
		return;
	}
	flags = irq_save();
	this_cpu()->irq_depth++;
	o->p = ask_slab(o, gfp);
	add(*o, gfp);
	this_cpu()->irq_depth--;
	irq_restore(flags);
}

/* What must not fail is small: a large block may never come together. */
static gfp_t fitting(const struct object *o, gfp_t gfp)
{
	if (o->size > PAGE_SIZE / 4)
		gfp &= ~__GFP_NOFAIL;
	return o->constructed ? gfp & ~__GFP_ZERO : gfp;
}

static bool take(struct object o, struct kind kind)
{
	gfp_t gfp = fitting(&o, kind.gfp);
	unsigned int task_flags = current->flags;

	if (!is_possible(gfp))
		return false;
	ask(&o, gfp, kind.irq);
	trace("%s of %u bytes, gfp %#x%s: %p\n", o.cache ? o.cache->name : "kmalloc", o.size, gfp,
		kind.irq ? " from irq" : "", (void *)o.p);
	play_stats.operations++;
	play_stats.refused += !o.p;
	if (!o.p && (gfp & __GFP_NOFAIL) && (gfp & __GFP_DIRECT_RECLAIM))
		panic("play: an object that must not be refused was");
	if (!o.cache && (o.size == 0) != (o.p == ZERO_SIZE_PTR))
		panic("play: kmalloc(%u) is %p", o.size, (void *)o.p);
	check_caller(gfp, task_flags);
	others_done();
	return o.p;
}

bool take_kmalloc(unsigned int size, struct kind kind)
{
	return take((struct object){.size = size}, kind);
}

bool take_object(struct kmem_cache *s, unsigned int size, struct kind kind)
{
	return take((struct object){.cache = s, .size = size, .constructed = s->ctor}, kind);
}

/* While another request waits: no checks of its caller, who is in the middle of something. */
void take_meanwhile(void)
{
	struct object o = {.size = 8u << nr_objects % 10};
	gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;

	if (nr_objects == MOST_OBJECTS)
		return;
	o.p = ask_slab(&o, gfp);
	add(o, gfp);
}

static void check_untouched(const struct object *o)
{
	unsigned long pfn, n = pages_of(o, &pfn);

	if (!is_filled(o, o->tag))
		panic("play: %p of %u bytes is not as its owner left it", (void *)o->p, o->size);
	if (any_is_held(pfn, n))
		panic("play: pages of %p were handed out as well", (void *)o->p);
}

static void give(unsigned int i)
{
	struct object o = objects[i];

	trace("give %p back on CPU %u\n", (void *)o.p, this_cpu_id());
	check_untouched(&o);
	objects[i] = objects[--nr_objects];
	play_stats.operations++;
	if (o.constructed)
		construct_object(o.p);
	if (o.cache)
		kmem_cache_free(o.cache, o.p);
	else
		kfree(world.m, o.p);
}

void give_object(uint8_t which)
{
	if (nr_objects)
		give(which * nr_objects / 256);
}

void give_spread(unsigned int step, unsigned int most)
{
	for (unsigned int i = nr_objects; i >= step && most--; i -= step)
		give(i - step);
}

void give_some(unsigned int most)
{
	while (most-- && nr_objects)
		give(nr_objects * 7 / 8);
}

void give_all(void)
{
	give_some(MOST_OBJECTS);
}

unsigned int objects_of(const struct kmem_cache *s)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < nr_objects; i++)
		n += (head_of(&objects[i])->flags & PG_SLAB) && head_of(&objects[i])->cache == s;
	return n;
}

/* Each block of pages counts once, whatever it holds. */
unsigned long pages_of_objects(void)
{
	static bool seen[MOST_PAGES];
	unsigned long pfn, n, sum = caches_mark(seen);

	for (unsigned int i = 0; i < nr_objects; i++) {
		n = pages_of(&objects[i], &pfn);
		sum += seen[pfn] ? 0 : n;
		seen[pfn] = true;
	}
	memset(seen, false, world.m->max_pfn);
	return sum;
}
