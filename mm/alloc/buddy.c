/*
 * The buddy allocator of one zone (see buddy.h, buddy_ops.h).
 */
#include "mm/alloc/buddy_ops.h"
#include "mm/page/pageblock.h"

/* As far as the aligned block around it lies within the zone. */
static unsigned int top_order_at_edge(const struct zone *z, unsigned long pfn)
{
	unsigned int order = 0;

	while (order < MAX_ORDER - 1) {
		unsigned long size = 2ul << order, start = pfn & ~(size - 1);

		if (start < z->start_pfn || start + size > zone_end_pfn(z))
			break;
		order++;
	}
	return order;
}

/* Is the next-higher buddy of the block there, and free? */
static bool next_buddy_at_edge(const struct zone *z, unsigned long pfn, unsigned int order)
{
	unsigned long higher = pfn & ~(1ul << order), buddy = higher ^ (2ul << order);

	return order < MAX_ORDER - 2 && higher >= z->start_pfn && buddy >= z->start_pfn &&
		buddy < zone_end_pfn(z) && page_is_buddy(pfn_to_page(z->memory, buddy), order + 1);
}

noinline void put_block_at_edge(
	struct zone *z, struct page *page, unsigned int order, enum migratetype type)
{
	unsigned long pfn = page_to_pfn(z->memory, page);
	unsigned int top = top_order_at_edge(z, pfn);

	for (; order < top; order++) {
		struct page *buddy = pfn_to_page(z->memory, pfn ^ (1ul << order));

		if (!page_is_buddy(buddy, order))
			break;
		take_off(z, buddy, order);
		buddy->state = 0;
		pfn &= ~(1ul << order);
	}
	page = pfn_to_page(z->memory, pfn);
	page->state = PAGE_STATE(PG_BUDDY, order, type);
	count_in(z, &z->free_area[order], 1u << order, type);
	place_block(&z->free_area[order], page, type, next_buddy_at_edge(z, pfn, order));
}

void buddy_split(struct zone *z, struct page *page, unsigned int order, unsigned int found,
	enum migratetype type)
{
	take_off(z, page, found);
	split_block(z, page, order, found, type);
}

struct page *buddy_take(struct zone *z, unsigned int order, enum migratetype type)
{
	return take_block(z, order, type);
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
		unsigned int order = p->order;

		if (!(p->flags & PG_BUDDY)) {
			pfn++;
			continue;
		}
		take_off(z, p, order);
		p->list_type = type;
		count_in(z, &z->free_area[order], 1u << order, type);
		list_add(&p->lru, free_list_of(z, order, type));
		pfn += 1ul << order;
		moved += 1ul << order;
	}
	return moved;
}
