/*
 * What becomes of isolated pages of an inactive list, one by one (§17.10a; see scan.h). A page takes the steps
 * in their order until one says what becomes of it.
 */
#include "kernel/core/sched/sched.h"
#include "mm/alloc/page_alloc.h"
#include "mm/lru/lru.h"
#include "mm/page/mm_trace.h"
#include "mm/page/page_lock.h"
#include "mm/reclaim/node_flags.h"
#include "mm/reclaim/references.h"
#include "mm/space/rmap.h"
#include "mm/space/shmem.h"
#include "mm/swap/swap_cache.h"

enum fate {
	GO_ON,
	FREE,     /* nobody has it any more; locked */
	ACTIVATE, /* locked */
	KEEP,     /* locked */
	UNLOCKED, /* keep it; its lock has been given up */
	CULL,     /* it is locked in memory; locked */
};

struct shrink {
	struct scan_control *sc;
	struct shrink_result *result;
	struct tlb_batch tlb;
	struct page *page;
	struct list_head kept;
	struct page *freed[SWAP_CLUSTER_MAX];
	unsigned long nr_freed, activated;
	enum page_references references;
	bool lazy_free;    /* it was put into the swap cache just now */
	bool lazily_freed; /* and nobody has written to it */
	bool may_enter_fs;
};

static bool is_file(const struct page *page)
{
	return page_lru_class(page) == LRU_FILE;
}

/* Steps 3 to 5. Pages that somebody still has are counted twice: the more of these, the sooner is enough scanned. */
static enum fate look(struct shrink *s)
{
	struct scan_control *sc = s->sc;
	bool cached = page_has(s->page, PG_SWAPCACHE);

	sc->nr_scanned++;
	if (!page_evictable(s->page))
		return CULL;
	if (READ_ONCE(s->page->mapcount) || cached)
		sc->nr_scanned++;
	s->may_enter_fs = (sc->gfp & __GFP_FS) || (cached && (sc->gfp & __GFP_IO));
	s->lazy_free = s->lazily_freed = false;
	return GO_ON;
}

/* Step 6: anonymous pages report nothing. */
static void count_dirty(struct shrink *s)
{
	const struct page *page = s->page;
	bool dirty = page_has(page, PG_DIRTY), writeback = page_has(page, PG_WRITEBACK);

	if (!is_file(page))
		return;
	s->result->dirty += dirty || writeback;
	s->result->unqueued_dirty += dirty && !writeback;
	s->result->congested += writeback && page_has(page, PG_RECLAIM);
}

/* Step 7: nobody waits for it; it is moved to the list's tail when it has been written. */
static enum fate pass_over_writeback(struct shrink *s)
{
	if (!page_has(s->page, PG_WRITEBACK))
		return GO_ON;
	if (current_is_kswapd() && page_has(s->page, PG_RECLAIM) &&
		node_has(s->sc->memory, NODE_WRITEBACK)) {
		s->result->immediate++;
		return KEEP;
	}
	page_set(s->page, PG_RECLAIM);
	s->result->writeback++;
	return KEEP;
}

/* Step 8. */
static enum fate ask_users(struct shrink *s)
{
	s->references = page_check_references(s->sc->memory, s->page);
	if (s->references == PAGEREF_ACTIVATE)
		return ACTIVATE;
	return s->references == PAGEREF_KEEP ? KEEP : GO_ON;
}

/* Step 9. What is not anonymous is shmem's, which gets a slot when it is written, or was, and has no `mapping`. */
static enum fate give_slot(struct shrink *s)
{
	if (is_file(s->page) || page_has(s->page, PG_SWAPCACHE | PG_SHMEM) || !s->page->mapping)
		return GO_ON;
	if (!(s->sc->gfp & __GFP_IO))
		return KEEP;
	if (!add_to_swap(s->sc->memory, s->page))
		return ACTIVATE;
	s->lazy_free = true;
	s->may_enter_fs = true;
	return GO_ON;
}

/* Step 10. */
static enum fate unmap(struct shrink *s)
{
	if (!READ_ONCE(s->page->mapcount) || !s->page->mapping)
		return GO_ON;
	switch (try_to_unmap(s->sc->memory, s->page, s->lazy_free, &s->tlb)) {
	case SWAP_FAIL:
		return ACTIVATE;
	case SWAP_AGAIN:
		return KEEP;
	case SWAP_MLOCK:
		return CULL;
	case SWAP_LZFREE:
		s->lazily_freed = true;
		return GO_ON;
	case SWAP_SUCCESS:
		break;
	}
	return GO_ON;
}

/* After the write began, or has been done at once. */
static enum fate after_write(struct shrink *s)
{
	struct page *page = s->page;

	if (page_has(page, PG_WRITEBACK | PG_DIRTY) || !trylock_page(page))
		return UNLOCKED;
	return page_has(page, PG_WRITEBACK | PG_DIRTY) ? KEEP : GO_ON;
}

