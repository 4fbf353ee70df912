/*
 * An address space on a machine with swap, for the tests of what reclaim does with its pages: looks at who
 * uses them, and unmaps them.
 */
#ifndef HOST_UNMAP_CASE_H
#define HOST_UNMAP_CASE_H

#include "swap/swap_case.h"

#include "mm/page/vmstat.h"
#include "mm/space/pgtable.h"
#include "mm/space/rmap.h"

#define AT(page)   (APP_BASE + (uint64_t)(page)*PAGE_SIZE)
#define LEN(pages) ((uint64_t)(pages)*PAGE_SIZE)

static struct mm *mm;
static struct swap_area *area;
static long free_before;

static inline void space_start(unsigned int cpus)
{
	swap_start(cpus);
	free_before = all_free(m);
	area = add_area(&fake_card, 200, 0);
	mm = mm_create(m);
	for (unsigned int cpu = cpus; cpus > 1 && cpu--;) {
		become_cpu(cpu);
		become(task_new("thread", 10 + cpu, mm));
	}
}

static inline void map(unsigned int page, unsigned int pages, unsigned int flags)
{
	assert_int_equal(mm_map_fixed(mm, AT(page), LEN(pages), flags, NULL, 0), 0);
}

static inline uint64_t *pte_at(unsigned int page)
{
	return pte_find(mm, AT(page));
}

static inline struct page *page_at(unsigned int page)
{
	return entry_page(m, *pte_at(page));
}

/* Written to, as long ago as may be: dirty, and not young. */
static inline struct page *old_page(unsigned int page)
{
	assert_int_equal(
		mm_fault(mm, AT(page), find_vma(mm, AT(page))->flags & VM_WRITE), FAULT_OK);
	*pte_at(page) &= ~PTE_ACCESSED;
	lru_add_drain(m); /* on its list, which holds no reference */
	return page_at(page);
}

/* In the hands of reclaim: with a reference, locked, and in the swap cache. */
static inline struct page *held_page(unsigned int page)
{
	struct page *p = old_page(page);

	page_get(p);
	assert_true(trylock_page(p));
	assert_true(add_to_swap(m, p));
	return p;
}

/* And not any more: what nobody maps leaves the cache. */
static inline void let_go(struct page *page)
{
	if (page_has(page, PG_SWAPCACHE) && !page->mapcount) {
		page_clear(page, PG_DIRTY);
		swap_remove_mapping(m, page);
	}
	unlock_page(m, page);
	page_put(m, page);
}

static inline void assert_counts(long rss, long swapents)
{
	assert_int_equal(mm->anon_rss, rss);
	assert_int_equal(mm->swapents, swapents);
	swap_valid();
}

/* The last user goes: nothing is left. */
static inline void space_finish(void)
{
	assert_true(mm_put_user(mm));
	swap_valid();
	assert_int_equal(m->nr_mms, 0);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_ACTIVE_ANON), 0);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_UNEVICTABLE), 0);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 0);
	assert_null(swap_off_all(m));
	assert_no_nodes(m, free_before);
}

static inline int space_setup(void **state)
{
	int err = twin_setup(state);

	space_start(1);
	return err;
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, space_setup, twin_teardown)

#endif
