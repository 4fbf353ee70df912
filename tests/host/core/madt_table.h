/*
 * A MADT put together entry by entry, and what the kernel reads out of it. Each table is read from
 * a buffer of exactly its size, so that the sanitizer sees a read past its end.
 */
#ifndef HOST_MADT_TABLE_H
#define HOST_MADT_TABLE_H

#include "twin.h"

#include "kernel/core/cpu/madt.h"

#define LAPIC_ADDR  0xfee00000
#define IOAPIC_ADDR 0xfec00000
#define HEADER_LEN  44
#define ENABLED     1
#define LEVEL_HIGH  (3 << 2 | 1)

static uint8_t table[4096];
static size_t table_len;
static struct madt madt;

static inline void put(uint64_t value, unsigned int bytes)
{
	memcpy(table + table_len, &value, bytes);
	table_len += bytes;
}

static inline void set(size_t at, uint64_t value, unsigned int bytes)
{
	memcpy(table + at, &value, bytes);
}

static inline void begin(void)
{
	memset(table, 0, sizeof(table));
	memcpy(table, "APIC", 4);
	set(36, LAPIC_ADDR, 4);
	set(40, 1, 4);
	table_len = HEADER_LEN;
}

static inline void entry(uint8_t type, uint8_t len)
{
	put(type, 1);
	put(len, 1);
}

static inline void cpu(uint8_t id, uint32_t flags)
{
	entry(0, 8);
	put(id ^ 0x55, 1); /* the processor id is not the APIC id */
	put(id, 1);
	put(flags, 4);
}

static inline void x2apic(uint32_t id, uint32_t flags)
{
	entry(9, 16);
	put(0, 2);
	put(id, 4);
	put(flags, 4);
	put(id, 4);
}

static inline void ioapic(uint8_t id, uint32_t addr, uint32_t gsi_base)
{
	entry(1, 12);
	put(id, 1);
	put(0, 1);
	put(addr, 4);
	put(gsi_base, 4);
}

static inline void override(uint8_t bus, uint8_t irq, uint32_t gsi, uint16_t flags)
{
	entry(2, 10);
	put(bus, 1);
	put(irq, 1);
	put(gsi, 4);
	put(flags, 2);
}

static inline void lapic_at(uint64_t addr)
{
	entry(5, 12);
	put(0, 2);
	put(addr, 8);
}

static inline void nmi(void)
{
	entry(4, 6);
	put(0xff, 1);
	put(0, 2);
	put(1, 1);
}

static inline void like_qemu(unsigned int enabled)
{
	static const uint8_t pci_irqs[] = {5, 9, 10, 11};

	begin();
	for (unsigned int i = 0; i < 8; i++)
		cpu(i, i < enabled ? ENABLED : 0);
	ioapic(0, IOAPIC_ADDR, 0);
	override(0, 0, 2, 0);
	for (size_t i = 0; i < ARRAY_SIZE(pci_irqs); i++)
		override(0, pci_irqs[i], pci_irqs[i], LEVEL_HIGH);
	nmi();
}

/* One CPU, to which a test adds what it is about. */
static inline void one_cpu(void)
{
	begin();
	cpu(0, ENABLED);
}

static inline const char *read_unfinished(void)
{
	uint8_t *exact = malloc(table_len);
	const char *err;

	memcpy(exact, table, table_len);
	memset(&madt, 0xa5, sizeof(madt));
	err = madt_read(&madt, exact, table_len);
	free(exact);
	return err;
}

static inline const char *read_table(void)
{
	set(4, table_len, 4);
	return read_unfinished();
}

static inline void assert_nothing_read(void)
{
	static const struct madt nothing;

	assert_memory_equal(&madt, &nothing, sizeof(madt));
}

#endif
