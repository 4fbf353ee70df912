/*
 * SysRq (see sysrq.h).
 */
#include "kernel/core/lock/lock.h"
#include "kernel/core/log/event.h"
#include "kernel/core/param.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/log/serial.h"
#include "kernel/core/guard/sysrq.h"
#include "kernel/core/guard/sysrq_plan.h"
#include "kernel/core/guard/watchdog.h"
#include "kernel/core/sched/tick.h"
#include "kernel/core/time/time.h"

#define MAX_KEYS    16
#define NS_PER_MS   1000000ul
#define PATIENCE_NS 100000000ul /* for a lock that a report wants */

static void help(void);
static void show_tasks(void);
static void show_locks(void);

static struct sysrq_op {
	char key;
	const char *help;
	void (*fn)(void);
} ops[MAX_KEYS] = {
	{'h', "Help", help},
	{'t', "Show State", show_tasks},
	{'d', "Show Locks Held", show_locks},
};
static unsigned int nr_ops = 3;

char sysrq_requested;

static struct sysrq_plan plan;
static struct planned {
	struct timer timer;
	char key;
	bool pressed;
} planned[SYSRQ_PLAN_KEYS];

static const char *set_plan(const char *text)
{
	return sysrq_plan_read(&plan, text);
}
PARAM_FN("sysrq", set_plan, "keys to press by themselves: KEY@MS[,KEY@MS...]; h@1 lists them");

static const struct sysrq_op *find(char key)
{
	for (const struct sysrq_op *op = ops; op < ops + nr_ops; op++)
		if (op->key == key)
			return op;
	return NULL;
}

void sysrq_register(char key, const char *text, void (*fn)(void))
{
	BUG_ON(nr_ops == MAX_KEYS || find(key));
	ops[nr_ops++] = (struct sysrq_op){key, text, fn};
}

static void list_keys(struct line *l)
{
	line_init(l);
	for (const struct sysrq_op *op = ops; op < ops + nr_ops; op++)
		line_add(l, "%s%s(%c)", op == ops ? "" : " ", op->help, op->key);
}

static void help(void)
{
	struct line l;

	list_keys(&l);
	pr_info("sysrq: HELP : %s", l.text);
}

/* A machine that is stuck may hold the lock for ever; its key shall still be answered. */
static bool try_for_a_while(bool (*try)(unsigned long *flags), unsigned long *flags)
{
	uint64_t start = clock_ns();

	do {
		if (try(flags))
			return true;
		cpu_relax();
	} while (clock_ns() - start < PATIENCE_NS);
	return false;
}

/* The report's lock first: others print while they hold it. */
static void print_whole(
	bool (*try)(unsigned long *flags), void (*unlock)(unsigned long flags), void (*print)(void))
{
	unsigned long flags, output;

	if (!try_for_a_while(try, &flags)) {
		pr_warn("sysrq: not now: another CPU does not let go of the list");
		return;
	}
	output = output_lock();
	print();
	output_unlock(output);
	unlock(flags);
}

static void show_tasks(void)
{
	print_whole(tasks_trylock, tasks_unlock, print_tasks);
}

static void show_locks(void)
{
	print_whole(sched_trylock, sched_unlock, print_held_locks);
}

void sysrq_key(char key)
{
	const struct sysrq_op *op = find(key);
	unsigned long flags = irq_save();

	if (!op)
		op = &ops[0];
	if (op->fn != help)
		pr_info("sysrq: SysRq : %s", op->help);
	op->fn();
	irq_restore(flags);
}

void sysrq_console_key(char key)
{
	watchdog_hold();
	sysrq_key(key);
	watchdog_release();
}

/* At each jiffy. */
static void take_request(void)
{
	if (this_cpu_id() == 0 && unlikely(READ_ONCE(sysrq_requested)))
		sysrq_key(__atomic_exchange_n(&sysrq_requested, '\0', __ATOMIC_RELAXED));
}

static void press_planned(struct timer *timer)
{
	struct planned *p = container_of(timer, struct planned, timer);

	p->pressed = true;
	sysrq_key(p->key);
}

void sysrq_report(void)
{
	for (unsigned int i = 0; i < plan.n; i++)
		if (!planned[i].pressed)
			event("{\"event\":\"note\",\"text\":\"sysrq=%c@%lu was not pressed: the "
			      "run ended before\"}",
				plan.press[i].key, plan.press[i].ms);
}

/* Ticks from the tick's start, just now, to the first at or after `ms`. */
static unsigned long ticks_until(unsigned long ms)
{
	uint64_t jiffy_ns = 1000000000ul / hz, start = this_cpu()->tick_ns, at = ms * NS_PER_MS;

	return at > start ? (at - start + jiffy_ns - 1) / jiffy_ns : 0;
}

static void plan_press(struct planned *p, const struct sysrq_press *press)
{
	struct line keys;

	if (!find(press->key)) {
		list_keys(&keys);
		machine_refuse("bad parameter: sysrq=%c@%lu; expected one of these keys: %s",
			press->key, press->ms, keys.text);
	}
	p->key = press->key;
	timer_init(&p->timer, press_planned);
	timer_start(&p->timer, ticks_until(press->ms));
}

void sysrq_start(void)
{
	for (unsigned int i = 0; i < plan.n; i++)
		plan_press(&planned[i], &plan.press[i]);
	tick_add(take_request);
	if (!serial_receive(sysrq_console_key))
		pr_warn("serial: the I/O APIC has no pin for COM1's interrupt (ISA IRQ 4): keys on "
			"the console are not seen");
}
