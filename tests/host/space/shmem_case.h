/*
 * Two address spaces that map one object of shared memory, on a machine with swap.
 */
#ifndef HOST_SHMEM_CASE_H
#define HOST_SHMEM_CASE_H

#include "unmap_case.h"

#include "mm/space/shmem.h"
#include "mm/space/swap_off.h"

#define PAGES 64
#define OTHER 128 /* the page at which the second one has it */

static struct mm *other;

/* `mm` has all of it from page 0 on, `other` from OTHER on. */
static inline void share(unsigned int flags)
{
	map(0, PAGES, flags | VM_SHARED);
	other = mm_create(m);
	assert_int_equal(
		mm_map_shared(other, AT(OTHER), LEN(PAGES), flags, find_vma(mm, AT(0))), 0);
}

static inline struct shmem *object(void)
{
	return list_entry(m->shmems.next, struct shmem, all);
}

/* Who has it at which page of his own. */
static inline uint64_t *pte_of(struct mm *who, unsigned int page)
{
	return pte_find(who, AT(page + (who == other ? OTHER : 0)));
}

static inline uint64_t entry_of(struct mm *who, unsigned int page)
{
	uint64_t *pte = pte_of(who, page);

	return pte ? *pte : 0;
}

static inline struct page *page_of(struct mm *who, unsigned int page)
{
	return entry_page(m, entry_of(who, page));
}

static inline void fault(struct mm *who, unsigned int page, unsigned int flags)
{
	assert_int_equal(mm_fault(who, AT(page + (who == other ? OTHER : 0)), flags), FAULT_OK);
}

static inline uint64_t *word_of(struct mm *who, unsigned int page)
{
	return page_address(m, page_of(who, page));
}

/* As the processor does it. */
static inline void write_to(struct mm *who, unsigned int page, uint64_t value)
{
	if (!(entry_of(who, page) & PTE_WRITE))
		fault(who, page, FAULT_WRITE);
	*pte_of(who, page) |= PTE_ACCESSED | PTE_DIRTY;
	word_of(who, page)[0] = word_of(who, page)[511] = value;
}

static inline void assert_reads(struct mm *who, unsigned int page, uint64_t value)
{
	if (!entry_of(who, page))
		fault(who, page, 0);
	*pte_of(who, page) |= PTE_ACCESSED;
	assert_int_equal(word_of(who, page)[0], value);
	assert_int_equal(word_of(who, page)[511], value);
}

static inline int out(struct mm *who, unsigned int page)
{
	return mm_swap_out(who, AT(page + (who == other ? OTHER : 0)));
}

static inline void assert_pages(long shmem, long mapped, long first, long second)
{
	assert_int_equal(node_stat_exact(m, NR_SHMEM), shmem);
	assert_int_equal(node_stat_exact(m, NR_FILE_PAGES), shmem + m->swap.cached);
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), mapped);
	assert_int_equal(mm->shmem_rss, first);
	if (other)
		assert_int_equal(other->shmem_rss, second);
	assert_valid(m);
}

/* Nobody has it any more, and nothing is left. */
static inline void share_finish(void)
{
	if (other)
		assert_true(mm_put_user(other));
	other = NULL;
	space_finish();
	assert_true(list_empty(&m->shmems));
	assert_int_equal(node_stat_exact(m, NR_SHMEM), 0);
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), 0);
	assert_int_equal(node_stat_exact(m, NR_FILE_PAGES), 0);
}

#endif
