/*
 * How much may be dirty (see dirty.h).
 */
#include "mm/alloc/watermark.h"
#include "mm/reclaim/dirty.h"

/* Per cents as parts of 4096, as 4.8 reckons. */
#define DIRTY_RATIO      (20 * 4096 / 100)
#define BACKGROUND_RATIO (10 * 4096 / 100)

static unsigned long part_of_available(
	const struct memory *m, unsigned long reserve, unsigned long ratio)
{
	long free = memory_stat(m, NR_FREE_PAGES) - (long)reserve;
	unsigned long file = node_stat(m, NR_ACTIVE_FILE) + node_stat(m, NR_INACTIVE_FILE);

	return (MAX(free, 0l) + file + 1) * ratio / 4096;
}

unsigned long dirty_threshold(const struct memory *m)
{
	return part_of_available(m, totalreserve_pages(m), DIRTY_RATIO);
}

unsigned long dirty_background_threshold(const struct memory *m)
{
	unsigned long background = part_of_available(m, totalreserve_pages(m), BACKGROUND_RATIO);
	unsigned long threshold = dirty_threshold(m);

	return background >= threshold ? threshold / 2 : background;
}

void dirty_init(struct memory *m)
{
	m->node.dirty_limit = part_of_available(m, 0, DIRTY_RATIO);
}
