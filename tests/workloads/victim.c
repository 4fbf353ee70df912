/*
 * A victim that needs memory (see victim.h). Pages are chained through page->lru.
 */
#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"
#include "kernel/task/app.h"
#include "mm/alloc/page_alloc.h"
#include "mm/show/show_mem.h"
#include "mm/page/vmstat.h"
#include "tests/workloads/victim.h"

static void counter(int n, const char *format, long value)
{
	char name[48];

	ksnprintf(name, sizeof(name), format, n);
	event_counter(name, value);
}

static void report(struct memory *m, int n, long reserve_pages, long preferred_pages)
{
	const struct zone *z;
	long highatomic = 0;

	for_each_populated_zone(m, z)
		highatomic += zone_free_of_type(z, MIGRATE_HIGHATOMIC);
	counter(n, COUNTER("victim%d_reserve_pages"), reserve_pages);
	counter(n, COUNTER("victim%d_preferred_pages"), preferred_pages);
	counter(n, COUNTER("victim%d_free_pages"), memory_stat_exact(m, NR_FREE_PAGES));
	counter(n, COUNTER("victim%d_free_highatomic"), highatomic);
}

static void give_back(struct memory *m, struct list_head *pages)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, pages, lru)
		free_pages(m, page, 0);
}

void victim_demand(int n)
{
	struct memory *m = &system_memory;
	struct list_head pages;
	struct page *page;
	const struct zone *preferred = m->zonelist[m->first_zone[ZONE_NORMAL]];
	long reserve_pages = 0, preferred_pages = 0;

	kernel_enter();
	list_init(&pages);
	while ((page = alloc_pages(m, GFP_KERNEL, 0))) {
		list_add_tail(&page->lru, &pages);
		reserve_pages += current->memdie;
		preferred_pages += current->memdie && page_zone(m, page) == preferred;
	}
	report(m, n, reserve_pages, preferred_pages);
	give_back(m, &pages);
	kernel_leave();
}
