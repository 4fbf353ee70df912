/*
 * mlock and munlock (see mm.h and mlock.h).
 */
#include "mm/lru/isolate.h"
#include "mm/lru/pagevec.h"
#include "mm/page/page_lock.h"
#include "mm/space/file_map.h"
#include "mm/space/mapped.h"
#include "mm/space/mlock.h"
#include "mm/space/pgtable.h"
#include "mm/space/rmap.h"
#include "mm/space/shmem.h"
#include "mm/space/vma.h"

/* Threads may come to the same page: one of them counts it. */
static bool mark(struct memory *m, struct page *page)
{
	if (page_set(page, PG_MLOCKED))
		return false;
	zone_stat_add(page_zone(m, page), NR_MLOCK, 1);
	mm_event_add(m, UNEVICTABLE_PGMLOCKED, 1);
	return true;
}

void page_mlock(struct memory *m, struct page *page)
{
	if (mark(m, page) && isolate_lru_page(m, page))
		putback_lru_page(m, page);
}

void mlock_new_page(struct memory *m, struct page *page)
{
	mark(m, page);
	lru_add_unevictable(m, page);
	page_put(m, page);
}

static void count_stranded(struct memory *m, const struct page *page, enum mm_event otherwise)
{
	enum mm_event event = page_has(page, PG_UNEVICTABLE) ? UNEVICTABLE_PGSTRANDED : otherwise;

	if (event != NR_MM_EVENTS)
		mm_event_add(m, event, 1);
}

void clear_page_mlock(struct memory *m, struct page *page)
{
	if (!page_clear(page, PG_MLOCKED))
		return;
	zone_stat_add(page_zone(m, page), NR_MLOCK, -1);
	mm_event_add(m, UNEVICTABLE_PGCLEARED, 1);
	if (isolate_lru_page(m, page))
		putback_lru_page(m, page);
	else
		count_stranded(m, page, NR_MM_EVENTS);
}

/*
 * As 4.8's batch does it (§30c): a page that is on no list loses the flag, and stays in the count of locked
 * pages for ever. True: it is isolated.
 */
static bool unmark(struct memory *m, struct page *page)
{
	if (!page_clear(page, PG_MLOCKED))
		return false;
	if (isolate_lru_page(m, page))
		return true;
	count_stranded(m, page, UNEVICTABLE_PGMUNLOCKED);
	return false;
}

/* Isolated pages go straight to their lists. */
static void put_back(struct memory *m, struct pagevec *v)
{
	unsigned long rescued = 0;

	mm_event_add(m, UNEVICTABLE_PGMUNLOCKED, v->nr);
	for (unsigned long i = 0; i < v->nr; i++) {
		struct page *page = v->page[i];

		zone_stat_add(page_zone(m, page), NR_MLOCK, -1);
		rescued += page_clear(page, PG_UNEVICTABLE);
	}
	mm_event_add(m, UNEVICTABLE_PGRESCUED, rescued);
	lru_add_pages(m, v);
}

/*
 * The page that is mapped there, with a reference; NULL: none, or the zero page. Whoever walks the reverse map
 * waits: so it stays mapped until we have that, even where `mm` is loaded nowhere.
 */
static struct page *get_page_at(struct mm *mm, struct vma *v, uint64_t addr)
{
	uint64_t *pte = pte_find(mm, addr);
	struct page *page;

	/* What is not there now will not be: mmap_sem is ours, or nobody is left. */
	if (!pte || !(READ_ONCE(*pte) & PTE_PRESENT))
		return NULL;
	vma_rmap_lock(v);
	page = entry_page(mm->memory, READ_ONCE(*pte));
	if (page)
		page_get(page);
	vma_rmap_unlock(v);
	return page;
}

/* It is isolated, and mapped elsewhere, too: where its VMA is locked it stays so (§27). */
static void munlock_shared(struct memory *m, struct page *page)
{
	zone_stat_add(page_zone(m, page), NR_MLOCK, -1);
	if (!mlock_by_others(m, page))
		mm_event_add(m, UNEVICTABLE_PGMUNLOCKED, 1);
	putback_lru_page(m, page);
}

