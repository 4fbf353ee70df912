/*
 * The buddy allocator of one zone (§3.1 to §3.5). Every function: zone->lock held, interrupts
 * off; orders 0 to 10, counts in pages.
 */
#ifndef MM_BUDDY_H
#define MM_BUDDY_H

#include "mm/memory.h"

static inline bool page_is_buddy(const struct page *page, unsigned int order)
{
	return (page->flags & PG_BUDDY) && page->order == order;
}

/* Free a block: merge (§3.2), place (§3.3), account. Goes to `type`'s list whatever it merges. */
void buddy_free(struct zone *z, struct page *page, unsigned int order, enum migratetype type);

/*
 * Smallest fit in one type's lists (§3.5), or NULL. The block leaves the lists, remainders stay
 * on `type`'s; page->pcp_type = type. NR_FREE_PAGES is left to the caller, who may take many.
 */
struct page *buddy_take(struct zone *z, unsigned int order, enum migratetype type);

/* Take `page`, a free block of order `high`, off its list and split it to `order` (§3.4). */
void buddy_remove(struct zone *z, struct page *page, unsigned int order);
void buddy_expand(struct zone *z, struct page *page, unsigned int low, unsigned int high,
	enum migratetype type);

/*
 * Move a pageblock's free pages to `type`'s lists (§3.7). Returns pages moved; 0 also when the
 * block crosses the end of the zone. Does not retag the block.
 */
unsigned long move_freepages_block(struct zone *z, struct page *page, enum migratetype type);

#endif
