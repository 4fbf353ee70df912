/*
 * Pages that are mapped now (see mapped.h).
 */
#include "mm/space/mapped.h"
#include "mm/space/pgtable.h"
#include "mm/space/shmem.h"
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

static long slot_in_table(struct mm *mm, uint64_t addr)
{
	uint64_t *pte = pte_find(mm, addr), entry = pte ? READ_ONCE(*pte) : 0;

	return entry && !(entry & PTE_PRESENT) ? (long)swp_offset(pte_to_swp_entry(entry)) : -1;
}

static long slot_in_object(struct memory *m, const struct vma *v, uint64_t addr)
{
	void *found = shmem_find(v->object, vma_index(v, addr));

	if (found && index_is_shadow(found))
		return swp_offset(shmem_slot_entry(found));
	if (found)
		page_put(m, found);
	return -1;
}

long mm_swap_slot(struct mm *mm, uint64_t addr)
{
	const struct vma *v;
	long slot;

	down_read(&mm->mmap_sem);
	slot = slot_in_table(mm, addr);
	v = slot < 0 ? find_vma(mm, addr) : NULL;
	if (v && (v->flags & VM_SHARED))
		slot = slot_in_object(mm->memory, v, addr);
	up_read(&mm->mmap_sem);
	return slot;
}
