/*
 * The world of the subject, for the explorer: tasks that never leave their CPU, calls to other
 * CPUs, TLBs, a console. What sched.c, smp.c and trap.c do is done here in their order, on the same
 * fields, by code that is instrumented as the subject is.
 */
#ifndef EXPLORE_MODEL_H
#define EXPLORE_MODEL_H

#include "kernel/core/sched/task.h"

/* `n` CPUs, pid 1, and a kernel task on CPU 0 that sets up and checks. */
void model_init(unsigned int n);
/* A task of the list of all; and one that runs on a CPU. */
struct mm;
struct task *task_new(const char *comm, int pid, struct mm *mm);
void task_on_cpu(struct task *t, unsigned int cpu);
/* Become another task, in a set-up or a check. */
struct task *become(struct task *t);

/*
 * A TLB of a few entries a CPU. Use the page at `addr` of the address space that is loaded, as an
 * instruction would: by the TLB's entry, which is returned, else by a walk that fills it. 0: it faults.
 */
uint64_t tlb_use(struct mm *mm, uint64_t addr);
uint64_t tlb_write(struct mm *mm, uint64_t addr);
/* An address space is loaded on this CPU. */
void tlb_load(struct mm *mm);

/* console.c: where a replay prints what the subject says; NULL: nowhere. */
extern void (*say)(const char *text);

#endif
