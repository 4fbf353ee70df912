/*
 * Timers on the tick (jiffies). A timer's function runs in interrupt context, interrupts off, with
 * the timer off the list: it may start it again. It runs on the CPU that armed it. Any context;
 * timer_cancel() does not wait for a function that already runs, timer_cancel_sync() does.
 */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "kernel/core/list.h"

struct timer {
	struct list_head node;
	unsigned long expires; /* jiffies */
	void (*fn)(struct timer *timer);
	bool pending;
	bool running;      /* its function */
	bool wakes_nobody; /* set by its owner: a machine with no other timer may be asleep for good */
};

/* Boot, before the first timer. */
void timers_init(void);
void timer_init(struct timer *t, void (*fn)(struct timer *timer));
/* (Re)arm for jiffies + ticks, at least one tick. Any context. */
void timer_start(struct timer *t, unsigned long ticks);
void timer_cancel(struct timer *t);
/* Not from its function, nor with a lock that it takes. After this the timer may be freed. */
void timer_cancel_sync(struct timer *t);
/* Run what is due. Timer interrupt. */
void timers_run(void);
/* Is a timer of any CPU armed that may wake somebody, or some timer's function on another CPU? */
bool timers_may_wake(void);

#endif
