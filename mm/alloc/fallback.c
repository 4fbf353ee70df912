/*
 * Fallback between migratetypes (see fallback.h). Nobody falls back into H, CMA or ISOLATE.
 */
#include "mm/alloc/buddy.h"
#include "mm/alloc/fallback.h"
#include "mm/page/mm_trace.h"
#include "mm/page/pageblock.h"
#include "mm/page/patch.h"

#define NR_FALLBACKS 2

static const enum migratetype fallbacks[MIGRATE_PCPTYPES][NR_FALLBACKS] = {
	[MIGRATE_UNMOVABLE] = {MIGRATE_RECLAIMABLE, MIGRATE_MOVABLE},
	[MIGRATE_MOVABLE] = {MIGRATE_RECLAIMABLE, MIGRATE_UNMOVABLE},
	[MIGRATE_RECLAIMABLE] = {MIGRATE_UNMOVABLE, MIGRATE_MOVABLE},
};

/* Judged by the order that was found, not the one requested. */
static bool can_steal(const struct memory *m, unsigned int order, enum migratetype type)
{
	return order >= m->pageblock_order || order >= m->pageblock_order / 2 ||
		type == MIGRATE_UNMOVABLE || type == MIGRATE_RECLAIMABLE || !m->mobility_grouping;
}

static void retag_range(
	struct zone *z, unsigned long pfn, unsigned int order, enum migratetype type)
{
	unsigned long end = pfn + (1ul << order);

	for (; pfn < end; pfn += z->memory->pageblock_nr_pages)
		set_pageblock_type(z, pfn, type);
}

/*
 * Whole pageblocks change type at once; a part takes its block along if half of it is free.
 * Returns the pages that changed lists.
 */
static unsigned long steal(
	struct zone *z, struct page *page, unsigned int order, enum migratetype type)
{
	const struct memory *m = z->memory;
	unsigned long pfn = page_to_pfn(m, page), moved;

	if (order >= m->pageblock_order) {
		retag_range(z, pfn, order, type);
		return 1ul << order;
	}
	moved = move_freepages_block(z, page, type);
	if (moved >= m->pageblock_nr_pages / 2 || !m->mobility_grouping)
		set_pageblock_type(z, pfn, type);
	return moved;
}

static struct page *take_from(struct zone *z, struct page *page, unsigned int found,
	unsigned int order, enum migratetype type)
{
	const struct memory *m = z->memory;
	unsigned long pfn = page_to_pfn(m, page), moved = 0;
	enum migratetype from = page->list_type, before = pageblock_type(z, pfn);
	/* By its first pageblock: at pageblock_order 9 an order-10 block has two (R9). */
	bool spared = (m->patches & PATCH_HIGHATOMIC_NOSTEAL) && before == MIGRATE_HIGHATOMIC;

	if (!spared && can_steal(m, found, type))
		moved = steal(z, page, found, type);
	trace(mm_page_alloc_extfrag, (long)z->name, pfn, order, found, type, from,
		pageblock_type(z, pfn) != before, moved);
	buddy_split(z, page, order, found, type);
	return page;
}

/*
 * The largest order that any fallback has, in the first type that has it: one big theft spoils
 * fewer pageblocks than many small ones.
 */
struct page *fallback_take(struct zone *z, unsigned int order, enum migratetype type)
{
	const enum migratetype *from = fallbacks[type];
	unsigned int fits = (z->free_mask[from[0]] | z->free_mask[from[1]]) >> order, found;

	if (!fits)
		return NULL;
	found = order + 31 - __builtin_clz(fits);
	if (!(z->free_mask[*from] & 1u << found))
		from++;
	return take_from(z,
		list_first_entry(&z->free_area[found].free_list[*from], struct page, lru), found,
		order, type);
}
