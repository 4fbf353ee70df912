/*
 * Calls to other CPUs. Fibers are asked (fibers.h); without them the one thread becomes each CPU
 * in turn, as if all of them had come to a safe point, and freezing them is nothing to do.
 */
#include "twin.h"

#include "fibers.h"
#include "kernel/core/sched/smp.h"

static void check_context(void)
{
	if (!irqs_enabled() || preempt_count() || in_interrupt())
		panic("BUG: a call to other CPUs in atomic context");
}

static void become_each(unsigned int mask, void (*fn)(void *arg), void *arg)
{
	unsigned int self = this_cpu_id();

	for (unsigned int id = 0; id < nr_cpus; id++) {
		if (!(mask & 1u << id))
			continue;
		become_cpu(id);
		irq_disable();
		fn(arg);
		irq_enable();
	}
	become_cpu(self);
}

void smp_call(unsigned int mask, void (*fn)(void *arg), void *arg)
{
	check_context();
	twin.called |= mask & ((1u << nr_cpus) - 1);
	if (host_arch.fibers) {
		fiber_call(mask, fn, arg);
		mask &= 1u << this_cpu_id();
	}
	become_each(mask, fn, arg);
}

/* Tests look at a machine in any state; only fibers have somebody to wait for. */
unsigned long smp_freeze(void)
{
	if (host_arch.fibers) {
		check_context();
		fiber_freeze();
	}
	return irq_save();
}

void smp_thaw(unsigned long flags)
{
	if (host_arch.fibers)
		fiber_thaw();
	irq_restore(flags);
}

void tlb_flush_mm(uint64_t cr3)
{
	tlb_flush_all();
	if (twin.on_flush)
		twin.on_flush(cr3);
}

void tlb_flush_page(uint64_t cr3, uint64_t addr)
{
	(void)addr;
	host_arch.page_flushes++;
	if (twin.on_flush)
		twin.on_flush(cr3);
}

/* Any may, as far as is known here. */
unsigned int tlb_users(uint64_t cr3)
{
	(void)cr3;
	return (1u << nr_cpus) - 1;
}

void tlb_flush_cpus(unsigned int mask)
{
	tlb_flush_all();
	if (twin.on_flush_cpus)
		twin.on_flush_cpus(mask);
}

unsigned long output_lock(void)
{
	return irq_save();
}

void output_unlock(unsigned long flags)
{
	irq_restore(flags);
}

void task_leave_address_space(void)
{
	host_arch.cr3 = 0;
	if (twin.on_leave)
		twin.on_leave();
}
