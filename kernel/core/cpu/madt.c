/*
 * Reads the ACPI MADT into struct madt, trusting none of it.
 */
#include <string.h>

#include "kernel/core/cpu/madt.h"
#include "kernel/core/log/printk.h"

#define LENGTH_AT  4
#define LAPIC_AT   36
#define ENTRIES_AT 44

#define CPU_ENABLED    1u
#define APIC_BROADCAST 255
#define BUS_ISA        0
#define LAPIC_ALIGN    4096u
#define IOAPIC_ALIGN   16u

/* Of both fields of an override's flags; 0 is "as the bus has it". */
enum mps_flag { FLAG_CONFORMS, FLAG_HIGH_OR_EDGE, FLAG_RESERVED, FLAG_LOW_OR_LEVEL };

struct entry_type {
	uint8_t min_len;
	const char *(*read)(struct madt *m, const uint8_t *entry);
};

static char fault_line[128];

static const char *fault(const char *fmt, ...) __printf(1, 2);
static const char *fault(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	kvsnprintf(fault_line, sizeof(fault_line), fmt, ap);
	va_end(ap);
	return fault_line;
}

static uint16_t read16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint32_t read32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t read64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Counts on beyond MAX_CPUS, so that the complaint can tell how many there are. */
static const char *read_cpu(struct madt *m, const uint8_t *entry)
{
	uint8_t id = entry[3];

	if (!(read32(entry + 4) & CPU_ENABLED))
		return NULL;
	if (id == APIC_BROADCAST)
		return "ACPI: the MADT gives a CPU the broadcast APIC id 255; expected 0 to 254";
	for (unsigned int i = 0; i < m->nr_cpus && i < MAX_CPUS; i++)
		if (m->apic_id[i] == id)
			return fault("ACPI: the MADT lists APIC id %u twice; expected it once", id);
	if (m->nr_cpus < MAX_CPUS)
		m->apic_id[m->nr_cpus] = id;
	m->nr_cpus++;
	return NULL;
}

static const char *read_ioapic(struct madt *m, const uint8_t *entry)
{
	uint32_t addr = read32(entry + 4);

	if (!addr || addr % IOAPIC_ALIGN)
		return fault("ACPI: the MADT puts an I/O APIC at 0x%x; "
			     "expected a multiple of 16 above 0",
			(unsigned int)addr);
	if (m->ioapic)
		return NULL;
	m->ioapic = addr;
	m->ioapic_id = entry[2];
	m->ioapic_gsi_base = read32(entry + 8);
	return NULL;
}

static const char *check_isa_flags(unsigned int irq, unsigned int polarity, unsigned int trigger)
{
	if (polarity == FLAG_RESERVED)
		return fault("ACPI: the MADT gives ISA IRQ %u a reserved polarity; "
			     "expected active high or low",
			irq);
	if (trigger == FLAG_RESERVED)
		return fault("ACPI: the MADT gives ISA IRQ %u a reserved trigger; "
			     "expected edge or level",
			irq);
	return NULL;
}

static const char *read_isa_route(struct madt *m, const uint8_t *entry)
{
	unsigned int bus = entry[2], irq = entry[3], flags = read16(entry + 8);
	unsigned int polarity = flags & 3, trigger = flags >> 2 & 3;
	const char *err;

	if (bus != BUS_ISA)
		return fault(
			"ACPI: the MADT overrides an IRQ of bus %u; expected bus 0 (ISA)", bus);
	if (irq >= ISA_IRQS)
		return fault("ACPI: the MADT overrides ISA IRQ %u; expected 0 to 15", irq);
	err = check_isa_flags(irq, polarity, trigger);
	if (err)
		return err;
	m->isa[irq].gsi = read32(entry + 4);
	m->isa[irq].level = trigger == FLAG_LOW_OR_LEVEL;
	m->isa[irq].active_low = polarity == FLAG_LOW_OR_LEVEL;
	return NULL;
}

static const char *read_lapic_override(struct madt *m, const uint8_t *entry)
{
	m->lapic = read64(entry + 4);
	return NULL;
}

static const char *read_x2apic(struct madt *m, const uint8_t *entry)
{
	(void)m;
	if (read32(entry + 8) & CPU_ENABLED)
		return "ACPI: the MADT enables a CPU by x2APIC id; expected APIC ids of 8 bits";
	return NULL;
}

static const struct entry_type entry_types[] = {
	[0] = {8, read_cpu},
	[1] = {12, read_ioapic},
	[2] = {10, read_isa_route},
	[5] = {12, read_lapic_override},
	[9] = {16, read_x2apic},
};

/* `entry` holds as many bytes as its length byte says. */
static const char *read_entry(struct madt *m, const uint8_t *entry)
{
	const struct entry_type *type;

	if (entry[0] >= ARRAY_SIZE(entry_types) || !entry_types[entry[0]].read)
		return NULL;
	type = &entry_types[entry[0]];
	if (entry[1] < type->min_len)
		return fault("ACPI: the MADT has an entry of type %u with %u bytes; "
			     "expected %u or more",
			entry[0], entry[1], type->min_len);
	return type->read(m, entry);
}

static const char *check_span(const uint8_t *entry, size_t left)
{
	if (left >= 2 && entry[1] < 2)
		return fault(
			"ACPI: the MADT has an entry of length %u; expected 2 or more", entry[1]);
	if (left < 2 || entry[1] > left)
		return "ACPI: the MADT ends within an entry; expected whole entries";
	return NULL;
}

static const char *read_entries(struct madt *m, const uint8_t *table, size_t len)
{
	size_t at = ENTRIES_AT;

	while (at < len) {
		const char *err = check_span(table + at, len - at);

		if (!err)
			err = read_entry(m, table + at);
		if (err)
			return err;
		at += table[at + 1];
	}
	return NULL;
}

static const char *check_header(const uint8_t *table, size_t len)
{
	if (len < ENTRIES_AT)
		return fault("ACPI: the MADT is %u bytes long; expected %u or more",
			(unsigned int)len, ENTRIES_AT);
	if (memcmp(table, "APIC", 4))
		return "ACPI: the MADT has a wrong signature; expected \"APIC\"";
	if (read32(table + LENGTH_AT) != len)
		return fault("ACPI: the MADT says that it is %u bytes long; expected %u",
			(unsigned int)read32(table + LENGTH_AT), (unsigned int)len);
	return NULL;
}

static const char *check_result(const struct madt *m)
{
	if (m->nr_cpus == 0)
		return fault("ACPI: the MADT lists no enabled CPU; expected 1 to %d", MAX_CPUS);
	if (m->nr_cpus > MAX_CPUS)
		return fault(
			"ACPI: the MADT lists %u CPUs; expected 1 to %d", m->nr_cpus, MAX_CPUS);
	if (!m->lapic || m->lapic % LAPIC_ALIGN)
		return fault("ACPI: the MADT puts the local APICs at 0x%lx; "
			     "expected a multiple of 4 KiB above 0",
			(unsigned long)m->lapic);
	return NULL;
}

const char *madt_read(struct madt *m, const void *table, size_t len)
{
	const char *err = check_header(table, len);

	memset(m, 0, sizeof(*m));
	if (err)
		return err;
	m->lapic = read32((const uint8_t *)table + LAPIC_AT);
	for (unsigned int irq = 0; irq < ISA_IRQS; irq++)
		m->isa[irq].gsi = irq;
	err = read_entries(m, table, len);
	if (!err)
		err = check_result(m);
	if (err)
		memset(m, 0, sizeof(*m)); /* nr_cpus may exceed apic_id[] */
	return err;
}
