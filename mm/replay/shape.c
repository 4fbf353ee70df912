/*
 * A machine becomes the one that a state describes (see shape.h).
 */
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "mm/alloc/buddy_ops.h"
#include "mm/alloc/pcp.h"
#include "mm/alloc/watermark.h"
#include "mm/page/node_stat.h"
#include "mm/page/pageblock.h"
#include "mm/page/vmstat.h"
#include "mm/replay/plan.h"
#include "mm/replay/shape.h"
#include "mm/setup/memory_init.h"

/* As a page's order: a unit that was free, and that nobody has taken yet. */
#define MATERIAL MAX_ORDER

static char message[160];

static struct page *first_unit(const struct zone *z)
{
	unsigned long pfn = (z->start_pfn + UNIT_PAGES - 1) & ~(UNIT_PAGES - 1);

	return pfn_to_page(z->memory, pfn);
}

static bool is_unit(const struct zone *z, const struct page *page)
{
	unsigned long pfn = page_to_pfn(z->memory, page);

	return pfn + UNIT_PAGES <= zone_end_pfn(z);
}

/* Of what is in a hole there may not even be a page struct. */
static bool is_hole(const struct zone *z, const struct page *page)
{
	return *page_slot(z->memory, z, page) == PAGEBLOCK_HOLE;
}

static unsigned long free_units(const struct zone *z)
{
	return nr_free_blocks(&z->free_area[UNIT_ORDER]);
}

/* U, M and E share units only where there are too few. NULL, or what is lacking. */
static const char *plan_all(
	const struct memory *m, const struct state *s, struct plan plans[MAX_NR_ZONES])
{
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone *z = &m->zone[i];
		unsigned long units = free_units(z);

		plan_zone(&plans[i], s, i, false);
		if (plans[i].units > units)
			plan_zone(&plans[i], s, i, true);
		if (plans[i].units <= units)
			continue;
		ksnprintf(message, sizeof(message),
			"zone %s has %lu whole free blocks of 4 MiB; expected %lu, which the state "
			"needs there",
			state_zone_name[i], units, plans[i].units);
		return message;
	}
	return NULL;
}

/* Nothing is free any more; of what was, whole units are marked. */
static void empty_lists(struct zone *z)
{
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		for (int t = 0; t < MIGRATE_TYPES; t++) {
			struct list_head *list = free_list_of(z, order, t);

			while (!list_empty(list)) {
				struct page *page = list_first_entry(list, struct page, lru);

				take_off(z, page, order);
				page->state = PAGE_STATE(
					0, order == UNIT_ORDER ? MATERIAL : 0, MIGRATE_MOVABLE);
			}
		}
	}
}

/* The reserve is where the plan has it, and nowhere else. */
static void forget_reserve(struct zone *z)
{
	for (unsigned long i = 0; i < z->nr_pageblocks; i++)
		if (z->pageblock_type[i] == MIGRATE_HIGHATOMIC)
			z->pageblock_type[i] = MIGRATE_MOVABLE;
}

/* Of the pageblocks of a unit, those of its first `pages`. */
static void tag_unit(
	struct zone *z, const struct page *unit, unsigned long pages, enum migratetype tag)
{
	unsigned long pfn = page_to_pfn(z->memory, unit);

	for (unsigned long at = 0; at < MIN(pages, UNIT_PAGES); at += z->memory->pageblock_nr_pages)
		set_pageblock_type(z, pfn + at, tag);
}

/* A zone's units on their way to its lists. Each one's first page struct knows the next one that is taken. */
struct shaping {
	struct zone *zone;
	const struct state_zone *state;
	struct page *next; /* to look at */
	struct page *first, **link;
	struct layout layout;
};

static struct page *take_unit(struct shaping *sh)
{
	const struct zone *z = sh->zone;
	struct page *page;

	do {
		page = sh->next;
		BUG_ON(!is_unit(z, page)); /* plans fit the material */
		sh->next += UNIT_PAGES;
	} while (is_hole(z, page) || page->order != MATERIAL);
	*sh->link = page;
	sh->link = (struct page **)&page->private;
	*sh->link = NULL;
	return page;
}

/* The lowest ones. */
static void take_units(struct shaping *sh, const struct plan_group *g)
{
	unsigned long left = g->pages;

	layout_init(&sh->layout);
	while (left) {
		struct page *unit = take_unit(sh);

		layout_add_unit(&sh->layout, unit, left);
		tag_unit(sh->zone, unit, left, g->tag);
		left -= MIN(left, UNIT_PAGES);
	}
}

static struct page *place(struct layout *l, unsigned int order)
{
	struct page *page = layout_place(l, order);

	BUG_ON(!page);
	return page;
}

static void place_lists(struct shaping *sh, int type)
{
	for (unsigned int cpu = 0; cpu < MAX_CPUS; cpu++) {
		struct per_cpu_pages *pcp = &sh->zone->pcp[cpu];

		for (long n = sh->state->pcp[cpu][type]; n; n--, pcp->count++) {
			struct page *page = place(&sh->layout, 0);

			page->state = PAGE_STATE(0, 0, type);
			list_add_tail(&page->lru, &pcp->lists[type]);
		}
	}
}

