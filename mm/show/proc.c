/*
 * /proc's views of the zones (see proc.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/page/pageblock.h"
#include "mm/reclaim/scan.h"
#include "mm/show/proc.h"
#include "mm/show/show_mem.h"
#include "mm/slab/slab.h"

static unsigned long count_entries(const struct list_head *list)
{
	unsigned long n = 0;

	for (const struct list_head *p = list->next; p != list; p = p->next)
		n++;
	return n;
}

void print_buddyinfo(const struct memory *m)
{
	const struct zone *z;
	struct line l;

	for_each_populated_zone(m, z) {
		line_init(&l);
		line_add(&l, "Node %d, zone %8s ", 0, z->name);
		for (int o = 0; o < MAX_ORDER; o++)
			line_add(&l, "%6lu ", nr_free_blocks(&z->free_area[o]));
		pr_info("%s", l.text);
	}
}

static void print_free_by_type(const struct zone *z)
{
	struct line l;

	for (int t = 0; t < MIGRATE_TYPES; t++) {
		line_init(&l);
		line_add(&l, "Node %4d, zone %8s, type %12s ", 0, z->name, migratetype_name[t]);
		for (int o = 0; o < MAX_ORDER; o++)
			line_add(&l, "%6lu ", count_entries(&z->free_area[o].free_list[t]));
		pr_info("%s", l.text);
	}
}

/* By their tag, as Linux samples them: every block's worth of pages from the zone's first on. */
static void print_block_counts(const struct zone *z)
{
	unsigned long count[MIGRATE_TYPES] = {0}, block = z->memory->pageblock_nr_pages;
	struct line l;

	for (unsigned long pfn = z->start_pfn; pfn < zone_end_pfn(z); pfn += block)
		if (pageblock_type(z, pfn) < MIGRATE_TYPES)
			count[pageblock_type(z, pfn)]++;
	line_init(&l);
	line_add(&l, "Node %d, zone %8s ", 0, z->name);
	for (int t = 0; t < MIGRATE_TYPES; t++)
		line_add(&l, "%12lu ", count[t]);
	pr_info("%s", l.text);
}

void print_pagetypeinfo(const struct memory *m)
{
	const struct zone *z;
	struct line l;

	pr_info("Page block order: %u", m->pageblock_order);
	pr_info("Pages per block:  %lu", m->pageblock_nr_pages);
	pr_info(" ");
	line_init(&l);
	line_add(&l, "%-43s ", "Free pages count per migrate type at order");
	for (int o = 0; o < MAX_ORDER; o++)
		line_add(&l, "%6d ", o);
	pr_info("%s", l.text);
	for_each_populated_zone(m, z)
		print_free_by_type(z);
	pr_info(" ");
	line_init(&l);
	line_add(&l, "%-23s", "Number of blocks type ");
	for (int t = 0; t < MIGRATE_TYPES; t++)
		line_add(&l, "%12s ", migratetype_name[t]);
	pr_info("%s", l.text);
	for_each_populated_zone(m, z)
		print_block_counts(z);
}

static void print_node_stats(const struct memory *m)
{
	pr_info("  per-node stats");
	for (int i = 0; i < NR_NODE_STATS; i++)
		pr_info("      %-12s %lu", node_stat_name[i], node_stat(m, i));
}

static void print_zone(const struct zone *z)
{
	struct line l;

	pr_info("  pages free     %lu", zone_stat(z, NR_FREE_PAGES));
	pr_info("        min      %lu", z->watermark[WMARK_MIN]);
	pr_info("        low      %lu", z->watermark[WMARK_LOW]);
	pr_info("        high     %lu", z->watermark[WMARK_HIGH]);
	pr_info("   node_scanned  %lu", node_stat(z->memory, NR_PAGES_SCANNED));
	pr_info("        spanned  %lu", z->spanned);
	pr_info("        present  %lu", z->present);
	pr_info("        managed  %lu", z->managed);
	for (int i = 0; i < NR_ZONE_STATS; i++)
		pr_info("      %-12s %lu", zone_stat_name[i], zone_stat(z, i));
	line_init(&l);
	line_add(&l, "        protection: (%ld", z->lowmem_reserve[0]);
	for (int i = 1; i < MAX_NR_ZONES; i++)
		line_add(&l, ", %ld", z->lowmem_reserve[i]);
	pr_info("%s)", l.text);
	pr_info("  pagesets");
	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++) {
		pr_info("    cpu: %u", cpu);
		pr_info("              count: %d", z->pcp[cpu].count);
		pr_info("              high:  %d", z->pcp[cpu].high);
		pr_info("              batch: %d", z->pcp[cpu].batch);
		pr_info("  vm stats threshold: %d", z->stat_threshold);
	}
	pr_info("  node_unreclaimable:  %u", !node_reclaimable(z->memory));
	pr_info("  start_pfn:           %lu", z->start_pfn);
	pr_info("  node_inactive_ratio: %u", 0);
}

void print_zoneinfo(const struct memory *m)
{
	const struct zone *z;
	bool first = true;

	for_each_populated_zone(m, z) {
		pr_info("Node %d, zone %8s", 0, z->name);
		if (first)
			print_node_stats(m);
		first = false;
		print_zone(z);
	}
}

/* What a CPU holds free counts as in use, as in 4.8; there is nothing to tune (§31.9). */
static void print_cache(struct kmem_cache *s)
{
	unsigned long active = s->total_objects - slab_free_objects(s);
	struct line l;

	line_init(&l);
	line_add(&l, "%-17s %6lu %6lu %6u %4u %4d", s->name, active, s->total_objects, s->size,
		s->objects, 1 << s->order);
	line_add(&l, " : tunables %4u %4u %4u", 0, 0, 0);
	line_add(&l, " : slabdata %6lu %6lu %6lu", s->nr_slabs, s->nr_slabs, 0ul);
	pr_info("%s", l.text);
}

void print_slabinfo(struct memory *m)
{
	struct kmem_cache *s;

	mutex_lock(&m->slab.mutex);
	pr_info("slabinfo - version: 2.1");
	pr_info("# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab>"
		" : tunables <limit> <batchcount> <sharedfactor>"
		" : slabdata <active_slabs> <num_slabs> <sharedavail>");
	for_each_cache(s, m)
		print_cache(s);
	mutex_unlock(&m->slab.mutex);
}
