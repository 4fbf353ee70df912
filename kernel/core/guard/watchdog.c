/*
 * The watchdog (see watchdog.h).
 */
#include <stdarg.h>

#include "kernel/core/time/hpet.h"
#include "kernel/core/log/event.h"
#include "kernel/core/log/ksyms.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/machine.h"
#include "kernel/core/param.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/cpu/trap.h"
#include "kernel/core/sched/smp.h"
#include "kernel/core/sched/tick.h"
#include "kernel/core/time/time.h"
#include "kernel/core/guard/watchdog.h"

#define NS_PER_MS 1000000ul
#define HOUR_NS   3600000000000ul

static bool asleep; /* everybody */
static long watchdog_ms = 5000;
PARAM_INT("watchdog_ms", watchdog_ms, 0, 600000,
	"virtual time without progress after which a run is a LOCKUP (0: never)");

static bool armed; /* the NMI */
static bool held;
static uint64_t released_ns; /* the last time */

void watchdog_lockup(const char *fmt, ...)
{
	static char text[256];
	va_list ap;

	irq_disable();
	smp_stop_others();
	output_break_lock();
	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pr_emerg("LOCKUP: %s", text);
	event_counter(COUNTER("lockup_asleep"), asleep);
	print_tasks_with_traces();
	print_held_locks();
	machine_reports();
	pr_emerg("---[ end LOCKUP: %s", text);
	machine_exit(EXIT_WATCHDOG);
}

static uint64_t limit_ns(void)
{
	return watchdog_ms * NS_PER_MS;
}

void watchdog_at_least(long ms)
{
	if (watchdog_ms)
		WRITE_ONCE(watchdog_ms, MAX(watchdog_ms, ms));
}

static uint64_t put_off_ns; /* when the NMI was put off last */

static void put_off_nmi(void)
{
	put_off_ns = clock_ns();
	hpet_alarm_in(held ? HOUR_NS : limit_ns() + 1000000000ul / hz);
}

void watchdog_hold(void)
{
	held = true;
	if (armed)
		put_off_nmi();
}

void watchdog_release(void)
{
	released_ns = clock_ns();
	held = false;
	if (armed)
		put_off_nmi();
}

/*
 * Returns if the NMI is not the watchdog's. The tick that ends a turn may be younger than the last
 * jiffy, which is what puts the NMI off.
 */
static void look_at_nmi(const struct pt_regs *regs)
{
	struct cpu *cpu = this_cpu();

	if (clock_ns() < put_off_ns + limit_ns())
		return;
	cpu->stop_regs = *regs; /* where the reports find what it was doing */
	cpu->stopped = true;
	watchdog_lockup("CPU %u has taken no timer interrupt for %ld ms", cpu->id, watchdog_ms);
}

static void check_cpu(const struct cpu *cpu, uint64_t now)
{
	uint64_t limit = limit_ns();
	const struct spinlock *lock = READ_ONCE(cpu->spins_on);
	uint64_t tick = READ_ONCE(cpu->tick_ns), since = READ_ONCE(cpu->spin_since);

	if (lock && now > since + limit)
		watchdog_lockup("CPU %u has been spinning on %s for %ld ms", cpu->id,
			lock->info.name, watchdog_ms);
	if (now > tick + limit)
		watchdog_lockup(
			"CPU %u has taken no timer interrupt for %ld ms", cpu->id, watchdog_ms);
}

static bool too_long(unsigned long since)
{
	return since && (jiffies - since) * 1000 > (unsigned long)(watchdog_ms * hz);
}

/* False, and why in `text`, when this task gets nowhere. */
static bool task_is_well(const struct task *t, char *text, size_t size)
{
	const struct lock_info *lock = READ_ONCE(t->waits_lock);

	if (t->prio == PRIO_IDLE)
		return true;
	if (too_long(t->alloc_since))
		ksnprintf(text, size, "has been asking for memory");
	else if (lock && too_long(t->waits_since))
		ksnprintf(text, size, "has been waiting for %s", lock->name);
	else if (t->on_rq && cpus[t->cpu].task != t && too_long(t->ready_since))
		ksnprintf(text, size, "has been runnable on CPU %u without a turn", t->cpu);
	else
		return true;
	return false;
}

static void check_tasks(void)
{
	const struct task *t, *stuck = NULL;
	unsigned long flags;
	char why[96];

	if (!tasks_trylock(&flags))
		return; /* whoever holds it for ever spins, or takes no interrupts */
	for_each_task(t)
		if (!stuck && !task_is_well(t, why, sizeof(why)))
			stuck = t;
	tasks_unlock(flags);
	if (stuck)
		watchdog_lockup(
			"%s (pid %d) %s for %ld ms", stuck->comm, stuck->pid, why, watchdog_ms);
}

/* Without the lock, first: most ticks find somebody at work. */
static void check_sleepers(const struct cpu *cpu)
{
	if (cpu->idles && cpu->task == cpu->idle && sched_all_asleep()) {
		asleep = true;
		watchdog_lockup("everybody is asleep: no task can run, and no timer will wake one");
	}
}

/* At each jiffy; does not return when it has a verdict. */
static void look(void)
{
	uint64_t now = clock_ns();
	const struct cpu *cpu;

	if (this_cpu_id() == 0) {
		put_off_nmi();
		check_sleepers(this_cpu());
	}
	if (held || now < released_ns + limit_ns())
		return;
	for_each_cpu(cpu)
		if (cpu->online)
			check_cpu(cpu, now);
	check_tasks();
}

void watchdog_start(void)
{
	if (!watchdog_ms)
		return;
	trap_add_nmi(look_at_nmi);
	tick_add(look);
	armed = hpet_alarm_init(cpus[0].apic_id);
	if (armed)
		put_off_nmi();
	else
		pr_warn("watchdog: no NMI from this HPET: a CPU 0 with interrupts off is not seen");
}
