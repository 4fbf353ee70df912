/*
 * The buddy allocator of one zone (see buddy.h).
 */
#include "mm/buddy.h"
#include "mm/pageblock.h"

static void add_to_list(
	struct zone *z, struct page *page, unsigned int order, enum migratetype type, bool tail)
{
	struct list_head *list = &z->free_area[order].free_list[type];

	page->flags = PG_BUDDY;
	page->order = order;
	if (tail)
		list_add_tail(&page->lru, list);
	else
		list_add(&page->lru, list);
	z->free_area[order].nr_free++;
}

void buddy_remove(struct zone *z, struct page *page, unsigned int order)
{
	list_del(&page->lru);
	page->flags = 0;
	page->order = 0;
	z->free_area[order].nr_free--;
}

/* The buddy of a block may be a hole, or in the next zone. */
static struct page *free_buddy(struct zone *z, unsigned long pfn, unsigned int order)
{
	unsigned long buddy = pfn ^ (1ul << order);
	struct page *page;

	if (buddy < z->start_pfn || buddy >= zone_end_pfn(z))
		return NULL;
	page = pfn_to_page(z->memory, buddy);
	return page_is_buddy(page, order) ? page : NULL;
}

/* §3.3: a block whose next-higher buddy is free will likely merge soon: keep it for last. */
static bool likely_to_merge(struct zone *z, unsigned long pfn, unsigned int order)
{
	return order < MAX_ORDER - 2 && free_buddy(z, pfn & ~(1ul << order), order + 1);
}

void buddy_free(struct zone *z, struct page *page, unsigned int order, enum migratetype type)
{
	unsigned long pfn = page_to_pfn(z->memory, page);
	struct page *buddy;

	zone_stat_add(z, NR_FREE_PAGES, 1l << order);
	while (order < MAX_ORDER - 1 && (buddy = free_buddy(z, pfn, order))) {
		buddy_remove(z, buddy, order);
		pfn &= ~(1ul << order);
		order++;
	}
	add_to_list(z, pfn_to_page(z->memory, pfn), order, type, likely_to_merge(z, pfn, order));
}

void buddy_expand(struct zone *z, struct page *page, unsigned int low, unsigned int high,
	enum migratetype type)
{
	while (high > low) {
		high--;
		add_to_list(z, page + (1ul << high), high, type, false);
	}
}

struct page *buddy_take(struct zone *z, unsigned int order, enum migratetype type)
{
	for (unsigned int o = order; o < MAX_ORDER; o++) {
		struct list_head *list = &z->free_area[o].free_list[type];
		struct page *page;

		if (list_empty(list))
			continue;
		page = list_first_entry(list, struct page, lru);
		buddy_remove(z, page, o);
		buddy_expand(z, page, order, o, type);
		page->pcp_type = type;
		return page;
	}
	return NULL;
}

unsigned long move_freepages_block(struct zone *z, struct page *page, enum migratetype type)
{
	unsigned long pfn = page_to_pfn(z->memory, page), moved = 0;
	unsigned long start = pageblock_start(z, pfn);
	unsigned long end = start + z->memory->pageblock_nr_pages;

	if (end > zone_end_pfn(z))
		return 0;
	if (start < z->start_pfn)
		start = pfn;
	for (pfn = start; pfn < end;) {
		struct page *p = pfn_to_page(z->memory, pfn);

		if (!(p->flags & PG_BUDDY)) {
			pfn++;
			continue;
		}
		list_move(&p->lru, &z->free_area[p->order].free_list[type]);
		pfn += 1ul << p->order;
		moved += 1ul << p->order;
	}
	return moved;
}
