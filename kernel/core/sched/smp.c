/*
 * Several CPUs (see smp.h).
 */
#include <string.h>

#include "boot/paging.h"
#include "kernel/core/cpu/acpi.h"
#include "kernel/core/log/ksyms.h"
#include "kernel/core/cpu/lapic.h"
#include "kernel/core/lock/lock_debug.h"
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/sched/smp.h"
#include "kernel/core/sched/tick.h"
#include "kernel/core/time/time.h"
#include "kernel/core/cpu/trap.h"

#define START_NS      100000000ul  /* virtual, under -icount ... */
#define START_REAL_NS 5000000000ul /* ... or by a host that may be busy */
#define ANSWER_NS     1000000000ul /* and to answer a call */
#define SPINS         2000         /* looks before waiting turns into halting */
#define STOP_SPINS    1000000

extern const char ap_trampoline[], ap_trampoline_end[];

/* What boot/ap.S loads, in this order. */
struct ap_boot {
	uint64_t cr3, stack;
	struct cpu *cpu;
};
struct ap_boot ap_boot;
static void *ap_fault_stacks;

/* The call under way; one at a time. `waiting`: the CPUs that have yet to answer. */
static struct {
	bool busy;
	unsigned int waiting;
	void (*fn)(void *arg);
	void *arg;
} call;
bool smp_lose_calls;
static struct cpu *stopper; /* of the others, at the machine's end */

/* smp_freeze(): CPUs that do not stand still yet, and whether they shall. */
static unsigned int running;
static bool frozen;

void ap_main(struct cpu *cpu) __attribute__((noreturn));

static void on_resched(struct pt_regs *regs)
{
	(void)regs;
	lapic_eoi(); /* whoever sent it has set `resched` */
}

static void on_call(struct pt_regs *regs)
{
	unsigned int bit = 1u << this_cpu_id();

	(void)regs;
	lapic_eoi();
	if (smp_lose_calls || !(__atomic_load_n(&call.waiting, __ATOMIC_ACQUIRE) & bit))
		return;
	call.fn(call.arg);
	__atomic_fetch_and(&call.waiting, ~bit, __ATOMIC_RELEASE);
}

/* At an NMI: does not return when smp_stop_others() wants this CPU to stop. */
static void stop_self(const struct pt_regs *regs)
{
	struct cpu *cpu = this_cpu();

	if (!stopper)
		return;
	cpu->stop_regs = *regs;
	__atomic_store_n(&cpu->stopped, true, __ATOMIC_RELEASE);
	for (;;)
		asm volatile("cli; hlt");
}

const char *smp_count_cpus(void)
{
	const struct madt *m = &acpi_info.madt;
	const char *err = lapic_map(m->lapic);
	unsigned int boot_id;

	if (err)
		return err;
	boot_id = lapic_id();
	trap_set_irq(IRQ_RESCHED, on_resched);
	trap_set_irq(IRQ_CALL, on_call);
	trap_add_nmi(stop_self);
	nr_cpus = 1;
	cpus[0].apic_id = boot_id;
	cpus[0].online = true;
	for (unsigned int i = 0; i < m->nr_cpus; i++)
		if (m->apic_id[i] != boot_id && nr_cpus < MAX_CPUS) {
			cpus[nr_cpus].id = nr_cpus;
			cpu_absent(&cpus[nr_cpus]);
			cpus[nr_cpus++].apic_id = m->apic_id[i];
		}
	return nr_cpus == m->nr_cpus ? NULL : "ACPI: the MADT does not list the boot CPU";
}

/* First C code of a further CPU, on its idle task's stack. */
void ap_main(struct cpu *cpu)
{
	cpu_init(cpu, cpu - cpus, ap_fault_stacks);
	halt_is_over(cpu);
	lapic_enable();
	tick_start();
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	sched_idle_loop();
}

/* Wait with interrupts on for other CPUs to clear `*word`: looking at first, then halting. */
static bool wait_clear(const unsigned int *word, unsigned int mask, uint64_t limit_ns)
{
	uint64_t start = clock_ns();
	unsigned int looks = 0;

	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) & mask) {
		if (looks++ < SPINS) {
			cpu_relax();
			continue;
		}
		if (clock_ns() - start > limit_ns)
			return false;
		irq_disable();
		cpu_halt();
		irq_enable();
	}
	return true;
}

const char *smp_start_cpu(unsigned int id, struct task *idle, void *fault_stacks)
{
	static char text[96];
	struct cpu *cpu = &cpus[id];
	uint64_t start = clock_ns();
	uint64_t limit = instructions_since_boot() < 0 ? START_REAL_NS : START_NS;

	memcpy(phys_to_virt(AP_TRAMPOLINE), ap_trampoline, ap_trampoline_end - ap_trampoline);
	ap_boot = (struct ap_boot){virt_to_phys(kernel_pml4), idle->stack + idle->stack_size, cpu};
	ap_fault_stacks = fault_stacks;
	sched_adopt_idle(cpu, idle);
	lapic_send_init(cpu->apic_id);
	lapic_send_startup(cpu->apic_id, AP_TRAMPOLINE >> PAGE_SHIFT);
	while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
		if (clock_ns() - start > limit) {
			ksnprintf(text, sizeof(text),
				"CPU %u (APIC id %u) did not come up within %lu ms; expected it to",
				id, cpu->apic_id, limit / 1000000);
			return text;
		}
		cpu_relax(); /* under -icount a halt here could starve it */
	}
	return NULL;
}

