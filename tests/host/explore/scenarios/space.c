/*
 * Threads of one address space: faults, locking, unmapping, TLBs (§8.5).
 */
#include "case.h"

#include "mm/space/pgtable.h"

static struct mm *mm;

/* One page that is not there yet: locked, unmapped, and touched. */
static void mlock_setup(void)
{
	struct task *first;

	case_machine(10);
	case_ready();
	mm = case_mm(1, 0);
	mm_map_fixed(mm, AT(1), PAGE_SIZE, VM_WRITE | VM_LOCKED, NULL, 0);
	mm_pin(mm);
	first = case_task(0, "locks", 10, mm);
	case_thread(1, first, "unmaps", 11);
	case_thread(2, first, "faults", 12);
}

static void locks(void *unused)
{
	(void)unused;
	mm_mlock(mm, AT(1), PAGE_SIZE);
}

static void unmaps(void *unused)
{
	(void)unused;
	mm_unmap(mm, AT(1), PAGE_SIZE);
}

static void faults(void *unused)
{
	(void)unused;
	mm_fault(mm, AT(1), FAULT_WRITE);
}

static const char *all_leave(void)
{
	mm->users.n = 1;
	return case_gone(mm, 1);
}

const struct scenario mlock_munmap_fault = {.name = "mlock-munmap-fault",
	.title = "mlock, munmap, fault, three threads",
	.arm = "none",
	.cpus = 3,
	.setup = mlock_setup,
	.cpu = {locks, unmaps, faults},
	.check = all_leave,
	.bound = 3,
	.quick = 2};

/* Two threads touch the same page, which is not there; a third one reads where it lies. */
const struct scenario mlock_fault = {.name = "mlock-fault",
	.title = "mlock and two faults of one page",
	.arm = "none",
	.cpus = 3,
	.setup = mlock_setup,
	.cpu = {locks, faults, faults},
	.check = all_leave,
	.bound = 3,
	.quick = 2};

/* A page goes while another CPU's TLB knows it, and a third one wants memory. */
static void tlb_setup(void)
{
	struct task *first;

	case_machine(10);
	case_ready();
	mm = case_mm(1, 0);
	mm_pin(mm);
	first = case_task(0, "unmaps", 10, mm);
	case_thread(1, first, "uses", 11);
	case_kthread(2, "allocates", 12);
	case_as_cpu(1);
	tlb_use(mm, AT(0));
	case_as_cpu(0);
}

static void unmaps_first(void *unused)
{
	(void)unused;
	mm_unmap(mm, AT(0), PAGE_SIZE);
}

static void uses_twice(void *unused)
{
	(void)unused;
	tlb_use(mm, AT(0));
	if (!tlb_use(mm, AT(0)))
		mm_fault(mm, AT(0), FAULT_WRITE);
}

static void allocates(void *unused)
{
	struct page *page = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0);

	(void)unused;
	if (!page)
		return;
	*(volatile long *)page_address(m, page) = 1;
	free_pages(m, page, 0);
}

const struct scenario unmap_tlb_alloc = {.name = "unmap-tlb-alloc",
	.title = "unmap, TLB, allocate",
	.arm = "none",
	.cpus = 3,
	.setup = tlb_setup,
	.cpu = {unmaps_first, uses_twice, allocates},
	.check = all_leave,
	.bound = 3,
	.quick = 2};

/* A page that was only read is the zero page: two threads write to it, and a third one's TLB knows it. */
static bool is_written;

static void zero_setup(void)
{
	struct task *first;

	case_machine(10);
	case_ready();
	mm = case_mm(1, 0);
	mm_map_fixed(mm, AT(1), PAGE_SIZE, VM_WRITE, NULL, 0);
	mm_pin(mm);
	first = case_task(0, "writes", 10, mm);
	case_thread(1, first, "reads", 11);
	case_thread(2, first, "writes", 12);
	mm_fault(mm, AT(1), 0);
	case_as_cpu(1);
	tlb_use(mm, AT(1));
	case_as_cpu(0);
}

static void writes(void *unused)
{
	(void)unused;
	while (!tlb_write(mm, AT(1))) {
		if (mm_fault(mm, AT(1), FAULT_WRITE) != FAULT_OK)
			panic("a write is not served");
		cond_resched(); /* the instruction is tried again, after whoever was waiting */
	}
	WRITE_ONCE(is_written, true);
}

/* Who knows that it has been written must not be shown zeroes. */
static void reads(void *unused)
{
	bool knows;
	uint64_t pte;

	(void)unused;
	for (unsigned int i = 0; i < 2; i++) {
		knows = READ_ONCE(is_written);
		pte = tlb_use(mm, AT(1));
		if (knows && (pte & PTE_SPECIAL))
			panic("stale TLB: CPU %u reads zeroes that have been written over",
				this_cpu_id());
		if (!pte)
			mm_fault(mm, AT(1), 0);
	}
}

const struct scenario zero_page = {.name = "zero-page",
	.title = "zero page: a read, and two writes, of one page",
	.arm = "none",
	.cpus = 3,
	.setup = zero_setup,
	.cpu = {writes, reads, writes},
	.check = all_leave,
	.bound = 3,
	.quick = 2};
