/*
 * The node's lists (see lru.h).
 */
#include "mm/lru/lru_tally.h"

void lru_init(struct memory *m)
{
	spin_lock_init(&m->node.lru_lock, "lru_lock");
	for (int i = 0; i < NR_LRU_LISTS; i++)
		list_init(&m->node.lru.list[i]);
}

static void count(struct memory *m, const struct page *page, enum lru_list lru, long by)
{
	node_stat_mod(m, NR_INACTIVE_ANON + lru, by);
	zone_stat_mod(page_zone(m, page), NR_ZONE_INACTIVE_ANON + lru, by);
}

void lru_add_head(struct memory *m, struct page *page)
{
	enum lru_list lru = page_lru(page);

	lock_debug_held(&m->node.lru_lock.info);
	list_add(&page->lru, &m->node.lru.list[lru]);
	count(m, page, lru, 1);
}

void lru_del(struct memory *m, struct page *page)
{
	lock_debug_held(&m->node.lru_lock.info);
	list_del(&page->lru);
	count(m, page, page_lru(page), -1);
}

void lru_tally_start(
	struct lru_tally *t, struct memory *m, const struct page *page, unsigned int flags)
{
	lock_debug_held(&m->node.lru_lock.info);
	t->zone = page_zone(m, page);
	t->lo = (uintptr_t)pfn_to_page(m, t->zone->start_pfn);
	t->len = t->zone->spanned << PAGE_STRUCT_SHIFT;
	t->flags = flags;
	t->lru = lru_of(flags);
}
