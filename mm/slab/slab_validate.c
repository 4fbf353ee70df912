/*
 * The consistency check of slabs (see slab_validate.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/page/pageblock.h"
#include "mm/page/vmstat.h"
#include "mm/slab/partial.h"
#include "mm/slab/slab.h"
#include "mm/slab/slab_validate.h"

static char message[256];

static const char *broken(const struct kmem_cache *s, const struct page *page, const char *fmt, ...)
	__printf(3, 4);

static const char *broken(const struct kmem_cache *s, const struct page *page, const char *fmt, ...)
{
	int n = ksnprintf(message, sizeof(message), "%s: slab at pfn %lu: ", s->name,
		page ? page_to_pfn(s->memory, page) : 0);
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(message + n, sizeof(message) - n, fmt, ap);
	va_end(ap);
	return message;
}

/* What has been found on lists, and then in all pages. */
struct tally {
	unsigned long slabs, objects, listed; /* listed: those that are not full */
	long pages[2]; /* of caches that are not, and that are, reclaimable */
};

/* A free list: its length, or -1 when it leaves the slab's objects or does not end. */
static long free_list_length(const struct kmem_cache *s, const struct page *page, void *object)
{
	const char *base = page_address(s->memory, page);
	unsigned long most = slab_read(page).objects;
	long n = 0;

	for (; object; object = *slab_link(s, object), n++) {
		unsigned long at = (const char *)object - base;

		if (at % s->size || at / s->size >= most || (unsigned long)n >= most)
			return -1;
	}
	return n;
}

static const char *check_slab(
	const struct kmem_cache *s, const struct page *page, bool frozen, struct tally *t)
{
	union slab_word w = slab_read(page);
	long free = free_list_length(s, page, slab_object(s, page, w.free));

	if (!(page->flags & PG_SLAB) || page->cache != s)
		return broken(s, page, "flags %x, of another cache, or of none", page->flags);
	if (w.frozen != frozen)
		return broken(s, page, frozen ? "a CPU's, not frozen" : "the node's, frozen");
	if (w.objects != slab_objects_of(s, page))
		return broken(s, page, "%u objects, order %u", w.objects, page->order);
	if (free < 0 || (unsigned long)free + w.inuse != w.objects)
		return broken(
			s, page, "%u objects in use, %ld free, of %u", w.inuse, free, w.objects);
	t->listed++;
	return NULL;
}

static const char *check_cpu(const struct kmem_cache *s, unsigned int cpu, struct tally *t)
{
	const struct kmem_cache_cpu *c = &s->cpu[cpu];
	const char *err = c->page ? check_slab(s, c->page, true, t) : NULL;

	if (!err && !c->page && c->freelist)
		err = broken(s, NULL, "CPU %u has free objects of no slab", cpu);
	if (!err && c->page && free_list_length(s, c->page, c->freelist) < 0)
		err = broken(s, c->page, "CPU %u's free list is torn", cpu);
	for (const struct page *p = c->partial; !err && p; p = slab_next_partial(p))
		err = check_slab(s, p, true, t);
	return err;
}

static const char *check_cache(struct kmem_cache *s, struct tally *t)
{
	const char *err = NULL;
	unsigned long n = 0;
	struct page *page;

	for (unsigned int cpu = 0; !err && cpu < nr_cpus; cpu++)
		err = check_cpu(s, cpu, t);
	if (err)
		return err;
	list_for_each_entry(page, &s->partial, lru) {
		err = check_slab(s, page, false, t);
		if (!err && !slab_read(page).free)
			err = broken(s, page, "full, and on the node's list");
		if (err)
			return err;
		n++;
	}
	if (n != s->nr_partial)
		return broken(s, NULL, "nr_partial is %lu, the list holds %lu", s->nr_partial, n);
	return NULL;
}

/*
 * A cache's slabs are of two orders, with a number of objects each: how many there are of which follows from
 * both sums.
 */
