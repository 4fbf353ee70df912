/*
 * Batches of pages from the lists, looked at, and put back (§17.9, §17.10; see scan.h).
 */
#include "kernel/core/sched/sched.h"
#include "kernel/core/time/time.h"
#include "mm/lru/isolate.h"
#include "mm/lru/pagevec.h"
#include "mm/page/mm_trace.h"
#include "mm/page/vmstat.h"
#include "mm/reclaim/node_flags.h"
#include "mm/reclaim/scan.h"
#include "mm/reclaim/throttle.h"
#include "mm/space/rmap.h"

/* Isolated pages of a class, and who has lost its last reference meanwhile. */
struct batch {
	struct memory *memory;
	enum lru_class class;
	struct list_head pages;
	unsigned long taken;
	struct page *unused[SWAP_CLUSTER_MAX];
	unsigned long nr_unused;
};

/* Interrupts off. */
static void count_isolated(const struct batch *b, long by)
{
	node_stat_mod(b->memory, NR_ISOLATED_ANON + b->class, by);
}

/* Returns how many were scanned, and in the batch how many were taken. */
static unsigned long isolate(
	const struct scan_control *sc, struct batch *b, enum lru_list lru, unsigned long n)
{
	struct memory *m = b->memory;
	struct isolation met;
	unsigned long flags;

	lru_add_drain(m);
	flags = spin_lock_irqsave(&m->node.lru_lock);
	b->taken = isolate_lru_pages(m, lru, n, sc->highest, &b->pages, &met);
	count_isolated(b, b->taken);
	m->node.lru.recent_scanned[b->class] += b->taken;
	node_stat_mod(m, NR_PAGES_SCANNED, met.scanned);
	spin_unlock_irqrestore(&m->node.lru_lock, flags);
	trace_often(mm_vmscan_lru_isolate, 0, sc->highest, sc->order, n, met.scanned, met.skipped,
		b->taken, b->class);
	return met.scanned;
}

static void batch_init(struct batch *b, struct memory *m, enum lru_class class)
{
	b->memory = m;
	b->class = class;
	b->nr_unused = 0;
	list_init(&b->pages);
}

/* To the head of its list; the isolation's reference goes. lru_lock held. */
static void put_back(struct batch *b, struct page *page)
{
	page_set(page, PG_LRU);
	lru_add_head(b->memory, page);
	if (!page_put_testzero(page))
		return;
	lru_del(b->memory, page);
	page_clear(page, PG_LRU | PG_ACTIVE);
	b->unused[b->nr_unused++] = page;
}

/* As the last step: those that nobody has any more are freed, cold. */
static void finish(struct batch *b, unsigned long flags)
{
	count_isolated(b, -b->taken);
	spin_unlock_irqrestore(&b->memory->node.lru_lock, flags);
	free_unused_pages(b->memory, b->unused, b->nr_unused, true);
}

static struct page *take_last(struct list_head *list)
{
	struct page *page = list_entry(list->prev, struct page, lru);

	list_del(&page->lru);
	return page;
}

/* §17.9, steps 6 to 8. */
static void put_back_inactive(struct batch *b, unsigned long reclaimed)
{
	struct memory *m = b->memory;
	unsigned long flags = spin_lock_irqsave(&m->node.lru_lock);

	mm_event_add(m, current_is_kswapd() ? PGSTEAL_KSWAPD : PGSTEAL_DIRECT, reclaimed);
	while (!list_empty(&b->pages)) {
		struct page *page = take_last(&b->pages);

		if (unlikely(!page_evictable(page))) {
			spin_unlock_irqrestore(&m->node.lru_lock, flags);
			putback_lru_page(m, page);
			flags = spin_lock_irqsave(&m->node.lru_lock);
			continue;
		}
		if (page_has(page, PG_ACTIVE))
			m->node.lru.recent_rotated[page_lru_class(page)]++;
		put_back(b, page);
	}
	finish(b, flags);
}

