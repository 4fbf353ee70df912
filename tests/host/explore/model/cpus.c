/*
 * Calls to other CPUs, and TLBs (see model.h).
 */
#include "../actors.h"
#include "model.h"

#include "kernel/core/log/printk.h"
#include "kernel/core/sched/smp.h"
#include "mm/space/anon_vma.h"
#include "mm/space/pgtable.h"

#define NR_ENTRIES 4

struct tlb_entry {
	uint64_t addr, pte; /* addr 0: none */
};

static struct tlb_entry tlbs[MAX_CPUS][NR_ENTRIES];
static unsigned int oldest[MAX_CPUS];

static void check_context(void)
{
	if (!irqs_enabled() || preempt_count() || in_interrupt())
		panic("BUG: a call to other CPUs in atomic context");
}

/* In a set-up or a check the one thread is each CPU in turn. */
static void become_each(unsigned int mask, void (*fn)(void *arg), void *arg)
{
	struct here before = here;

	for (unsigned int id = 0; id < nr_cpus; id++) {
		if (!(mask & 1u << id))
			continue;
		here.cpu = &cpus[id];
		here.cpu_id = id;
		irq_disable();
		fn(arg);
		irq_enable();
	}
	here = before;
}

void smp_call(unsigned int mask, void (*fn)(void *arg), void *arg)
{
	check_context();
	if (is_running()) {
		actors_call(mask, fn, arg, (uintptr_t)__builtin_return_address(0));
		mask &= 1u << this_cpu_id();
	}
	become_each(mask, fn, arg);
}

/* Only a check looks at the whole machine, when all of it stands still. */
unsigned long smp_freeze(void)
{
	return irq_save();
}

void smp_thaw(unsigned long flags)
{
	irq_restore(flags);
}

static void flush_local(void *unused)
{
	(void)unused;
	memset(tlbs[this_cpu_id()], 0, sizeof(tlbs[0]));
}

static struct tlb_entry *entry_of(uint64_t addr)
{
	struct tlb_entry *tlb = tlbs[this_cpu_id()];

	for (unsigned int i = 0; i < NR_ENTRIES; i++)
		if (tlb[i].addr == addr)
			return &tlb[i];
	return NULL;
}

static void flush_page_local(void *addr)
{
	struct tlb_entry *e = entry_of((uint64_t)addr);

	if (e)
		*e = (struct tlb_entry){0, 0};
}

/* Those CPUs that have this space loaded. */
unsigned int tlb_users(uint64_t cr3)
{
	unsigned int mask = 0;
	struct cpu *cpu;

	for_each_cpu(cpu)
		if (READ_ONCE(cpu->cr3) == cr3)
			mask |= 1u << cpu->id;
	return mask;
}

void tlb_flush_cpus(unsigned int mask)
{
	smp_call(mask, flush_local, NULL);
}

void tlb_flush_mm(uint64_t cr3)
{
	smp_call(tlb_users(cr3), flush_local, NULL);
}

void tlb_flush_page(uint64_t cr3, uint64_t addr)
{
	smp_call(tlb_users(cr3), flush_page_local, (void *)addr);
}

static void load(uint64_t cr3)
{
	__atomic_store_n(&this_cpu()->cr3, cr3, __ATOMIC_SEQ_CST);
	flush_local(NULL);
}

void task_leave_address_space(void)
{
	unsigned long flags = irq_save();

	load(0);
	irq_restore(flags);
}

void tlb_load(struct mm *mm)
{
	this_cpu()->cr3 = mm->pgd;
}

static struct tlb_entry *fill(struct mm *mm, uint64_t addr)
{
	uint64_t *pte = pte_find(mm, addr), entry = pte ? READ_ONCE(*pte) : 0;
	struct tlb_entry *e = &tlbs[this_cpu_id()][oldest[this_cpu_id()]++ % NR_ENTRIES];

	if (!(entry & PTE_PRESENT))
		return NULL;
	*e = (struct tlb_entry){addr, entry};
	return e;
}

/*
 * An anon_vma may have gone before its pages have: that there is one must do, with the index. A
 * page of a file may have left it.
 */
static bool is_of(const struct page *page, const struct mm *mm, uint64_t addr)
{
	if (page->flags & PG_FILE)
		return true;
	return (mapping_anon_vma(page->mapping) || page->mapping == mm) &&
		page->index == addr >> PAGE_SHIFT;
}

static void check_page(const struct mm *mm, uint64_t addr, uint64_t pte)
{
	unsigned long pfn = (pte & PTE_ADDR) >> PAGE_SHIFT;
	const struct page *page = pfn_to_page(mm->memory, pfn);

	if (pte & PTE_SPECIAL)
		return;
	if (page->users == 0)
		panic("stale TLB: CPU %u uses pfn %lu, which is free", this_cpu_id(), pfn);
	if (!is_of(page, mm, addr))
		panic("stale TLB: CPU %u uses pfn %lu, which is somebody else's", this_cpu_id(),
			pfn);
}

/* No interrupt comes within an instruction. What forbids it is looked up once more before it faults. */
static uint64_t use(struct mm *mm, uint64_t addr, uint64_t needs)
{
	unsigned long flags = irq_save();
	struct tlb_entry *e = entry_of(addr);

	if (e && (e->pte & needs) != needs) {
		*e = (struct tlb_entry){0, 0};
		e = NULL;
	}
	if (!e)
		e = fill(mm, addr);
	if (e && (e->pte & needs) != needs)
		e = NULL;
	if (e)
		check_page(mm, addr, e->pte);
	irq_restore(flags);
	return e ? e->pte : 0;
}

uint64_t tlb_use(struct mm *mm, uint64_t addr)
{
	return use(mm, addr, PTE_PRESENT);
}

uint64_t tlb_write(struct mm *mm, uint64_t addr)
{
	return use(mm, addr, PTE_PRESENT | PTE_WRITE);
}