static void lost(unsigned int waiting) __attribute__((noreturn));

static void lost(unsigned int waiting)
{
	uint64_t offset, size;
	const char *name = ksym_lookup((uint64_t)call.fn, &offset, &size);

	panic("BUG: CPU %d has not answered a call of %s for %lu ms: interrupt lost, or its "
	      "interrupts are off",
		__builtin_ctz(waiting), name ? name : "?", ANSWER_NS / 1000000);
}

static unsigned int online_mask(void)
{
	unsigned int mask = 0;
	struct cpu *cpu;

	for_each_cpu(cpu)
		if (cpu->online)
			mask |= 1u << cpu->id;
	return mask;
}

static void send_call(unsigned int mask)
{
	unsigned long flags;
	struct cpu *cpu;

	__atomic_store_n(&call.waiting, mask, __ATOMIC_RELEASE);
	flags = irq_save();
	for_each_cpu(cpu)
		if (mask & 1u << cpu->id)
			lapic_send(cpu->apic_id, IRQ_CALL);
	irq_restore(flags);
}

/* The one call is ours from here to finish_call(). */
static void start_call(void (*fn)(void *arg), void *arg)
{
	while (__atomic_exchange_n(&call.busy, true, __ATOMIC_ACQUIRE))
		cpu_relax(); /* interrupts are on: we answer whoever is ahead of us */
	call.fn = fn;
	call.arg = arg;
}

static void finish_call(unsigned int mask)
{
	if (!wait_clear(&call.waiting, mask, ANSWER_NS))
		lost(call.waiting);
	__atomic_store_n(&call.busy, false, __ATOMIC_RELEASE);
}

static void check_context(void)
{
	if (!irqs_enabled() || preempt_count() || in_interrupt())
		panic("BUG: a call to other CPUs in atomic context");
}

void smp_call(unsigned int mask, void (*fn)(void *arg), void *arg)
{
	unsigned long flags;
	unsigned int self;

	check_context();
	preempt_disable();
	self = 1u << this_cpu_id();
	mask &= online_mask();
	if (mask & ~self) {
		start_call(fn, arg);
		send_call(mask & ~self);
	}
	if (mask & self) {
		flags = irq_save();
		fn(arg);
		irq_restore(flags);
	}
	if (mask & ~self)
		finish_call(mask & ~self);
	preempt_enable();
}

/* A frozen CPU: its answer is that it stands still. */
static void stand_still(void *unused)
{
	(void)unused;
	__atomic_fetch_and(&running, ~(1u << this_cpu_id()), __ATOMIC_RELEASE);
	while (__atomic_load_n(&frozen, __ATOMIC_ACQUIRE))
		cpu_relax();
}

unsigned long smp_freeze(void)
{
	unsigned int mask;

	check_context();
	preempt_disable();
	mask = online_mask() & ~(1u << this_cpu_id());
	if (mask) {
		start_call(stand_still, NULL);
		running = mask;
		frozen = true;
		send_call(mask);
		if (!wait_clear(&running, mask, ANSWER_NS))
			lost(running);
	}
	return irq_save();
}

void smp_thaw(unsigned long flags)
{
	irq_restore(flags);
	if (frozen) {
		__atomic_store_n(&frozen, false, __ATOMIC_RELEASE);
		finish_call(online_mask());
	}
	preempt_enable();
}

void smp_resched(struct cpu *cpu)
{
	cpu->task->resched = true;
	if (cpu != this_cpu())
		lapic_send(cpu->apic_id, IRQ_RESCHED);
}

static void flush_local(void *unused)
{
	(void)unused;
	tlb_flush_all();
}

static void flush_page_local(void *addr)
{
	tlb_flush_address((uint64_t)addr);
}

unsigned int tlb_users(uint64_t cr3)
{
	unsigned int mask = 0;
	struct cpu *cpu;

	/* A CPU that loads this space from here on sees the changed entries. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
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
	if (nr_cpus == 1)
		tlb_flush_all();
	else
		smp_call(tlb_users(cr3), flush_local, NULL);
}

void tlb_flush_page(uint64_t cr3, uint64_t addr)
{
	if (nr_cpus == 1)
		tlb_flush_address(addr);
	else
		smp_call(tlb_users(cr3), flush_page_local, (void *)addr);
}

void tlb_flush_kernel(void)
{
	if (nr_cpus == 1)
		tlb_flush_all();
	else
		smp_call(ALL_CPUS, flush_local, NULL);
}

/* The first one to come stops the rest; whoever comes next waits to be stopped. */
static void become_stopper(void)
{
	struct cpu *nobody = NULL, *self = this_cpu();

	if (__atomic_compare_exchange_n(
		    &stopper, &nobody, self, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
		return;
	while (nobody != self)
		cpu_relax();
}

void smp_stop_others(void)
{
	struct cpu *cpu;

	become_stopper();
	lock_debug_off();
	for_each_cpu(cpu) {
		if (cpu == this_cpu() || !cpu->online || cpu->stopped)
			continue;
		lapic_send_nmi(cpu->apic_id);
		for (int i = 0; i < STOP_SPINS; i++) {
			if (__atomic_load_n(&cpu->stopped, __ATOMIC_ACQUIRE))
				break;
			cpu_relax();
		}
	}
}
