/*
 * Pages leave the lists, and come back (see isolate.h).
 */
#include "mm/lru/isolate.h"
#include "mm/lru/pagevec.h"

struct walk {
	struct memory *memory;
	struct list_head *src, *dst;
	enum zone_type highest;
	struct list_head skipped;
	unsigned long nr_skipped[MAX_NR_ZONES], nr_taken[MAX_NR_ZONES];
	unsigned long scanned, taken, all_skipped;
};

/* A page without references is about to be freed by somebody who waits for lru_lock (§17.8). */
static void take(struct walk *w, struct page *page)
{
	list_del(&page->lru);
	if (!page_get_unless_zero(page)) {
		list_add(&page->lru, w->src);
		return;
	}
	page_clear(page, PG_LRU);
	list_add(&page->lru, w->dst);
	w->nr_taken[page_zone(w->memory, page)->type]++;
	w->taken++;
}

static void visit(struct walk *w, struct page *page)
{
	enum zone_type zone = page_zone(w->memory, page)->type;

	if (zone <= w->highest) {
		w->scanned++;
		take(w, page);
		return;
	}
	list_del(&page->lru);
	list_add(&page->lru, &w->skipped);
	w->nr_skipped[zone]++;
}

/* The last one that was passed over is the first one then. They count a quarter, or in full if no other is left. */
static void put_back_skipped(struct walk *w)
{
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		if (w->nr_skipped[i])
			mm_event_add(w->memory, PGSCAN_SKIP + i, w->nr_skipped[i]);
		w->all_skipped += w->nr_skipped[i];
	}
	if (!w->all_skipped)
		return;
	w->scanned += list_empty(w->src) ? w->all_skipped : w->all_skipped >> 2;
	while (!list_empty(&w->skipped)) {
		struct list_head *last = w->skipped.prev;

		list_del(last);
		list_add(last, w->src);
	}
}

/* Once for each zone (§16.8). */
static void count(struct walk *w, enum lru_list lru)
{
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		long n = w->nr_taken[i];

		if (!n)
			continue;
		node_stat_mod(w->memory, NR_INACTIVE_ANON + lru, -n);
		zone_stat_mod(&w->memory->zone[i], NR_ZONE_INACTIVE_ANON + lru, -n);
	}
}

unsigned long isolate_lru_pages(struct memory *m, enum lru_list lru, unsigned long n,
	enum zone_type highest, struct list_head *taken, struct isolation *met)
{
	struct walk w = {
		.memory = m, .src = &m->node.lru.list[lru], .dst = taken, .highest = highest};

	list_init(&w.skipped);
	while (w.scanned < n && w.taken < n && !list_empty(w.src))
		visit(&w, list_entry(w.src->prev, struct page, lru));
	put_back_skipped(&w);
	count(&w, lru);
	*met = (struct isolation){w.scanned, w.all_skipped};
	return w.taken;
}

bool isolate_lru_page(struct memory *m, struct page *page)
{
	unsigned long flags;
	bool listed;

	if (!page_has(page, PG_LRU))
		return false;
	flags = spin_lock_irqsave(&m->node.lru_lock);
	listed = page_clear(page, PG_LRU);
	if (listed) {
		page_get(page);
		lru_del(m, page);
	}
	spin_unlock_irqrestore(&m->node.lru_lock, flags);
	return listed;
}

void lru_add_unevictable(struct memory *m, struct page *page)
{
	unsigned long flags = spin_lock_irqsave(&m->node.lru_lock);

	page_clear(page, PG_ACTIVE);
	page_set(page, PG_UNEVICTABLE | PG_LRU);
	lru_add_head(m, page);
	spin_unlock_irqrestore(&m->node.lru_lock, flags);
}

/*
 * Whoever unlocks a page in memory clears its flag first and isolates it then; who puts it here looks at the
 * flag after it can be isolated. So one of the two sees the other: both are bits of one word.
 */
void putback_lru_page(struct memory *m, struct page *page)
{
	bool was_unevictable = page_clear(page, PG_UNEVICTABLE);

	while (!page_evictable(page)) {
		lru_add_unevictable(m, page);
		if (!page_evictable(page) || !isolate_lru_page(m, page)) {
			if (!was_unevictable)
				mm_event_add(m, UNEVICTABLE_PGCULLED, 1);
			page_put(m, page);
			return;
		}
		page_put(m, page); /* of two isolations one reference is enough */
		page_clear(page, PG_UNEVICTABLE);
	}
	if (was_unevictable)
		mm_event_add(m, UNEVICTABLE_PGRESCUED, 1);
	lru_cache_add(m, page);
}
