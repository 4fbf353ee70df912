/*
 * The room kernel/core/sched: tasks and CPUs.
 *
 * In reading order: task.h (tasks and processes), sched.h (this), fair.h, process.c, work.h (queued work), tick.h
 * (the timer interrupt), turn.h (the schedule seed), replay.h with token.h (a schedule in words), smp.h
 * (several CPUs).
 *
 * Locks: tasks_lock() (lists of tasks), then sched_lock() (run queues, states, waiters).
 */

/*
 * The scheduler: a run queue for each CPU; preemptive, by priority, round robin within
 * one; a CPU with nothing to do takes over what waits elsewhere. Sleeps are in virtual time.
 * How long a turn is, and who goes before others when it wakes: fair.h.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include "kernel/core/sched/task.h"

/*
 * One lock for everything that decides who runs: run queues, task states, and the waiters of
 * sleeping locks and wait queues. Interrupts are off while it is held. The *_locked() forms want
 * it held; schedule_locked() gives it up while others run and returns with it held again.
 */
unsigned long sched_lock(void);
bool sched_trylock(unsigned long *flags); /* to look, not to change anything */
void sched_unlock(unsigned long flags);
void schedule_locked(void);
void wake_task_locked(struct task *t);

/* Adopt the running context as the idle task of the boot CPU. Interrupts off. */
void sched_init(struct task *idle);
/* `idle`, made by task_init() and not started, is the idle task of a CPU that is to be started. */
void sched_adopt_idle(struct cpu *cpu, struct task *idle);
/*
 * Whoever has been started runs, until all of them sleep. Boot, the tick running, interrupts off (on
 * meanwhile).
 */
void sched_run_started(void);
/* The idle task's life: halt until something is runnable. */
void sched_idle_loop(void) __attribute__((noreturn));

/* Give up the CPU: for good if current's state is not TASK_RUNNING, until woken. Task context. */
void schedule(void);
/* From an interrupt's end: the task stays runnable, whatever its state says. */
void preempt_schedule(void);
/* Give it up only if somebody should run instead: the slice is over, or one who is more urgent has woken. Task context. */
void cond_resched(void);
/* Make a sleeper runnable; no-op if it is. Any context. */
void wake_task(struct task *t);

/* The current task's PRIO_* from here on; whoever should run instead does. Task context. */
void sched_set_prio(unsigned int prio);

/* The current task runs on this CPU only from here on. Task context, sleeps to get there. */
void sched_bind(unsigned int cpu);
/* Another one, from when it next wakes on. Any context. */
void sched_bind_task(struct task *t, unsigned int cpu);

/* Sleep for `ticks`; returns early only when killed and `state` is TASK_KILLABLE. */
void schedule_timeout(enum task_state state, unsigned long ticks);

/* schedule(), woken after `ticks` at the latest. */
void schedule_within(unsigned long ticks);

/*
 * Called upwards before a task that holds back requests (task.plug) sleeps, no lock held: the block layer
 * gives them to a worker (§34.3). Whoever is about to sleep with sched_lock() held calls it before.
 */
extern void (*sched_flush_plug)(struct task *t);
static inline void sched_submit_work(void)
{
	if (unlikely(current->plug))
		sched_flush_plug(current);
}

/* The current task, about to drop its address space, runs on the kernel's from here on. */
void task_leave_address_space(void);

/* From the timer interrupt. */
void sched_tick(void);

/* Requests that devices have and will answer by an interrupt: atomic_add(). */
extern long sched_answers_owed;

/*
 * No task runs or can, and no timer, alarm or device will wake one: but for an interrupt from outside,
 * nothing will ever happen. From a timer interrupt, its own timers done.
 */
bool sched_all_asleep(void);

#endif
