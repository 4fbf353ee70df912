/*
 * CPUs as threads of the host, for ThreadSanitizer: each thread is one CPU, truly at the same time
 * as the others. What the other twin's shims do with one thread, threads.c and tasks.c do here; the
 * spinlocks, the allocator and its machine are the same files.
 *
 * An interrupt cannot come at any instruction: a CPU answers calls (smp_call(), smp_freeze()) where
 * interrupts come on and at the points of the schedule.
 */
#ifndef HOST_THREADS_H
#define HOST_THREADS_H

#include "twin.h"

/* Run fn(arg) on CPUs 0 to n - 1 until all return. Sets nr_cpus to n. */
void run_on_threads(unsigned int n, void (*fn)(void *arg), void *arg);

/* Only this CPU: answer what others have asked of it. Interrupts on. */
void answer_calls(void);
/* The same, and let other threads of the host run. */
void let_others_run(void);

struct memory;
/* tasks.c: one task for each CPU, with an address space of `rss` pages; 0: a kernel task. */
void tasks_start(unsigned int n, long rss);
/* The current task has been chosen by the OOM killer; it leaves, and another one like it comes. */
void task_dies(struct memory *m);
/* The current task is done, and nobody may wait for it any more. */
void task_leaves(struct memory *m);

/* CPUs that look at an address space with interrupts off: flushing their TLBs waits for that. */
extern unsigned int tlb_cpus;

/* disks.c: tags, and requests through a hardware queue: NULL, or what is wrong in the end. */
const char *run_disk(unsigned long nr_steps, uintptr_t seed);

/* space.c: faults in one address space, and its reaping: NULL, or what is wrong in the end. */
const char *run_space(struct memory *m, unsigned long nr_steps, uintptr_t seed);

/* The same: what CPUs that nobody runs on any more keep of nodes of trees is given back. */
void empty_pools(struct memory *m);

/* files.c: a file that is faulted on, read, and reclaimed. NULL, or what is wrong in the end. */
const char *run_files(struct memory *m, unsigned long nr_steps, uintptr_t seed);

/* slab.c: objects that change hands between CPUs. The same. */
const char *run_slab(struct memory *m, unsigned long nr_steps, uintptr_t seed);

#endif
