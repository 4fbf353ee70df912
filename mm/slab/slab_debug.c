/*
 * Checks of the debug build (see slab_debug.h).
 */
#include <string.h>

#include "kernel/core/log/ksyms.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/task.h"
#include "mm/slab/slab_debug.h"
#include "mm/slab/slab_page.h"

#ifdef LW_DEBUG

#define RED_FREE     0xbbbbbbbbbbbbbbbbul
#define RED_USED     0xccccccccccccccccul
#define POISON_FREE  0x6b
#define POISON_FRESH 0x5a
#define MOST_LEAKS   8

static unsigned long *red_zone(const struct kmem_cache *s, void *object)
{
	return (unsigned long *)((char *)object + s->inuse);
}

/* The first: by whom it was taken; the second: by whom it was given back. */
static struct slab_track *tracks(const struct kmem_cache *s, void *object)
{
	return (struct slab_track *)(slab_link(s, object) + 1);
}

static void note(struct slab_track *t, const void *place)
{
	t->place = (uintptr_t)place;
	t->pid = current ? current->pid : 0;
}

static void add_track(struct line *l, const char *what, const struct slab_track *t)
{
	uint64_t offset = 0, size = 0;
	const char *symbol = ksym_lookup(t->place, &offset, &size);

	if (!t->place)
		return;
	line_add(l, "; %s by pid %ld at ", what, t->pid);
	if (symbol)
		line_add(l, "%s+0x%lx", symbol, offset);
	else
		line_add(l, "0x%lx", t->place);
}

static void describe(struct line *l, const struct kmem_cache *s, void *object, const char *what)
{
	line_init(l);
	line_add(l, "%s: object 0x%lx %s", s->name, (uintptr_t)object, what);
	add_track(l, "allocated", &tracks(s, object)[0]);
	add_track(l, "freed", &tracks(s, object)[1]);
}

static void broken(const struct kmem_cache *s, void *object, const char *what)
{
	struct line l;

	describe(&l, s, object, what);
	panic("BUG: %s", l.text);
}

static void fill(const struct kmem_cache *s, void *object, int with)
{
	if (!s->ctor)
		memset(object, with, s->object_size);
}

/* The first byte that is not as it was left, or -1. */
static long find_written(const struct kmem_cache *s, const unsigned char *byte)
{
	for (unsigned int i = 0; !s->ctor && i < s->object_size; i++)
		if (byte[i] != POISON_FREE)
			return i;
	return -1;
}

static void check_free_object(const struct kmem_cache *s, void *object)
{
	long at = find_written(s, object);
	char what[80];

	if (at >= 0) {
		ksnprintf(what, sizeof(what), "written to after it was freed (byte %ld is 0x%02x)",
			at, ((unsigned char *)object)[at]);
		broken(s, object, what);
	}
	if (*red_zone(s, object) != RED_FREE)
		broken(s, object,
			*red_zone(s, object) == RED_USED ? "handed out twice" :
							   "free, and its red zone overwritten");
}

void slab_debug_init(const struct kmem_cache *s, void *object)
{
	fill(s, object, POISON_FREE);
	*red_zone(s, object) = RED_FREE;
	memset(tracks(s, object), 0, SLAB_DEBUG_TRACKS);
}

void slab_debug_alloc(const struct kmem_cache *s, void *object, const void *place)
{
	if (!object)
		return;
	check_free_object(s, object);
	*red_zone(s, object) = RED_USED;
	note(&tracks(s, object)[0], place);
	fill(s, object, POISON_FRESH);
}

static void check_is_object(const struct kmem_cache *s, const struct page *page, void *object)
{
	unsigned long at = (char *)object - (char *)page_address(s->memory, page);

	if (!(page->flags & PG_SLAB))
		panic("BUG: %s: 0x%lx is in no slab", s->name, (uintptr_t)object);
	if (page->cache != s)
		panic("BUG: %s: object 0x%lx belongs to %s", s->name, (uintptr_t)object,
			page->cache->name);
	if (at % s->size || at / s->size >= slab_read(page).objects)
		panic("BUG: %s: 0x%lx is inside an object, %lu bytes from its start", s->name,
			(uintptr_t)object, at % s->size);
}

void slab_debug_free(
	const struct kmem_cache *s, const struct page *page, void *object, const void *place)
{
	check_is_object(s, page, object);
	if (*red_zone(s, object) == RED_FREE)
		broken(s, object, "freed twice");
	if (*red_zone(s, object) != RED_USED)
		broken(s, object, "written to beyond its end");
	*red_zone(s, object) = RED_FREE;
	note(&tracks(s, object)[1], place);
	fill(s, object, POISON_FREE);
}

static char *first_object(const struct kmem_cache *s, const struct page *page)
{
	return page_address(s->memory, page);
}

void slab_debug_discard(const struct kmem_cache *s, const struct page *page)
{
	char *object = first_object(s, page);

	for (unsigned int n = slab_read(page).objects; n; n--, object += s->size)
		check_free_object(s, object);
}

static unsigned int leaks_of(const struct kmem_cache *s, const struct page *page, unsigned int most)
{
	char *object = first_object(s, page);
	unsigned int found = 0;
	struct line l;

	for (unsigned int n = slab_read(page).objects; n && found < most; n--, object += s->size) {
		if (*red_zone(s, object) != RED_USED)
			continue;
		describe(&l, s, object, "left");
		pr_err("  %s", l.text);
		found++;
	}
	return found;
}

void slab_debug_leaks(struct kmem_cache *s)
{
	unsigned long flags = spin_lock_irqsave(&s->list_lock);
	unsigned int left = MOST_LEAKS;
	struct page *page;

	list_for_each_entry(page, &s->partial, lru)
		left -= leaks_of(s, page, left);
	spin_unlock_irqrestore(&s->list_lock, flags);
}

#endif
