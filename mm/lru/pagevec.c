/*
 * Pages wait for company (see pagevec.h).
 */
#include "kernel/core/sched/smp.h"
#include "mm/lru/lru_tally.h"
#include "mm/lru/pagevec.h"

/* lru_lock held. */
static void note_scanned(struct memory *m, const struct page *page, bool rotated)
{
	struct lruvec *l = &m->node.lru;

	l->recent_scanned[page_lru_class(page)]++;
	l->recent_rotated[page_lru_class(page)] += rotated;
}

/* How the balance sees pages that enter a list. */
static void settle_entered(struct memory *m, struct lru_tally *t)
{
	enum lru_class class = t->lru >= LRU_INACTIVE_FILE;
	bool active = t->lru == LRU_ACTIVE_ANON || t->lru == LRU_ACTIVE_FILE;

	m->node.lru.recent_scanned[class] += t->pages;
	if (active)
		m->node.lru.recent_rotated[class] += t->pages;
	lru_tally_settle(t);
}

/* `entered` of the run before have. */
static noinline struct list_head *start_run(
	struct memory *m, struct lru_tally *t, long entered, const struct page *page)
{
	t->pages = entered;
	if (entered)
		settle_entered(m, t);
	lru_tally_start(t, m, page, READ_ONCE(page->flags));
	return &m->node.lru.list[t->lru];
}

/*
 * Every new page of an app comes by here. The wait's reference goes as well; those that had no other stay in
 * `v`, to be freed. Others may lock a page of a file, or end its read: its list stays the same.
 */
static void enter_lists(struct memory *m, struct pagevec *v)
{
	struct lru_tally t = LRU_TALLY_INIT;
	struct page **end = v->page + v->nr, **unused = v->page, **first = v->page;
	struct list_head *list = NULL;

	for (struct page **at = v->page; at < end; at++) {
		struct page *page = *at;

		if (unlikely(!lru_tally_fits(&t, page, READ_ONCE(page->flags)))) {
			list = start_run(m, &t, at - first, page);
			first = at;
		}
		page_set(page, PG_LRU);
		list_add(&page->lru, list);
		if (unlikely(page_put_testzero(page)))
			*unused++ = page;
	}
	t.pages = end - first;
	settle_entered(m, &t);
	v->nr = unused - v->page;
}

/* With lru_lock they may have been on their way to be freed: so they are freed as others are. */
static noinline void free_unused(struct memory *m, struct pagevec *v)
{
	for (unsigned long i = 0; i < v->nr; i++)
		v->page[i]->refcount = 1;
	release_pages(m, v->page, v->nr);
	v->nr = 0;
}

static bool is_inactive(const struct page *page)
{
	return (READ_ONCE(page->flags) & (PG_LRU | PG_ACTIVE | PG_UNEVICTABLE)) == PG_LRU;
}

static void to_tails(struct memory *m, struct pagevec *v)
{
	unsigned long moved = 0;

	for (unsigned long i = 0; i < v->nr; i++) {
		struct page *page = v->page[i];

		if (!is_inactive(page))
			continue;
		list_del(&page->lru);
		list_add_tail(&page->lru, &m->node.lru.list[page_lru(page)]);
		moved++;
	}
	mm_event_add(m, PGROTATED, moved);
}

/* Nobody has a use for them, yet they cannot go now: reclaim is to find them first, unless they are mapped. */
static void to_inactive_tails(struct memory *m, struct pagevec *v)
{
	for (unsigned long i = 0; i < v->nr; i++) {
		struct page *page = v->page[i];
		bool was_active = page_has(page, PG_ACTIVE);

		if ((READ_ONCE(page->flags) & (PG_LRU | PG_UNEVICTABLE)) != PG_LRU ||
			READ_ONCE(page->mapcount))
			continue;
		lru_del(m, page);
		page_clear(page, PG_ACTIVE | PG_REFERENCED);
		lru_add_head(m, page);
		if (page_has(page, PG_DIRTY | PG_WRITEBACK)) {
			page_set(page, PG_RECLAIM); /* to the tail when it has been written */
		} else {
			list_del(&page->lru);
			list_add_tail(&page->lru, &m->node.lru.list[page_lru(page)]);
			mm_event_add(m, PGROTATED, 1);
		}
		mm_event_add(m, PGDEACTIVATE, was_active);
		note_scanned(m, page, false);
	}
}

static void to_active(struct memory *m, struct pagevec *v)
{
	for (unsigned long i = 0; i < v->nr; i++) {
		struct page *page = v->page[i];

		if (!is_inactive(page))
			continue;
		lru_del(m, page);
		page_set(page, PG_ACTIVE);
		lru_add_head(m, page);
		mm_event_add(m, PGACTIVATE, 1);
		note_scanned(m, page, true);
	}
}

