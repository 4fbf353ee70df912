/*
 * Pages of an app in the hands of reclaim: isolated, and given to it as a list.
 */
#ifndef HOST_SCAN_CASE_H
#define HOST_SCAN_CASE_H

#include "space/unmap_case.h"

#include "reclaim/batch_case.h"

static inline void scan_start(unsigned int cpus)
{
	space_start(cpus);
	batch_start();
	map(0, 500, VM_WRITE);
}

/* As kswapd does, whoever the test is otherwise. */
static inline void be_kswapd(void)
{
	current->flags |= PF_KSWAPD | PF_SWAPWRITE;
}

/* isolated(), of the app's page, which has become inactive before. */
static inline struct page *victim_at(unsigned int page)
{
	struct page *p = isolated(old_page(page));

	page_clear(p, PG_ACTIVE);
	return p;
}

/* An app's page at the head of the inactive list, dirty and not used lately. */
static inline struct page *inactive_page(unsigned int page)
{
	struct page *p = old_page(page);

	assert_true(isolate_lru_page(m, p));
	page_clear(p, PG_ACTIVE);
	putback_lru_page(m, p);
	lru_add_drain(m);
	return p;
}

/* The n-th from a list's head. */
static inline struct page *nth_of(enum lru_list lru, unsigned int n)
{
	const struct list_head *p = m->node.lru.list[lru].next;

	while (n--)
		p = p->next;
	assert_ptr_not_equal(p, &m->node.lru.list[lru]);
	return list_entry(p, struct page, lru);
}

/* So many of the inactive ones change their order: the newest ones are the next to be looked at. */
static inline void inactive_tail_first(unsigned int n)
{
	struct list_head *list = &m->node.lru.list[LRU_INACTIVE_ANON], turned;

	list_init(&turned);
	while (n-- && !list_empty(list)) {
		struct list_head *p = list->next;

		list_del(p);
		list_add(p, &turned);
	}
	list_splice_init(&turned, list->prev);
}

/* victim_at(), and it has been in the swap cache for a while. */
static inline struct page *cached_victim_at(unsigned int page)
{
	struct page *p = victim_at(page);

	assert_true(trylock_page(p));
	assert_true(add_to_swap(m, p));
	unlock_page(m, p);
	return p;
}

/* It stays, on the inactive list or not, and nobody has its lock. */
static inline void assert_kept(const struct page *page, bool active)
{
	assert_false(page_has(page, PG_LOCKED | PG_LRU));
	assert_int_equal(page_has(page, PG_ACTIVE), active);
	assert_int_equal(m->event[PGACTIVATE], active);
}

static inline unsigned int slots_in_use(void)
{
	return area->inuse;
}

static inline int scan_setup(void **state)
{
	int err = twin_setup(state);

	scan_start(1);
	return err;
}

static inline void scan_finish(void)
{
	put_batch_back();
	space_finish();
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, scan_setup, twin_teardown)

#endif
