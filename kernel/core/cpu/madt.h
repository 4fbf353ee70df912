/*
 * The ACPI MADT: which CPUs there are, where the interrupt controllers are. A firmware table is
 * checked, not trusted: nothing outside [table, table + len) is read. Boot context.
 */
#ifndef CORE_MADT_H
#define CORE_MADT_H

#include "kernel/core/types.h"

#define ISA_IRQS 16

struct isa_route {
	uint32_t gsi;
	bool level, active_low;
};

struct madt {
	uint64_t lapic;            /* physical address of the local APICs (override entry wins) */
	unsigned int nr_cpus;      /* enabled ones */
	uint8_t apic_id[MAX_CPUS]; /* in table order: the first need not be the boot CPU */
	uint64_t ioapic;           /* physical address of the first I/O APIC; 0: none */
	uint32_t ioapic_gsi_base;
	uint8_t ioapic_id;
	struct isa_route isa[ISA_IRQS]; /* identity, edge, active high, unless overridden */
};

/*
 * Read the table (header included, checksum already verified by the caller): NULL, or one line
 * that says what is wrong and what was expected. The line lives until the next call, and *m is
 * then all zero.
 */
const char *madt_read(struct madt *m, const void *table, size_t len);

#endif
