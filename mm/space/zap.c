/*
 * Taking pages out of an address space (see zap.h).
 */
#include "kernel/core/sched/sched.h"
#include "mm/space/mlock.h"
#include "mm/space/pgtable.h"
#include "mm/space/zap.h"
#include "mm/swap/swap_cache.h"

#define PMD_SIZE (1ull << 21)

/* Pages that have gone and are not yet taken out of the accounts: all of one zone. */
struct tally {
	struct zone *zone;
	long pages;
};

static void settle(struct mm *mm, struct tally *t)
{
	if (!t->pages)
		return;
	zone_stat_add(t->zone, NR_ZONE_ACTIVE_ANON, -t->pages);
	atomic_add(&mm->anon_rss, -t->pages);
	t->pages = 0;
}

/* A locked one, or one that is not anonymous, or one that is, or was, in swap. */
static noinline void uncharge_special(struct mmu_gather *g, struct page *page)
{
	struct mm *mm = g->mm;
	struct memory *m = mm->memory;
	bool shmem = page->flags & PG_SHMEM;

	page_munlock(m, page);
	zone_stat_add(page_zone(m, page), lru_of(shmem), -1);
	atomic_add(shmem ? &mm->shmem_rss : &mm->anon_rss, -1);
	if (shmem)
		atomic_add(&m->nr_shmem, -1);
	page_clear(page, PG_SHMEM);
	g->flagged |= page_has(page, ~0u);
}

static inline void uncharge(struct mmu_gather *g, struct mm *mm, struct page *page, struct tally *t)
{
	struct zone *z = page_zone(mm->memory, page);

	if (unlikely(page->flags)) {
		uncharge_special(g, page);
		return;
	}
	if (unlikely(z != t->zone)) {
		settle(mm, t);
		t->zone = z;
	}
	t->pages++;
}

static inline void zap_present(
	struct mmu_gather *g, uint64_t *pte, const struct zap_details *details, struct tally *t)
{
	struct mm *mm = g->mm;
	/* Others may fault meanwhile: what they wrote into the page struct comes with the entry. */
	uint64_t entry = __atomic_exchange_n(pte, 0, __ATOMIC_ACQUIRE);
	struct page *page = phys_to_page(mm->memory, entry & PTE_ADDR);

	if (unlikely(entry & PTE_SPECIAL)) {
		g->stale = true; /* nothing to free, but CPUs may know the entry */
		return;
	}
	/* The seed's place: the entry is gone, the page stays with whoever writes it back. */
	if (unlikely(details && details->ignore_dirty && (page->flags & PG_SHMEM) &&
		    (entry & PTE_DIRTY)))
		return;
	uncharge(g, mm, page, t);
	page->mapcount--;
	gather_page(g, page);
}

/* An entry that is neither empty nor present names a slot in swap. False: a fault was faster. */
static noinline bool zap_swap_entry(
	struct mm *mm, uint64_t *pte, uint64_t entry, const struct zap_details *details)
{
	if (details && !details->check_swap_entries)
		return true;
	if (!pte_change(pte, entry, 0))
		return false;
	atomic_add(&mm->swapents, -1);
	free_swap_and_cache(mm->memory, pte_to_swp_entry(entry));
	return true;
}

static void zap_table(
	struct mmu_gather *g, uint64_t *pte, unsigned long n, const struct zap_details *details)
{
	struct tally t = {NULL, 0};

	for (; n; n--, pte++) {
		uint64_t entry = READ_ONCE(*pte);

		if (unlikely(!(entry & PTE_PRESENT)) &&
			(!entry || zap_swap_entry(g->mm, pte, entry, details)))
			continue;
		zap_present(g, pte, details, &t);
	}
	settle(g->mm, &t);
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
