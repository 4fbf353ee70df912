/*
 * Other CPUs, played by the one thread there is: a call makes it each CPU in turn, as if all of
 * them had come to a safe point; so freezing them is nothing to do.
 */
#include "twin.h"

#include "kernel/core/smp.h"

void smp_call(unsigned int mask, void (*fn)(void *arg), void *arg)
{
	unsigned int self = this_cpu_id();

	if (!irqs_enabled() || preempt_count() || in_interrupt())
		panic("BUG: a call to other CPUs in atomic context");
	twin.called |= mask & ((1u << nr_cpus) - 1);
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

unsigned long smp_freeze(void)
{
	return irq_save();
}

void smp_thaw(unsigned long flags)
{
	irq_restore(flags);
}

void tlb_flush_mm(uint64_t cr3)
{
	(void)cr3;
	tlb_flush_all();
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
}

long sched_seed;

void sched_point_reached(void)
{
}
