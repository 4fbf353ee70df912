/*
 * Where free blocks lie (see layout.h). A used region's first page struct knows its order, and is on the
 * list of those.
 */
#include "mm/replay/layout.h"

#define HALF_ORDER (UNIT_ORDER - 1)

unsigned long layout_pages(const unsigned long blocks[MAX_ORDER], unsigned int pageblock_order)
{
	unsigned long block = 1ul << pageblock_order, larger = blocks[UNIT_ORDER] << UNIT_ORDER;
	unsigned long most = larger;

	for (int order = HALF_ORDER; order >= 0; order--) {
		/* Each has a buddy that is in use; the last half of a unit may be its own pageblock. */
		unsigned long buddies = blocks[order] << order;

		if (order == HALF_ORDER && pageblock_order == HALF_ORDER && buddies)
			buddies -= block;
		most = MAX(most, larger + (blocks[order] << order) + buddies);
		larger += blocks[order] << order;
	}
	return (most + block - 1) & ~(block - 1);
}

void layout_init(struct layout *l)
{
	for (int order = 0; order < MAX_ORDER; order++)
		list_init(&l->region[order]);
	l->half = NULL;
}

static void add_region(struct layout *l, struct page *page, unsigned int order)
{
	page->order = order;
	list_add_tail(&page->lru, &l->region[order]);
}

void layout_add_unit(struct layout *l, struct page *unit, unsigned long pages)
{
	if (pages >= UNIT_PAGES) {
		add_region(l, unit, UNIT_ORDER);
		return;
	}
	unit[UNIT_PAGES / 2].order = HALF_ORDER; /* stays in use */
	unit->order = HALF_ORDER;
	l->half = unit;
}

/* Smaller blocks than a half find it among the other regions. */
static struct page *take_half(struct layout *l, unsigned int order)
{
	struct page *half = l->half;

	if (!half || order > HALF_ORDER)
		return NULL;
	l->half = NULL;
	if (order == HALF_ORDER)
		return half;
	add_region(l, half, HALF_ORDER);
	return NULL;
}

static struct page *take_smallest(struct layout *l, unsigned int order, unsigned int *found)
{
	for (*found = order; *found < MAX_ORDER; ++*found) {
		struct list_head *list = &l->region[*found];

		if (!list_empty(list)) {
			struct page *page = list_first_entry(list, struct page, lru);

			list_del(&page->lru);
			return page;
		}
	}
	return NULL;
}

struct page *layout_place(struct layout *l, unsigned int order)
{
	struct page *page = take_half(l, order);
	unsigned int found;

	if (page)
		return page;
	page = take_smallest(l, order < UNIT_ORDER ? order + 1 : order, &found);
	if (!page)
		return NULL;
	for (unsigned int o = order; o < found; o++)
		add_region(l, page + (1ul << o), o);
	return page;
}
