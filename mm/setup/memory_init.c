/*
 * Setting up a machine's memory (see memory_init.h).
 */
#include <string.h>

#include "kernel/core/machine.h"
#include "mm/setup/managed.h"
#include "mm/setup/memory_init.h"
#include "mm/alloc/fail_page_alloc.h"
#include "mm/index/index.h"
#include "mm/lru/lru.h"
#include "mm/oom/oom_reaper.h"
#include "mm/cache/address_space.h"
#include "mm/reclaim/dirty.h"
#include "mm/reclaim/kswapd.h"
#include "mm/reclaim/shrinker.h"
#include "mm/page/page_lock.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"
#include "mm/slab/slab.h"
#include "mm/space/mm.h"
#include "mm/swap/swap.h"
#include "mm/page/vmstat.h"
#include "mm/alloc/watermark.h"

#define COVER_PAGES (1ul << (MAX_ORDER - 1)) /* a buddy may be asked for anywhere within */

static void zone_lists_init(struct zone *z)
{
	for (int order = 0; order < MAX_ORDER; order++)
		for (int t = 0; t < MIGRATE_TYPES; t++)
			list_init(&z->free_area[order].free_list[t]);
	for (int cpu = 0; cpu < MAX_CPUS; cpu++)
		for (int t = 0; t < MIGRATE_PCPTYPES; t++)
			list_init(&z->pcp[cpu].lists[t]);
}

void memory_object_init(struct memory *m, const struct mm_tunables *tunables, unsigned int patches)
{
	static const char *const name[MAX_NR_ZONES] = {"DMA", "DMA32", "Normal", "Movable"};
	static const char *const lock_name[MAX_NR_ZONES] = {
		"zone DMA", "zone DMA32", "zone Normal", "zone Movable"};

	memset(m, 0, sizeof(*m));
	m->tunables = *tunables;
	m->patches = patches;
	m->pageblock_order = tunables->pageblock_order;
	m->pageblock_nr_pages = 1ul << m->pageblock_order;
	m->pageblock_page_shift = m->pageblock_order + PAGE_STRUCT_SHIFT;
	m->zone_end[ZONE_DMA] = DMA_END_PFN;
	m->zone_end[ZONE_DMA32] = DMA32_END_PFN;
	m->zone_end[ZONE_NORMAL] = ~0ul;
	list_init(&m->shrinkers);
	rwsem_init(&m->shrinker_rwsem, "shrinker_rwsem");
	shadow_shrinker_init(m);
	list_init(&m->slab.caches);
	page_locks_init(m);
	cache_state_init(m);
	lru_init(m);
	kswapd_init(m);
	mutex_init(&m->slab.mutex, "slab_mutex");
	mutex_init(&m->oom_lock, "oom_lock");
	wait_queue_init(&m->oom_victims_wait, "OOM victims");
	notifier_chain_init(&m->oom_reclaim_list, "oom_reclaim_list");
	mutex_init(&m->oom_notifier_lock, "oom_notifier_lock");
	oom_reaper_init(m);
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		m->zone[i].memory = m;
		m->zone[i].type = i;
		m->zone[i].name = name[i];
		spin_lock_init(&m->zone[i].lock, lock_name[i]);
		zone_lists_init(&m->zone[i]);
	}
	for (int i = 0; i < NR_WMARK; i++)
		m->no_zone.watermark[i] = ~0ul >> 1;
}

/* Where merging need not look for the zone's ends. */
static void set_inner(struct zone *z)
{
	unsigned long start = (z->start_pfn + COVER_PAGES - 1) & ~(COVER_PAGES - 1);
	unsigned long end = zone_end_pfn(z) & ~(COVER_PAGES - 1);

	BUG_ON((unsigned long)z->memory->mem_map % (sizeof(struct page) << (MAX_ORDER - 1)));
	z->inner_start = (unsigned long)z->memory->mem_map + start * sizeof(struct page);
	z->inner_len = end > start ? (end - start) * sizeof(struct page) : 0;
}

void memory_setup_zones(struct memory *m, const struct boot_mem *bm)
{
	unsigned long lo = boot_mem_first(bm), end = boot_mem_end(bm);

	m->max_pfn = end;
	for (int i = 0; i < ZONE_NORMAL; i++)
		m->zone_end_page[i] = pfn_to_page(m, m->zone_end[i]);
	for (int i = 0; i <= ZONE_NORMAL; i++) {
		struct zone *z = &m->zone[i];
		unsigned long hi = MIN(m->zone_end[i], end);

		if (lo >= hi)
			continue;
		z->start_pfn = lo;
		z->spanned = hi - lo;
		z->present = boot_mem_present(bm, lo, hi);
		set_inner(z);
		lo = hi;
	}
}

/*
 * Usable stretches rounded outwards to whole top-order blocks, those that meet as one: the second of
 * a PC begins in the middle of a large page of the array, where only small pages could map it.
 */
