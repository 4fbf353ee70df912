/*
 * What Lowwater needs of ACPI: where the HPET is, which CPUs there are, how to power off.
 * Tables are mapped, checked (signature, length, checksum) and never trusted. Boot context.
 */
#ifndef CORE_ACPI_H
#define CORE_ACPI_H

#include "kernel/core/cpu/madt.h"

struct acpi_info {
	uint64_t hpet;         /* physical address, 0: none */
	uint16_t pm1a_control; /* I/O port, 0: none */
	uint16_t pm1a_event;   /* of fixed events, the same */
	uint16_t sci_irq;      /* the ISA interrupt of these, 0 to 15 */
	struct madt madt;
};

/* NULL, or one line that says what is wrong. */
const char *acpi_init(struct acpi_info *info);
extern struct acpi_info acpi_info;

#endif
