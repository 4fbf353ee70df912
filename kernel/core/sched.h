/*
 * The scheduler: preemptive, by priority, round robin within one. Sleeps are in virtual time.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "kernel/core/task.h"

/* Adopt the running context as the idle task of this CPU. Interrupts off. */
void sched_init(struct task *idle);
/* The idle task's life: halt until something is runnable. */
void sched_idle_loop(void) __attribute__((noreturn));

/* Give up the CPU: for good if current's state is not TASK_RUNNING, until woken. Task context. */
void schedule(void);
/* From an interrupt's end: the task stays runnable, whatever its state says. */
void preempt_schedule(void);
/* Give it up only if somebody should run instead. Task context. */
void cond_resched(void);
/* Make a sleeper runnable; no-op if it is. Any context. */
void wake_task(struct task *t);

/* Sleep for `ticks`; returns early only when killed and `state` is TASK_KILLABLE. */
void schedule_timeout(enum task_state state, unsigned long ticks);

/* From the timer interrupt. */
void sched_tick(void);

#endif
