/*
 * Processes, for the scheduler's use: a task's place among threads, parents and children. What
 * others call is in task.h.
 */
#ifndef CORE_PROCESS_H
#define CORE_PROCESS_H

#include "kernel/core/sched/task.h"

/* `t` is its own process's leader, with one reference. */
void process_init(struct task *t);
/* Into the lists, tasks_lock() held: as a thread of t->process, or as a child of `parent`. */
void process_enter(struct task *t, struct process *parent);
void process_leave(struct task *t);

#endif
