/*
 * Page faults of apps: demand-zero pages, and first copies of their initial data (see mm.h). As long as
 * zeroes are only read, the zero page is there for all of them (4.8): mapped read-only, in no count
 * and on no list, never locked and never freed.
 */
#include <string.h>

#include "kernel/core/sched/smp.h"
#include "mm/lru/pagevec.h"
#include "mm/alloc/page_alloc.h"
#include "mm/space/anon_vma.h"
#include "mm/space/file_map.h"
#include "mm/space/mlock.h"
#include "mm/space/pgtable.h"
#include "mm/space/shmem.h"
#include "mm/space/swap_in.h"

#define PTE_OF_APP (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY | PTE_NX)

_Static_assert(VM_WRITE << 1 == PTE_WRITE, "one bit becomes the other");

static bool is_zero(const struct vma *vma, uint64_t addr)
{
	return likely(!vma->template || addr - vma->start >= vma->template_len);
}

/* A page with a part of the VMA's initial contents; what is left of it is zero. */
static noinline struct page *copied_page(struct memory *m, const struct vma *vma, uint64_t addr)
{
	uint64_t offset = addr - vma->start, left = vma->template_len - offset;
	bool whole = left >= PAGE_SIZE;
	struct page *page = alloc_pages(m, GFP_HIGHUSER_MOVABLE | (whole ? 0 : __GFP_ZERO), 0);

	if (page && whole)
		copy_page(page_address(m, page), vma->template + offset);
	else if (page)
		memcpy(page_address(m, page), vma->template + offset, left);
	if (page)
		page->state = PAGE_STATE(PG_ACTIVE, 0, 0);
	return page;
}

/*
 * The page of `vma` at `addr`, with its initial contents, which are known to be zeroes or not; NULL: no
 * memory.
 */
static always_inline struct page *new_page(
	struct mm *mm, const struct vma *vma, uint64_t addr, bool zeroes)
{
	struct page *page;

	if (!zeroes && !is_zero(vma, addr))
		return copied_page(mm->memory, vma, addr);
	page = alloc_pages(mm->memory, GFP_HIGHUSER_MOVABLE | __GFP_ZERO, 0);
	if (likely(page))
		page->state = PAGE_STATE(PG_ACTIVE, 0, 0);
	return page;
}

static uint64_t zero_entry(const struct memory *m)
{
	return m->zero_pfn << PAGE_SHIFT | PTE_PRESENT | PTE_ACCESSED | PTE_NX | PTE_SPECIAL;
}

static uint64_t entry_for(const struct memory *m, const struct vma *vma, const struct page *page)
{
	return page_to_phys(m, page) | PTE_OF_APP | (vma->flags & VM_WRITE) << 1;
}

/*
 * A mapped page enters the accounts and the lists; the reference besides the entry's goes along. The
 * reaper may already have taken it out again: it, too, only reads the address space, so a counter may
 * be off by one for a moment.
 */
static inline void charge(struct mm *mm, const struct vma *vma, struct page *page)
{
	struct memory *m = mm->memory;

	node_stat_add(m, NR_ANON_MAPPED, 1);
	atomic_add(&mm->anon_rss, 1);
	if (unlikely(vma->flags & VM_LOCKED))
		mlock_new_page(m, page);
	else
		lru_cache_add(m, page);
}

/*
 * Until all TLBs have forgotten the zero page nobody writes to the page in its place: else one thread
 * would read zeroes where it knows that another one has written. Both read the same until then.
 */
static noinline void allow_write(struct mm *mm, uint64_t addr, uint64_t *pte, uint64_t entry)
{
	tlb_flush_page(mm->pgd, addr);
	/* Unless the reaper has taken it. Reclaim, which would mark it unused, learns of the page later. */
	pte_change(pte, entry & ~PTE_WRITE, entry);
}

/* A page of its own at an entry that is `old` so far: 0 for empty, or the zero page's. */
static always_inline enum fault_result map_page(
	struct mm *mm, struct vma *vma, uint64_t addr, uint64_t *pte, uint64_t old, bool zeroes)
{
	struct memory *m = mm->memory;
	struct page *page;
	uint64_t entry;

