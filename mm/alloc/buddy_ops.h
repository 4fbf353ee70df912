/*
 * The buddy allocator's two operations, inline, for the few places whose cost they are: buddy.c,
 * per-CPU lists, the page allocator's fast paths. Contexts as in buddy.h.
 *
 * Designed for few instructions. What is free of an order and type is also a bit of
 * zone->free_mask, so nobody searches empty lists. mem_map begins at a multiple of a top-order
 * block's page structs, so a block's buddy, and the first half of the two, are a matter of one bit
 * of the page's address.
 */
#ifndef MM_BUDDY_OPS_H
#define MM_BUDDY_OPS_H

#include "mm/alloc/buddy.h"

#define PAGE_STRUCTS(order) (sizeof(struct page) << (order)) /* bytes; a power of 2 */

static inline struct list_head *free_list_of(
	struct zone *z, unsigned int order, enum migratetype type)
{
	return &z->free_area[order].free_list[type];
}

/* One more, or one less, on the list of `area`, which is order log2(`bit`). */
static inline void count_in(
	struct zone *z, struct free_area *area, unsigned int bit, enum migratetype type)
{
	area->nr_free[type]++;
	z->free_mask[type] |= bit;
}

static inline void count_out(
	struct zone *z, struct free_area *area, unsigned int bit, enum migratetype type)
{
	if (--area->nr_free[type] == 0)
		z->free_mask[type] ^= bit;
}

/* The caller says what the page is now. */
static inline void take_off(struct zone *z, struct page *page, unsigned int order)
{
	list_del(&page->lru);
	count_out(z, &z->free_area[order], 1u << order, page->list_type);
}

static inline struct page *buddy_of(const struct page *page, unsigned long bytes)
{
	return (struct page *)((unsigned long)page ^ bytes);
}

static inline struct page *lower_of(const struct page *page, const struct page *buddy)
{
	return (struct page *)((unsigned long)page & (unsigned long)buddy);
}

/* Out of line, for a block near the zone's ends, where a buddy may be a hole or another zone's. */
void put_block_at_edge(
	struct zone *z, struct page *page, unsigned int order, enum migratetype type);

/* A final block's place: its list's tail when the next-higher buddy is free, as the two will likely
 * merge soon; else the head (§3.3). */
static inline void place_block(
	struct free_area *area, struct page *page, enum migratetype type, bool tail)
{
	struct list_head *list = &area->free_list[type];

	keep_in_register(list);
	if (tail)
		list_add_tail(&page->lru, list);
	else
		list_add(&page->lru, list);
}

/* No buddy of a block here is outside the zone. */
static inline bool is_inner(const struct zone *z, const struct page *page)
{
	return likely((unsigned long)page - z->inner_start < z->inner_len);
}

/*
 * Give an inner block back: merge (§3.2), place (§3.3); it goes to `type`'s list whatever it merges.
 * What depends on the order goes on with it, a variable each: a page's way up costs no shifts.
 */
static inline void put_inner_block(
	struct zone *z, struct page *page, unsigned int order, enum migratetype type)
{
	struct free_area *area = &z->free_area[order];
	uint32_t want = PAGE_STATE(PG_BUDDY, order, 0);
	unsigned long bytes = PAGE_STRUCTS(order);
	struct page *buddy;

	for (;;) {
		buddy = buddy_of(page, bytes);
		/* Of the largest order there may be no buddy, nor a struct for it. */
		if (bytes == PAGE_STRUCTS(MAX_ORDER - 1) || page_flags_order(buddy) != want)
			break;
		list_del(&buddy->lru);
		count_out(z, area, bytes / sizeof(struct page), buddy->list_type);
		buddy->state = 0;
		page = lower_of(page, buddy);
		area++;
		want += PAGE_STATE(0, 1, 0);
		bytes += bytes;
	}
	page->state = want;
	page->list_type = type;
	count_in(z, area, bytes / sizeof(struct page), type);
	place_block(area, page, type,
		bytes < PAGE_STRUCTS(MAX_ORDER - 2) &&
			page_flags_order(buddy_of(lower_of(page, buddy), 2 * bytes)) ==
				want + PAGE_STATE(0, 1, 0));
}