/* False: it had to be made dirty again. */
static bool writepage(struct memory *m, struct page *page)
{
	if (page_has(page, PG_SHMEM))
		return shmem_writepage(m, page);
	swap_writepage(m, page);
	return true;
}

/* Anybody but the cache, or the object, and us could still use it. One that was in an object has no `mapping`. */
static enum fate pageout(struct shrink *s)
{
	struct memory *m = s->sc->memory;
	struct page *page = s->page;

	if (READ_ONCE(page->refcount) != 2 || (!page->mapping && !page_has(page, PG_SWAPCACHE)))
		return KEEP;
	if (!page_clear(page, PG_DIRTY))
		return GO_ON;
	page_set(page, PG_RECLAIM);
	if (!writepage(m, page)) {
		page_clear(page, PG_RECLAIM);
		return ACTIVATE;
	}
	if (!page_has(page, PG_WRITEBACK))
		page_clear(page, PG_RECLAIM); /* it was written at once */
	trace_often(mm_vmscan_writepage, page_to_pfn(m, page), (long)RECLAIM_WB_ANON_ASYNC);
	node_stat_inc(m, NR_VMSCAN_WRITE);
	return after_write(s);
}

static enum fate leave_to_flusher(struct shrink *s)
{
	node_stat_inc(s->sc->memory, NR_VMSCAN_IMMEDIATE);
	page_set(s->page, PG_RECLAIM);
	return KEEP;
}

/* Step 11. */
static enum fate write_if_dirty(struct shrink *s)
{
	struct memory *m = s->sc->memory;

	if (s->lazily_freed || !page_has(s->page, PG_DIRTY))
		return GO_ON;
	if (is_file(s->page) && (!current_is_kswapd() || !node_has(m, NODE_DIRTY)))
		return leave_to_flusher(s);
	if (s->references == PAGEREF_RECLAIM_CLEAN || !s->may_enter_fs || !s->sc->may_writepage)
		return KEEP;
	try_to_unmap_flush_dirty(&s->tlb); /* nobody writes to it while it is being written */
	return pageout(s);
}

/* Step 14: nobody has found it meanwhile. */
static enum fate give_up(struct shrink *s)
{
	return remove_mapping(s->sc->memory, s->page) ? FREE : KEEP;
}

static enum fate take_steps(struct shrink *s)
{
	static enum fate (*const step[])(struct shrink * s) = {
		pass_over_writeback, ask_users, give_slot, unmap, write_if_dirty, give_up};
	enum fate fate = look(s);

	if (fate == GO_ON)
		count_dirty(s);
	for (size_t i = 0; fate == GO_ON && i < ARRAY_SIZE(step); i++)
		fate = step[i](s);
	return fate;
}

static void activate(struct shrink *s)
{
	struct memory *m = s->sc->memory;

	if (page_has(s->page, PG_SWAPCACHE) && vm_swap_full(m))
		try_to_free_swap(m, s->page);
	page_set(s->page, PG_ACTIVE);
	s->activated++;
}

/* Nobody has a reference but us, so nobody waits for the lock. */
static void collect(struct shrink *s)
{
	page_clear(s->page, PG_LOCKED);
	s->page->refcount = 0;
	if (s->lazily_freed)
		mm_event_add(s->sc->memory, PGLAZYFREED, 1);
	s->freed[s->nr_freed++] = s->page;
}

static void settle(struct shrink *s, enum fate fate)
{
	struct memory *m = s->sc->memory;

	if (fate == FREE) {
		collect(s);
		return;
	}
	if (fate == ACTIVATE)
		activate(s);
	if (fate == CULL && page_has(s->page, PG_SWAPCACHE))
		try_to_free_swap(m, s->page);
	if (fate != UNLOCKED)
		unlock_page(m, s->page);
	list_add(&s->page->lru, &s->kept);
}

static void visit(struct shrink *s, struct page *page)
{
	list_del(&page->lru);
	s->page = page;
	if (trylock_page(page))
		settle(s, take_steps(s));
	else
		list_add(&page->lru, &s->kept);
}

/* Cold, and the last one first. */
static void free_collected(struct shrink *s)
{
	struct memory *m = s->sc->memory;

	try_to_unmap_flush(&s->tlb);
	free_unused_pages(m, s->freed, s->nr_freed, true);
	mm_event_add(m, PGACTIVATE, s->activated);
}

unsigned long shrink_page_list(
	struct scan_control *sc, struct list_head *list, struct shrink_result *r)
{
	struct shrink s = {.sc = sc, .result = r};

	tlb_batch_init(&s.tlb);
	list_init(&s.kept);
	cond_resched();
	while (!list_empty(list)) {
		cond_resched();
		visit(&s, list_entry(list->prev, struct page, lru));
	}
	free_collected(&s);
	list_splice_init(&s.kept, list);
	return s.nr_freed;
}