/* The page's own lock keeps reclaim from marking it by what the VMA was before. */
static void munlock_page(struct memory *m, struct page *page, struct pagevec *isolated)
{
	lock_page(m, page);
	if (unmark(m, page)) {
		if (READ_ONCE(page->mapcount) > 1)
			munlock_shared(m, page);
		else
			isolated->page[isolated->nr++] = page;
	}
	unlock_page(m, page);
	if (isolated->nr == PAGEVEC_SIZE)
		put_back(m, isolated);
}

void munlock_vma_pages(struct mm *mm, struct vma *v)
{
	struct memory *m = mm->memory;
	struct pagevec isolated = {.nr = 0};

	WRITE_ONCE(v->flags, v->flags & ~VM_LOCKED);
	lru_add_drain(m);
	for (uint64_t addr = v->start; addr < v->end; addr += PAGE_SIZE) {
		struct page *page = get_page_at(mm, v, addr);

		if (!page)
			continue;
		munlock_page(m, page, &isolated);
		page_put(m, page);
	}
	if (isolated.nr)
		put_back(m, &isolated);
}

/*
 * The page that is mapped at `pte` is locked in memory. Its own lock keeps reclaim from unmapping it
 * meanwhile. False: it is not mapped there.
 */
static bool mark_mapped(struct mm *mm, uint64_t *pte)
{
	struct memory *m = mm->memory;
	struct page *page = get_mapped(mm, pte);
	bool mapped;

	if (!page)
		return false;
	lock_page(m, page);
	mapped = entry_page(m, READ_ONCE(*pte)) == page;
	if (mapped) {
		lru_add_drain(m); /* it may have come lately */
		page_mlock(m, page);
	}
	unlock_page(m, page);
	page_put(m, page);
	return mapped;
}

static bool set_locked(struct mm *mm, struct vma *v, bool on)
{
	if (on)
		WRITE_ONCE(v->flags, v->flags | VM_LOCKED);
	else
		munlock_vma_pages(mm, v);
	return true;
}

/*
 * Present, and locked if its VMA still is. What may be written gets a page of its own; what may only be
 * read stays the zero page, of which there is nothing to lock.
 */
static bool is_populated(struct mm *mm, const struct vma *v, uint64_t addr)
{
	uint64_t *pte = pte_find(mm, addr), entry = pte ? READ_ONCE(*pte) : 0;

	if (!(entry & PTE_PRESENT))
		return false;
	if (entry & PTE_SPECIAL)
		return !(v->flags & VM_WRITE);
	return !(v->flags & VM_LOCKED) || mark_mapped(mm, pte);
}

/*
 * Reclaim may take a page again before it is locked: then it comes back. mmap_sem held for read. FAULT_RETRY: the
 * page is being read.
 */
static enum fault_result populate_page(struct mm *mm, uint64_t addr)
{
	struct vma *v = find_vma(mm, addr);
	enum fault_result result = FAULT_OK;

	if (!v)
		return FAULT_BAD_ADDRESS;
	while (result == FAULT_OK && !is_populated(mm, v, addr) && !fatal_signal_pending(current))
		result = handle_mm_fault(mm, v, addr, v->flags & VM_WRITE);
	return result;
}

static int populate_or_wait(struct mm *mm, uint64_t addr)
{
	enum fault_result result;

	do {
		down_read(&mm->mmap_sem);
		result = populate_page(mm, addr);
		up_read(&mm->mmap_sem);
	} while (result == FAULT_RETRY && !wait_for_fault_page(mm));
	return result == FAULT_OK || result == FAULT_RETRY ? 0 : -1;
}

/* As after mlock(): the semaphore is free between the change of the VMAs and this. */
static int populate(struct mm *mm, uint64_t start, uint64_t end)
{
	int err = 0;

	for (; !err && start < end && !fatal_signal_pending(current); start += PAGE_SIZE)
		err = populate_or_wait(mm, start);
	return err;
}

int mm_mlock(struct mm *mm, uint64_t start, uint64_t len)
{
	int err;

	lru_add_drain_all(mm->memory);
	err = mm_change_range(mm, start, len, set_locked, true);
	return err ? err : populate(mm, start, start + PAGE_ALIGN(len));
}

int mm_munlock(struct mm *mm, uint64_t start, uint64_t len)
{
	return mm_change_range(mm, start, len, set_locked, false);
}
