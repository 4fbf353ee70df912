/*
 * The local APIC (see lapic.h).
 */
#include "boot/paging.h"
#include "kernel/core/cpu/arch.h"
#include "kernel/core/cpu/lapic.h"
#include "kernel/core/cpu/trap.h"
#include "kernel/core/log/printk.h"

#define MSR_APIC_BASE 0x1b
#define APIC_BASE_ON  0x800

#define REG_ID        0x020
#define REG_EOI       0x0b0
#define REG_SPURIOUS  0x0f0
#define REG_ICR       0x300
#define REG_ICR_DEST  0x310
#define REG_LVT_TIMER 0x320
#define REG_LVT_LINT0 0x350
#define REG_LVT_LINT1 0x360
#define REG_INITIAL   0x380
#define REG_CURRENT   0x390
#define REG_DIVIDE    0x3e0

#define TIMER_PERIODIC 0x20000
#define LVT_MASKED     0x10000
#define DIVIDE_BY_ONE  0xb
#define ENABLE         0x100

#define ICR_NMI     0x4400
#define ICR_INIT    0x4500
#define ICR_STARTUP 0x4600
#define ICR_FIXED   0x4000
#define ICR_PENDING 0x1000

static volatile uint8_t *regs;

static void put(unsigned int reg, uint32_t v)
{
	*(volatile uint32_t *)(regs + reg) = v;
}

static uint32_t get(unsigned int reg)
{
	return *(volatile uint32_t *)(regs + reg);
}

static void spurious(struct pt_regs *r)
{
	(void)r;
}

const char *lapic_map(uint64_t phys)
{
	static char line[128];
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (!(base & APIC_BASE_ON))
		return "the CPU's local APIC is switched off; expected it on";
	if ((base & PTE_ADDR) != phys) {
		ksnprintf(line, sizeof(line),
			"ACPI: the MADT puts the local APICs at 0x%lx; expected 0x%lx, where this "
			"CPU has its own",
			phys, (unsigned long)(base & PTE_ADDR));
		return line;
	}
	regs = kmap_io(phys, PAGE_SIZE, false);
	trap_set_irq(IRQ_SPURIOUS, spurious);
	return NULL;
}

void lapic_enable(void)
{
	put(REG_SPURIOUS, ENABLE | IRQ_SPURIOUS);
	put(REG_LVT_LINT0, LVT_MASKED);
	put(REG_LVT_LINT1, LVT_MASKED);
	put(REG_DIVIDE, DIVIDE_BY_ONE);
}

unsigned int lapic_id(void)
{
	return get(REG_ID) >> 24;
}

void lapic_eoi(void)
{
	put(REG_EOI, 0);
}

void lapic_timer_once(uint32_t ns)
{
	put(REG_LVT_TIMER, IRQ_TIMER);
	put(REG_INITIAL, ns);
}

/*
 * Stopped first: between the two other writes the initial count would still be the last one-shot's,
 * and a period of a nanosecond is one that QEMU, once it has begun to serve it, never catches up with.
 */
void lapic_timer_periodic(uint32_t ns)
{
	put(REG_INITIAL, 0);
	put(REG_LVT_TIMER, TIMER_PERIODIC | IRQ_TIMER);
	put(REG_INITIAL, ns);
}

void lapic_timer_stop(void)
{
	put(REG_INITIAL, 0);
}

uint32_t lapic_timer_left(void)
{
	return get(REG_CURRENT);
}

static void send(unsigned int apic_id, uint32_t command)
{
	put(REG_ICR_DEST, apic_id << 24);
	put(REG_ICR, command);
	while (get(REG_ICR) & ICR_PENDING)
		cpu_relax();
}

void lapic_send(unsigned int apic_id, unsigned int vector)
{
	send(apic_id, ICR_FIXED | vector);
}

void lapic_send_nmi(unsigned int apic_id)
{
	send(apic_id, ICR_NMI);
}

void lapic_send_init(unsigned int apic_id)
{
	send(apic_id, ICR_INIT);
}

void lapic_send_startup(unsigned int apic_id, unsigned int page)
{
	send(apic_id, ICR_STARTUP | page);
}
