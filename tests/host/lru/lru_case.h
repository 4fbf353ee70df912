/*
 * Pages for the tests of mm/lru: allocated, without an address space, with a reference that is the test's.
 */
#ifndef HOST_LRU_CASE_H
#define HOST_LRU_CASE_H

#include "../slab/slab_case.h"
#include "mm/lru/isolate.h"
#include "mm/lru/pagevec.h"

static struct memory *m;

/* On no list; of DMA32, or of DMA. */
static inline struct page *page_of(gfp_t zone, unsigned int flags)
{
	struct page *page = alloc_pages(m, GFP_KERNEL | zone, 0);

	assert_non_null(page);
	page->flags = flags;
	return page;
}

static inline struct page *new_page(unsigned int flags)
{
	return page_of(GFP_DMA32, flags);
}

/* It waits in this CPU's pagevec, which has a reference of its own. */
static inline struct page *added(struct page *page)
{
	page_get(page);
	lru_cache_add(m, page);
	return page;
}

/* It is on its list. */
static inline struct page *listed_in(gfp_t zone, unsigned int flags)
{
	struct page *page = added(page_of(zone, flags));

	lru_add_drain(m);
	return page;
}

static inline struct page *listed(unsigned int flags)
{
	return listed_in(GFP_DMA32, flags);
}

/* The n-th from the list's head. */
static inline struct page *nth(enum lru_list lru, unsigned int n)
{
	const struct list_head *list = &m->node.lru.list[lru], *p = list->next;

	while (p != list && n--)
		p = p->next;
	return p == list ? NULL : list_entry(p, struct page, lru);
}

static inline struct page *tail(enum lru_list lru)
{
	return list_entry(m->node.lru.list[lru].prev, struct page, lru);
}

static inline unsigned int length(enum lru_list lru)
{
	return list_length(&m->node.lru.list[lru]);
}

/* Of the anonymous class. */
static inline void assert_recent(unsigned long scanned, unsigned long rotated)
{
	assert_int_equal(m->node.lru.recent_scanned[LRU_ANON], scanned);
	assert_int_equal(m->node.lru.recent_rotated[LRU_ANON], rotated);
}

static inline void assert_anon(long inactive, long active)
{
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_ANON), inactive);
	assert_int_equal(node_stat_exact(m, NR_ACTIVE_ANON), active);
	assert_valid(m);
}

static inline int setup(void **state)
{
	int err = twin_setup(state);

	m = slab_machine(1);
	return err;
}

/* Every test of a file that includes this starts on such a machine. */
#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)

#endif
