/*
 * The room mm/oom: who is killed when nothing else helps, and what becomes of the victim.
 *
 * In reading order: oom.h (this), oom_kill.c (the steps), oom_select.c (who), oom_victim.c (being one),
 * oom_report.c (what is printed), oom_notifier.h (who gives memory back before), oom_reaper.h with
 * oom_reaper.c (the seed's reaper) and oom_reaper_queue.c (4.9's), oom_watch.h (what happened after).
 *
 * Locks, outermost first: oom_lock, tasks_lock(), the reaper's queue. The reaper takes a victim's mmap_sem
 * by trylock only.
 */

/*
 * The OOM killer of Linux 4.8 (§7), and what the patches under study change in it: the order of
 * steps is here and in oom_kill.c, who is chosen in oom_select.c, what may be said about that in
 * oom_adj.c, what being a victim means in oom_victim.c, the report in oom_report.c.
 *
 * Scores and sizes are in pages. Who looks at other tasks holds tasks_lock().
 */
#ifndef MM_OOM_H
#define MM_OOM_H

#include "mm/page/memory.h"

#define OOM_SCORE_ADJ_MIN (-1000)
#define OOM_SCORE_ADJ_MAX 1000
#define OOM_BY_HAND       (-1) /* as order: SysRq-f (§7.10) */

struct oom_control {
	struct memory *memory;
	gfp_t gfp; /* 0: a page fault, not a request */
	int order;
	unsigned long totalpages;
	unsigned long freed; /* pages that the notifiers gave for this request already (§9.4) */
};

/*
 * Steps 1 to 10 of §7.2. oom_lock held; sleeps a tick after a kill, and in notifiers where they are
 * called from here. True: something is dying, was killed, or gave memory, and the caller should
 * retry; false: the killer is disabled.
 */
bool out_of_memory(struct oom_control *oc);

/* A fault whose allocation returned nothing, at depth 0 (§7.9). Task context. */
void pagefault_out_of_memory(struct memory *m);
/*
 * SysRq-f (§7.10): waits for oom_lock, does not mind victims that live, never panics. Task context.
 * False: the killer is disabled.
 */
bool oom_manual_kill(struct memory *m);

/* Selection (§7.4, §7.5). tasks_lock() held. */

enum oom_selection { OOM_SELECT_NONE, OOM_SELECT_CHOSEN, OOM_SELECT_ABORT };

/* Badness of a process by its leader; 0: must not be killed. */
unsigned long oom_badness(const struct memory *m, const struct task *t, unsigned long totalpages);
enum oom_selection oom_select(
	const struct oom_control *oc, struct task **victim, unsigned long *points);
/* The worst child with memory of its own, or the process itself (§7.6 step 4). */
struct task *oom_sacrifice(const struct oom_control *oc, struct task *victim);
/* Global init and kernel tasks are never killed. */
bool oom_unkillable_task(const struct task *t);
/* §7.3: on its way out, and so is every process that shares its memory. */
bool task_will_free_mem(const struct task *t);

/*
 * Write the process's oom_score_adj (-1000 to 1000), and, as 4.8 does, that of all processes that share
 * its memory, with a line for each; shared_oom_adj=0: its own alone (§7.5). tasks_lock() held.
 */
void oom_set_score_adj(const struct memory *m, struct task *t, short adj);

/* Victims (§7.7). */

/* TIF_MEMDIE: from then on `t`, which has an address space, may use reserves. tasks_lock() held. */
void mark_oom_victim(struct memory *m, struct task *t);
/* oom-reaper-skip: this address space is no reason any more to leave others alone (§8.2). */
void oom_skip_mm(struct mm *mm);

/*
 * For whoever freezes the machine: nobody is killed from here on, and all victims are gone. 0, or -1
 * when the caller is killed while it waits for oom_lock; for victims it waits whatever comes. Task
 * context, sleeps.
 */
int oom_killer_disable(struct memory *m);
void oom_killer_enable(struct memory *m);

/* Header, stack, Mem-Info and task table (§10.2 to §10.4). Nothing held. */
void dump_header(const struct oom_control *oc);

#endif