/* Fewer are left alone: they are what is used most. */
static bool some_zone_has_a_batch(const struct scan_control *sc, enum lru_list lru)
{
	const struct zone *z;

	for_each_zone(sc->memory, z)
		if (z->managed && z->type <= sc->highest &&
			zone_stat_exact(z, NR_ZONE_INACTIVE_ANON + lru) >= SWAP_CLUSTER_MAX)
			return true;
	return false;
}

/* Steps 9 to 13: what was met may call for a pause. */
static void heed(struct memory *m, const struct shrink_result *r, unsigned long taken)
{
	if (r->writeback && r->writeback == taken)
		node_set(m, NODE_WRITEBACK);
	if (r->dirty && r->dirty == r->congested)
		node_set(m, NODE_CONGESTED);
	if (r->unqueued_dirty == taken)
		node_set(m, NODE_DIRTY);
	if (r->immediate)
		congestion_wait(hz / 10);
	if (!current_is_kswapd())
		cond_resched(); /* 4.8 waits for a busy disk; one with blk-mq never says that it is */
}

unsigned long shrink_inactive_list(struct scan_control *sc, unsigned long n, enum lru_class class)
{
	struct memory *m = sc->memory;
	struct shrink_result r = {0};
	unsigned long scanned, reclaimed;
	struct batch b;

	if (!some_zone_has_a_batch(sc, 2 * class))
		return 0;
	if (!wait_for_isolated(sc, class))
		return SWAP_CLUSTER_MAX; /* it is being killed, and shall get on */
	batch_init(&b, m, class);
	scanned = isolate(sc, &b, 2 * class, n);
	mm_event_add(m, current_is_kswapd() ? PGSCAN_KSWAPD : PGSCAN_DIRECT, scanned);
	if (!b.taken)
		return 0;
	reclaimed = shrink_page_list(sc, &b.pages, &r);
	put_back_inactive(&b, reclaimed);
	heed(m, &r, b.taken);
	trace_often(mm_vmscan_lru_shrink_inactive, 0, scanned, reclaimed, sc->priority,
		(long)RECLAIM_WB_ANON_ASYNC);
	return reclaimed;
}

/* Pages of an active list that become inactive, or stay active; and how many of them were in use. */
struct deactivated {
	struct list_head pages, active;
	unsigned long rotated;
};

/* Code that is run stays in memory rather than pages that are read once (§17.10). */
static bool is_code(const struct page *page, unsigned int vm_flags)
{
	return (vm_flags & VM_EXEC) && page_lru_class(page) == LRU_FILE;
}

/* Used or not, unless it is code: it must be used once more while it is inactive (§16.9). */
static void deactivate(struct memory *m, struct page *page, struct deactivated *d)
{
	unsigned int vm_flags;

	if (unlikely(!page_evictable(page))) {
		putback_lru_page(m, page);
		return;
	}
	if (page_referenced(m, page, false, &vm_flags)) {
		d->rotated++;
		if (is_code(page, vm_flags)) {
			list_add(&page->lru, &d->active);
			return;
		}
	}
	page_clear(page, PG_ACTIVE);
	list_add(&page->lru, &d->pages);
}

/* §17.10, step 4. */
static void put_back_deactivated(struct batch *b, struct deactivated *d)
{
	struct memory *m = b->memory;
	unsigned long flags = spin_lock_irqsave(&m->node.lru_lock), moved = 0;

	m->node.lru.recent_rotated[b->class] += d->rotated;
	while (!list_empty(&d->active))
		put_back(b, take_last(&d->active));
	for (; !list_empty(&d->pages); moved++)
		put_back(b, take_last(&d->pages));
	mm_event_add(m, PGDEACTIVATE, moved);
	finish(b, flags);
}

void shrink_active_list(struct scan_control *sc, unsigned long n, enum lru_class class)
{
	struct memory *m = sc->memory;
	struct deactivated d = {.rotated = 0};
	struct batch b;

	batch_init(&b, m, class);
	list_init(&d.pages);
	list_init(&d.active);
	mm_event_add(m, PGREFILL, isolate(sc, &b, 2 * class + 1, n));
	while (!list_empty(&b.pages)) {
		cond_resched();
		deactivate(m, take_last(&b.pages), &d);
	}
	put_back_deactivated(&b, &d);
}
