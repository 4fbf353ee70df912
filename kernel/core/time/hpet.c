/*
 * The HPET (see hpet.h).
 */
#include "boot/paging.h"
#include "kernel/core/time/hpet.h"
#include "kernel/core/cpu/ioapic.h"

#define CAPABILITIES 0x000 /* and in its upper half: femtoseconds a count */
#define CONFIG       0x010
#define COUNTER      0x0f0
#define TIMER0       0x100
#define COMPARATOR0  0x108

#define CAN_REPLACE_PIT  0x8000
#define CONFIG_ON        0x1
#define CONFIG_REPLACE   0x2 /* timer 0 takes the PIT's interrupt, which falls silent */
#define TIMER_INTERRUPTS 0x4

#define ISA_PIT 0

static volatile uint8_t *regs;
static uint32_t ns_per_count;
static uint64_t base;

static uint64_t get(unsigned int reg)
{
	return *(volatile uint64_t *)(regs + reg);
}

static void put(unsigned int reg, uint64_t v)
{
	*(volatile uint64_t *)(regs + reg) = v;
}

const char *hpet_init(uint64_t phys)
{
	uint32_t femtoseconds;

	if (!phys)
		return "no HPET in the ACPI tables; expected one (QEMU's pc has it by default)";
	regs = kmap_io(phys, PAGE_SIZE, false);
	femtoseconds = get(CAPABILITIES) >> 32;
	if (femtoseconds < 1000000 || femtoseconds > 100000000)
		return "the HPET's period is not between 1 and 100 ns";
	ns_per_count = femtoseconds / 1000000;
	put(CONFIG, get(CONFIG) | CONFIG_ON);
	base = get(COUNTER);
	return NULL;
}

uint64_t hpet_ns(void)
{
	return regs ? (get(COUNTER) - base) * ns_per_count : 0;
}

bool hpet_alarm_init(unsigned int apic_id)
{
	if (!(get(CAPABILITIES) & CAN_REPLACE_PIT))
		return false;
	put(CONFIG, get(CONFIG) | CONFIG_REPLACE);
	return ioapic_route_isa_nmi(ISA_PIT, apic_id);
}

void hpet_alarm_in(uint64_t ns)
{
	/* In this order: an enabled timer whose time has passed fires at once. */
	put(COMPARATOR0, get(COUNTER) + ns / ns_per_count);
	put(TIMER0, TIMER_INTERRUPTS);
}

void hpet_stop(void)
{
	put(CONFIG, get(CONFIG) & ~(uint64_t)CONFIG_ON);
}

void hpet_go_on(void)
{
	put(CONFIG, get(CONFIG) | CONFIG_ON);
}
