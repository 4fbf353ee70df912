/*
 * Faults on files (§32.5; see file_map.h): first what is in memory around the address is mapped, and if
 * that was not enough the page is asked for. While it is being read nobody holds mmap_sem: the fault is
 * tried again.
 */
#include "kernel/core/sched/sched.h"
#include "mm/cache/cache_run.h"
#include "mm/cache/filemap_fault.h"
#include "mm/lru/lru.h"
#include "mm/page/page_lock.h"
#include "mm/space/file_map.h"
#include "mm/space/pgtable.h"

#define FAULT_AROUND_PAGES 16ul
#define FAULT_AROUND_BYTES (FAULT_AROUND_PAGES * PAGE_SIZE)
#define TABLE_BYTES        (PT_ENTRIES * (uint64_t)PAGE_SIZE)

_Static_assert((uint64_t)VM_EXEC << 58 == PTE_NX, "one bit becomes the other");

/* Of an entry, besides its page. */
static uint64_t entry_bits(const struct vma *vma)
{
	return PTE_PRESENT | PTE_ACCESSED | (uint64_t)(~vma->flags & VM_EXEC) << 58;
}

/* §41.1: the pages of a VMA that are mapped at once: `n` from place `first` of the file on. */
struct around {
	unsigned long first, n;
	uint64_t start; /* their address, ... */
	uint64_t *pte;  /* ... and its entry; NULL: it has no table */
};

static always_inline struct around place_around(const struct vma *v, uint64_t addr, uint64_t *pte)
{
	uint64_t start = MAX(addr & ~(FAULT_AROUND_BYTES - 1), v->start), last;

	last = MIN(MIN(start + FAULT_AROUND_BYTES, v->end) - 1, start | (TABLE_BYTES - 1));
	return (struct around){.first = vma_index(v, start),
		.n = ((last - start) >> PAGE_SHIFT) + 1,
		.start = start,
		.pte = pte ? pte - ((addr - start) >> PAGE_SHIFT) : NULL};
}

/*
 * One with a marker is left to be faulted on, so that the marker is met. With tree_lock held it is the file's, and
 * inside the file; once it has been read it stays so.
 */
static bool may_map(const struct page *page)
{
	return (READ_ONCE(page->flags) & (PG_UPTODATE | PG_RECLAIM | PG_LOCKED)) == PG_UPTODATE;
}

/* What has been done. */
struct tally {
	unsigned long met;   /* pages that could be mapped, or were already: for each a miss less */
	unsigned long rss;   /* entries more, ... */
	unsigned long fresh; /* ... of pages that nobody had mapped */
};

/*
 * The page is locked, so nobody else makes an entry for it. The reaper may take it out again at once; but it drops
 * the reference, which is the entry's, when our TLB has been flushed.
 */
static always_inline bool map_locked(
	struct memory *m, struct page *page, uint64_t *pte, uint64_t bits)
{
	if (READ_ONCE(*pte))
		return false;
	page_get(page);
	__atomic_store_n(pte, page_to_phys(m, page) | bits, __ATOMIC_RELEASE);
	return true;
}

/* Who shares the file by one open may do this at the same time (file.h). */
static always_inline void pay_misses(struct file_ra *ra, unsigned long met)
{
	if (unlikely(ra->mmap_miss))
		ra->mmap_miss -= MIN(ra->mmap_miss, met);
}

/* Pages that nobody had mapped are in a table, and entries more in this address space. */
static always_inline void count_mapped(struct mm *mm, const struct tally *t)
{
	if (likely(t->rss))
		atomic_add(&mm->file_rss, t->rss);
	if (likely(t->fresh))
		node_stat_add(mm->memory, NR_FILE_MAPPED, t->fresh);
}

/* Of `n` places from `place` on; `pte` is the entry of that. Counted before anybody comes between. */
static noinline void map_pages(
	struct mm *mm, const struct vma *vma, unsigned long place, unsigned long n, uint64_t *pte)
{
	struct address_space *as = vma->file->mapping;
	struct memory *m = mm->memory;
	uint64_t bits = entry_bits(vma);
	struct tally t = {0};
	unsigned long flags = spin_lock_irqsave(&as->tree_lock);
	struct cache_run run = cache_run(as, place, n);
	unsigned long here = cache_run_most(place);

	for (; run.present; run.present &= run.present - 1) {
		unsigned long i = __builtin_ctzll(run.present);
		struct page *page = run.slot[i];

		if (!may_map(page) || !trylock_page(page))
			continue;
		t.met++;
		if (likely(map_locked(m, page, pte + i, bits))) {
			t.rss++;
			t.fresh += page_map_added(page);
		}
		unlock_page(m, page);
	}
	count_mapped(mm, &t);
	spin_unlock_irqrestore(&as->tree_lock, flags);
	pay_misses(&vma->file->ra, t.met);
	if (unlikely(n > here)) /* the rest is in the next node */
		map_pages(mm, vma, place + here, n - here, pte + here);
}

/* Is there one to be mapped, as far as one can say now? */
static bool any_around(struct address_space *as, const struct around *a)
{
	unsigned long flags = spin_lock_irqsave(&as->tree_lock);
	bool any = false;

	for (unsigned long i = 0; i < a->n && !any; i++) {
		struct cache_run run = cache_run(as, a->first + i, 1);

		any = run.present && may_map(*run.slot);
	}
	spin_unlock_irqrestore(&as->tree_lock, flags);
	return any;
}

/*
 * The entry of the first, in a table of its own, which is asked for, as in 4.8, before anybody looks whether there is
 * something to map. NULL: there is not, or no memory, and no other thread has put a table there.
 */
static noinline uint64_t *table_around(struct mm *mm, struct address_space *as, struct around a)
{
	uint64_t table = pte_table_alloc(mm);

	if (table && !any_around(as, &a)) {
		pte_table_free(mm, table);
		return NULL;
	}
	if (table)
		pte_table_install(mm, a.start, table);
	return pte_find(mm, a.start);
}

/* Step 2; `pte` is the entry of `addr`, or NULL. Afterwards it may be there, or not. */
static always_inline void fault_around(struct mm *mm, struct vma *vma, uint64_t addr, uint64_t *pte)
{
	struct around a = place_around(vma, addr, pte);

	if (unlikely(!pte)) {
		a.pte = pte_find(mm, a.start);
		if (!a.pte)
			a.pte = table_around(mm, vma->file->mapping, a);
		if (!a.pte)
			return;
	}
	map_pages(mm, vma, a.first, a.n, a.pte);
}

static noinline unsigned int __do_fault(struct vma *vma, struct file_fault *f)
{
	const struct address_space *as = vma->file->mapping;

	return as->ops->fault ? as->ops->fault(f) : filemap_fault(f);
}

/* Step 7: the page, locked, and its reference, which goes. */
static enum fault_result finish(struct mm *mm, struct vma *vma, uint64_t addr, struct page *page)
{
	struct memory *m = mm->memory;
	uint64_t *pte = pte_make(mm, addr);

	if (pte && map_locked(m, page, pte, entry_bits(vma)))
		object_mapped(m, &mm->file_rss, page);
	unlock_page(m, page);
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
	struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags)
{
	uint64_t *pte = pte_find(mm, addr);

	if (unlikely(!pte) && !pmd_make(mm, addr))
		return FAULT_OOM;
	if (unlikely(pte && READ_ONCE(*pte))) /* a thread was faster, or it is tried again */
		return FAULT_OK;
	fault_around(mm, vma, addr, pte);
	if (!pte)
		pte = pte_find(mm, addr);
	if (likely(pte && READ_ONCE(*pte)))
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
