/*
 * What happened after a kill, for the runner: a timeline (killed, reaped, exited), the victims'
 * memory as samples, and for the first kill of a run how long everything took (§8.6, observables).
 *
 * Times in virtual nanoseconds. Events only; nothing is printed.
 */
#ifndef MM_OOM_WATCH_H
#define MM_OOM_WATCH_H

#include "mm/space/mm.h"

/* tasks_lock() held, and oom_lock: a report, which takes the output before that list, is not on. */
void oom_watch_kill(struct memory *m, const struct task *victim, const struct mm *mm);
/* Task context. */
void oom_watch_reaped(struct memory *m, const struct mm *mm);
void oom_watch_exit(struct memory *m, const struct task *victim);

/* The memory of those that are dying; nothing when the task list is busy. Any context. */
void oom_watch_sample(const struct memory *m);
/* Milliseconds since the first kill; -1 without one. */
long oom_ms_since_kill(const struct memory *m);
/* The first kill's figures as counters. Any context. */
void oom_watch_report(const struct memory *m);

#endif