/* The same of any block. */
static inline void put_block(
	struct zone *z, struct page *page, unsigned int order, enum migratetype type)
{
	if (is_inner(z, page))
		put_inner_block(z, page, order, type);
	else
		put_block_at_edge(z, page, order, type);
}

/* The same, accounted. */
static inline void buddy_free(
	struct zone *z, struct page *page, unsigned int order, enum migratetype type)
{
	zone_stat_raise(z, NR_FREE_PAGES, 1l << order);
	put_block(z, page, order, type);
}

/* Halve again and again (§3.4); the upper halves go to the head of their lists. */
static inline void split_block(struct zone *z, struct page *page, unsigned int order,
	unsigned int found, enum migratetype type)
{
	for (unsigned int o = found; o-- > order;) {
		struct page *half = page + (1ul << o);

		half->state = PAGE_STATE(PG_BUDDY, o, type);
		list_add(&half->lru, free_list_of(z, o, type));
		z->free_area[o].nr_free[type]++;
	}
	z->free_mask[type] |= (1u << found) - (1u << order);
	page->state = PAGE_STATE(0, 0, type);
}

/* buddy_take() */
static inline struct page *take_block(struct zone *z, unsigned int order, enum migratetype type)
{
	unsigned int fits = z->free_mask[type] >> order, found;
	struct page *page;

	if (!fits)
		return NULL;
	found = order + __builtin_ctz(fits);
	page = list_first_entry(free_list_of(z, found, type), struct page, lru);
	list_del(&page->lru);
	count_out(z, &z->free_area[found], 1u << found, type);
	split_block(z, page, order, found, type);
	return page;
}

/* The same if there is a block of just this order, else NULL. */
static inline struct page *take_exact(struct zone *z, unsigned int order, enum migratetype type)
{
	struct free_area *area = &z->free_area[order];
	struct list_head *list = &area->free_list[type], *node;
	struct page *page;

	keep_in_register(list);
	node = list->next;
	if (unlikely(node == list))
		return NULL;
	page = list_entry(node, struct page, lru);
	list_del(node);
	count_out(z, area, 1u << order, type);
	page->state = PAGE_STATE(0, 0, type);
	return page;
}

/* Order of the largest block that could begin here. */
static inline unsigned int alignment_of(const struct page *page)
{
	return __builtin_ctzl((unsigned long)page / sizeof(struct page));
}

/*
 * What up to `most` calls of take_block() for order 0 would give one after the other, as far as it
 * is consecutive: its first page and length, or 0. All smaller lists are empty, so it does not
 * matter in which order the remainders come onto them. The pages' state is the caller's to set.
 */
static inline int take_run(struct zone *z, enum migratetype type, int most, struct page **first)
{
	unsigned int orders = z->free_mask[type], found, order;
	struct page *page, *rest, *end;

	if (!orders)
		return 0;
	found = __builtin_ctz(orders);
	page = list_first_entry(free_list_of(z, found, type), struct page, lru);
	list_del(&page->lru);
	count_out(z, &z->free_area[found], 1u << found, type);
	most = MIN(most, 1 << found);
	end = page + (1ul << found);
	for (rest = page + most; rest < end; rest += 1ul << order) {
		order = alignment_of(rest);
		rest->state = PAGE_STATE(PG_BUDDY, order, type);
		count_in(z, &z->free_area[order], 1u << order, type);
		list_add(&rest->lru, free_list_of(z, order, type));
	}
	*first = page;
	return most;
}

/*
 * put_block() of the single pages [page, end), one after the other, upwards or downwards: what
 * they form within the run never shows on a list.
 */
static inline void put_run(
	struct zone *z, struct page *page, struct page *end, enum migratetype type, bool down)
{
	while (page < end) {
		unsigned int fits = 63 - __builtin_clzl(end - page);
		unsigned int order =
			MIN(alignment_of(down ? end : page), MIN(fits, MAX_ORDER - 1u));

		if (down)
			end -= 1ul << order;
		put_block(z, down ? end : page, order, type);
		if (!down)
			page += 1ul << order;
	}
}

#endif
