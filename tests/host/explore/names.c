/*
 * What lies at an address (see names.h).
 */
#include <stdio.h>
#include <unistd.h>

#include "arena.h"
#include "names.h"
#include "mm/slab/slab.h"
#include "mm/space/anon_vma.h"
#include "scenarios/case.h"

struct field {
	const char *name;
	size_t at, size;
};

/* clang-format off */
#define FIELD(type, member) {#member, offsetof(type, member), sizeof(((type *)0)->member)}

static const struct field page_fields[] = {
	FIELD(struct page, refcount), FIELD(struct page, mapcount), FIELD(struct page, flags),
	FIELD(struct page, order), FIELD(struct page, list_type), FIELD(struct page, lru),
	FIELD(struct page, mapping), FIELD(struct page, index), FIELD(struct page, slab),
	{NULL, 0, 0}};

static const struct field zone_fields[] = {
	FIELD(struct zone, stat), FIELD(struct zone, nr_reserved_highatomic),
	FIELD(struct zone, pcp), FIELD(struct zone, lock), FIELD(struct zone, free_mask),
	FIELD(struct zone, free_area), {NULL, 0, 0}};

static const struct field memory_fields[] = {
	FIELD(struct memory, totalram_pages), FIELD(struct memory, node.stat),
	FIELD(struct memory, node.lru_lock), FIELD(struct memory, node.lru),
	FIELD(struct memory, node.cpu), FIELD(struct memory, node.pagevec),
	FIELD(struct memory, nr_mms),
	FIELD(struct memory, oom_lock), FIELD(struct memory, oom_victims),
	FIELD(struct memory, oom_killer_disabled), FIELD(struct memory, oom_victims_wait),
	FIELD(struct memory, oom_reclaim_list), FIELD(struct memory, reaper),
	FIELD(struct memory, watch), FIELD(struct memory, rmap_lock), {NULL, 0, 0}};

static const struct field task_fields[] = {
	FIELD(struct task, state), FIELD(struct task, flags), FIELD(struct task, kill_pending),
	FIELD(struct task, memdie), FIELD(struct task, mm), FIELD(struct task, own),
	FIELD(struct task, ref), FIELD(struct task, oom_reaper_next), {NULL, 0, 0}};

static const struct field mm_fields[] = {
	FIELD(struct mm, users), FIELD(struct mm, count), FIELD(struct mm, mmap_sem),
	FIELD(struct mm, teardown), FIELD(struct mm, vmas), FIELD(struct mm, last_hit),
	FIELD(struct mm, flags), FIELD(struct mm, total_vm), FIELD(struct mm, anon_rss),
	FIELD(struct mm, shmem_rss), FIELD(struct mm, nr_ptes), {NULL, 0, 0}};

static const struct field vma_fields[] = {
	FIELD(struct vma, start), FIELD(struct vma, end), FIELD(struct vma, flags),
	FIELD(struct vma, node), FIELD(struct vma, rmap), FIELD(struct vma, chain), {NULL, 0, 0}};

static const struct field anon_vma_fields[] = {
	FIELD(struct anon_vma, sem), FIELD(struct anon_vma, first), FIELD(struct anon_vma, refs),
	{NULL, 0, 0}};

static const struct field cache_fields[] = {
	FIELD(struct kmem_cache, list_lock), FIELD(struct kmem_cache, partial),
	FIELD(struct kmem_cache, nr_partial), FIELD(struct kmem_cache, nr_slabs),
	FIELD(struct kmem_cache, total_objects), FIELD(struct kmem_cache, cpu), {NULL, 0, 0}};
/* clang-format on */

static char text[160];

static const char *field_name(const struct field *f, size_t at)
{
	static char name[64];
	size_t off;

	for (; f->name; f++) {
		off = at - f->at;
		if (off >= f->size)
			continue;
		if (off)
			snprintf(name, sizeof(name), "%s+%zu", f->name, off);
		else
			snprintf(name, sizeof(name), "%s", f->name);
		return name;
	}
	snprintf(name, sizeof(name), "+%zu", at);
	return name;
}

/* Offset of `at` in an object, if it lies there. */
static bool in(const void *at, const void *object, size_t size, size_t *off)
{
	*off = (uintptr_t)at - (uintptr_t)object;
	return *off < size;
}

static const char *in_cache(const void *at)
{
	const struct kmem_cache *s;
	size_t off;

	for_each_cache(s, m) {
		if (!in(at, s, sizeof(*s), &off))
			continue;
		snprintf(text, sizeof(text), "cache %s %s", s->name, field_name(cache_fields, off));
		return text;
	}
	return NULL;
}

