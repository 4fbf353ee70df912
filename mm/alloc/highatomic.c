/*
 * The high-order atomic reserve (see highatomic.h).
 */
#include "mm/alloc/buddy.h"
#include "mm/alloc/highatomic.h"
#include "mm/page/mm_trace.h"
#include "mm/page/pageblock.h"
#include "mm/page/patch.h"

unsigned long highatomic_limit(const struct zone *z)
{
	return z->managed / 100 + z->memory->pageblock_nr_pages;
}

unsigned long highatomic_max(const struct zone *z)
{
	unsigned long block = z->memory->pageblock_nr_pages;

	return (highatomic_limit(z) + block - 1) / block * block;
}

unsigned long highatomic_tagged(const struct zone *z)
{
	unsigned long blocks = 0;

	for (unsigned long i = 0; i < z->nr_pageblocks; i++)
		blocks += z->pageblock_type[i] == MIGRATE_HIGHATOMIC;
	return blocks * z->memory->pageblock_nr_pages;
}

static void note_reserved(struct memory *m)
{
	unsigned long sum = 0, most;
	struct zone *z;

	for_each_zone(m, z)
		sum += z->nr_reserved_highatomic;
	mm_event_add(m, HIGHATOMIC_RESERVED_BLOCKS, 1);
	do /* another zone's lock does not keep others out */
		most = READ_ONCE(m->event[HIGHATOMIC_RESERVED_MAX]);
	while (sum > most &&
		!__sync_bool_compare_and_swap(&m->event[HIGHATOMIC_RESERVED_MAX], most, sum));
}

void reserve_highatomic_pageblock(struct zone *z, struct page *page)
{
	unsigned long limit = highatomic_limit(z), pfn = page_to_pfn(z->memory, page), flags;
	enum migratetype type;

	/* Cheap and unlocked: whoever slips through is caught by the second test. */
	if (z->nr_reserved_highatomic >= limit)
		return;
	flags = spin_lock_irqsave(&z->lock);
	type = pageblock_type(z, pfn);
	if (z->nr_reserved_highatomic < limit && type < MIGRATE_PCPTYPES) {
		unsigned long before = z->nr_reserved_highatomic, moved;

		z->nr_reserved_highatomic += z->memory->pageblock_nr_pages;
		set_pageblock_type(z, pfn, MIGRATE_HIGHATOMIC);
		moved = move_freepages_block(z, page, MIGRATE_HIGHATOMIC);
		note_reserved(z->memory);
		trace(mm_highatomic_reserve, (long)z->name, pfn, type, moved, before,
			z->nr_reserved_highatomic);
	}
	spin_unlock_irqrestore(&z->lock, flags);
}

/* Free the pageblock of `page`, a free H entry. Returns pages moved. zone->lock held. */
static unsigned long release_block(struct zone *z, struct page *page, enum migratetype type)
{
	struct memory *m = z->memory;
	unsigned long moved, pfn = page_to_pfn(m, page), before = z->nr_reserved_highatomic;
	enum migratetype tag = pageblock_type(z, pfn);

	/* 4.8 counts every release, also of a block that is not counted (any more): R4. */
	if (!(m->patches & PATCH_HIGHATOMIC_ACCOUNT) || tag == MIGRATE_HIGHATOMIC)
		z->nr_reserved_highatomic -= MIN(m->pageblock_nr_pages, z->nr_reserved_highatomic);
	set_pageblock_type(z, pfn, type);
	moved = move_freepages_block(z, page, type);
	mm_event_add(m, HIGHATOMIC_RELEASED_BLOCKS, 1);
	mm_event_add(m, HIGHATOMIC_RELEASED_PAGES, moved);
	trace(mm_highatomic_unreserve, (long)z->name, pfn, tag, type, moved, before,
		z->nr_reserved_highatomic);
	return moved;
}

/*
 * The block that owns the smallest free H entry. In 4.8 the first entry ends the search, whatever
 * came of it; `thorough`: only a block whose pages moved does. zone->lock held.
 */
static bool unreserve_in_zone(struct zone *z, enum migratetype type, bool thorough, bool *done)
{
	for (int order = 0; order < MAX_ORDER; order++) {
		struct list_head *list = &z->free_area[order].free_list[MIGRATE_HIGHATOMIC];
		bool moved;

		if (list_empty(list))
			continue;
		moved = release_block(z, list_first_entry(list, struct page, lru), type) > 0;
		*done = moved || !thorough;
		if (*done)
			return moved;
	}
	return false;
}

bool unreserve_highatomic_pageblock(const struct alloc_context *ac, bool force)
{
	bool thorough = force || (ac->memory->patches & PATCH_HIGHATOMIC_FORCE);
	bool moved = false, done = false;
	struct zone *z;

	for (unsigned int i = ac->first; !done && (z = ac->memory->zonelist[i]); i++) {
		unsigned long flags;

		if (!force && z->nr_reserved_highatomic <= ac->memory->pageblock_nr_pages)
			continue;
		flags = spin_lock_irqsave(&z->lock);
		moved = unreserve_in_zone(z, ac->migratetype, thorough, &done);
		spin_unlock_irqrestore(&z->lock, flags);
	}
	return moved;
}
