/*
 * What there is to reclaim (see scan.h).
 */
#include "mm/reclaim/scan.h"

static const enum node_stat file_items[] = {NR_ACTIVE_FILE, NR_INACTIVE_FILE, NR_ISOLATED_FILE};
static const enum node_stat anon_items[] = {NR_ACTIVE_ANON, NR_INACTIVE_ANON, NR_ISOLATED_ANON};

static unsigned long sum(const struct memory *m, const enum node_stat *item, size_t n)
{
	unsigned long pages = 0;

	for (size_t i = 0; i < n; i++)
		pages += node_stat_snapshot(m, item[i]);
	return pages;
}

/* Anonymous pages are, as long as one slot is free. */
unsigned long node_reclaimable_pages(const struct memory *m)
{
	unsigned long pages = sum(m, file_items, ARRAY_SIZE(file_items));

	if (READ_ONCE(m->swap.nr_swap_pages) > 0)
		pages += sum(m, anon_items, ARRAY_SIZE(anon_items));
	return pages;
}

/* With nothing to reclaim it is unreclaimable at once. */
bool node_reclaimable(const struct memory *m)
{
	return (unsigned long)node_stat_snapshot(m, NR_PAGES_SCANNED) <
		6 * node_reclaimable_pages(m);
}
