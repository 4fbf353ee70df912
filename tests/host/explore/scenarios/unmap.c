/*
 * Reclaim, which unmaps without mmap_sem, against the threads of the address space (§19.6).
 */
#include "case.h"

#include "mm/index/index_node.h"
#include "mm/space/pgtable.h"
#include "mm/space/rmap.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"

static struct mm *mm;
static struct page *page;
static enum swap_result result;

/* What has a slot stays in the cache here: nothing is read or written. */
static int never(const struct swap_device *dev, uint64_t at, struct page *unused, bool write)
{
	(void)dev, (void)at, (void)unused;
	panic("the disk is %s", write ? "written" : "read");
}

static const struct swap_device_ops ops = {.transfer = never};
static const struct swap_device disk = {.ops = &ops, .name = "card", .pages = 64};

/* A page that reclaim has found, and holds: old, locked, in the swap cache. */
static void hold_page(unsigned int flags)
{
	case_machine(10);
	if (swap_on(m, &disk, 32, 0, 1))
		panic("no swap area");
	case_ready();
	mm = case_mm(1, flags);
	mm_pin(mm);
	*pte_find(mm, AT(0)) &= ~PTE_ACCESSED;
	page = entry_page(m, *pte_find(mm, AT(0)));
	page_get(page);
	trylock_page(page);
	if (!add_to_swap(m, page))
		panic("no slot");
	page_clear(page, PG_MLOCKED);
}

/* Its last reference goes after the flush. */
static void reclaims(void *unused)
{
	struct tlb_batch batch;

	(void)unused;
	tlb_batch_init(&batch);
	result = try_to_unmap(m, page, false, &batch);
	unlock_page(m, page);
	try_to_unmap_flush(&batch);
	page_put(m, page);
}

static const char *all_gone(void)
{
	struct swap_area *a = m->swap.area[0];
	const char *err;

	if (mm->users.n)
		mm_put_user(mm);
	mm_drop(mm);
	for (unsigned long slot = 1; slot < a->max; slot++)
		swap_reclaim_cached(m, swp_entry(0, slot));
	index_release_all(m);
	if (a->inuse || m->swap.cached)
		return wrong(
			"%u slots, and %ld pages in the cache, are left", a->inuse, m->swap.cached);
	if (m->nr_mms)
		return wrong("%ld address spaces are left", m->nr_mms);
	err = case_whole();
	return err ? err : swap_validate(m);
}

static void unmaps(void *unused)
{
	(void)unused;
	mm_unmap(mm, AT(0), PAGE_SIZE);
}

static void locked_setup(void)
{
	hold_page(0);
	find_vma(mm, AT(0))->flags |= VM_LOCKED;
	case_kthread(0, "reclaims", 10);
	case_task(1, "unmaps", 11, mm);
}

static const char *locked_gone(void)
{
	if (memory_stat(m, NR_MLOCK))
		return wrong("%ld pages are locked", memory_stat(m, NR_MLOCK));
	return all_gone();
}

const struct scenario unmap_locked = {.name = "unmap-locked",
	.title = "reclaim of a page of a locked VMA, and munmap",
	.arm = "none",
	.cpus = 2,
	.setup = locked_setup,
	.cpu = {reclaims, unmaps},
	.check = locked_gone,
	.bound = 3,
	.quick = 2};

static void fault_setup(void)
{
	hold_page(0);
	case_kthread(0, "reclaims", 10);
	case_task(1, "writes", 11, mm);
	case_as_cpu(1);
	tlb_use(mm, AT(0));
	case_as_cpu(0);
}

static void writes(void *unused)
{
	(void)unused;
	while (!tlb_write(mm, AT(0))) {
		if (mm_fault(mm, AT(0), FAULT_WRITE) != FAULT_OK)
			panic("a write is not served");
		cond_resched();
	}
}

/* Mapped, or in the cache and dirty: what was written, perhaps before the TLB forgot the page, is in it. */
static const char *still_there(void)
{
	uint64_t entry = *pte_find(mm, AT(0));
	struct page *cached;

	if (entry & PTE_PRESENT)
		return entry_page(m, entry) == page ? all_gone() : "another page is mapped";
	cached = find_swap_page(m, pte_to_swp_entry(entry));
	if (cached != page || !page_has(page, PG_DIRTY))
		return "what was written is lost";
	page_put(m, cached);
	return all_gone();
}

const struct scenario unmap_fault = {.name = "unmap-fault",
	.title = "reclaim of a page, and a write to it",
	.arm = "none",
	.cpus = 2,
	.setup = fault_setup,
	.cpu = {reclaims, writes},
	.check = still_there,
	.bound = 3,
	.quick = 2};

static void exit_setup(void)
{
	hold_page(0);
	case_kthread(0, "reclaims", 10);
	case_task(1, "exits", 11, mm);
	case_as_cpu(1);
	tlb_use(mm, AT(0));
	case_as_cpu(0);
}

static void exits(void *unused)
{
	(void)unused;
	case_exit();
}

const struct scenario unmap_exit = {.name = "unmap-exit",
	.title = "reclaim of a page, and its address space ends",
	.arm = "none",
	.cpus = 2,
	.setup = exit_setup,
	.cpu = {reclaims, exits},
	.check = all_gone,
	.bound = 3,
	.quick = 2};
