/*
 * mlock and munlock (see mm.h and mlock.h).
 */
#include "mm/space/mlock.h"
#include "mm/space/pgtable.h"
#include "mm/space/vma.h"

static void account(struct memory *m, struct page *page, long delta)
{
	struct zone *z = page_zone(m, page);

	zone_stat_add(z, lru_of(page->flags & PG_SHMEM), -delta);
	zone_stat_add(z, NR_ZONE_UNEVICTABLE, delta);
	zone_stat_add(z, NR_MLOCK, delta);
}

/* Threads may come to the same page: one of them counts it. */
void page_mlock(struct memory *m, struct page *page)
{
	if (!(__atomic_fetch_or(&page->flags, PG_MLOCKED, __ATOMIC_RELAXED) & PG_MLOCKED))
		account(m, page, 1);
}

void page_munlock(struct memory *m, struct page *page)
{
	if (__atomic_fetch_and(&page->flags, (uint16_t)~PG_MLOCKED, __ATOMIC_RELAXED) & PG_MLOCKED)
		account(m, page, -1);
}

/* The page that is mapped there; NULL: none, or the zero page. */
static struct page *page_at(struct mm *mm, uint64_t addr)
{
	uint64_t *pte = pte_find(mm, addr);

	return pte ? entry_page(mm->memory, *pte) : NULL;
}

static void set_locked(struct mm *mm, struct vma *v, bool on)
{
	v->flags = on ? v->flags | VM_LOCKED : v->flags & ~VM_LOCKED;
	for (uint64_t addr = v->start; !on && addr < v->end; addr += PAGE_SIZE) {
		struct page *page = page_at(mm, addr);

		if (page)
			page_munlock(mm->memory, page);
	}
}

/*
 * Present, and locked if its VMA still is. What may be written gets a page of its own; what may only be
 * read stays the zero page, of which there is nothing to lock. mmap_sem held for read.
 */
static int populate_page(struct mm *mm, uint64_t addr)
{
	struct vma *v = find_vma(mm, addr);
	struct page *page;

	if (!v)
		return -1;
	if (!page_at(mm, addr) && handle_mm_fault(mm, v, addr, v->flags & VM_WRITE) != FAULT_OK)
		return -1;
	page = page_at(mm, addr);
	if (page && (v->flags & VM_LOCKED))
		page_mlock(mm->memory, page);
	return 0;
}

/* As after mlock(): the semaphore is free between the change of the VMAs and this. */
static int populate(struct mm *mm, uint64_t start, uint64_t end)
{
	int err = 0;

	for (; !err && start < end && !fatal_signal_pending(current); start += PAGE_SIZE) {
		down_read(&mm->mmap_sem);
		err = populate_page(mm, start);
		up_read(&mm->mmap_sem);
	}
	return err;
}

int mm_mlock(struct mm *mm, uint64_t start, uint64_t len)
{
	int err = mm_change_range(mm, start, len, set_locked, true);

	return err ? err : populate(mm, start, start + PAGE_ALIGN(len));
}

int mm_munlock(struct mm *mm, uint64_t start, uint64_t len)
{
	return mm_change_range(mm, start, len, set_locked, false);
}