static const char *in_memory(const void *at, size_t off)
{
	if (in_cache(at))
		return text;
	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		size_t in_zone;

		if (!in(at, &m->zone[i], sizeof(m->zone[i]), &in_zone))
			continue;
		snprintf(text, sizeof(text), "zone %s %s", m->zone[i].name,
			field_name(zone_fields, in_zone));
		return text;
	}
	return field_name(memory_fields, off);
}

static const char *in_task(const void *at)
{
	const struct task *t;
	size_t off;

	for_each_task(t) {
		if (!in(at, t, sizeof(*t), &off))
			continue;
		snprintf(text, sizeof(text), "task %s %s", t->comm, field_name(task_fields, off));
		return text;
	}
	return NULL;
}

static const char *in_pageblock_types(const void *at)
{
	size_t off;

	for (unsigned int i = 0; i < MAX_NR_ZONES; i++) {
		if (!in(at, m->zone[i].pageblock_type, m->zone[i].nr_pageblocks, &off))
			continue;
		snprintf(text, sizeof(text), "zone %s type of pageblock %zu", m->zone[i].name, off);
		return text;
	}
	return NULL;
}

/* The first page of the slab that a page is in, or NULL: what its head says may be long past. */
static const struct page *slab_with(unsigned long pfn)
{
	const struct page *head = pfn_to_page(m, pfn)->slab_head;
	size_t off;

	if (!in(head, m->mem_map, m->max_pfn * sizeof(*head), &off) || !(head->flags & PG_SLAB))
		return NULL;
	return pfn - page_to_pfn(m, head) < 1ul << head->order ? head : NULL;
}

/* An object of a slab by its number there. */
static void name_object(const struct page *slab, size_t off)
{
	const struct kmem_cache *s = slab->cache;
	size_t at = off - (page_to_pfn(m, slab) << PAGE_SHIFT);
	unsigned long n = at / s->size;

	at %= s->size;
	if (s == &m->mm_cache)
		snprintf(text, sizeof(text), "mm %lu %s", n, field_name(mm_fields, at));
	else if (s == &m->vma_cache)
		snprintf(text, sizeof(text), "vma %lu %s", n, field_name(vma_fields, at));
	else if (s == &m->anon_vma_cache)
		snprintf(text, sizeof(text), "anon_vma %lu %s", n, field_name(anon_vma_fields, at));
	else
		snprintf(text, sizeof(text), "%s %lu +%zu", s->name, n, at);
}

static const char *in_ram(size_t off)
{
	unsigned long pfn = off >> PAGE_SHIFT;
	const struct page *slab = slab_with(pfn);

	if (slab)
		name_object(slab, off);
	else
		snprintf(text, sizeof(text), "pfn %lu word %zu", pfn, off % PAGE_SIZE / 8);
	return text;
}

#define MOST_SYMBOLS 4096

static struct symbol {
	unsigned long at;
	char name[48];
} symbols[MOST_SYMBOLS];
static unsigned int nr_symbols;

static void read_symbols(void)
{
	char command[64], line[256];
	FILE *nm;

	snprintf(command, sizeof(command), "nm /proc/%d/exe", (int)getpid());
	nm = popen(command, "r");
	while (nm && nr_symbols < MOST_SYMBOLS && fgets(line, sizeof(line), nm)) {
		struct symbol *s = &symbols[nr_symbols];

		nr_symbols += sscanf(line, "%lx %*c %47s", &s->at, s->name) == 2;
	}
	if (nm)
		pclose(nm);
}

/* The last symbol at or below it. */
static const char *symbol(uintptr_t at)
{
	static const struct symbol none = {0, "?"};
	const struct symbol *best = &none;

	if (!nr_symbols)
		read_symbols();
	for (unsigned int i = 0; i < nr_symbols; i++)
		if (symbols[i].at <= at && symbols[i].at > best->at)
			best = &symbols[i];
	if (at == best->at)
		return best->name;
	snprintf(text, sizeof(text), "%s+%lu", best->name, at - best->at);
	return text;
}

static const char *in_machine(const void *at)
{
	size_t off;

	if (in(at, m, sizeof(*m), &off))
		return in_memory(at, off);
	if (in(at, m->mem_map, m->max_pfn * sizeof(struct page), &off)) {
		snprintf(text, sizeof(text), "page %zu %s", off / sizeof(struct page),
			field_name(page_fields, off % sizeof(struct page)));
		return text;
	}
	if (in_pageblock_types(at))
		return text;
	if (in(at, m->virt_base, m->max_pfn << PAGE_SHIFT, &off))
		return in_ram(off);
	return NULL;
}

const char *name_of(const void *at)
{
	const char *name = m ? in_machine(at) : NULL;

	if (name)
		return name;
	if ((uintptr_t)at < ARENA_START)
		return symbol((uintptr_t)at);
	return in_task(at) ? text : "on a stack";
}
