/*
 * A page leaves the tables that map it (see rmap.h).
 */
#include "kernel/core/sched/smp.h"
#include "mm/cache/page_cache.h"
#include "mm/space/file_map.h"
#include "mm/space/mlock.h"
#include "mm/space/pgtable.h"
#include "mm/space/rmap.h"
#include "mm/space/shmem.h"
#include "mm/space/swap_off.h"
#include "mm/swap/swap_cache.h"

struct unmap_walk {
	struct memory *memory;
	struct page *page;
	struct tlb_batch *batch;
	bool lazy_free;
	bool dropped; /* an entry has been left empty */
	enum swap_result result;
};

/* As long as the page is locked nobody writes to it through the tables unless by this entry. */
static bool may_drop(const struct unmap_walk *w, uint64_t entry)
{
	return w->lazy_free && !(entry & PTE_DIRTY) && !page_has(w->page, PG_DIRTY);
}

/*
 * The entry becomes `*to`, empty or the slot's, where a slot has one user more before that is seen. The
 * processor may mark it used, or written to, until it has changed: `*old` is what it was then.
 */
static always_inline enum swap_result replace(
	const struct unmap_walk *w, uint64_t *pte, uint64_t slot, uint64_t *old, uint64_t *to)
{
	do {
		if (pte_test_clear_young(w->memory, pte, w->page))
			return SWAP_FAIL;
		*old = READ_ONCE(*pte);
		if (entry_page(w->memory, *old) != w->page)
			return SWAP_AGAIN; /* its address space has let it go meanwhile */
		if (*old & PTE_ACCESSED)
			return SWAP_FAIL;
		*to = may_drop(w, *old) ? 0 : slot;
	} while (!pte_change(pte, *old, *to));
	return SWAP_SUCCESS;
}

static void forget(struct unmap_walk *w, const struct mm *mm, uint64_t addr, bool dirty)
{
	if (w->batch)
		tlb_batch_add(w->batch, mm, w->page, dirty);
	else
		tlb_flush_page(mm->pgd, addr);
}

/*
 * It is in one table less; `swapped`: its slot is there instead. munlock() may have let its VMA go before it
 * came to the page: it will not find it any more (§27).
 */
static void uncharge(struct memory *m, struct mm *mm, struct page *page, bool swapped)
{
	if (page_has(page, PG_MLOCKED))
		clear_page_mlock(m, page);
	node_stat_add(m, NR_ANON_MAPPED, -1);
	atomic_add(&mm->anon_rss, -1);
	if (swapped)
		atomic_add(&mm->swapents, 1);
}

/* Pages of files and of shmem are found by their object: nothing need be left in the table. */
static noinline enum swap_result unmap_object(
	struct unmap_walk *w, struct vma *v, uint64_t addr, uint64_t *pte)
{
	uint64_t old = 0, to = 0;
	enum swap_result result;

	if (v->flags & VM_SHARED)
		WRITE_ONCE(v->object->unmapped, true); /* before it is */
	result = replace(w, pte, 0, &old, &to);
	if (result != SWAP_SUCCESS)
		return result;
	forget(w, v->mm, addr, old & PTE_DIRTY);
	if (old & PTE_DIRTY)
		shmem_set_dirty(w->page); /* a file's is never written to */
	object_unmapped(w->memory, object_rss(v->mm, w->page), w->page);
	page_put(w->memory, w->page);
	return SWAP_AGAIN;
}

static enum swap_result unmap_anon(
	struct unmap_walk *w, struct vma *v, uint64_t addr, uint64_t *pte)
{
	swp_entry_t slot = page_swap_entry(w->page);
	struct memory *m = w->memory;
	enum swap_result result;
	uint64_t old = 0, to = 0;

	if (swap_duplicate(m, slot))
		return SWAP_FAIL;
	mm_has_swap(v->mm); /* before it has */
	result = replace(w, pte, swp_entry_to_pte(slot), &old, &to);
	if (result != SWAP_SUCCESS || !to)
		swap_free(m, slot);
	if (result != SWAP_SUCCESS)
		return result;
	forget(w, v->mm, addr, old & PTE_DIRTY);
	if (old & PTE_DIRTY)
		page_set(w->page, PG_DIRTY);
	w->dropped |= !to;
	uncharge(m, v->mm, w->page, to);
	__atomic_fetch_sub(&w->page->mapcount, 1, __ATOMIC_RELEASE);
	page_put(m, w->page);
	return SWAP_AGAIN;
}

static bool unmap_visit(struct vma *v, uint64_t addr, uint64_t *pte, void *arg)
{
	struct unmap_walk *w = arg;

	if (READ_ONCE(v->flags) & VM_LOCKED) {
		/* §27. Who takes the flag away, or unmaps the VMA, waits for us, and then unmarks the page. */
		page_mlock(w->memory, w->page);
		w->result = SWAP_MLOCK;
		return false;
	}
	w->result =
		v->flags & VM_OBJECT ? unmap_object(w, v, addr, pte) : unmap_anon(w, v, addr, pte);
	return w->result == SWAP_AGAIN && READ_ONCE(w->page->mapcount);
}

enum swap_result try_to_unmap(
	struct memory *m, struct page *page, bool lazy_free, struct tlb_batch *batch)
{
	struct unmap_walk w = {.memory = m,
		.page = page,
		.batch = batch,
		.lazy_free = lazy_free,
		.result = SWAP_AGAIN};

	BUG_ON(!page_has(page, PG_LOCKED));
	BUG_ON(!page_has(page, PG_SWAPCACHE | PG_SHMEM | PG_FILE));
	rmap_walk(m, page, unmap_visit, &w);
	if (w.result == SWAP_MLOCK || READ_ONCE(page->mapcount))
		return w.result;
	return w.dropped && !page_has(page, PG_DIRTY) ? SWAP_LZFREE : SWAP_SUCCESS;
}

bool remove_mapping(struct memory *m, struct page *page)
{
	if (page_has(page, PG_FILE))
		return remove_from_page_cache(page, true);
	if (page_has(page, PG_SHMEM))
		return shmem_remove_mapping(page);
	return page_has(page, PG_SWAPCACHE) && swap_remove_mapping(m, page);
}

struct mlock_walk {
	struct memory *memory;
	struct page *page;
	bool locked;
};

static bool mlock_visit(struct vma *v, uint64_t addr, uint64_t *pte, void *arg)
{
	struct mlock_walk *w = arg;

	(void)addr;
	(void)pte;
	if (!(READ_ONCE(v->flags) & VM_LOCKED))
		return true;
	page_mlock(w->memory, w->page);
	w->locked = true;
	return false;
}

bool mlock_by_others(struct memory *m, struct page *page)
{
	struct mlock_walk w = {.memory = m, .page = page};

	BUG_ON(!page_has(page, PG_LOCKED));
	rmap_walk(m, page, mlock_visit, &w);
	return w.locked;
}
