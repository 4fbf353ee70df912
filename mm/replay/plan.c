/*
 * Which pageblocks a zone needs (see plan.h).
 */
#include "mm/replay/plan.h"

#define SHARING_TYPES                                                                              \
	((1u << MIGRATE_UNMOVABLE) | (1u << MIGRATE_MOVABLE) | (1u << MIGRATE_RECLAIMABLE))

long plan_blocks(const struct state_zone *z, unsigned int order, enum migratetype type)
{
	long blocks = z->free[order][type];

	if (order == 0 && type < STATE_LISTS)
		for (int cpu = 0; cpu < MAX_CPUS; cpu++)
			blocks += z->pcp[cpu][type];
	return blocks;
}

static long pages_of_type(const struct state_zone *z, enum migratetype type)
{
	long pages = 0;

	for (unsigned int order = 0; order < MAX_ORDER; order++)
		pages += plan_blocks(z, order, type) << order;
	return pages;
}

static enum migratetype largest_type(const struct state_zone *z)
{
	enum migratetype largest = MIGRATE_MOVABLE;

	for (int t = 0; t < STATE_LISTS; t++)
		if (pages_of_type(z, t) > pages_of_type(z, largest))
			largest = t;
	return largest;
}

static unsigned long pages_of_group(
	const struct state *s, const struct state_zone *z, unsigned int types)
{
	unsigned long blocks[MAX_ORDER] = {0};

	for (unsigned int order = 0; order < MAX_ORDER; order++)
		for (int t = 0; t < STATE_FREE_TYPES; t++)
			if (types & 1u << t)
				blocks[order] += plan_blocks(z, order, t);
	return layout_pages(blocks, s->pageblock_order);
}

static void add_group(struct plan *p, const struct state *s, const struct state_zone *z,
	unsigned int types, enum migratetype tag)
{
	unsigned long pages = pages_of_group(s, z, types);

	if (tag == MIGRATE_HIGHATOMIC)
		pages = MAX(pages, (unsigned long)z->highatomic);
	if (!pages)
		return;
	p->group[p->nr_groups++] = (struct plan_group){types, tag, pages};
	p->units += (pages + UNIT_PAGES - 1) / UNIT_PAGES;
}

void plan_zone(struct plan *p, const struct state *s, enum zone_type zone, bool shared)
{
	const struct state_zone *z = &s->zone[zone];

	*p = (struct plan){.units = 0};
	if (shared)
		add_group(p, s, z, SHARING_TYPES, largest_type(z));
	for (int t = shared ? MIGRATE_HIGHATOMIC : 0; t < STATE_FREE_TYPES; t++)
		add_group(p, s, z, 1u << t, t);
}
