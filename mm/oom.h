/*
 * The OOM killer of Linux 4.8 (§7). out_of_memory(): oom_lock held, task context, sleeps one
 * tick after a kill. Scores and sizes are in pages.
 */
#ifndef MM_OOM_H
#define MM_OOM_H

#include "mm/memory.h"

#define OOM_SCORE_ADJ_MIN (-1000)

struct oom_control {
	struct memory *memory;
	gfp_t gfp; /* 0: a page fault, not a request */
	unsigned int order;
	unsigned long totalpages;
};

/* True: something is dying or was killed, the caller should retry. */
bool out_of_memory(struct oom_control *oc);

/* A fault whose allocation returned nothing, at depth 0 (§7.9). */
void pagefault_out_of_memory(struct memory *m);

/* Badness (§7.5); 0: must not be killed. tasks_lock() held, as by whoever looks at others. */
unsigned long oom_badness(const struct memory *m, const struct task *t, unsigned long totalpages);

/* TIF_MEMDIE on `t` (§7.7); from then on it may use reserves. tasks_lock() held. */
void mark_oom_victim(struct memory *m, struct task *t);
/* The current task has dropped its address space. */
void exit_oom_victim(struct memory *m);

/* Global init and kernel tasks are never killed. */
bool oom_unkillable_task(const struct task *t);

/* Header, stack, Mem-Info and task table (§10.2 to §10.4). tasks_lock() held. */
void dump_header(const struct oom_control *oc);

#endif
