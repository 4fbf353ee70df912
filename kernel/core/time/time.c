/*
 * Clock and tick (see time.h).
 */
#include "kernel/core/cpu/cpu.h"
#include "kernel/core/time/hpet.h"
#include "kernel/core/cpu/lapic.h"
#include "kernel/core/param.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/sched/smp.h"
#include "kernel/core/guard/sysrq.h"
#include "kernel/core/sched/turn.h"
#include "kernel/core/guard/watchdog.h"
#include "kernel/core/time/time.h"
#include "kernel/core/cpu/trap.h"

/*
 * A CPU's turn under -icount, where the machine's timers end turns: so many instructions that a
 * tick on every CPU is a small part of them, and never so long that the watchdog's time is few.
 */
#define TURN_INSNS  100000ul
#define MAX_TURN_NS 25600000ul

long hz = 250;
PARAM_INT("hz", hz, 100, 10000, "timer ticks a second");

static long icount = -1;
PARAM_INT("icount", icount, -1, 10,
	"shift of QEMU's -icount, under which the TSC is virtual time (-1: no -icount)");

volatile unsigned long jiffies;
extern uint64_t boot_tsc;

static uint64_t next_jiffy; /* when jiffies goes on; the boot CPU's */

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

void halt_is_over(struct cpu *cpu)
{
	if (idle_since)
		idle_tsc += rdtsc() - idle_since;
	idle_since = 0;
	cpu->halted = false;
	__atomic_sub_fetch(&nr_halted, 1, __ATOMIC_SEQ_CST);
}

static uint64_t jiffy_ns(void)
{
	return 1000000000ul / hz;
}

/* By the clock, not by interrupts: one may come late, or be a turn's end only. */
static void advance_jiffies(void)
{
	uint64_t now = clock_ns();

	for (; now >= next_jiffy; next_jiffy += jiffy_ns())
		jiffies++;
}

/* Under -icount QEMU runs the CPUs one at a time. */
static bool takes_turns(void)
{
	return icount >= 0 && nr_cpus > 1;
}

static uint64_t turn_ns(void)
{
	return MIN(TURN_INSNS << icount, MAX_TURN_NS);
}

static void tick_at_next_slice(void)
{
	lapic_timer_once(turn_ns() - clock_ns() % turn_ns());
}

/*
 * Whose turn it is. QEMU ends a turn at the next timer of the machine, but who comes next then
 * depends on where in its round the timer was noticed: with an even number of CPUs some would
 * never run. So every CPU has a short tick, all at the same moment; the slice of time that begins
 * with it belongs to one CPU, and each other one hands on what it got, by one `pause`. It comes
 * back if the owner halts.
 */
static void hand_on_turn(const struct cpu *cpu)
{
	uint64_t slice = clock_ns() / turn_ns();

	tick_at_next_slice();
	if (turn_owner(slice) != cpu->id)
		cpu_relax();
}

static void tick(struct pt_regs *regs)
{
	struct cpu *cpu = this_cpu();

	(void)regs;
	lapic_eoi();
	cpu->tick_ns = clock_ns();
	if (takes_turns())
		hand_on_turn(cpu);
	if (cpu->id == 0)
		advance_jiffies();
	if (cpu->last_jiffy == jiffies)
		return;
	cpu->last_jiffy = jiffies;
	timers_run();
	sched_tick();
	if (cpu->id == 0)
		sysrq_poll();
	watchdog_check();
}

/* The old interrupt controllers stay silent. */
static void mask_8259(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

void tick_start(void)
{
	this_cpu()->tick_ns = clock_ns();
	if (this_cpu_id() == 0) {
		mask_8259();
		trap_set_irq(IRQ_TIMER, tick);
		lapic_enable();
		next_jiffy = clock_ns() + jiffy_ns();
	}
	if (takes_turns())
		tick_at_next_slice();
	else
		lapic_timer_periodic(jiffy_ns());
}
