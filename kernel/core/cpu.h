/*
 * Per-CPU data. One object a CPU, found at %gs:0; the first three fields are known to assembly
 * and to arch.h. Touched only by its own CPU, or with interrupts off by what says so.
 */
#ifndef CORE_CPU_H
#define CORE_CPU_H

#include "kernel/core/arch.h"
#include "kernel/core/list.h"

#define FAULT_STACK_SIZE 8192

/* Priorities of the run queue: lower runs first. */
enum { PRIO_RT, PRIO_NORMAL, PRIO_IDLE, NR_PRIO };

struct cpu {
	struct cpu *self;         /* %gs:0 */
	struct task *task;        /* %gs:8, the running task */
	unsigned int id;          /* %gs:16 */
	unsigned int irq_depth;   /* > 0 inside an interrupt handler */
	unsigned int preempt_off; /* > 0: the tick must not switch tasks */
	bool resched;             /* switch at the next safe point */
	unsigned int printk_depth;
	struct task *idle;
	struct list_head run[NR_PRIO];
	unsigned int nr_running;
	uint64_t idle_since; /* TSC when the halt began; 0: not halted */
	uint64_t idle_tsc;   /* TSC cycles spent halted */
	uint64_t nr_switches;
};

extern struct cpu cpus[MAX_CPUS];
extern unsigned int nr_cpus;

static inline bool in_interrupt(void)
{
	return this_cpu()->irq_depth > 0;
}

static inline void preempt_disable(void)
{
	this_cpu()->preempt_off++;
	barrier();
}

/* Does not switch by itself: the next tick or schedule() does. */
static inline void preempt_enable(void)
{
	barrier();
	this_cpu()->preempt_off--;
}

/* Descriptor tables, %gs and the fault stacks of one CPU. Interrupts off. */
void cpu_init(struct cpu *cpu, unsigned int id);

#endif
