/*
 * Faults on files (§32.5; see file_map.h): first what is in memory around the address is mapped, and if
 * that was not enough the page is asked for. While it is being read nobody holds mmap_sem: the fault is
 * tried again.
 */
#include "kernel/core/sched/sched.h"
#include "mm/cache/filemap_fault.h"
#include "mm/cache/page_cache.h"
#include "mm/lru/lru.h"
#include "mm/page/page_lock.h"
#include "mm/space/file_map.h"
#include "mm/space/pgtable.h"

#define FAULT_AROUND_PAGES 16ul
#define FAULT_AROUND_BYTES (FAULT_AROUND_PAGES * PAGE_SIZE)
#define TABLE_BYTES        (PT_ENTRIES * (uint64_t)PAGE_SIZE)

static uint64_t entry_for(const struct memory *m, const struct vma *vma, const struct page *page)
{
	return page_to_phys(m, page) | PTE_PRESENT | PTE_ACCESSED |
		(vma->flags & VM_EXEC ? 0 : PTE_NX);
}

/*
 * The page is locked, and mapped where nothing is: its reference is the entry's then. False: a thread
 * was faster.
 */
static bool map_at(struct mm *mm, const struct vma *vma, uint64_t *pte, struct page *page)
{
	struct memory *m = mm->memory;

	if (!pte_change(pte, 0, entry_for(m, vma, page)))
		return false;
	object_mapped(m, &mm->file_rss, page);
	return true;
}

/* §41.1: the pages of a VMA that are mapped at once, by their addresses. */
struct around {
	struct mm *mm;
	struct vma *vma;
	uint64_t start, last;
	uint64_t *pte;  /* of `start`; NULL: it has no table, but ... */
	uint64_t table; /* ... one that is ready to be put there, or 0 */
};

static void set_place(struct around *a, uint64_t addr)
{
	const struct vma *v = a->vma;
	uint64_t table_end;

	a->start = MAX(addr & ~(FAULT_AROUND_BYTES - 1), v->start);
	table_end = (a->start & ~(TABLE_BYTES - 1)) + TABLE_BYTES;
	a->last = MIN(MIN(table_end, v->end), a->start + FAULT_AROUND_BYTES) - PAGE_SIZE;
}

/*
 * Is it to be mapped? Then it is locked. One with a marker is left to be faulted on, so that the marker
 * is met.
 */
static bool take(const struct address_space *as, struct page *page)
{
	if ((READ_ONCE(page->flags) & (PG_UPTODATE | PG_RECLAIM | PG_LOCKED)) != PG_UPTODATE ||
		!trylock_page(page))
		return false;
	if (page->mapping == as && page_has(page, PG_UPTODATE) && page->index < as->size)
		return true;
	unlock_page(as->memory, page);
	return false;
}

static bool map_around(struct around *a, struct page *page)
{
	uint64_t offset = page->index - vma_index(a->vma, a->start);

	if (!a->pte) {
		pte_table_install(a->mm, a->start, a->table);
		a->table = 0;
		a->pte = pte_find(a->mm, a->start);
	}
	return map_at(a->mm, a->vma, a->pte + offset, page);
}

static void map_found(struct around *a, struct page *page)
{
	struct file *f = a->vma->file;
	struct memory *m = a->mm->memory;
	bool mapped = false;

	if (take(f->mapping, page)) {
		if (f->ra.mmap_miss)
			f->ra.mmap_miss--;
		mapped = map_around(a, page);
		unlock_page(m, page);
	}
	if (!mapped)
		page_put(m, page);
}

/* Step 2; `pte` is the entry of `addr`, or NULL. Afterwards it may be there, or not. */
static void fault_around(struct mm *mm, struct vma *vma, uint64_t addr, uint64_t *pte)
{
	struct around a = {.mm = mm, .vma = vma};
	struct page *page[FAULT_AROUND_PAGES];
	unsigned int n;

	set_place(&a, addr);
	a.pte = pte ? pte - (addr - a.start) / PAGE_SIZE : pte_find(mm, a.start);
	if (!a.pte) {
		a.table = pte_table_alloc(mm);
		if (!a.table)
			return;
	}
	n = find_get_pages(vma->file->mapping, vma_index(vma, a.start), vma_index(vma, a.last),
		page, FAULT_AROUND_PAGES);
	for (unsigned int i = 0; i < n; i++)
		map_found(&a, page[i]);
	if (a.table)
		pte_table_free(mm, a.table);
}

static noinline unsigned int __do_fault(struct vma *vma, struct file_fault *f)
{
	const struct address_space *as = vma->file->mapping;

	return as->ops->fault ? as->ops->fault(f) : filemap_fault(f);
}

/* Step 7: the page, locked, and its reference. */
static enum fault_result finish(struct mm *mm, struct vma *vma, uint64_t addr, struct page *page)
{
	struct memory *m = mm->memory;
	uint64_t *pte = pte_make(mm, addr);
	bool mapped = pte && map_at(mm, vma, pte, page);

	unlock_page(m, page);
	if (!mapped)
		page_put(m, page);
	return pte ? FAULT_OK : FAULT_OOM;
}

/* Step 1 (b). */
static always_inline enum fault_result ask_for_page(
	struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags)
{
	struct file_fault f = {.file = vma->file,
		.pgoff = vma_index(vma, addr),
		.sequential = vma->flags & VM_SEQ_READ,
		.random = vma->flags & VM_RAND_READ,
		.tried = flags & FAULT_TRIED};
	unsigned int result = __do_fault(vma, &f);

	if (result & VM_FAULT_LOCKED)
		return finish(mm, vma, addr, f.page);
	if (result & VM_FAULT_RETRY) {
		current->fault_page = f.page;
		return FAULT_RETRY;
	}
	return result & VM_FAULT_OOM ? FAULT_OOM : FAULT_SIGBUS;
}

noinline enum fault_result do_read_fault(
	struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags, uint64_t *pte)
{
	if (!pte && !pmd_make(mm, addr))
		return FAULT_OOM;
	fault_around(mm, vma, addr, pte);
	if (!pte)
		pte = pte_find(mm, addr);
	if (pte && READ_ONCE(*pte))
		return FAULT_OK;
	return ask_for_page(mm, vma, addr, flags);
}

int wait_for_fault_page(struct mm *mm)
{
	struct page *page = current->fault_page;
	int err = 0;

	current->fault_page = NULL;
	if (page) {
		err = wait_on_page_locked_killable(mm->memory, page);
		page_put(mm->memory, page);
	}
	return err || fatal_signal_pending(current) ? -1 : 0;
}

/* Whoever is killed meanwhile does not get it: an app dies on the way out, the kernel's access has failed. */
enum fault_result mm_fault_rest(
	struct mm *mm, uint64_t addr, unsigned int flags, enum fault_result result)
{
	while (result == FAULT_RETRY) {
		if (wait_for_fault_page(mm))
			return flags & FAULT_KERNEL ? FAULT_BAD_ADDRESS : FAULT_OK;
		result = mm_fault_once(mm, addr, flags | FAULT_TRIED);
	}
	return result;
}
