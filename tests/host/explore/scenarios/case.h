/*
 * What scenarios have in common: a small machine, tasks, and what must hold of a machine that stands
 * still.
 */
#ifndef EXPLORE_CASE_H
#define EXPLORE_CASE_H

#include "scenario.h"

#include "mm/alloc/page_alloc.h"
#include "mm/space/mm.h"

extern struct memory *m;
extern struct zone *z; /* its DMA32 */

/* 40 MiB, `order` a pageblock; its reports are not printed. */
void case_machine(unsigned int order);
/* In a set-up: do what follows as this CPU. */
void case_as_cpu(unsigned int cpu);
/* The same with nothing free and no watermark; per-CPU lists give a page back when they have `high`.
 * Counters are exact: what CPUs gather is more than such a machine has (§2.9).
 */
void case_empty(int high);
/* A free block that the allocator has never seen, on the list of `type`. */
void case_put(unsigned long pfn, unsigned int order, int type);
/* A block in use, of a set-up that knows that there is one. */
struct page *case_take(gfp_t gfp, unsigned int order);
/* Remember what is free now: case_whole() compares. Last call of a set-up. */
void case_ready(void);
/* mm_validate(), and all pages are back that were free when the set-up ended. */
const char *case_whole(void);
/* The same, with what an address space left behind in the counters. Its last user and all pins go. */
const char *case_gone(struct mm *mm, unsigned int pins);
/* mm_validate() alone. */
const char *case_valid(void);

/* An address space of `pages` anonymous pages from APP_BASE, all present; flags as VM_*. */
struct mm *case_mm(unsigned int pages, unsigned int flags);
#define AT(page) (APP_BASE + (uint64_t)(page)*PAGE_SIZE)

/* A process, or a thread of `leader`'s, on a CPU. */
struct task *case_task(unsigned int cpu, const char *comm, int pid, struct mm *mm);
struct task *case_thread(unsigned int cpu, struct task *leader, const char *comm, int pid);
/* Kernel tasks. */
struct task *case_kthread(unsigned int cpu, const char *comm, int pid);
/* The reaper of the arm, on a CPU; its life is case_reaper(). */
void case_reaper_on(unsigned int cpu);
void case_reaper(void *unused);

/* The current task ends, as kernel/task/exit.c does it. */
void case_exit(void);
/* SIGKILL to the process of `t`, and it becomes a victim. */
void case_kill_and_mark(struct task *t);

#endif
