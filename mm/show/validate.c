/*
 * The consistency check of the page allocator (see validate.h).
 */
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/smp.h"
#include "mm/cache/address_space.h"
#include "mm/lru/lru.h"
#include "mm/page/node_stat.h"
#include "mm/page/pageblock.h"
#include "mm/show/validate.h"
#include "mm/page/vmstat.h"
#include "mm/slab/slab_validate.h"
#include "mm/space/shmem.h"
#include "mm/swap/swap.h"

static char message[256];

static const char *broken(const char *fmt, ...) __printf(1, 2);

static const char *broken(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	return message;
}

static const char *check_entry(const struct zone *z, const struct list_head *list,
	const struct list_head *node, int order, int type, unsigned long hop)
{
	const struct page *page = list_entry(node, struct page, lru);
	unsigned long pfn = page_to_pfn(z->memory, page);

	if (node->next->prev != node || node->prev->next != node ||
		(hop == 0 && node->prev != list))
		return broken("%s order %d type %c hop %lu: links do not close", z->name, order,
			migratetype_letter[type], hop);
	if (pfn < z->start_pfn || pfn >= zone_end_pfn(z))
		return broken("%s order %d type %c hop %lu: pfn %lu is outside the zone", z->name,
			order, migratetype_letter[type], hop, pfn);
	if (!(page->flags & PG_BUDDY) || page->order != order)
		return broken("%s order %d type %c hop %lu: pfn %lu has flags %x, order %u",
			z->name, order, migratetype_letter[type], hop, pfn, page->flags,
			page->order);
	if (page->list_type != type)
		return broken("%s order %d type %c hop %lu: pfn %lu says that it is on list %c",
			z->name, order, migratetype_letter[type], hop, pfn,
			page->list_type < MIGRATE_TYPES ? migratetype_letter[page->list_type] :
							  '?');
	if (pfn & ((1ul << order) - 1))
		return broken("%s order %d type %c hop %lu: pfn %lu is not aligned", z->name, order,
			migratetype_letter[type], hop, pfn);
	if (page->refcount || page->mapcount)
		return broken("%s order %d type %c hop %lu: pfn %lu is free but in use", z->name,
			order, migratetype_letter[type], hop, pfn);
	return NULL;
}

static const char *check_list(const struct zone *z, int order, int type, unsigned long *blocks)
{
	const struct list_head *list = &z->free_area[order].free_list[type];
	unsigned long hop = 0;

	for (const struct list_head *n = list->next; n != list; n = n->next, hop++) {
		const char *err = check_entry(z, list, n, order, type, hop);

		if (err)
			return err;
		if (hop > z->spanned)
			return broken("%s order %d type %c: the list does not end", z->name, order,
				migratetype_letter[type]);
	}
	*blocks = hop;
	return NULL;
}

static const char *check_counts(const struct zone *z, int order, int type, unsigned long blocks)
{
	unsigned int counted = z->free_area[order].nr_free[type];

	if (blocks != counted)
		return broken("%s order %d type %c: nr_free is %u, the list holds %lu", z->name,
			order, migratetype_letter[type], counted, blocks);
	if ((z->free_mask[type] >> order & 1) != (blocks > 0))
		return broken("%s order %d type %c: free_mask is %x, the list holds %lu", z->name,
			order, migratetype_letter[type], z->free_mask[type], blocks);
	return NULL;
}

static const char *check_free_lists(const struct zone *z)
{
	unsigned long free = 0, blocks = 0;

	for (int order = 0; order < MAX_ORDER; order++) {
		for (int type = 0; type < MIGRATE_TYPES; type++) {
			const char *err = check_list(z, order, type, &blocks);

			if (!err)
				err = check_counts(z, order, type, blocks);
			if (err)
				return err;
			free += blocks << order;
		}
	}
	if (free != (unsigned long)zone_stat_exact(z, NR_FREE_PAGES))
		return broken("%s: NR_FREE_PAGES is %ld, the lists hold %lu", z->name,
			zone_stat_exact(z, NR_FREE_PAGES), free);
	return NULL;
}

