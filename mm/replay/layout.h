/*
 * Where free blocks lie in a zone, so that they are just these: no two of one order are buddies, which
 * would have merged. Pure arithmetic on page structs of whole top-order blocks ("units"), all of whose pages
 * are in use at first and belong to the caller: zone->lock held, or nobody else has the machine.
 *
 * A used region of order r that gives a free block of order o < r leaves used buddies of orders o to r - 1.
 * The one of order o never becomes a free block of its own, for the two would have merged; the larger ones
 * may. Placed from the largest order down, each free block takes just the half of a region one order larger
 * that no larger free block covers; which regions were taken before makes no difference to how many there
 * are. So layout_pages() is exact, and the fit is the best.
 */
#ifndef MM_REPLAY_LAYOUT_H
#define MM_REPLAY_LAYOUT_H

#include "mm/page/memory.h"

#define UNIT_ORDER (MAX_ORDER - 1)
#define UNIT_PAGES (1ul << UNIT_ORDER)

/* Pages of whole pageblocks, of 2^pageblock_order pages, that so many free blocks of each order need. */
unsigned long layout_pages(const unsigned long blocks[MAX_ORDER], unsigned int pageblock_order);

struct layout {
	struct list_head region[MAX_ORDER]; /* used ones, lowest address first */
	struct page
		*half; /* an order-9 region whose buddy never becomes free: it may be one whole */
};

void layout_init(struct layout *l);
/* A unit of which the first `pages`, whole or half of it, may become free. */
void layout_add_unit(struct layout *l, struct page *unit, unsigned long pages);
/*
 * A block of this order, from the smallest region that has room for it, the lowest first; orders from the
 * largest down. Its page struct is the caller's to mark. NULL: there is no room.
 */
struct page *layout_place(struct layout *l, unsigned int order);

#endif
