/*
 * Page faults of apps: demand-zero pages, and first copies of their initial data (see mm.h).
 */
#include <string.h>

#include "mm/page_alloc.h"
#include "mm/pgtable.h"

#define PTE_OF_APP (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NX)

/* The page of `vma` at `addr`, with its initial contents; NULL when memory is refused. */
static struct page *new_anon_page(struct mm *mm, const struct vma *vma, uint64_t addr)
{
	struct memory *m = mm->memory;
	uint64_t offset = addr - vma->start;
	struct page *page;

	if (likely(!vma->template || offset >= vma->template_len))
		return alloc_pages(m, GFP_HIGHUSER_MOVABLE | __GFP_ZERO, 0);
	if (vma->template_len - offset >= PAGE_SIZE) {
		page = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0);
		if (page)
			copy_page(page_address(m, page), vma->template + offset);
		return page;
	}
	page = alloc_pages(m, GFP_HIGHUSER_MOVABLE | __GFP_ZERO, 0);
	if (page)
		memcpy(page_address(m, page), vma->template + offset, vma->template_len - offset);
	return page;
}

enum fault_result handle_mm_fault(struct mm *mm, struct vma *vma, uint64_t addr)
{
	struct memory *m = mm->memory;
	uint64_t *pte = pte_make(mm, addr);
	struct page *page;

	mm_event_add(m, PGFAULT, 1);
	if (unlikely(!pte))
		return FAULT_OOM;
	page = new_anon_page(mm, vma, addr);
	if (unlikely(!page))
		return FAULT_OOM;
	page->mapcount = 1;
	page->mapping = mm;
	page->index = addr >> PAGE_SHIFT;
	/* Another thread may have served the same page meanwhile. */
	if (unlikely(!pte_set_first(pte, page_to_pfn(m, page) << PAGE_SHIFT | PTE_OF_APP))) {
		page->mapcount = 0;
		free_pages(m, page, 0);
		return FAULT_OK;
	}
	atomic_add(&mm->anon_rss, 1);
	zone_stat_add(page_zone(m, page), NR_ZONE_ACTIVE_ANON, 1);
	return FAULT_OK;
}

enum fault_result mm_fault(struct mm *mm, uint64_t addr)
{
	enum fault_result result = FAULT_NO_VMA;
	struct vma *vma;

	addr &= ~(PAGE_SIZE - 1ull);
	down_read(&mm->mmap_sem);
	vma = find_vma(mm, addr);
	if (vma)
		result = handle_mm_fault(mm, vma, addr);
	up_read(&mm->mmap_sem);
	return result;
}