static void place_blocks(struct shaping *sh, unsigned int order, int type)
{
	for (long n = sh->state->free[order][type]; n; n--)
		place(&sh->layout, order)->state = PAGE_STATE(PG_BUDDY, order, type);
	if (order == 0 && type < STATE_LISTS)
		place_lists(sh, type);
}

/* From the largest order down, as the layout wants it. */
static void place_group(struct shaping *sh, const struct plan_group *g)
{
	for (int order = MAX_ORDER - 1; order >= 0; order--)
		for (int t = 0; t < STATE_FREE_TYPES; t++)
			if (g->types & 1u << t)
				place_blocks(sh, order, t);
}

/* A placed block goes to its list, behind those of lower addresses; a used region forgets what it is. */
static void list_unit(struct zone *z, struct page *unit)
{
	struct page *page = unit;

	while (page < unit + UNIT_PAGES) {
		unsigned int order = page->order;

		if (page->flags & PG_BUDDY) {
			count_in(z, &z->free_area[order], 1u << order, page->list_type);
			list_add_tail(&page->lru, free_list_of(z, order, page->list_type));
			z->stat[NR_FREE_PAGES] += 1l << order;
		} else {
			page->order = 0;
		}
		page += 1ul << order;
	}
}

static void forget_material(struct zone *z)
{
	struct page *page;

	for (page = first_unit(z); is_unit(z, page); page += UNIT_PAGES)
		if (!is_hole(z, page) && page->order == MATERIAL)
			page->order = 0;
}

static void shape_lists(struct zone *z, const struct state_zone *s, const struct plan *p)
{
	struct shaping sh = {.zone = z, .state = s, .next = first_unit(z), .link = &sh.first};

	for (unsigned int i = 0; i < p->nr_groups; i++) {
		take_units(&sh, &p->group[i]);
		place_group(&sh, &p->group[i]);
	}
	for (struct page *unit = sh.first; unit; unit = (struct page *)unit->private)
		list_unit(z, unit);
	forget_material(z);
}

/* What was computed from the counts at boot, from these counts; what the state says itself comes after it. */
static void shape_counts(struct memory *m, const struct state *s)
{
	m->totalram_pages = 0;
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		m->zone[i].present = s->zone[i].present;
		m->zone[i].managed = s->zone[i].managed;
		m->zone[i].nr_reserved_highatomic = s->zone[i].highatomic;
		m->totalram_pages += s->zone[i].managed;
	}
	memory_follow_counts(m);
}

static void shape_marks(struct zone *z, const struct state_zone *s)
{
	for (int i = 0; i < NR_WMARK; i++)
		z->watermark[i] = s->mark[i];
	for (int i = 0; i < MAX_NR_ZONES; i++)
		z->lowmem_reserve[i] = s->protection[i];
	setup_drift_mark(z);
}

/* As deltas of CPUs that have not been folded leave it (§2.9): the exact count is that of the lists. */
static void shape_lag(struct zone *z, const struct state_zone *s)
{
	unsigned int cpu = nr_cpus > 1 ? 1 : 0; /* not the one that asks, if there is another */

	z->stat[NR_FREE_PAGES] -= s->lag;
	z->pcp[cpu].stat_diff[NR_FREE_PAGES] += s->lag;
}

static void shape_lru(struct memory *m, const struct state *s)
{
	unsigned long all = 0;

	for (int lru = 0; lru < NR_LRU_LISTS; lru++) {
		long pages = 0;

		for (int i = 0; i < MAX_NR_ZONES; i++) {
			m->zone[i].stat[NR_ZONE_INACTIVE_ANON + lru] = s->zone[i].lru[lru];
			pages += s->zone[i].lru[lru];
		}
		m->node.stat[NR_INACTIVE_ANON + lru] = pages;
		all += pages;
	}
	m->node.stat[NR_PAGES_SCANNED] = 6 * all;
}

const char *shape_machine(struct memory *m, const struct state *s)
{
	struct plan plans[MAX_NR_ZONES];
	const char *err;
	struct zone *z;

	pcp_drain_all(m);
	vmstat_fold_all(m);
	err = plan_all(m, s, plans);
	if (err)
		return err;
	for_each_zone(m, z) {
		empty_lists(z);
		forget_reserve(z);
		z->stat[NR_FREE_PAGES] = 0;
	}
	shape_counts(m, s);
	for_each_zone(m, z) {
		shape_lists(z, &s->zone[z->type], &plans[z->type]);
		shape_marks(z, &s->zone[z->type]);
		shape_lag(z, &s->zone[z->type]);
	}
	shape_lru(m, s);
	m->swap.nr_swap_pages = s->swap_free;
	m->total_swap_pages = s->swap_total;
	return NULL;
}