	if (unlikely(!vma_rmap(vma)) && !anon_vma_prepare(vma))
		return FAULT_OOM;
	page = new_page(mm, vma, addr, zeroes);
	if (unlikely(!page))
		return FAULT_OOM;
	page->users = PAGE_USERS(2, 1); /* the entry's reference, and one to be on a list with */
	page->mapping = vma_rmap(vma);
	page->index = addr >> PAGE_SHIFT;
	entry = entry_for(m, vma, page);
	if (unlikely(!pte_change(pte, old, old ? entry & ~PTE_WRITE : entry))) {
		page->users = PAGE_USERS(1, 0); /* a thread was faster */
		page->flags = 0;
		free_pages(m, page, 0);
		return FAULT_OK;
	}
	if (old)
		allow_write(mm, addr, pte, entry);
	charge(mm, vma, page);
	return FAULT_OK;
}

/*
 * The page is in swap, or has been read from there and is to be written; or another thread has served it
 * meanwhile.
 */
static noinline enum fault_result fault_on_other(struct mm *mm, struct vma *vma, uint64_t addr,
	unsigned int flags, uint64_t *pte, uint64_t old)
{
	if (!(old & PTE_PRESENT))
		return swap_in(mm, vma, addr, flags, pte, old);
	/* What allow_write() leaves for a moment is dirty, and not for us. */
	if ((flags & FAULT_WRITE) && !(old & (PTE_SPECIAL | PTE_WRITE | PTE_DIRTY)))
		return write_to_swapped_in(mm, pte, old);
	return FAULT_OK;
}

/* Mostly it is the zero page, and to be written. */
static noinline enum fault_result fault_on_present(struct mm *mm, struct vma *vma, uint64_t addr,
	unsigned int flags, uint64_t *pte, uint64_t old)
{
	if (unlikely(!(flags & FAULT_WRITE)) || unlikely((~old & (PTE_PRESENT | PTE_SPECIAL))))
		return fault_on_other(mm, vma, addr, flags, pte, old);
	return map_page(mm, vma, addr, pte, old, true);
}

static enum fault_result map_zero_page(struct mm *mm, uint64_t *pte)
{
	pte_change(pte, 0, zero_entry(mm->memory));
	return FAULT_OK;
}

/* A VMA that is not all zeroes in the beginning, or not its own, and no file's. */
static noinline enum fault_result fault_on_contents(
	struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags)
{
	uint64_t *pte = pte_make(mm, addr), old;

	if (!pte)
		return FAULT_OOM;
	old = READ_ONCE(*pte);
	if (old)
		return fault_on_present(mm, vma, addr, flags, pte, old);
	if (vma->flags & VM_SHARED)
		return shmem_fault(mm, vma, addr, flags, pte);
	if (!(flags & FAULT_WRITE) && is_zero(vma, addr))
		return map_zero_page(mm, pte);
	return map_page(mm, vma, addr, pte, 0, false);
}

enum fault_result kernel_fault_result(const struct mm *mm, enum fault_result result)
{
	return mm_test_flag(mm, MMF_UNSTABLE) && result != FAULT_RETRY ? FAULT_BAD_ADDRESS : result;
}

enum fault_result handle_mm_fault(struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags)
{
	uint64_t *pte, old;

	mm_event_add(mm->memory, PGFAULT, 1);
	if (unlikely(vma->template)) /* or its file, or its object */
		return vma->flags & VM_FILE ? do_read_fault(mm, vma, addr, flags) :
					      fault_on_contents(mm, vma, addr, flags);
	pte = pte_find(mm, addr);
	if (unlikely(!pte)) {
		pte = pte_make(mm, addr);
		if (!pte)
			return FAULT_OOM;
	}
	old = READ_ONCE(*pte);
	if (unlikely(old))
		return fault_on_present(mm, vma, addr, flags, pte, old);
	if (unlikely(!(flags & FAULT_WRITE)))
		return map_zero_page(mm, pte);
	return map_page(mm, vma, addr, pte, 0, true);
}
