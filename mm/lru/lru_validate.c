/*
 * The consistency check of the lists (see lru.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/lru/lru.h"
#include "mm/page/vmstat.h"

static char message[160];

static const char *const list_name[NR_LRU_LISTS] = {
	"inactive_anon", "active_anon", "inactive_file", "active_file", "unevictable"};

static const char *check_page(const struct memory *m, const struct page *page, enum lru_list lru)
{
	const char *wrong = NULL;

	if (!page_has(page, PG_LRU))
		wrong = "does not know it";
	else if (page_lru(page) != lru)
		wrong = "has flags of another list";
	else if (page_has(page, PG_BUDDY | PG_SLAB))
		wrong = "is free, or a slab";
	else if (page->refcount < 0 || page->mapcount < 0)
		wrong = "has a negative count";
	if (!wrong)
		return NULL;
	ksnprintf(message, sizeof(message), "lru: pfn %lu on list %s %s (flags %x)",
		page_to_pfn(m, page), list_name[lru], wrong, page->flags);
	return message;
}

static const char *check_zones(const struct memory *m, enum lru_list lru, const long *pages)
{
	const struct zone *z;

	for_each_zone(m, z) {
		long counted = zone_stat_exact(z, NR_ZONE_INACTIVE_ANON + lru);

		if (counted == pages[z->type])
			continue;
		ksnprintf(message, sizeof(message), "lru: %s %s is %ld, the list holds %ld",
			z->name, zone_stat_name[NR_ZONE_INACTIVE_ANON + lru], counted,
			pages[z->type]);
		return message;
	}
	return NULL;
}

static const char *check_list(const struct memory *m, enum lru_list lru)
{
	const struct list_head *list = &m->node.lru.list[lru];
	long pages[MAX_NR_ZONES] = {0}, sum = 0;

	for (const struct list_head *n = list->next; n != list; n = n->next, sum++) {
		const struct page *page = list_entry(n, struct page, lru);
		const char *err = check_page(m, page, lru);

		if (err)
			return err;
		if (n->next->prev != n || sum > (long)m->max_pfn)
			return "lru: a list does not close";
		pages[page_zone((struct memory *)m, page)->type]++;
	}
	if (sum != node_stat_exact(m, NR_INACTIVE_ANON + lru)) {
		ksnprintf(message, sizeof(message), "lru: node %s is %ld, the list holds %ld",
			node_stat_name[NR_INACTIVE_ANON + lru],
			node_stat_exact(m, NR_INACTIVE_ANON + lru), sum);
		return message;
	}
	return check_zones(m, lru, pages);
}

const char *lru_validate(const struct memory *m)
{
	const char *err = NULL;

	for (int lru = 0; !err && lru < NR_LRU_LISTS; lru++)
		err = check_list(m, lru);
	return err;
}
