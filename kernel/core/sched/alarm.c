/*
 * Alarms (see alarm.h): one list, by time.
 */
#include "kernel/core/cpu/lapic.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/sched/alarm.h"
#include "kernel/core/sched/tick.h"
#include "kernel/core/time/time.h"

static struct {
	struct spinlock lock;
	struct list_head list;
	struct alarm *running;
} alarms;

/* From another CPU: there is an earlier one. */
static void set_timer_anew(struct pt_regs *regs)
{
	(void)regs;
	lapic_eoi();
	tick_set_timer();
}

void alarms_init(void)
{
	spin_lock_init(&alarms.lock, "alarms");
	list_init(&alarms.list);
	trap_set_irq(IRQ_ALARM, set_timer_anew);
}

void alarm_init(struct alarm *a, void (*fn)(struct alarm *alarm))
{
	a->fn = fn;
	a->armed = false;
}

/* alarms.lock held. */
static void disarm(struct alarm *a)
{
	if (a->armed)
		list_del(&a->node);
	a->armed = false;
}

/* The same. True: it is the first now. */
static bool insert(struct alarm *a)
{
	struct list_head *at = alarms.list.prev;

	while (at != &alarms.list && list_entry(at, struct alarm, node)->at > a->at)
		at = at->prev;
	list_add(&a->node, at);
	a->armed = true;
	return at == &alarms.list;
}

void alarm_start(struct alarm *a, uint64_t at)
{
	unsigned long flags = spin_lock_irqsave(&alarms.lock);
	bool first;

	disarm(a);
	a->at = tick_apart(at);
	first = insert(a);
	spin_unlock(&alarms.lock);
	if (first && this_cpu_id() == 0)
		tick_set_timer();
	else if (first)
		lapic_send(cpus[0].apic_id, IRQ_ALARM);
	irq_restore(flags);
}

void alarm_cancel(struct alarm *a)
{
	for (;;) {
		unsigned long flags = spin_lock_irqsave(&alarms.lock);
		bool running = alarms.running == a;

		disarm(a);
		spin_unlock_irqrestore(&alarms.lock, flags);
		if (!running)
			return;
		cpu_relax();
	}
}

static struct alarm *first_alarm(void)
{
	return list_empty(&alarms.list) ? NULL : list_first_entry(&alarms.list, struct alarm, node);
}

/* The next that is due, disarmed; its function is about to run. */
static struct alarm *take_due(uint64_t now)
{
	struct alarm *a;

	spin_lock(&alarms.lock);
	a = first_alarm();
	if (a && a->at > now)
		a = NULL;
	if (a)
		disarm(a);
	alarms.running = a;
	spin_unlock(&alarms.lock);
	return a;
}

void alarms_run(void)
{
	struct alarm *a;

	while ((a = take_due(clock_ns())))
		a->fn(a);
}

uint64_t alarm_next(void)
{
	const struct alarm *a;
	uint64_t at;

	spin_lock(&alarms.lock);
	a = first_alarm();
	at = a ? a->at : 0;
	spin_unlock(&alarms.lock);
	return at;
}

/* Under the lock: one that runs may arm itself again, and is seen as one of both. */
bool alarms_armed(void)
{
	unsigned long flags = spin_lock_irqsave(&alarms.lock);
	bool armed = !list_empty(&alarms.list) || alarms.running;

	spin_unlock_irqrestore(&alarms.lock, flags);
	return armed;
}
