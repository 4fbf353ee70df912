/*
 * What has been handed out, and the checks on everything (see play_parts.h).
 */
#include "play_files.h"
#include "play_parts.h"

#include "mm/alloc/highatomic.h"
#include "mm/show/validate.h"
#include "mm/page/vmstat.h"

struct held held[MOST_HELD];
unsigned int nr_held;
unsigned long pages_held;

static bool is_held[MOST_PAGES], is_free_at_boot[MOST_PAGES];
static long total;
static unsigned long boot_blocks[MAX_NR_ZONES][MAX_ORDER];

static void note_blocks(const struct zone *z, unsigned int order)
{
	const struct memory *m = z->memory;

	for (int t = 0; t < MIGRATE_TYPES; t++) {
		const struct list_head *list = &z->free_area[order].free_list[t];

		for (const struct list_head *p = list->next; p != list; p = p->next)
			memset(is_free_at_boot + page_to_pfn(m, list_entry(p, struct page, lru)),
				true, 1ul << order);
	}
	boot_blocks[z->type][order] = nr_free_blocks(&z->free_area[order]);
}

void held_start(void)
{
	struct memory *m = world.m;
	const struct zone *z;

	BUG_ON(m->max_pfn > MOST_PAGES);
	nr_held = 0;
	pages_held = 0;
	total = all_free(m);
	memset(is_held, false, m->max_pfn);
	memset(is_free_at_boot, false, m->max_pfn);
	for_each_populated_zone(m, z)
		for (unsigned int order = 0; order < MAX_ORDER; order++)
			note_blocks(z, order);
}

static bool all_are(const bool *what, bool value, unsigned long n)
{
	return !memchr(what, !value, n);
}

bool any_is_held(unsigned long pfn, unsigned long n)
{
	return !all_are(is_held + pfn, false, n);
}

void held_add(struct page *page, unsigned int order)
{
	unsigned long pfn = page_to_pfn(world.m, page), n = 1ul << order;

	if (pfn >= world.m->max_pfn || pfn + n > world.m->max_pfn || pfn % n)
		panic("play: pfn %lu order %u is no block of this machine", pfn, order);
	if (!all_are(is_free_at_boot + pfn, true, n))
		panic("play: pfn %lu order %u was never free", pfn, order);
	if (any_is_held(pfn, n))
		panic("play: pfn %lu order %u is handed out twice", pfn, order);
	BUG_ON(nr_held == MOST_HELD);
	memset(is_held + pfn, true, n);
	held[nr_held++] = (struct held){page, order};
	pages_held += n;
}

void free_held(unsigned int i)
{
	struct held h = held[i];
	unsigned long pfn = page_to_pfn(world.m, h.page);

	trace("free pfn %lu order %u\n", pfn, h.order);
	held[i] = held[--nr_held];
	memset(is_held + pfn, false, 1ul << h.order);
	pages_held -= 1ul << h.order;
	play_stats.operations++;
	free_pages(world.m, h.page, h.order);
}

void split_held(unsigned int i)
{
	struct held h = held[i];

	if (nr_held + (1u << h.order) > MOST_HELD / 2)
		return;
	trace("split pfn %lu order %u\n", page_to_pfn(world.m, h.page), h.order);
	split_page(world.m, h.page, h.order);
	held[i].order = 0;
	for (unsigned int k = 1; k < 1u << h.order; k++)
		held[nr_held++] = (struct held){h.page + k, 0};
}

unsigned long free_some(unsigned int blocks)
{
	unsigned long before = pages_held;

	while (blocks-- && nr_held)
		free_held(nr_held * 7 / 8);
	return before - pages_held;
}

void check_now(void)
{
	struct memory *m = world.m;
	const char *err = mm_validate(m);
	long in_slabs = pages_of_objects();
	const struct zone *z;

	if (err)
		panic("play: mm_validate: %s", err);
	space_check();
	/* An app's pages, tables and nodes, and a file's, are counted when they end. */
	if (!space_lives() && !files_live() && all_free(m) + (long)pages_held + in_slabs != total)
		panic("play: %ld pages free, %lu held and %ld of objects, of %ld", all_free(m),
			pages_held, in_slabs, total);
	for_each_populated_zone(m, z)
		if (z->nr_reserved_highatomic > highatomic_max(z))
			panic("play: %s has %lu pages reserved, more than %lu", z->name,
				z->nr_reserved_highatomic, highatomic_max(z));
}

static void check_merged(const struct zone *z)
{
	for (int order = 0; order < MAX_ORDER; order++) {
		unsigned long blocks = nr_free_blocks(&z->free_area[order]);

		if (blocks != boot_blocks[z->type][order])
			panic("play: %s: all is free, yet order %d has %lu blocks and not %lu",
				z->name, order, blocks, boot_blocks[z->type][order]);
	}
	for (int i = 0; i < NR_ZONE_STATS; i++)
		if (z->stat[i] != zone_stat_exact(z, i))
			panic("play: %s: a part of %s is left on a CPU", z->name,
				zone_stat_name[i]);
}

void check_end(void)
{
	struct memory *m = world.m;
	const struct zone *z;

	check_now();
	for_each_populated_zone(m, z)
		check_merged(z);
	if (mm_event_sum(m, PGALLOC) != m->event[PGFREE])
		panic("play: pgalloc %lu, pgfree %lu", mm_event_sum(m, PGALLOC), m->event[PGFREE]);
	if (m->oom_victims)
		panic("play: %d victims of the OOM killer are left", m->oom_victims);
}
