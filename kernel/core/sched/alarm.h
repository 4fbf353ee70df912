/*
 * Alarms: functions that run at a nanosecond of their own, not at a jiffy, for devices whose answers are
 * modelled (DESIGN §5). Few at a time. The first CPU takes all of them, as it takes all interrupts of
 * devices; while one is armed that CPU's timer is set anew at each interrupt.
 */
#ifndef CORE_ALARM_H
#define CORE_ALARM_H

#include "kernel/core/list.h"

struct alarm {
	struct list_head node;
	uint64_t at; /* clock_ns() */
	void (*fn)(struct alarm *alarm);
	bool armed;
};

/* Boot, before the first alarm. */
void alarms_init(void);
void alarm_init(struct alarm *a, void (*fn)(struct alarm *alarm));
/*
 * Run its function at `at`, or what tick_apart() makes of it, or as soon as the first CPU takes interrupts
 * after that; (re)arms. The function runs in interrupt context, interrupts off, not armed any more: it may
 * arm again, for a later moment. Of two for one moment the first armed comes first. Any context.
 */
void alarm_start(struct alarm *a, uint64_t at);
/* Its function runs no more when this returns. Not from it; no lock held that it takes. */
void alarm_cancel(struct alarm *a);

/* Run what is due. The first CPU, timer interrupt. */
void alarms_run(void);
/* When the next is, by clock_ns(); 0: none is armed. Interrupts off. */
uint64_t alarm_next(void);
/* Is any armed, or its function under way? Any context, also with sched_lock() held. */
bool alarms_armed(void);

#endif
