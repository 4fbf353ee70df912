/*
 * Several CPUs: starting them, asking them to do something, and the three things that most often
 * is: look at the run queue, run a function, forget address translations.
 */
#ifndef CORE_SMP_H
#define CORE_SMP_H

#include "kernel/core/cpu/cpu.h"
#include "kernel/core/sched/task.h"

#define AP_TRAMPOLINE 0x8000 /* physical; a page that nobody else uses until all CPUs run */
#define ALL_CPUS      (~0u)

/* Number the CPUs of the MADT, the one that runs this first. NULL, or what is wrong. Boot. */
const char *smp_count_cpus(void);
/*
 * Start CPU `id` with `idle` as its idle task (whose stack it runs on). NULL, or what is wrong.
 * Boot, interrupts off (on while it waits), the tick running.
 */
const char *smp_start_cpu(unsigned int id, struct task *idle, void *fault_stacks);

/*
 * Run fn(arg) on every running CPU of `mask` (bit n: CPU n), this one included, with interrupts
 * off there, and wait until all have. Interrupts on, no spinlock held: whoever waits for a lock of
 * ours with interrupts off could never answer. Panics, naming CPU and function, when one does not
 * answer for a second.
 */
void smp_call(unsigned int mask, void (*fn)(void *arg), void *arg);

/*
 * Hold all other CPUs still, interrupts off here and there, so that what they share can be looked
 * at whole. They stop where interrupts are on: none of them holds a lock that handlers take.
 * Context as smp_call().
 */
unsigned long smp_freeze(void);
void smp_thaw(unsigned long flags);

/* Look at your run queue. sched_lock() held. */
void smp_resched(struct cpu *cpu);

/*
 * §8.5: called after the page table entries are cleared and before the pages are freed: when it
 * returns, no CPU knows the old entries any more. Context as smp_call().
 */
void tlb_flush_mm(uint64_t cr3);                  /* of one address space */
void tlb_flush_page(uint64_t cr3, uint64_t addr); /* of one page in it */
void tlb_flush_kernel(void);                      /* of the kernel's half */

/*
 * The same in two steps, so that one flush serves entries of many spaces. The CPUs that may know an entry
 * of this space which has been changed before, a bit each: whoever loads it later sees the change, and who
 * leaves it forgets everything. Any context. And what these CPUs know is forgotten. Context as smp_call().
 */
unsigned int tlb_users(uint64_t cr3);
void tlb_flush_cpus(unsigned int mask);

/* Stop all other CPUs for good, their registers kept in cpu->stop_regs: the machine is ending. */
void smp_stop_others(void);

/* Test hook: CPUs other than the caller's take call interrupts and do nothing. */
extern bool smp_lose_calls;

#endif