static const char *check_pcp(const struct zone *z, unsigned int cpu)
{
	const struct per_cpu_pages *pcp = &z->pcp[cpu];
	int count = 0;

	for (int t = 0; t < MIGRATE_PCPTYPES; t++) {
		const struct list_head *list = &pcp->lists[t];

		for (const struct list_head *n = list->next; n != list; n = n->next, count++) {
			const struct page *page = list_entry(n, struct page, lru);

			if (page->flags || page->refcount || page->mapcount)
				return broken("%s cpu %u list %c: pfn %lu is in use", z->name, cpu,
					migratetype_letter[t], page_to_pfn(z->memory, page));
		}
	}
	if (count != pcp->count)
		return broken("%s cpu %u: pcp count is %d, the lists hold %d", z->name, cpu,
			pcp->count, count);
	return NULL;
}

/* That the counter equals the tags is not asked: §4.6 lists how 4.8 itself lets them part. */
static const char *check_reserve(const struct zone *z)
{
	if (z->nr_reserved_highatomic % z->memory->pageblock_nr_pages)
		return broken("%s: nr_reserved_highatomic %lu is not whole pageblocks", z->name,
			z->nr_reserved_highatomic);
	for (unsigned long i = 0; i < z->nr_pageblocks; i++)
		if (z->pageblock_type[i] > MIGRATE_HIGHATOMIC &&
			z->pageblock_type[i] != PAGEBLOCK_HOLE)
			return broken(
				"%s: pageblock %lu has type %u", z->name, i, z->pageblock_type[i]);
	return NULL;
}

static const char *check_zone(const struct zone *z)
{
	const char *err = check_free_lists(z);

	for (unsigned int cpu = 0; !err && cpu < nr_cpus; cpu++)
		err = check_pcp(z, cpu);
	if (!err)
		err = check_reserve(z);
	if (!err && zone_stat_exact(z, NR_FREE_PAGES) + zone_free_pcp(z) > (long)z->managed)
		err = broken("%s: %ld pages free of %lu managed", z->name,
			zone_stat_exact(z, NR_FREE_PAGES) + zone_free_pcp(z), z->managed);
	for (int i = 0; !err && i < NR_ZONE_STATS; i++)
		if (zone_stat_exact(z, i) < 0)
			err = broken(
				"%s: %s is %ld", z->name, zone_stat_name[i], zone_stat_exact(z, i));
	return err;
}

/* Each entry that names a slot is some address space's, and counted there. */
static const char *check_swap_entries(const struct memory *m)
{
	long counted = 0;
	const struct mm *mm;

	list_for_each_entry(mm, &m->swap.mms, swap_node)
		counted += mm->swapents;
	if (counted != swap_entries(m))
		return broken("slots are named by %ld entries, address spaces count %ld",
			swap_entries(m), counted);
	return NULL;
}

/* Pages of files and of shared memory, and who maps them. */
static const char *check_objects(const struct memory *m)
{
	long pages = 0, mapped = 0;
	const char *err = shmem_validate(m, &mapped);

	if (!err)
		err = cache_validate(m, &pages, &mapped);
	if (err)
		return err;
	pages += m->swap.cached + node_stat_exact(m, NR_SHMEM);
	if (pages != node_stat_exact(m, NR_FILE_PAGES) ||
		mapped != node_stat_exact(m, NR_FILE_MAPPED))
		return broken("%ld pages of files and objects, %ld mapped; counted %ld, %ld", pages,
			mapped, node_stat_exact(m, NR_FILE_PAGES),
			node_stat_exact(m, NR_FILE_MAPPED));
	return NULL;
}

const char *zones_validate(const struct memory *m)
{
	const struct zone *z;

	for_each_populated_zone(m, z) {
		const char *err = check_zone(z);

		if (err)
			return err;
	}
	return NULL;
}

const char *mm_validate(const struct memory *m)
{
	unsigned long flags = smp_freeze();
	const char *err = zones_validate(m);

	if (!err)
		err = lru_validate(m);
	if (!err)
		err = slab_validate(m);
	if (!err)
		err = swap_validate(m);
	if (!err)
		err = check_swap_entries(m);
	if (!err)
		err = check_objects(m);
	smp_thaw(flags);
	return err;
}
