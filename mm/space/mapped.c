/*
 * Pages that are mapped now (see mapped.h).
 */
#include "mm/space/mapped.h"
#include "mm/space/pgtable.h"
#include "mm/swap/swap_cache.h"

struct page *get_mapped(struct mm *mm, const uint64_t *pte)
{
	unsigned long flags = irq_save();
	struct page *page = entry_page(mm->memory, READ_ONCE(*pte));

	if (page)
		page_get(page);
	irq_restore(flags);
	return page;
}

long mm_swap_slot(struct mm *mm, uint64_t addr)
{
	uint64_t *pte, entry;

	down_read(&mm->mmap_sem);
	pte = pte_find(mm, addr);
	entry = pte ? READ_ONCE(*pte) : 0;
	up_read(&mm->mmap_sem);
	return entry && !(entry & PTE_PRESENT) ? (long)swp_offset(pte_to_swp_entry(entry)) : -1;
}
