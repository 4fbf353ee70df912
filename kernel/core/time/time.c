/*
 * The clock (see time.h).
 */
#include "kernel/core/cpu/cpu.h"
#include "kernel/core/time/hpet.h"
#include "kernel/core/param.h"
#include "kernel/core/time/time.h"

long hz = 250;
PARAM_INT("hz", hz, 100, 10000, "timer ticks a second");

static long icount = -1;
PARAM_INT("icount", icount, -1, 10,
	"shift of QEMU's -icount, under which the TSC is virtual time (-1: no -icount)");

volatile unsigned long jiffies;
extern uint64_t boot_tsc;

/* Time in which all CPUs were halted, in TSC counts. */
static unsigned int nr_halted;
static uint64_t idle_since, idle_tsc;

/*
 * Under -icount the clock must be the TSC: the HPET's coarser count would carry the phase of
 * whatever ran before the kernel (GRUB, a CD) into the log.
 */
uint64_t clock_ns(void)
{
	if (icount >= 0) /* the TSC is QEMU's virtual clock, in nanoseconds */
		return rdtsc() - boot_tsc;
	return hpet_ns();
}

void clock_set(uint64_t ns)
{
	boot_tsc = rdtsc() - ns;
}

long clock_shift(void)
{
	return icount;
}

long instructions_since_boot(void)
{
	if (icount < 0)
		return -1;
	return tsc_to_instructions(rdtsc() - boot_tsc - idle_tsc);
}

long tsc_to_instructions(uint64_t counts)
{
	return (long)(counts >> MAX(icount, 0l));
}

void cpu_halt(void)
{
	struct cpu *cpu = this_cpu();

	cpu->halted = true;
	if (__atomic_add_fetch(&nr_halted, 1, __ATOMIC_SEQ_CST) == nr_cpus)
		idle_since = rdtsc();
	/* sti takes effect after hlt has begun: no wake-up is lost between. */
	asm volatile("sti; hlt; cli" : : : "memory");
}

void cpu_absent(struct cpu *cpu)
{
	cpu->halted = true;
	nr_halted++;
}

void halt_is_over(struct cpu *cpu)
{
	if (idle_since)
		idle_tsc += rdtsc() - idle_since;
	idle_since = 0;
	cpu->halted = false;
	__atomic_sub_fetch(&nr_halted, 1, __ATOMIC_SEQ_CST);
}
