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

/* fn() at each jiffy on every CPU from here on, last asked, last called. Timer interrupt. Boot. */
void tick_add(void (*fn)(void));

#endif
