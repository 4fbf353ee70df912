/*
 * The I/O APIC (see ioapic.h).
 */
#include "boot/paging.h"
#include "kernel/core/cpu/ioapic.h"
#include "kernel/core/log/printk.h"

/* Two registers reach all others. */
#define INDEX 0x00
#define DATA  0x10

#define REG_VERSION    0x01
#define REG_ENTRY(pin) (0x10 + 2 * (pin))

#define ENTRY_NMI        0x400u
#define ENTRY_ACTIVE_LOW 0x2000u
#define ENTRY_LEVEL      0x8000u
#define ENTRY_MASKED     0x10000u

static volatile uint8_t *regs;
static unsigned int nr_pins;
static const struct madt *madt;

static uint32_t get(unsigned int reg)
{
	*(volatile uint32_t *)(regs + INDEX) = reg;
	return *(volatile uint32_t *)(regs + DATA);
}

static void put(unsigned int reg, uint32_t v)
{
	*(volatile uint32_t *)(regs + INDEX) = reg;
	*(volatile uint32_t *)(regs + DATA) = v;
}

/* The index stays as it was written, and a version is neither nothing nor all ones. */
static bool answers(void)
{
	uint32_t version = get(REG_VERSION);

	return (*(volatile uint32_t *)(regs + INDEX) & 0xff) == REG_VERSION && version &&
		version != ~0u;
}

const char *ioapic_init(const struct madt *m)
{
	static char line[128];

	if (!m->ioapic)
		return "ACPI: the MADT lists no I/O APIC; expected one";
	madt = m;
	regs = kmap_io(m->ioapic, PAGE_SIZE, false);
	if (!answers()) {
		ksnprintf(line, sizeof(line),
			"ACPI: the MADT puts the I/O APIC at 0x%lx, where none answers; expected "
			"its registers",
			(unsigned long)m->ioapic);
		return line;
	}
	nr_pins = (get(REG_VERSION) >> 16 & 0xff) + 1;
	for (unsigned int pin = 0; pin < nr_pins; pin++)
		put(REG_ENTRY(pin), ENTRY_MASKED);
	return NULL;
}

/* `how`: the vector, or another mode of delivery. */
static bool route_isa(unsigned int irq, uint32_t how, unsigned int apic_id)
{
	const struct isa_route *r = &madt->isa[irq];
	unsigned int pin = r->gsi - madt->ioapic_gsi_base;

	if (pin >= nr_pins)
		return false;
	put(REG_ENTRY(pin) + 1, apic_id << 24);
	put(REG_ENTRY(pin),
		how | (r->level ? ENTRY_LEVEL : 0) | (r->active_low ? ENTRY_ACTIVE_LOW : 0));
	return true;
}

bool ioapic_route_isa(unsigned int irq, unsigned int vector, unsigned int apic_id)
{
	return route_isa(irq, vector, apic_id);
}

bool ioapic_route_isa_nmi(unsigned int irq, unsigned int apic_id)
{
	return route_isa(irq, ENTRY_NMI, apic_id);
}

void ioapic_mask_isa(unsigned int irq)
{
	put(REG_ENTRY(madt->isa[irq].gsi - madt->ioapic_gsi_base), ENTRY_MASKED);
}
