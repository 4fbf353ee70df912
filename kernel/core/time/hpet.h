/*
 * The HPET: a counter that states its own period, and one alarm that comes as an NMI. Boot context
 * unless stated.
 */
#ifndef CORE_HPET_H
#define CORE_HPET_H

#include "kernel/core/types.h"

/* Map it and start the counter. NULL, or one line that says what is wrong. */
const char *hpet_init(uint64_t phys);

/* Nanoseconds since hpet_init(); 0 before. Any context. */
uint64_t hpet_ns(void);

/*
 * An alarm for the boot CPU that interrupts-off does not hold back. False: the HPET or the I/O
 * APIC cannot. Then hpet_alarm_in() puts it off to `ns` from now; any context, one CPU at a time.
 */
bool hpet_alarm_init(unsigned int apic_id);
void hpet_alarm_in(uint64_t ns);

/* The counter and its alarm stand still, so that no timer of it is armed, and go on. Interrupts off. */
void hpet_stop(void);
void hpet_go_on(void);

#endif
