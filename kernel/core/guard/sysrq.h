/*
 * SysRq: a key that makes the kernel tell or do something at once, whatever else goes on. It comes
 * from the serial console, from GDB (lw-sysrq), from an app (lw_sysrq()), or at a virtual time
 * that the parameter sysrq= states.
 *
 * Here: 'h' lists the keys, 't' tasks and what they wait for, 'd' the locks held. Each floor
 * registers its own.
 */
#ifndef CORE_SYSRQ_H
#define CORE_SYSRQ_H

#include "kernel/core/types.h"

/*
 * `fn` does what `help`, Linux's words for it, says; it is called with interrupts off, mostly in an
 * interrupt, and must not sleep. `help` must live on. One caller at a time; a key once.
 */
void sysrq_register(char key, const char *help, void (*fn)(void));

/*
 * Every key has been registered: press those of sysrq= at their times, and listen to the console.
 * Stops the machine with a line if sysrq= names a key that nobody registered. Boot, interrupts off,
 * the tick running.
 */
void sysrq_start(void);

/*
 * Say what the key does and do it; a key that nobody registered prints the help. Any context but
 * NMI, without tasks_lock(), sched_lock() and the timers' lock.
 */
void sysrq_key(char key);

/* The same for a key from the console, while the watchdog looks away. Interrupts off. */
void sysrq_console_key(char key);

/* Send an event for each key of sysrq= that was not pressed. At a run's end. */
void sysrq_report(void);

/* Set by the debugger: a key to press at CPU 0's next tick, which clears it. */
extern char sysrq_requested;

#endif
