/*
 * The tick: jiffies, timers, the scheduler's share of time, and what the rooms above have asked for.
 * Under -icount it also ends the CPUs' turns (DESIGN 5).
 */
#ifndef CORE_TICK_H
#define CORE_TICK_H

/* Start the tick on this CPU. Interrupts off. */
void tick_start(void);

/* An alarm (alarm.h) was armed or is over: when does the timer interrupt next? First CPU, interrupts off. */
void tick_set_timer(void);

/*
 * The next moment from `ns` on at which an alarm may be. With turns two timers of the machine must be one
 * moment or lie well apart: which of two QEMU serves first is the host's affair while its main loop is
 * awake, as it is after every idle time.
 */
uint64_t tick_apart(uint64_t ns);

/* No timer interrupts on this CPU, and again, as if there had been no break. Interrupts off. */
void tick_stop(void);
void tick_resume(void);

/* fn() at each jiffy on every CPU from here on, last asked, last called. Timer interrupt. Boot. */
void tick_add(void (*fn)(void));

#endif