static void put_all(struct memory *m, struct pagevec *v)
{
	unsigned long n = v->nr;

	v->nr = 0;
	release_pages(m, v->page, n);
}

/* Interrupts off. */
static always_inline void drain_new(struct memory *m, struct pagevec *v)
{
	spin_lock(&m->node.lru_lock);
	enter_lists(m, v);
	spin_unlock(&m->node.lru_lock);
	if (unlikely(v->nr))
		free_unused(m, v);
}

noinline void lru_cache_is_full(struct memory *m, struct pagevec *v)
{
	drain_new(m, v);
}

static void drain_listed(
	struct memory *m, struct pagevec *v, void (*act)(struct memory *m, struct pagevec *v))
{
	spin_lock(&m->node.lru_lock);
	act(m, v);
	spin_unlock(&m->node.lru_lock);
	put_all(m, v);
}

noinline void pagevec_drain(struct memory *m, enum pagevec_kind kind)
{
	static void (*const act[])(struct memory * m, struct pagevec * v) = {
		[PAGEVEC_ROTATE] = to_tails,
		[PAGEVEC_DEACTIVATE_FILE] = to_inactive_tails,
		[PAGEVEC_ACTIVATE] = to_active,
	};
	struct pagevec *v = &m->node.pagevec[kind][this_cpu_id()];

	if (kind == PAGEVEC_ADD)
		lru_cache_is_full(m, v);
	else
		drain_listed(m, v, act[kind]);
}

void lru_add_pages(struct memory *m, struct pagevec *v)
{
	unsigned long flags = irq_save();

	drain_new(m, v);
	irq_restore(flags);
}

/* It waits with others of its kind, with a reference. */
static void wait_with(struct memory *m, enum pagevec_kind kind, struct page *page)
{
	unsigned long flags;
	struct pagevec *v;

	page_get(page);
	flags = irq_save();
	v = &m->node.pagevec[kind][this_cpu_id()];
	v->page[v->nr++] = page;
	if (v->nr == PAGEVEC_SIZE)
		pagevec_drain(m, kind);
	irq_restore(flags);
}

/* The test comes again when it has lru_lock: until then others may move it. */
static void wait_if_inactive(struct memory *m, enum pagevec_kind kind, struct page *page)
{
	if (is_inactive(page))
		wait_with(m, kind, page);
}

void activate_page(struct memory *m, struct page *page)
{
	wait_if_inactive(m, PAGEVEC_ACTIVATE, page);
}

/* New pages that wait on this CPU go to the list that their flags say by then. */
static void activate_new(struct memory *m, struct page *page)
{
	unsigned long flags = irq_save();
	struct pagevec *v = &m->node.pagevec[PAGEVEC_ADD][this_cpu_id()];

	for (unsigned long i = 0; i < v->nr; i++)
		if (v->page[i] == page)
			page_set(page, PG_ACTIVE);
	irq_restore(flags);
}

void mark_page_accessed(struct memory *m, struct page *page)
{
	if (!page_has(page, PG_REFERENCED)) {
		page_set(page, PG_REFERENCED);
		return;
	}
	if (page_has(page, PG_ACTIVE | PG_UNEVICTABLE))
		return;
	if (page_has(page, PG_LRU))
		activate_page(m, page);
	else
		activate_new(m, page);
	page_clear(page, PG_REFERENCED);
	if (page_lru_class(page) == LRU_FILE)
		atomic_add(&m->node.lru.inactive_age, 1); /* §21 */
}

void rotate_reclaimable_page(struct memory *m, struct page *page)
{
	if (!page_has(page, PG_LOCKED | PG_DIRTY))
		wait_if_inactive(m, PAGEVEC_ROTATE, page);
}

void deactivate_file_page(struct memory *m, struct page *page)
{
	if (!page_has(page, PG_UNEVICTABLE))
		wait_with(m, PAGEVEC_DEACTIVATE_FILE, page);
}

static void drain_here(void *arg)
{
	struct memory *m = arg;

	for (int kind = 0; kind < NR_PAGEVECS; kind++)
		if (m->node.pagevec[kind][this_cpu_id()].nr)
			pagevec_drain(m, kind);
}

void lru_add_drain(struct memory *m)
{
	unsigned long flags = irq_save();

	drain_here(m);
	irq_restore(flags);
}

/* Only CPUs that have something are disturbed, as in 4.8. */
void lru_add_drain_all(struct memory *m)
{
	unsigned int mask = 0;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		for (int kind = 0; kind < NR_PAGEVECS; kind++)
			if (READ_ONCE(m->node.pagevec[kind][cpu].nr))
				mask |= 1u << cpu;
	if (mask)
		smp_call(mask, drain_here, m);
}
