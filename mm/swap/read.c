/*
 * Pages from swap into the cache, with those beside them (§20.10, §20.11).
 */
#include <errno.h>

#include "kernel/core/sched/sched.h"
#include "mm/alloc/page_alloc.h"
#include "mm/index/index_node.h"
#include "mm/lru/pagevec.h"
#include "mm/page/io_plug.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"

/* The page gets the slot, locked until it is read: 0; -EEXIST: look again; or there is no slot, or no node. */
static int take_slot(struct memory *m, struct page *page, swp_entry_t e)
{
	int err = swapcache_prepare(m, e);

	if (err)
		return err;
	page_set(page, PG_LOCKED);
	err = insert_swap_cache(m, page, e);
	if (err) {
		page_clear(page, PG_LOCKED); /* nobody has seen it */
		swapcache_free(m, e);
		return err;
	}
	page_get(page);
	lru_cache_add(m, page);
	return 0;
}

/* What may sleep, preloading, comes before the slot is prepared. */
static int add_new(struct memory *m, struct page *page, swp_entry_t e, gfp_t gfp)
{
	int err = index_preload(m, gfp & GFP_KERNEL);

	if (err)
		return err;
	err = take_slot(m, page, e);
	index_preload_end();
	if (err == -EEXIST)
		cond_resched();
	return err;
}

/* One page for all tries (§20.10); *fresh: what was not used. */
static struct page *find_or_add(
	struct memory *m, swp_entry_t e, gfp_t gfp, struct page **fresh, bool *begun)
{
	struct page *page;
	int err;

	do {
		page = find_swap_page(m, e);
		if (page)
			return page;
		if (!*fresh)
			*fresh = alloc_pages(m, gfp, 0);
		if (!*fresh)
			return NULL;
		err = add_new(m, *fresh, e, gfp);
	} while (err == -EEXIST);
	if (err)
		return NULL;
	page = *fresh;
	*fresh = NULL;
	*begun = true;
	return page;
}

struct page *read_swap_cache(struct memory *m, swp_entry_t e, gfp_t gfp, bool *begun)
{
	struct page *fresh = NULL, *page;

	*begun = false;
	page = find_or_add(m, e, gfp, &fresh, begun);
	if (fresh)
		page_put(m, fresh);
	if (*begun)
		swap_readpage(m, page);
	return page;
}

static unsigned long power_of_two_from(unsigned long n)
{
	unsigned long p = 4;

	while (p < n)
		p <<= 1;
	return p;
}

unsigned long swapin_nr_pages(struct memory *m, unsigned long offset)
{
	struct swap_state *s = &m->swap;
	unsigned long most = 1ul << m->tunables.page_cluster;
	unsigned long n;

	if (most <= 1)
		return 1;
	n = __atomic_exchange_n(&s->hits, 0, __ATOMIC_RELAXED) + 2;
	if (n == 2) {
		if (offset != s->prev_offset + 1 && offset != s->prev_offset - 1)
			n = 1;
		s->prev_offset = offset;
	} else {
		n = power_of_two_from(n);
	}
	n = MIN(n, most);
	n = MAX(n, s->last_window / 2);
	s->last_window = n;
	return n;
}

/* Those of the window, ascending; the header is none. Under one plug: neighbours are one request. */
static void read_window(struct memory *m, swp_entry_t e, gfp_t gfp, unsigned long n)
{
	unsigned long first = swp_offset(e) & ~(n - 1), last = swp_offset(e) | (n - 1);
	struct io_plug plug;
	struct page *page;
	bool begun;

	io_plug_start(m, &plug);
	for (unsigned long o = first ? first : 1; o <= last; o++) {
		page = read_swap_cache(m, swp_entry(swp_type(e), o), gfp, &begun);
		if (!page)
			continue;
		if (o != swp_offset(e))
			page_set(page, PG_RECLAIM);
		page_put(m, page);
	}
	io_plug_finish(m, &plug);
	lru_add_drain(m); /* now, so that a fault can make them active (trap 9) */
}

struct page *swapin_readahead(struct memory *m, swp_entry_t e, gfp_t gfp)
{
	unsigned long n = swapin_nr_pages(m, swp_offset(e));
	bool begun;

	if (n > 1)
		read_window(m, e, gfp, n);
	return read_swap_cache(m, e, gfp, &begun);
}
