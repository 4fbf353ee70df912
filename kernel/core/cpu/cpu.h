/*
 * The room kernel/core/cpu: the processor, its interrupts, and what the firmware says of the machine.
 *
 * In reading order: arch.h (instructions), cpu.h (this: per-CPU data), trap.h with entry.S and trap.c
 * (exceptions and interrupts), lapic.h and ioapic.h, acpi.h, madt.h and dmi.h (firmware tables),
 * device_place.h (where these say that devices are), clear_page.S.
 *
 * No locks: a CPU's own data, interrupts off, or boot context.
 */

/*
 * Per-CPU data. One object a CPU, found at %gs:0; the first fields are known to assembly
 * and to arch.h. Touched only by its own CPU, or with interrupts off by what says so.
 */
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include "kernel/core/cpu/arch.h"
#include "kernel/core/list.h"
#include "kernel/core/cpu/trap.h"

#define FAULT_STACK_SIZE 8192
#define NR_FAULT_STACKS  3 /* #DF, NMI, MCE */

/* Priorities of the run queue: lower runs first. */
enum { PRIO_RT, PRIO_NORMAL, PRIO_IDLE, NR_PRIO };

struct cpu {
	struct cpu *self;         /* %gs:0 */
	struct task *task;        /* %gs:8, the running task */
	unsigned int id;          /* %gs:16 */
	unsigned int preempt_off; /* %gs:20; > 0: the tick must not switch tasks */
	unsigned long slot;       /* %gs:24, id * CPU_SLOT */
	unsigned int irq_depth;   /* %gs:32; > 0 inside an interrupt handler */
	unsigned int apic_id;
	bool online;
	bool halted; /* in the idle loop's halt, or on its way there */
	bool idles;  /* its idle task has booted it and does nothing any more but wait */
	unsigned int format_depth;
	struct task *idle;
	struct list_head run[NR_PRIO]; /* under sched_lock() */
	unsigned int nr_running;       /* the same */
	uint64_t cr3;                  /* the address space that is loaded (see smp.h) */
	struct list_head timers;       /* armed here, by expiry (timer.c) */
	uint64_t tick_ns;              /* the last timer interrupt */
	bool tick_stopped;             /* none is to come (tick.h) */
	struct spinlock *spins_on;     /* what this CPU waits for ... */
	uint64_t spin_since;           /* ... from when on, in ns */
	unsigned long last_jiffy;      /* that this CPU has seen */
	uint64_t turn_draws;           /* turn.c: numbers drawn, switches forced */
	uint64_t forced_switches;
	bool stopped;             /* for good, by smp_stop_others() ... */
	struct pt_regs stop_regs; /* ... here */
};

extern struct cpu cpus[MAX_CPUS];
extern unsigned int nr_cpus; /* that run, or are about to: CPUs 0 to nr_cpus - 1 */

#define for_each_cpu(c) for (c = cpus; c < cpus + nr_cpus; c++)

static inline bool in_interrupt(void)
{
	return irq_depth() > 0;
}

static inline void preempt_disable(void)
{
	preempt_count_inc();
}

/* Does not switch by itself: the next tick or schedule() does. */
static inline void preempt_enable(void)
{
	preempt_count_dec();
}

/*
 * Descriptor tables and %gs of the CPU that runs this, on the given fault stacks (CPU_FAULT_BYTES,
 * 16-byte aligned; NULL: the boot CPU's own). Interrupts off.
 */
#define CPU_FAULT_BYTES (NR_FAULT_STACKS * FAULT_STACK_SIZE)
void cpu_init(struct cpu *cpu, unsigned int id, void *fault_stacks);

#endif
