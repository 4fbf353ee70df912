/*
 * How much may be dirty (see dirty.h).
 */
#include "mm/reclaim/dirty.h"

/* Per cents as parts of 4096, as 4.8 reckons. */
#define DIRTY_RATIO      (20 * 4096 / 100)
#define BACKGROUND_RATIO (10 * 4096 / 100)

/* What allocations leave: of each zone its high mark, and what it keeps from the highest class. */
static unsigned long totalreserve(const struct memory *m)
{
	unsigned long sum = 0;
	const struct zone *z;

	for_each_zone(m, z) {
		long most = 0;

		for (int i = z->type; i < MAX_NR_ZONES; i++)
			most = MAX(most, z->lowmem_reserve[i]);
		sum += MIN(z->watermark[WMARK_HIGH] + most, z->managed);
	}
	return sum;
}

static unsigned long part_of_available(
	const struct memory *m, unsigned long reserve, unsigned long ratio)
{
	long free = memory_stat(m, NR_FREE_PAGES) - (long)reserve;
	unsigned long file = node_stat(m, NR_ACTIVE_FILE) + node_stat(m, NR_INACTIVE_FILE);

	return (MAX(free, 0l) + file + 1) * ratio / 4096;
}

unsigned long dirty_threshold(const struct memory *m)
{
	return part_of_available(m, totalreserve(m), DIRTY_RATIO);
}

unsigned long dirty_background_threshold(const struct memory *m)
{
	unsigned long background = part_of_available(m, totalreserve(m), BACKGROUND_RATIO);
	unsigned long threshold = dirty_threshold(m);

	return background >= threshold ? threshold / 2 : background;
}

void dirty_init(struct memory *m)
{
	m->node.dirty_limit = part_of_available(m, 0, DIRTY_RATIO);
}