static bool map_page_array(struct memory *m, struct boot_mem *bm, map_page_array_fn map)
{
	unsigned long start = 0, end = 0;

	for (unsigned int i = 0; i < bm->nr_usable; i++) {
		unsigned long from = bm->usable[i].start & ~(COVER_PAGES - 1);

		if (from > end) {
			if (start < end && !map(m, bm, start, end))
				return false;
			start = from;
		}
		end = (bm->usable[i].end + COVER_PAGES - 1) & ~(COVER_PAGES - 1);
	}
	return start == end || map(m, bm, start, end);
}

/* All movable (§3.1), but for those in holes of the map. */
static void tag_pageblocks(struct zone *z, const struct boot_mem *bm)
{
	unsigned long block = z->memory->pageblock_nr_pages;

	for (unsigned long pfn = pageblock_start(z, z->start_pfn); pfn < zone_end_pfn(z);
		pfn += block)
		if (boot_mem_present(bm, pfn, pfn + block))
			*pageblock_slot(z, pfn) = MIGRATE_MOVABLE;
}

static bool alloc_pageblock_types(struct memory *m, struct boot_mem *bm)
{
	unsigned long total = 0, pages, pfn;
	uint8_t *types;
	struct zone *z;

	for_each_populated_zone(m, z) {
		z->nr_pageblocks = ((zone_end_pfn(z) - 1) >> m->pageblock_order) -
			(z->start_pfn >> m->pageblock_order) + 1;
		total += z->nr_pageblocks;
	}
	pages = (total + PAGE_SIZE - 1) / PAGE_SIZE;
	pfn = boot_mem_alloc(bm, pages, 1);
	if (!pfn)
		return false;
	types = (uint8_t *)m->virt_base + (pfn << PAGE_SHIFT);
	memset(types, PAGEBLOCK_HOLE, total);
	for_each_populated_zone(m, z) {
		z->pageblock_type = types;
		z->pageblock_type_of_null = (uint8_t *)((uintptr_t)types -
			((unsigned long)pfn_to_page(m, z->start_pfn) >> m->pageblock_page_shift));
		types += z->nr_pageblocks;
		tag_pageblocks(z, bm);
	}
	return true;
}

/* Highest zone first, only zones with managed pages (§2.3). */
static void build_zonelist(struct memory *m)
{
	unsigned int n = 0;

	for (int i = MAX_NR_ZONES - 1; i >= 0; i--)
		if (m->zone[i].managed)
			m->zonelist[n++] = &m->zone[i];
	m->zonelist[n] = NULL;
	for (int high = 0; high < MAX_NR_ZONES; high++) {
		unsigned int first = 0;

		while (m->zonelist[first] && m->zonelist[first]->type > (unsigned int)high)
			first++;
		m->first_zone[high] = first;
	}
}

/* Without mobility grouping every request is unmovable (§1.5). */
static void build_routes(struct memory *m)
{
	for (gfp_t bits = 0; bits < ARRAY_SIZE(m->route); bits++) {
		struct route *r = &m->route[bits];

		r->type = m->mobility_grouping ? gfp_migratetype(bits) : MIGRATE_UNMOVABLE;
		r->zone = gfp_zone(bits) < 0 ? NULL : m->zonelist[m->first_zone[gfp_zone(bits)]];
		if (!r->zone)
			r->zone = &m->no_zone;
		r->list = &r->zone->pcp[0].lists[r->type];
	}
}

void memory_set_grouping(struct memory *m, bool on)
{
	m->mobility_grouping = on;
	build_routes(m);
}

void memory_recompute(struct memory *m)
{
	struct zone *z;

	setup_min_free_kbytes(m);
	setup_watermarks(m);
	setup_lowmem_reserve(m);
	for_each_populated_zone(m, z) {
		z->stat_threshold = vmstat_threshold(nr_cpus, z->managed);
		setup_drift_mark(z);
		m->node.stat_threshold = MAX(m->node.stat_threshold, z->stat_threshold);
		for (int cpu = 0; cpu < MAX_CPUS; cpu++)
			pcp_size(z->managed, &z->pcp[cpu].batch, &z->pcp[cpu].high);
	}
}

void memory_follow_counts(struct memory *m)
{
	build_zonelist(m);
	memory_set_grouping(m, m->totalram_pages >= m->pageblock_nr_pages * MIGRATE_TYPES);
	dirty_init(m);
	memory_recompute(m);
}

const char *memory_setup(struct memory *m, struct boot_mem *bm, map_page_array_fn map)
{
	memory_setup_zones(m, bm);
	if (!map_page_array(m, bm, map))
		return "memory: too little for the page array";
	if (!alloc_pageblock_types(m, bm))
		return "memory: too little for the pageblock types";
	managed_release_first(m, bm);
	memory_follow_counts(m);
	managed_release_rest(m, bm);
	slab_init(m);
	space_init(m);
	index_init(m);
	cache_init_files(m);
	swap_init(m);
	fail_page_alloc_start(m);
	return NULL;
}