static const char *check_sums(const struct kmem_cache *s, unsigned long listed, struct tally *t)
{
	long more = s->objects - s->min_objects,
	     rest = s->total_objects - s->nr_slabs * s->min_objects;
	long large = more ? rest / more : s->nr_slabs;

	if (rest < 0 || large > s->nr_slabs || large * more != rest)
		return broken(s, NULL, "%ld objects in %ld slabs of %u or %u", s->total_objects,
			s->nr_slabs, s->objects, s->min_objects);
	if (listed > (unsigned long)s->nr_slabs)
		return broken(s, NULL, "%lu slabs are on lists, of %ld", listed, s->nr_slabs);
	t->slabs += s->nr_slabs;
	t->objects += s->total_objects;
	t->pages[(s->flags & SLAB_RECLAIM_ACCOUNT) != 0] +=
		(large << s->order) + ((s->nr_slabs - large) << s->min_order);
	return NULL;
}

/* Each slab of a zone: it is on a list, or full. */
static const char *look_at_block(const struct memory *m, unsigned long pfn, struct tally *t)
{
	const struct page *page = pfn_to_page(m, pfn), *end = page + m->pageblock_nr_pages;

	for (; page < end; page++) {
		union slab_word w = slab_read(page);

		if (!(page->flags & PG_SLAB))
			continue;
		t->slabs++;
		t->objects += w.objects;
		t->listed += w.frozen || w.free;
		t->pages[(page->cache->flags & SLAB_RECLAIM_ACCOUNT) != 0] += 1l << page->order;
		if (page->slab_head != page || (!w.free && w.inuse != w.objects))
			return broken(page->cache, page, "its first page says otherwise");
	}
	return NULL;
}

static const char *look_at_zone(const struct memory *m, const struct zone *z, struct tally *t)
{
	unsigned long pfn = pageblock_start(z, z->start_pfn);
	const char *err = NULL;

	for (; !err && pfn < zone_end_pfn(z); pfn += m->pageblock_nr_pages)
		if (pageblock_type(z, pfn) != PAGEBLOCK_HOLE)
			err = look_at_block(m, pfn, t);
	return err;
}

static const char *check_counters(const struct memory *m, const struct tally *t)
{
	long unreclaimable = memory_stat_exact(m, NR_SLAB_UNRECLAIMABLE),
	     reclaimable = memory_stat_exact(m, NR_SLAB_RECLAIMABLE);

	if (t->pages[0] == unreclaimable && t->pages[1] == reclaimable)
		return NULL;
	ksnprintf(message, sizeof(message),
		"slab_unreclaimable is %ld, slab_reclaimable %ld; slabs have %ld and %ld",
		unreclaimable, reclaimable, t->pages[0], t->pages[1]);
	return message;
}

static const char *check_caches(const struct memory *m, struct tally *t)
{
	const char *err = NULL;
	struct kmem_cache *s;

	for_each_cache(s, m) {
		unsigned long listed = t->listed;

		err = check_cache(s, t);
		if (!err)
			err = check_sums(s, t->listed - listed, t);
		if (err)
			return err;
	}
	return NULL;
}

const char *slab_validate(const struct memory *m)
{
	struct tally t = {0};
	const char *err = check_caches(m, &t);

	return err ? err : check_counters(m, &t);
}

static const char *compare(const struct tally *said, const struct tally *seen)
{
	if (said->slabs == seen->slabs && said->objects == seen->objects &&
		said->listed == seen->listed)
		return NULL;
	ksnprintf(message, sizeof(message),
		"slabs: %lu with %lu objects, %lu of them on lists; pages say %lu, %lu, %lu",
		said->slabs, said->objects, said->listed, seen->slabs, seen->objects, seen->listed);
	return message;
}

const char *slab_validate_pages(const struct memory *m)
{
	struct tally said = {0}, seen = {0};
	const char *err = check_caches(m, &said);
	const struct zone *z;

	if (err)
		return err;
	for_each_populated_zone(m, z) {
		err = look_at_zone(m, z, &seen);
		if (err)
			return err;
	}
	err = compare(&said, &seen);
	return err ? err : check_counters(m, &seen);
}
