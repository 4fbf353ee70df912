/*
 * Taking pages out of an address space (see zap.h).
 */
#include "kernel/core/sched/sched.h"
#include "mm/lru/pagevec.h"
#include "mm/space/file_map.h"
#include "mm/space/mlock.h"
#include "mm/space/pgtable.h"
#include "mm/space/shmem.h"
#include "mm/space/zap.h"
#include "mm/swap/swap_cache.h"

#define PMD_SIZE (1ull << 21)

/* Anonymous pages that have gone and are not yet taken out of the accounts. */
static void settle(struct mm *mm, long pages)
{
	if (!pages)
		return;
	node_stat_add(mm->memory, NR_ANON_MAPPED, -pages);
	atomic_add(&mm->anon_rss, -pages);
}

/*
 * §28.1: it stays its object's, or its file's; what the entry knows of its use goes to the page. Nobody writes it to its slot
 * before all TLBs have forgotten it: until then the gathered reference is one too many.
 */
static void zap_object(struct mmu_gather *g, uint64_t entry, struct page *page)
{
	struct memory *m = g->mm->memory;

	if (entry & PTE_DIRTY)
		shmem_set_dirty(page); /* a file's is never written to */
	if ((entry & PTE_ACCESSED) && !g->sequential)
		mark_page_accessed(m, page);
	object_unmapped(m, object_rss(g->mm, page), page);
	gather_page(g, page);
}

/* A locked one, or one that is not anonymous, or one that is in the swap cache. As zap_present(). */
static noinline long zap_special(
	struct mmu_gather *g, uint64_t entry, struct page *page, const struct zap_details *details)
{
	if (page_has(page, PG_SHMEM | PG_FILE)) {
		/* The seed's place: the entry is gone, the page stays with whoever writes it back. */
		if (!details || !details->ignore_dirty || !(entry & PTE_DIRTY))
			zap_object(g, entry, page);
		return 0;
	}
	if (page_has(page, PG_MLOCKED))
		clear_page_mlock(g->mm->memory, page);
	g->flagged |= page_has(page, PG_SWAPCACHE);
	__atomic_fetch_sub(&page->mapcount, 1, __ATOMIC_RELAXED);
	gather_page(g, page);
	return 1;
}

/*
 * The entry is ours, unless it has changed: the processor marks it, and reclaim takes it. Others may fault
 * meanwhile: what they wrote into the page struct comes with the entry.
 */
static inline bool take_entry(uint64_t *pte, uint64_t *entry)
{
	return __atomic_compare_exchange_n(
		pte, entry, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/* `entry` has been taken. Returns how many anonymous pages are left to settle. */
static inline long zap_present(
	struct mmu_gather *g, uint64_t entry, const struct zap_details *details)
{
	struct mm *mm = g->mm;
	struct page *page = phys_to_page(mm->memory, entry & PTE_ADDR);

	if (unlikely(entry & PTE_SPECIAL)) {
		g->stale = true; /* nothing to free, but CPUs may know the entry */
		return 0;
	}
	if (unlikely(page_has(page, PG_MLOCKED | PG_SHMEM | PG_FILE | PG_SWAPCACHE)))
		return zap_special(g, entry, page, details);
	__atomic_fetch_sub(&page->mapcount, 1, __ATOMIC_RELAXED); /* before its VMA goes */
	gather_page(g, page);
	return 1;
}

/*
 * An entry that is neither empty nor present names a slot in swap. False: it has changed. Reclaim may not yet
 * have told the TLBs of the page that was there before: what is mapped there next must not be taken for it.
 */
static noinline bool zap_swap_entry(
	struct mmu_gather *g, uint64_t *pte, uint64_t entry, const struct zap_details *details)
{
	struct mm *mm = g->mm;

	if (details && !details->check_swap_entries)
		return true;
	if (!pte_change(pte, entry, 0))
		return false;
	g->stale = true;
	atomic_add(&mm->swapents, -1);
	free_swap_and_cache(mm->memory, pte_to_swp_entry(entry));
	return true;
}

static void zap_table(
	struct mmu_gather *g, uint64_t *pte, unsigned long n, const struct zap_details *details)
{
	long pages = 0;

	for (uint64_t *end = pte + n; pte < end;) {
		uint64_t entry = READ_ONCE(*pte);

		if (likely(entry & PTE_PRESENT)) {
			if (unlikely(!take_entry(pte, &entry)))
				continue;
			pages += zap_present(g, entry, details);
		} else if (entry && !zap_swap_entry(g, pte, entry, details))
			continue;
		pte++;
	}
	settle(g->mm, pages);
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
