/*
 * The room kernel/core/guard: what watches over a run. watchdog.h (this: a run that gets nowhere),
 * panic.c (how a run ends; machine.h is its contract), sysrq.h and sysrq_plan.h (keys),
 * power_button.h.
 *
 * Locks: none of its own; it must work while others are held.
 */

/*
 * The watchdog: a run that gets nowhere for `watchdog_ms` of virtual time ends with the verdict
 * LOCKUP, a report of who waits for what, and exit code 4 (DESIGN 6), never as a hung terminal.
 *
 * It looks, at each jiffy, for
 *   a CPU that has taken no timer interrupt;
 *   a CPU that spins on one spinlock;
 *   a runnable task that has not had a turn;
 *   a request for memory that has been in the allocator's slow path all that time;
 *   a task that has been waiting for one lock all that time;
 * and, without waiting,
 *   a machine where everybody is asleep: no task can run, and no timer will wake one. No device owes
 *   a task an answer here; a key on the console could end it, but nobody presses one for ever.
 * The boot CPU, whose tick moves jiffies, puts off an NMI with each: should it loop with
 * interrupts off, the NMI comes, a jiffy after the limit.
 */
#ifndef CORE_WATCHDOG_H
#define CORE_WATCHDOG_H

#include "kernel/core/types.h"

/* Arm the NMI, and look at each jiffy from here on. Boot, interrupts off. */
void watchdog_start(void);

/*
 * Nobody is judged from watchdog_hold() until `watchdog_ms` after watchdog_release(): somebody at the
 * console reads what keys print, and the time that takes is nobody's fault. Interrupts off, no nesting.
 */
void watchdog_hold(void);
void watchdog_release(void);

/*
 * From now on it waits at least so many ms of virtual time, unless it is off: what somebody does takes longer on a
 * large machine. It never waits for less than `watchdog_ms`. Any context.
 */
void watchdog_at_least(long ms);

/* The verdict itself: LOCKUP, everything that explains it, exit code 4. Any context. */
void watchdog_lockup(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));

#endif
