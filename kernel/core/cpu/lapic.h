/*
 * The local APIC: its timer, end of interrupt, and interrupts to other CPUs. Registers of the CPU
 * that runs this; any context unless stated.
 */
#ifndef CORE_LAPIC_H
#define CORE_LAPIC_H

#include "kernel/core/types.h"

/*
 * Map the registers, which all CPUs have at one address. NULL, or one line: this CPU says that its own
 * are elsewhere, or off. Boot.
 */
const char *lapic_map(uint64_t phys);
/* Accept interrupts on this CPU. Interrupts off. */
void lapic_enable(void);
unsigned int lapic_id(void);
void lapic_eoi(void);

/* Interrupt IRQ_TIMER in `ns`, once or over and over; QEMU's PC counts it at 1 GHz. */
void lapic_timer_once(uint32_t ns);
void lapic_timer_periodic(uint32_t ns);
void lapic_timer_stop(void);
/* Of a timer that rings once, in ns; 0: it has rung, or none is set. */
uint32_t lapic_timer_left(void);

/* To another CPU by its APIC id. Interrupts off. */
void lapic_send(unsigned int apic_id, unsigned int vector);
void lapic_send_nmi(unsigned int apic_id);
void lapic_send_init(unsigned int apic_id);
/* Start at physical address `page` << 12, in real mode. */
void lapic_send_startup(unsigned int apic_id, unsigned int page);

#endif
