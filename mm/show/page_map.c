/*
 * Maps of pageblocks (see page_map.h).
 */
#include <string.h>

#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"
#include "mm/page/pageblock.h"
#include "mm/show/page_map.h"
#include "mm/show/show_mem.h"

#define HEAD_MAX   96
#define RUN_MAX    3  /* characters for each pageblock: n of them take no more than 3 * n */
#define LARGEST    24 /* a run as text, whatever its number */
#define ALL_IN_USE 0xf
#define NOT_TOLD   0xff

/* A cell: its type, or that it is a hole, above its digit. */
#define HOLE            MIGRATE_TYPES
#define CELL(type, use) ((uint8_t)((type) << 4 | (use)))

static unsigned long nr_pageblocks(const struct memory *m)
{
	const struct zone *z;
	unsigned long n = 0;

	for_each_populated_zone(m, z)
		n += z->nr_pageblocks;
	return n;
}

size_t page_map_size(const struct memory *m)
{
	return nr_pageblocks(m) * (sizeof(uint16_t) + sizeof(uint8_t) + RUN_MAX) + HEAD_MAX +
		LARGEST;
}

void page_map_init(struct page_map *map, struct memory *m, void *space)
{
	unsigned long n = nr_pageblocks(m);

	spin_lock_init(&map->lock, "page map");
	map->memory = m;
	map->free = space;
	map->told = (uint8_t *)(map->free + n);
	map->text = (char *)(map->told + n);
	memset(map->told, NOT_TOLD, n);
}

/* A free block may be larger than a pageblock. */
static void count_block(
	const struct zone *z, uint16_t *free, const struct page *page, unsigned int order)
{
	unsigned long n = 1ul << order, part = MIN(n, z->memory->pageblock_nr_pages);

	free += page_slot(z->memory, z, page) - z->pageblock_type;
	for (; n; n -= part)
		*free++ += part;
}

/* zone->lock held. */
static void count_free(const struct zone *z, uint16_t *free)
{
	const struct page *page;

	memset(free, 0, z->nr_pageblocks * sizeof(*free));
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		for (int t = 0; t < MIGRATE_TYPES; t++)
			list_for_each_entry(page, &z->free_area[order].free_list[t], lru)
				count_block(z, free, page, order);
}

static unsigned int digit(unsigned long free, unsigned long pages)
{
	unsigned long used = pages - free;

	if (used == 0 || used == pages)
		return used ? ALL_IN_USE : 0;
	return 1 + used * 14 / pages;
}

/* zone->lock held. True: something has changed. */
static bool update(const struct zone *z, const uint16_t *free, uint8_t *told)
{
	unsigned long pages = z->memory->pageblock_nr_pages;
	bool changed = false;

	for (unsigned long i = 0; i < z->nr_pageblocks; i++) {
		unsigned int type = MIN(z->pageblock_type[i], HOLE);
		uint8_t cell = CELL(type, digit(free[i], pages));

		changed = changed || told[i] != cell;
		told[i] = cell;
	}
	return changed;
}

static char *add_run(char *at, unsigned long n, uint8_t cell)
{
	unsigned int type = cell >> 4;

	return at +
		ksnprintf(at, LARGEST, "%lu%c%x", n, type == HOLE ? '-' : migratetype_letter[type],
			cell & 0xf);
}

static char *add_runs(char *at, const uint8_t *cells, unsigned long n)
{
	const uint8_t *end = cells + n, *from;

	for (from = cells; from < end; from = cells) {
		while (cells < end && *cells == *from)
			cells++;
		at = add_run(at, cells - from, *from);
	}
	return at;
}

static void tell_zone(
	const struct page_map *map, const struct zone *z, const uint8_t *cells, uint64_t ns)
{
	char *at = map->text;

	at += ksnprintf(at, HEAD_MAX, "{\"event\":\"map\",\"ns\":%lu,\"zone\":\"%s\",\"cells\":\"",
		ns, z->name);
	at = add_runs(at, cells, z->nr_pageblocks);
	*at++ = '"';
	*at++ = '}';
	event_line(map->text, at - map->text);
}

/* Said with the zone's lock free again: a report holds the output while it looks at the lists. */
static void look_at_zone(const struct page_map *map, struct zone *z, uint8_t *told, uint64_t ns)
{
	bool changed;

	if (!lock_for_report(&z->lock))
		return;
	count_free(z, map->free);
	changed = update(z, map->free, told);
	spin_unlock(&z->lock);
	if (changed)
		tell_zone(map, z, told, ns);
}

void page_map_tell(struct page_map *map, uint64_t ns)
{
	unsigned long flags = irq_save();
	uint8_t *told = map->told;
	struct zone *z;

	if (lock_for_report(&map->lock)) {
		for_each_populated_zone(map->memory, z) {
			look_at_zone(map, z, told, ns);
			told += z->nr_pageblocks;
		}
		spin_unlock(&map->lock);
	}
	irq_restore(flags);
}
