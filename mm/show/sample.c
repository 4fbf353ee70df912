/*
 * Samples of lists and swap (see sample.h).
 */
#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"
#include "mm/page/node_stat.h"
#include "mm/show/sample.h"

static unsigned long free_pages(const struct zone *z)
{
	return zone_stat(z, NR_FREE_PAGES);
}

static unsigned long reserved_pages(const struct zone *z)
{
	return READ_ONCE(z->nr_reserved_highatomic);
}

/* One figure of each populated zone, as a JSON object. */
static const char *by_zone(
	const struct memory *m, struct line *l, unsigned long (*figure)(const struct zone *z))
{
	const struct zone *z;

	line_init(l);
	for_each_populated_zone(m, z)
		line_add(l, "%s\"%s\":%lu", l->len ? "," : "", z->name, figure(z));
	return l->text;
}

void memory_sample(const struct memory *m, uint64_t ns, const char *why)
{
	long swap_free = READ_ONCE(m->swap.nr_swap_pages);
	struct line free, reserved;

	event("{\"event\":\"memory_sample\",\"ns\":%lu,\"why\":\"%s\",\"free\":{%s},\"reserved\":{%"
	      "s},"
	      "\"inactive_anon\":%ld,\"active_anon\":%ld,\"swap_free\":%ld,\"swap_cached\":%ld,"
	      "\"allocstall\":%lu,\"kills\":%lu,\"reaps\":%lu}",
		ns, why, by_zone(m, &free, free_pages), by_zone(m, &reserved, reserved_pages),
		node_stat(m, NR_INACTIVE_ANON), node_stat(m, NR_ACTIVE_ANON), MAX(swap_free, 0l),
		READ_ONCE(m->swap.cached), mm_event_sum(m, ALLOCSTALL), mm_event(m, OOM_KILLS),
		mm_event(m, OOM_REAPED));
}

void memory_sample_zones(const struct memory *m)
{
	const struct zone *z;
	struct line l;

	line_init(&l);
	for_each_populated_zone(m, z)
		line_add(&l,
			"%s\"%s\":{\"start_pfn\":%lu,\"pageblocks\":%lu,\"managed\":%lu,\"min\":%"
			"lu,"
			"\"low\":%lu,\"high\":%lu}",
			l.len ? "," : "", z->name, z->start_pfn, z->nr_pageblocks, z->managed,
			z->watermark[WMARK_MIN], z->watermark[WMARK_LOW], z->watermark[WMARK_HIGH]);
	event("{\"event\":\"zones\",\"pageblock_pages\":%lu,\"zones\":{%s}}", m->pageblock_nr_pages,
		l.text);
}
