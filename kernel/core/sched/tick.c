/*
 * The tick, and where turns end (see tick.h).
 */
#include "kernel/core/cpu/cpu.h"
#include "kernel/core/cpu/lapic.h"
#include "kernel/core/cpu/trap.h"
#include "kernel/core/machine.h"
#include "kernel/core/sched/alarm.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/sched/tick.h"
#include "kernel/core/sched/turn.h"
#include "kernel/core/time/time.h"

/*
 * A CPU's turn under -icount, where the machine's timers end turns: so many instructions that a
 * tick on every CPU is a small part of them, and never so long that the watchdog's time is few.
 */
#define TURN_INSNS  100000ul
#define MAX_TURN_NS 25600000ul
#define PARTS       5 /* of a turn: alarms are at their ends */

#define RTC_INDEX          0x70
#define RTC_DATA           0x71
#define RTC_REG_A          0x0a
#define RTC_DIVIDERS_RESET 0x66
#define PIT_COUNT          0x40
#define PIT_CONTROL        0x43
#define PIT_ONCE           0x30 /* channel 0, both bytes, mode 0: counts down once */

#define MAX_HOOKS 4

static uint64_t next_jiffy; /* when jiffies goes on; the boot CPU's */
static bool one_shots;      /* the same CPU's timer, without turns: there are alarms */

static void (*hook[MAX_HOOKS])(void);
static unsigned int nr_hooks;

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
	return clock_shift() >= 0 && nr_cpus > 1;
}

static uint64_t turn_ns(void)
{
	return MIN(TURN_INSNS << clock_shift(), MAX_TURN_NS);
}

/* By the same instructions for every CPU: timers that are set to one moment must be one for QEMU, too. */
static noinline void timer_at(uint64_t ns)
{
	uint64_t now = clock_ns();

	lapic_timer_once(ns > now ? ns - now : 1);
}

/* An alarm may come before. */
static void timer_by(uint64_t ns)
{
	uint64_t alarm = this_cpu_id() == 0 ? alarm_next() : 0;

	timer_at(alarm ? MIN(ns, alarm) : ns);
}

static void tick_at_next_slice(void)
{
	timer_by((clock_ns() / turn_ns() + 1) * turn_ns());
}

uint64_t tick_apart(uint64_t ns)
{
	uint64_t part = takes_turns() ? turn_ns() / PARTS : 1;

	return (ns + part - 1) / part * part;
}

/*
 * Without turns the timer is periodic; but of the first CPU's only until an alarm is armed, and again from
 * the first jiffy at which none is.
 */
static void tick_alone(bool at_jiffy)
{
	if (alarms_armed())
		one_shots = true;
	if (one_shots && at_jiffy && !alarms_armed()) {
		one_shots = false;
		lapic_timer_periodic(jiffy_ns());
	} else if (one_shots) {
		timer_by(next_jiffy);
	}
}

void tick_set_timer(void)
{
	if (takes_turns())
		tick_at_next_slice();
	else
		tick_alone(false);
}

/* One that is on its way already would set the timer again. */
void tick_stop(void)
{
	this_cpu()->tick_stopped = true;
	lapic_timer_stop();
}

void tick_resume(void)
{
	this_cpu()->tick_stopped = false;
	if (!takes_turns())
		one_shots = true;
	tick_set_timer();
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
	bool at_jiffy;

	(void)regs;
	lapic_eoi();
	if (cpu->tick_stopped)
		return;
	cpu->tick_ns = clock_ns();
	if (cpu->id == 0)
		alarms_run();
	if (takes_turns())
		hand_on_turn(cpu);
	if (cpu->id == 0)
		advance_jiffies();
	at_jiffy = cpu->last_jiffy != jiffies;
	if (cpu->id == 0 && one_shots)
		tick_alone(at_jiffy);
	if (!at_jiffy)
		return;
	cpu->last_jiffy = jiffies;
	timers_run();
	sched_tick();
	for (unsigned int i = 0; i < nr_hooks; i++)
		hook[i]();
}

void tick_add(void (*fn)(void))
{
	BUG_ON(nr_hooks == MAX_HOOKS);
	hook[nr_hooks++] = fn;
}

/* The old interrupt controllers stay silent. */
static void mask_8259(void)
{
	outb(0x21, 0xff);
	outb(0xa1, 0xff);
}

/* Old timers that nobody here asks, and which the firmware leaves running: quiet from here on. */
static void stop_old_timers(void)
{
	outb(RTC_INDEX, RTC_REG_A);
	outb(RTC_DATA, RTC_DIVIDERS_RESET);
	outb(PIT_CONTROL, PIT_ONCE);
	outb(PIT_COUNT, 1);
	outb(PIT_COUNT, 0);
}

static void woken(struct pt_regs *regs)
{
	(void)regs;
	lapic_eoi();
}

/*
 * Under -icount whatever came before the kernel, a loader that waits for a CD above all, leaves a phase
 * at random in what ends turns: in those timers, and in QEMU's own kick every 100 ms, which starts anew
 * when all CPUs have been halted. So they halt once, to a slice's begin: from there on a run is the same,
 * whoever loaded the kernel.
 */
static void forget_what_was_before(void)
{
	trap_set_irq(IRQ_TIMER, woken);
	lapic_timer_once(2 * turn_ns() - clock_ns() % turn_ns()); /* the next might come too soon */
	cpu_halt();
}

static void start_time(void)
{
	mask_8259();
	stop_old_timers();
	lapic_enable();
	if (takes_turns())
		forget_what_was_before();
	trap_set_irq(IRQ_TIMER, tick);
	next_jiffy = clock_ns() + jiffy_ns();
}

void tick_start(void)
{
	if (this_cpu_id() == 0)
		start_time();
	this_cpu()->tick_ns = clock_ns();
	if (takes_turns())
		tick_at_next_slice();
	else
		lapic_timer_periodic(jiffy_ns());
}
