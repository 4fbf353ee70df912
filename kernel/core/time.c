/*
 * Clock and tick (see time.h).
 */
#include "boot/paging.h"
#include "kernel/core/acpi.h"
#include "kernel/core/cpu.h"
#include "kernel/core/param.h"
#include "kernel/core/sched.h"
#include "kernel/core/time.h"
#include "kernel/core/trap.h"

#define HPET_PERIOD  0x004 /* femtoseconds a count */
#define HPET_CONFIG  0x010
#define HPET_COUNTER 0x0f0

#define LAPIC_BASE_MSR  0x1b
#define LAPIC_EOI       0x0b0
#define LAPIC_SPURIOUS  0x0f0
#define LAPIC_LVT_TIMER 0x320
#define LAPIC_LVT_LINT0 0x350
#define LAPIC_INITIAL   0x380
#define LAPIC_DIVIDE    0x3e0
#define LAPIC_PERIODIC  0x20000
#define LAPIC_MASKED    0x10000
#define LAPIC_BY_ONE    0xb
#define LAPIC_HZ        1000000000ul

long hz = 250;
PARAM_INT("hz", hz, 100, 10000, "timer ticks a second");

static long icount = -1;
PARAM_INT("icount", icount, -1, 10,
	"shift of QEMU's -icount, under which the TSC is virtual time (-1: no -icount)");

volatile unsigned long jiffies;
extern uint64_t boot_tsc;

static volatile uint8_t *hpet, *lapic;
static uint32_t hpet_ns;    /* nanoseconds a count */
static uint64_t clock_base; /* counter at kernel entry */

/*
 * Under -icount the clock must be the TSC: the HPET's coarser count would carry the phase of
 * whatever ran before the kernel (GRUB, a CD) into the log.
 */
static uint64_t hpet_counter(void)
{
	return *(volatile uint64_t *)(hpet + HPET_COUNTER);
}

uint64_t clock_ns(void)
{
	if (icount >= 0) /* the TSC is QEMU's virtual clock, in nanoseconds */
		return rdtsc() - boot_tsc;
	return hpet ? (hpet_counter() - clock_base) * hpet_ns : 0;
}

long instructions_since_boot(void)
{
	if (icount < 0)
		return -1;
	return (long)((rdtsc() - boot_tsc - this_cpu()->idle_tsc) >> icount);
}

const char *time_init(void)
{
	uint32_t femtoseconds;

	if (!acpi_info.hpet)
		return "no HPET in the ACPI tables; expected one (QEMU's pc has it by default)";
	hpet = kmap_io(acpi_info.hpet, PAGE_SIZE, false);
	femtoseconds = *(volatile uint32_t *)(hpet + HPET_PERIOD);
	if (femtoseconds < 1000000 || femtoseconds > 100000000)
		return "the HPET's period is not between 1 and 100 ns";
	hpet_ns = femtoseconds / 1000000;
	*(volatile uint64_t *)(hpet + HPET_CONFIG) |= 1;
	clock_base = hpet_counter();
	return NULL;
}

static void lapic_write(unsigned int reg, uint32_t v)
{
	*(volatile uint32_t *)(lapic + reg) = v;
}

static void tick(struct pt_regs *regs)
{
	(void)regs;
	lapic_write(LAPIC_EOI, 0);
	jiffies++;
	timers_run();
	sched_tick();
}

static void spurious(struct pt_regs *regs)
{
	(void)regs;
}

/* The old interrupt controllers stay silent. */
static void mask_8259(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

void tick_start(void)
{
	mask_8259();
	if (!lapic)
		lapic = kmap_io(rdmsr(LAPIC_BASE_MSR) & 0xffffff000ull, PAGE_SIZE, false);
	trap_set_irq(IRQ_TIMER, tick);
	trap_set_irq(IRQ_SPURIOUS, spurious);
	lapic_write(LAPIC_SPURIOUS, 0x100 | IRQ_SPURIOUS);
	lapic_write(LAPIC_LVT_LINT0, LAPIC_MASKED);
	lapic_write(LAPIC_DIVIDE, LAPIC_BY_ONE);
	lapic_write(LAPIC_LVT_TIMER, LAPIC_PERIODIC | IRQ_TIMER);
	lapic_write(LAPIC_INITIAL, LAPIC_HZ / hz);
}
