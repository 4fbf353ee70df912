/*
 * One address space on a private machine, for the tests of what changes, unmaps and locks it. Pages
 * are numbered from APP_BASE on.
 */
#ifndef HOST_SPACE_H
#define HOST_SPACE_H

#include "twin.h"

#include "apps.h"
#include "host_machine.h"
#include "mm/index/index_node.h"
#include "mm/space/pgtable.h"
#include "mm/page/vmstat.h"

#define AT(page)   (APP_BASE + (uint64_t)(page)*PAGE_SIZE)
#define LEN(pages) ((uint64_t)(pages)*PAGE_SIZE)

static struct memory *m;
static struct mm *mm;
static long free_before;

static inline int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	free_before = all_free(m);
	mm = mm_create(m);
	return err;
}

static inline void map(unsigned int page, unsigned int pages, unsigned int flags)
{
	assert_int_equal(mm_map_fixed(mm, AT(page), LEN(pages), flags, NULL, 0), 0);
}

static inline void touch(unsigned int page, unsigned int pages)
{
	for (; pages--; page++)
		assert_int_equal(
			mm_fault(mm, AT(page), find_vma(mm, AT(page))->flags & VM_WRITE), FAULT_OK);
}

static inline uint64_t entry(unsigned int page)
{
	uint64_t *pte = pte_find(mm, AT(page));

	return pte ? *pte : 0;
}

static inline struct page *page_at(unsigned int page)
{
	assert_true(entry(page) & PTE_PRESENT);
	return pfn_to_page(m, (entry(page) & PTE_ADDR) >> PAGE_SHIFT);
}

/* The VMAs as "start-end:flags", in pages from APP_BASE. */
static inline const char *layout(void)
{
	static char text[512];
	size_t n = 0;
	struct vma *v;

	text[0] = '\0';
	list_for_each_entry(v, &mm->vmas, node)
		n += snprintf(text + n, sizeof(text) - n, "%lu-%lu:%x ",
			(unsigned long)((v->start - APP_BASE) >> PAGE_SHIFT),
			(unsigned long)((v->end - APP_BASE) >> PAGE_SHIFT), v->flags);
	return text;
}

/* Of the anonymous lists. */
static inline void assert_lists(long active, long inactive)
{
	lru_add_drain_all(m);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_ACTIVE_ANON), active);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_INACTIVE_ANON), inactive);
}

/* What it holds besides the struct, in pages, by the accounts of the machine. */
static inline void assert_accounts(long evictable, long unevictable, long shmem)
{
	lru_add_drain_all(m);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_ACTIVE_ANON) +
			memory_stat_exact(m, NR_ZONE_INACTIVE_ANON),
		evictable);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_UNEVICTABLE), unevictable);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), unevictable);
	assert_int_equal(node_stat_exact(m, NR_SHMEM), shmem);
	assert_int_equal(mm->shmem_rss, shmem);
	assert_int_equal(mm->anon_rss, evictable + unevictable - shmem);
}

/* The last user goes: nothing is left of it. */
static inline void assert_all_back(void)
{
	assert_true(mm_put_user(mm));
	index_release_all(m); /* shared memory's faults have preloaded */
	assert_int_equal(all_free(m), free_before);
	assert_int_equal(m->nr_mms, 0);
	assert_int_equal(node_stat_exact(m, NR_SHMEM), 0);
	assert_lists(0, 0);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_UNEVICTABLE), 0);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 0);
	assert_int_equal(memory_stat_exact(m, NR_PAGETABLE), 0);
	assert_valid(m);
}

/* Every test of a file that includes this starts with such an address space, empty. */
#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)

#endif
