/*
 * The consistency check of swap (see swap.h): bytes, counts, clusters, the pages of the cache.
 */
#include "kernel/core/log/printk.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"

static char message[192];

static const char *broken(const struct swap_area *a, const char *fmt, ...) __printf(2, 3);

static const char *broken(const struct swap_area *a, const char *fmt, ...)
{
	int n = ksnprintf(message, sizeof(message), "swap on /dev/%s: ", a->dev.name);
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(message + n, sizeof(message) - n, fmt, ap);
	va_end(ap);
	return message;
}

static const char *check_bytes(const struct swap_area *a, unsigned long *cached)
{
	uint32_t inuse = 0;

	if (*swap_byte(a, 0) != SWAP_MAP_BAD)
		return broken(a, "the header's slot has byte 0x%02x", *swap_byte(a, 0));
	for (uint32_t o = 1; o < a->max; o++) {
		uint8_t byte = *swap_byte(a, o);

		inuse += byte != 0;
		*cached += (byte & SWAP_HAS_CACHE) != 0;
		if (!byte && (o < a->lowest_bit || o > a->highest_bit))
			return broken(a, "slot %u is free, out of %u to %u", o, a->lowest_bit,
				a->highest_bit);
		if (SWAP_COUNT(byte) > SWAP_MAP_MAX && SWAP_COUNT(byte) != SWAP_MAP_SHMEM)
			return broken(a, "slot %u has byte 0x%02x", o, byte);
	}
	if (inuse != a->inuse || a->is_available != (a->writable && inuse < a->pages))
		return broken(a, "%u slots in use, counted %u, of %u; %savailable", inuse, a->inuse,
			a->pages, a->is_available ? "" : "not ");
	return NULL;
}

static uint32_t used_in(const struct swap_area *a, uint32_t cluster)
{
	uint32_t used = 0;

	for (uint32_t o = cluster * SWAP_CLUSTER_SLOTS; o < (cluster + 1) * SWAP_CLUSTER_SLOTS; o++)
		used += o >= a->max || *swap_byte(a, o);
	return used;
}

static const char *check_clusters(const struct swap_area *a)
{
	uint32_t n = (a->max + SWAP_CLUSTER_SLOTS - 1) / SWAP_CLUSTER_SLOTS, free = 0, listed = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct swap_cluster *c = &a->cluster[i];

		if (c->used != used_in(a, i) || c->free != (c->used == 0))
			return broken(a, "cluster %u: %u used, counted %u, %sfree", i,
				used_in(a, i), c->used, c->free ? "" : "not ");
		free += c->free;
	}
	for (uint32_t i = a->free_head; i != SWAP_NO_CLUSTER && listed <= n; i = a->cluster[i].next)
		listed += a->cluster[i].free ? 1 : n;
	if (free != listed)
		return broken(a, "%u free clusters, %u of them listed", free, listed);
	return NULL;
}

static const char *check_page(
	const struct swap_area *a, unsigned long index, const struct page *page)
{
	if (!page_has(page, PG_SWAPCACHE) || page->private != index || page->refcount < 1)
		return broken(a, "pfn %lu at %lx: flags %x, private %lx, %d references",
			page_to_pfn(a->memory, page), index, page->flags, page->private,
			page->refcount);
	if (swap_area_of(a->memory, (swp_entry_t){index}) != a ||
		!(*swap_byte(a, swp_offset((swp_entry_t){index})) & SWAP_HAS_CACHE))
		return broken(a, "a page at %lx, whose slot knows of none", index);
	return NULL;
}

static const char *check_tree(const struct swap_area *a, unsigned long cached)
{
	unsigned long nodes, index[32], at = 0;
	const char *err = index_validate(&a->tree, &nodes);
	void *page[32];
	unsigned int n;

	if (!err && a->tree.entries != cached)
		err = broken(
			a, "%lu pages in the tree, %lu slots with a page", a->tree.entries, cached);
	do {
		n = index_gang(&a->tree, at, page, index, ARRAY_SIZE(page));
		for (unsigned int i = 0; !err && i < n; i++) {
			err = check_page(a, index[i], page[i]);
			at = index[i] + 1;
		}
	} while (!err && n);
	return err;
}

static const char *check_area(const struct swap_area *a, long *free, long *all_cached)
{
	unsigned long cached = 0;
	const char *err = check_bytes(a, &cached);

	if (!err && a->cluster)
		err = check_clusters(a);
	if (!err)
		err = check_tree(a, cached);
	*free += a->writable ? a->pages - a->inuse : -(long)a->inuse; /* being emptied: §20.13 */
	*all_cached += cached;
	return err;
}

const char *swap_validate(const struct memory *m)
{
	long free = 0, cached = 0, total = 0;
	const char *err = NULL;

	for (int type = 0; !err && type < MAX_SWAP_AREAS; type++) {
		const struct swap_area *a = m->swap.area[type];

		if (!a)
			continue;
		err = check_area(a, &free, &cached);
		total += a->writable ? a->pages : 0;
	}
	if (err ||
		(free == m->swap.nr_swap_pages && cached == m->swap.cached &&
			total == (long)m->total_swap_pages &&
			m->swap.added - m->swap.deleted == cached))
		return err;
	ksnprintf(message, sizeof(message),
		"swap: %ld slots free of %ld, %ld in the cache; counted %ld, %lu, %ld; add %ld, "
		"delete %ld",
		free, total, cached, m->swap.nr_swap_pages, m->total_swap_pages, m->swap.cached,
		m->swap.added, m->swap.deleted);
	return message;
}

static long entries_of(const struct swap_area *a)
{
	long sum = 0;

	for (uint32_t o = 1; o < a->max; o++)
		if (SWAP_COUNT(*swap_byte(a, o)) <= SWAP_MAP_MAX)
			sum += SWAP_COUNT(*swap_byte(a, o));
	return sum;
}

static long shmem_slots_of(const struct swap_area *a)
{
	long sum = 0;

	for (uint32_t o = 1; o < a->max; o++)
		sum += SWAP_COUNT(*swap_byte(a, o)) == SWAP_MAP_SHMEM;
	return sum;
}

static long sum_over_areas(const struct memory *m, long (*of)(const struct swap_area *a))
{
	long sum = 0;

	for (int type = 0; type < MAX_SWAP_AREAS; type++)
		if (m->swap.area[type])
			sum += of(m->swap.area[type]);
	return sum;
}

long swap_entries(const struct memory *m)
{
	return sum_over_areas(m, entries_of);
}

long swap_shmem_slots(const struct memory *m)
{
	return sum_over_areas(m, shmem_slots_of);
}
