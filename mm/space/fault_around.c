/*
 * What is in memory around a fault on a file is mapped (§32.5 step 2, §41.1; see file_map.h), before anything else
 * is tried: most faults on files are served by that alone. So this is a hot path, and its calls at the end are jumps:
 * no frame of it stands in the call traces of those that are not.
 */
#include "mm/cache/cache_run.h"
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

/* §41.1: what is mapped at once: `n` places of the file from `first` on, the first of them at `start`. */
struct around {
	unsigned long first, n;
	uint64_t start;
};

static always_inline struct around place_around(const struct vma *v, uint64_t addr)
{
	uint64_t start = addr & ~(FAULT_AROUND_BYTES - 1), end = start + FAULT_AROUND_BYTES;

	if (unlikely(start < v->start)) { /* as many, but no more than the table has */
		start = v->start;
		end = MIN(start + FAULT_AROUND_BYTES, (start | (TABLE_BYTES - 1)) + 1);
	}
	return (struct around){.first = vma_index(v, start),
		.n = (MIN(end, v->end) - start) >> PAGE_SHIFT,
		.start = start};
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
	unsigned long rss;   /* entries more, ... */
	unsigned long fresh; /* ... of pages that nobody had mapped; ... */
	unsigned long there; /* and pages with an entry: each page of both kinds is a miss less */
};

/*
 * The page is locked, so nobody else makes an entry for it. The reaper may take it out again at once; but it drops
 * the reference, which is the entry's, when our TLB has been flushed.
 */
static always_inline void map_locked(
	struct memory *m, struct page *page, uint64_t *pte, uint64_t bits, struct tally *t)
{
	if (unlikely(READ_ONCE(*pte))) {
		t->there++;
		return;
	}
	t->rss++;
	t->fresh += page_get_to_map(page);
	__atomic_store_n(pte, page_to_phys(m, page) | bits, __ATOMIC_RELEASE);
}

/* Who shares the file by one open may do this at the same time (file.h). */
static always_inline void pay_misses(struct file_ra *ra, const struct tally *t)
{
	if (unlikely(ra->mmap_miss))
		ra->mmap_miss -= MIN(ra->mmap_miss, t->rss + t->there);
}

/* Pages that nobody had mapped are in a table, and entries more in this address space. */
static always_inline void count_mapped(struct mm *mm, const struct tally *t)
{
	if (likely(t->rss))
		atomic_add(&mm->file_rss, t->rss);
	if (likely(t->fresh))
		node_stat_add(mm->memory, NR_FILE_MAPPED, t->fresh);
}

/* The pages of a run, the first at `pte`. */
static always_inline void map_run(
	struct memory *m, struct cache_run run, uint64_t *pte, uint64_t bits, struct tally *t)
{
	for (; run.present; run.present &= run.present - 1) {
		unsigned int i = __builtin_ctzll(run.present);
		struct page *page = run.slot[i];

		if (!may_map(page) || !trylock_page(page))
			continue;
		map_locked(m, page, pte + i, bits, t);
		unlock_page(m, page);
	}
}

/* What lies in one lowest node. It is counted before anybody comes between. */
static always_inline void map_in_node(
	struct mm *mm, const struct vma *vma, unsigned long place, unsigned long n, uint64_t *pte)
{
	struct address_space *as = vma->file->mapping;
	uint64_t bits = entry_bits(vma);
	struct tally t = {0};

	spin_lock_irq(&as->tree_lock);
	map_run(mm->memory, cache_run(as, place, n), pte, bits, &t);
	count_mapped(mm, &t);
	spin_unlock_irq(&as->tree_lock);
	pay_misses(&vma->file->ra, &t);
}

static noinline void map_in_two_nodes(
	struct mm *mm, const struct vma *vma, unsigned long place, unsigned long n, uint64_t *pte)
{
	unsigned long most = cache_run_most(place);

	map_in_node(mm, vma, place, most, pte);
	map_in_node(mm, vma, place + most, n - most, pte + most);
}

static always_inline unsigned int map_around(struct mm *mm, const struct vma *vma, uint64_t addr)
{
	uint64_t *pte = pte_find(mm, addr), *first;
	struct around a;

	if (unlikely(!pte))
		return 0;
	if (unlikely(READ_ONCE(*pte))) /* a thread was faster, or it is tried again */
		return FAULT_SERVED;
	a = place_around(vma, addr);
	first = pte - ((addr - a.start) >> PAGE_SHIFT);
	if (likely(cache_run_one(a.first, a.n)))
		map_in_node(mm, vma, a.first, a.n, first);
	else
		map_in_two_nodes(mm, vma, a.first, a.n, first);
	return likely(READ_ONCE(*pte)) ? FAULT_SERVED : FAULT_AROUND;
}

/* The same as a call: where the fault has come a longer way. */
unsigned int fault_around(struct mm *mm, const struct vma *vma, uint64_t addr)
{
	return map_around(mm, vma, addr);
}

enum fault_result handle_file_fault(
	struct mm *mm, struct vma *vma, uint64_t addr, unsigned int flags)
{
	unsigned int around = map_around(mm, vma, addr);

	if (likely(around == FAULT_SERVED)) {
		mm_event_add(mm->memory, PGFAULT, 1);
		return FAULT_OK;
	}
	return handle_mm_fault(mm, vma, addr, flags | around);
}

bool map_file_page(struct mm *mm, const struct vma *vma, uint64_t addr, struct page *page)
{
	uint64_t *pte = pte_make(mm, addr);
	struct tally t = {0};

	if (pte)
		map_locked(mm->memory, page, pte, entry_bits(vma), &t);
	count_mapped(mm, &t);
	return pte;
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

/* The table is asked for, as in 4.8, before anybody looks whether there is something to map. */
bool table_around(struct mm *mm, const struct vma *vma, uint64_t addr)
{
	struct around a = place_around(vma, addr);
	uint64_t table;

	if (pte_find(mm, addr))
		return true;
	if (!pmd_make(mm, addr))
		return false;
	table = pte_table_alloc(mm);
	if (table && any_around(vma->file->mapping, &a))
		pte_table_install(mm, addr, table);
	else if (table)
		pte_table_free(mm, table);
	return true;
}
