/*
 * The buddy allocator of one zone (§3.1 to §3.5). Every function: zone->lock held, interrupts
 * off; orders 0 to 10, counts in pages. NR_FREE_PAGES is left to the caller, who may take or give
 * many. Giving back is in buddy_ops.h.
 */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include "mm/page/memory.h"

static inline bool page_is_buddy(const struct page *page, unsigned int order)
{
	return page_flags_order(page) == PAGE_STATE(PG_BUDDY, order, 0);
}

/*
 * Smallest fit in one type's lists (§3.5), or NULL. The block leaves the lists, remainders stay
 * on `type`'s; page->list_type = type.
 */
struct page *buddy_take(struct zone *z, unsigned int order, enum migratetype type);

/* Take `page`, a free block of order `found`, off its list and split it to `order` (§3.4);
 * remainders go to `type`'s lists, page->list_type = type. */
void buddy_split(struct zone *z, struct page *page, unsigned int order, unsigned int found,
	enum migratetype type);

/*
 * Move a pageblock's free pages to `type`'s lists (§3.7). Returns pages moved; 0 also when the
 * block crosses the end of the zone. Does not retag the block.
 */
unsigned long move_freepages_block(struct zone *z, struct page *page, enum migratetype type);

#endif
