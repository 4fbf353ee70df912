/*
 * mprotect (see mm.h): the VMAs first, then the entries that exist, then the TLBs.
 */
#include "kernel/core/sched/smp.h"
#include "mm/space/pgtable.h"
#include "mm/space/vma.h"

/* The zero page is never written, nor is what reclaim has taken meanwhile. */
static void change_entry(const struct memory *m, uint64_t *pte, bool on)
{
	uint64_t old;

	do
		old = READ_ONCE(*pte);
	while (entry_page(m, old) &&
		!pte_change(pte, old, on ? old | PTE_WRITE : old & ~PTE_WRITE));
}

/* A file is not written to. */
static bool set_write(struct mm *mm, struct vma *v, bool on)
{
	if (on && (v->flags & VM_FILE))
		return false;
	v->flags = on ? v->flags | VM_WRITE : v->flags & ~VM_WRITE;
	for (uint64_t addr = v->start; addr < v->end; addr += PAGE_SIZE) {
		uint64_t *pte = pte_find(mm, addr);

		if (pte)
			change_entry(mm->memory, pte, on);
	}
	tlb_flush_mm(mm->pgd);
	return true;
}

int mm_protect(struct mm *mm, uint64_t start, uint64_t len, bool write)
{
	return mm_change_range(mm, start, len, set_write, write);
}
