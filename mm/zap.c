/*
 * Taking pages out of an address space (see zap.h).
 */
#include "kernel/core/sched.h"
#include "mm/mlock.h"
#include "mm/pgtable.h"
#include "mm/zap.h"

#define PMD_SIZE (1ull << 21)

/* The page leaves the address space's and the machine's accounts. */
static void uncharge(struct mm *mm, struct page *page)
{
	struct memory *m = mm->memory;

	if (unlikely(page->flags & PG_MLOCKED))
		page_munlock(m, page);
	zone_stat_add(page_zone(m, page), NR_ZONE_ACTIVE_ANON, -1);
	if (likely(!(page->flags & PG_SHMEM))) {
		atomic_add(&mm->anon_rss, -1);
		return;
	}
	atomic_add(&mm->shmem_rss, -1);
	atomic_add(&m->nr_shmem, -1);
}

static void zap_present(struct mmu_gather *g, uint64_t *pte, const struct zap_details *details)
{
	struct mm *mm = g->mm;
	uint64_t entry = __atomic_exchange_n(pte, 0, __ATOMIC_RELAXED);
	struct page *page = pfn_to_page(mm->memory, (entry & PTE_ADDR) >> PAGE_SHIFT);

	/* The seed's place: the entry is gone, the page stays with whoever writes it back. */
	if (unlikely(details && details->ignore_dirty && (page->flags & PG_SHMEM) &&
		    (entry & PTE_DIRTY)))
		return;
	uncharge(mm, page);
	page->flags = 0;
	page->mapcount--;
	gather_page(g, page);
}

/* An entry that is neither empty nor present names a slot in swap. */
static void zap_swap_entry(struct mm *mm, uint64_t *pte, const struct zap_details *details)
{
	if (details && !details->check_swap_entries)
		return;
	*pte = 0;
	mm->swapents--;
}

static void zap_table(
	struct mmu_gather *g, uint64_t *pte, unsigned long n, const struct zap_details *details)
{
	for (; n; n--, pte++) {
		if (*pte & PTE_PRESENT)
			zap_present(g, pte, details);
		else if (unlikely(*pte))
			zap_swap_entry(g->mm, pte, details);
	}
}

void unmap_page_range(
	struct mmu_gather *g, uint64_t start, uint64_t end, const struct zap_details *details)
{
	while (start < end) {
		uint64_t next = MIN((start & ~(PMD_SIZE - 1)) + PMD_SIZE, end);
		uint64_t *pte = pte_find(g->mm, start);

		if (pte)
			zap_table(g, pte, (next - start) >> PAGE_SHIFT, details);
		start = next;
		cond_resched();
	}
}
