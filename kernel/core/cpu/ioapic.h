/*
 * The I/O APIC: which device's interrupt goes to which CPU. The first one of the MADT; all of its
 * pins are masked until they are routed. Boot context unless stated.
 */
#ifndef CORE_IOAPIC_H
#define CORE_IOAPIC_H

#include "kernel/core/cpu/madt.h"

/* Map it and mask every pin. NULL, or one line that says what is wrong. */
const char *ioapic_init(const struct madt *m);

/*
 * Send an ISA interrupt, on the pin and with the polarity that the MADT states, to a CPU (by its
 * APIC id), as this vector or as an NMI. False: there is no such pin.
 */
bool ioapic_route_isa(unsigned int irq, unsigned int vector, unsigned int apic_id);
bool ioapic_route_isa_nmi(unsigned int irq, unsigned int apic_id);
/* No more of one that was routed. Any context. */
void ioapic_mask_isa(unsigned int irq);

#endif
