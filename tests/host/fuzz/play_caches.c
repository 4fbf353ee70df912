/*
 * The operations on mm/slab: objects, caches that come and go, memory given back, objects refused on
 * purpose (see play_parts.h).
 */
#include "play_parts.h"

#include "mm/show/validate.h"
#include "mm/slab/failslab.h"
#include "mm/slab/slab.h"
#include "mm/slab/slab_validate.h"

#define MOST_CACHES 12

/* Several of them may be one cache (§31.4). */
static struct owner {
	struct kmem_cache *cache;
	unsigned int size;
} owners[MOST_CACHES];
static unsigned int nr_owners;

/* Small ones are common, as in a kernel; 0 and more than a cache serves are not left out. */
static unsigned int some_size(struct play_bytes *b)
{
	uint8_t how = next_byte(b);

	if (how < 0xc0)
		return 1u + how;
	return (how < 0xf8 ? 0 : how % 8 * 4096u) + next_word(b) % 8192;
}

static void op_kmalloc(struct play_bytes *b)
{
	struct kind kind = any_kind(next_byte(b));

	take_kmalloc(some_size(b), kind);
}

static void op_kmalloc_many(struct play_bytes *b)
{
	struct kind kind = quick_kind(next_byte(b));
	unsigned int n = 1u << next_byte(b) % 8, size = some_size(b);

	while (n-- && take_kmalloc(size, kind))
		;
}

static struct owner *some_owner(struct play_bytes *b)
{
	uint8_t which = next_byte(b);

	return nr_owners ? &owners[which * nr_owners / 256] : NULL;
}

static void op_take(struct play_bytes *b)
{
	struct kind kind = any_kind(next_byte(b));
	const struct owner *o = some_owner(b);

	if (o)
		take_object(o->cache, o->size, kind);
}

static void op_take_many(struct play_bytes *b)
{
	struct kind kind = quick_kind(next_byte(b));
	unsigned int n = 1u << next_byte(b) % 8;
	const struct owner *o = some_owner(b);

	while (o && n-- && take_object(o->cache, o->size, kind))
		;
}

static void op_give(struct play_bytes *b)
{
	give_object(next_byte(b));
}

/* Another CPU gives back what this one took. */
static void op_give_elsewhere(struct play_bytes *b)
{
	unsigned int here = this_cpu_id();

	play_on_cpu(next_byte(b) % nr_cpus);
	give_object(next_byte(b));
	play_on_cpu(here);
}

static void op_give_many(struct play_bytes *b)
{
	uint8_t how = next_byte(b);
	unsigned int here = this_cpu_id();

	play_on_cpu(next_byte(b) % nr_cpus);
	give_spread(1 + how / 32, 1u << how % 8);
	play_on_cpu(here);
}

static bool is_constant(const struct kmem_cache *s)
{
	return (uintptr_t)s - (uintptr_t)world.m < sizeof(*world.m);
}

static void op_create(struct play_bytes *b)
{
	static const unsigned int flags[] = {0, SLAB_HWCACHE_ALIGN, SLAB_RECLAIM_ACCOUNT,
		SLAB_ACCOUNT, SLAB_CACHE_DMA, SLAB_ACCOUNT | SLAB_HWCACHE_ALIGN,
		SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, 0};
	static const unsigned int aligns[] = {0, 0, 16, 256};
	uint8_t how = next_byte(b);
	unsigned int size = some_size(b), align = aligns[how / 8 % 4];
	bool constructed = (how & 0xc0) == 0xc0;
	struct kmem_cache *s;

	if (nr_owners == MOST_CACHES || size == 0)
		return;
	s = kmem_cache_create(world.m, "play", size, align, flags[how % 8],
		constructed ? construct_object : NULL);
	trace("a cache of %u bytes, align %u, flags %#x%s: %s\n", size, align, flags[how % 8],
		constructed ? ", constructed" : "", s ? s->name : "none");
	others_done();
	if (s)
		owners[nr_owners++] = (struct owner){s, size};
}

/* Its last owner's cache goes, unless objects are in use; who shares it only leaves. */
static void destroy(struct owner *o)
{
	struct kmem_cache *s = o->cache;
	bool goes = s->users > 1 || !objects_of(s);

	trace("destroy %s: it %s\n", s->name, goes ? "goes" : "stays");
	if (kmem_cache_destroy(s) != goes)
		panic("play: a cache %s", goes ? "does not go" : "goes with objects in use");
	if (goes)
		*o = owners[--nr_owners];
}

static void op_destroy(struct play_bytes *b)
{
	struct owner *o = some_owner(b);

	if (o)
		destroy(o);
}

static void op_shrink(struct play_bytes *b)
{
	const struct owner *o = some_owner(b);
	const char *err;

	trace("shrink %s\n", o ? o->cache->name : "all caches");
	if (o)
		kmem_cache_shrink(o->cache);
	else
		slab_shrink_all(world.m);
	err = slab_validate(world.m);
	if (err)
		panic("play: after it was shrunk: %s", err);
}

/* On from here, or off: no CPU may have an object left for its short way. */
static void op_failslab(struct play_bytes *b)
{
	struct fail_attr *a = &world.m->tunables.failslab;
	uint8_t how = next_byte(b);

	slab_shrink_all(world.m);
	*a = (struct fail_attr){.on = how & 0xc0,
		.interval = 1 + how % 8,
		.probability = 100,
		.times = how & 8 ? -1 : 5,
		.space = how & 16 ? 1000 : 0,
		.ignore_wait = how & 32};
	trace("failslab %s, every %ld\n", a->on ? "on" : "off", a->interval);
	failslab_start(world.m);
}

void slab_operation(uint8_t which, struct play_bytes *b)
{
	static void (*const operations[])(struct play_bytes *) = {op_kmalloc, op_kmalloc,
		op_kmalloc, op_kmalloc_many, op_kmalloc_many, op_take, op_take, op_take_many,
		op_give, op_give_elsewhere, op_give_many, op_give_many, op_create, op_destroy,
		op_shrink, op_failslab};

	operations[which % ARRAY_SIZE(operations)](b);
}

void caches_start(void)
{
	nr_owners = 0;
}

/* What 4.8 does not do by itself: who must not be refused may need what slabs keep. No lock is needed. */
void shrink_for_others(void)
{
	struct kmem_cache *s;

	for_each_cache(s, world.m)
		kmem_cache_shrink(s);
}

unsigned long caches_mark(bool *seen)
{
	unsigned long sum = 0;

	for (unsigned int i = 0; i < nr_owners; i++) {
		struct page *head;

		if (is_constant(owners[i].cache))
			continue;
		head = virt_to_page(world.m, owners[i].cache)->slab_head;
		sum += seen[page_to_pfn(world.m, head)] ? 0 : 1ul << head->order;
		seen[page_to_pfn(world.m, head)] = true;
	}
	return sum;
}

void caches_end(void)
{
	const char *err;

	world.m->slab.fail.on = false;
	give_all();
	while (nr_owners)
		destroy(&owners[nr_owners - 1]);
	slab_shrink_all(world.m);
	err = slab_validate_pages(world.m);
	if (err)
		panic("play: slab_validate_pages: %s", err);
}
