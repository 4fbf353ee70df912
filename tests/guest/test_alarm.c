/*
 * Alarms in the guest: at their nanosecond, on the first CPU, and without disturbing the tick.
 */
#include <string.h>

#include "kernel/core/cpu/arch.h"
#include "kernel/core/cpu/lapic.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/sched/alarm.h"
#include "kernel/core/sched/tick.h"
#include "kernel/core/time/time.h"
#include "kernel/task/app.h"
#include "tests/guest/ktest.h"

#define US           1000ul
#define MOST         4
#define ROUNDS       300 /* of an alarm that arms itself again */
#define TICKS_PACED  12
#define LATE_AT_MOST (2 * 1000000000ul / hz) /* an alarm, on several CPUs that take turns */

struct ring {
	struct alarm alarm;
	uint64_t at; /* when it ran */
	unsigned int cpu, place;
	bool in_irq;
};

static struct ring rings[MOST];
static unsigned int rung;

static bool is_exact(void)
{
	return instructions_since_boot() >= 0;
}

static uint64_t jiffy(void)
{
	return 1000000000ul / hz;
}

/* Alarms so far apart are apart for the machine as well (tick_apart()). */
static uint64_t part_ns(void)
{
	return MAX(100 * US, 20 * US << MAX(clock_shift(), 0l));
}

static void ring(struct alarm *a)
{
	struct ring *r = container_of(a, struct ring, alarm);

	r->at = clock_ns();
	r->cpu = this_cpu_id();
	r->in_irq = in_interrupt() && !irqs_enabled();
	r->place = rung;
	__atomic_add_fetch(&rung, 1, __ATOMIC_RELEASE);
}

static void begin(void)
{
	memset(rings, 0, sizeof(rings));
	rung = 0;
	for (int i = 0; i < MOST; i++)
		alarm_init(&rings[i].alarm, ring);
}

static void wait_for(unsigned int n)
{
	while (__atomic_load_n(&rung, __ATOMIC_ACQUIRE) < n)
		spin_briefly();
}

static bool was_in_time(const struct ring *r)
{
	return r->at >= r->alarm.at && (!is_exact() || r->at - r->alarm.at < LATE_AT_MOST);
}

KTEST(alarms_ring_in_order_within_a_tick)
{
	static const unsigned int parts[MOST] = {3, 1, 3, 2};
	static const unsigned int place[MOST] = {2, 0, 3, 1};
	uint64_t now;

	begin();
	schedule_timeout(TASK_UNINTERRUPTIBLE, 1); /* to a tick's begin */
	now = clock_ns();
	for (int i = 0; i < MOST; i++)
		alarm_start(&rings[i].alarm, now + parts[i] * part_ns());
	EXPECT(!is_exact() || alarms_armed());
	wait_for(MOST);
	for (int i = 0; i < MOST; i++) {
		EXPECT(was_in_time(&rings[i]));
		EXPECT(rings[i].cpu == 0 && rings[i].in_irq);
		/* Elsewhere the first may ring before the others are armed. */
		EXPECT(!is_exact() || rings[i].place == place[i]);
		/* Alone, this is no tick's work: it does not wait for one. */
		EXPECT(!is_exact() || nr_cpus > 1 || rings[i].at - rings[i].alarm.at < 1000 * US);
	}
	return NULL;
}

static void arm_elsewhere(void *unused)
{
	(void)unused;
	sched_bind(nr_cpus - 1);
	alarm_start(&rings[0].alarm, clock_ns() + 2000 * US);
	alarm_start(&rings[1].alarm, clock_ns() + 500 * US); /* before the first: the timer moves */
	app_exit(this_cpu_id() == nr_cpus - 1);
}

KTEST(an_alarm_of_another_cpu_rings_on_the_first)
{
	int code;

	begin();
	EXPECT(kthread_spawn("elsewhere", arm_elsewhere, NULL));
	EXPECT(app_wait(&code) > 0 && code == 1);
	wait_for(2);
	EXPECT(!is_exact() || (rings[1].place == 0 && rings[0].place == 1));
	EXPECT(rings[0].cpu == 0 && rings[1].cpu == 0);
	EXPECT(was_in_time(&rings[0]) && was_in_time(&rings[1]));
	return NULL;
}

KTEST(a_cancelled_alarm_does_not_ring)
{
	begin();
	alarm_start(&rings[0].alarm, clock_ns() + 1000 * jiffy());
	alarm_start(&rings[1].alarm, clock_ns() + 1001 * jiffy());
	alarm_start(&rings[1].alarm, clock_ns() + 100 * US); /* armed anew */
	alarm_cancel(&rings[0].alarm);
	alarm_cancel(&rings[2].alarm); /* never armed */
	wait_for(1);
	schedule_timeout(TASK_UNINTERRUPTIBLE, 5);
	EXPECT(rung == 1 && rings[1].at);
	alarm_start(&rings[0].alarm, clock_ns() + jiffy());
	alarm_cancel(&rings[0].alarm);
	schedule_timeout(TASK_UNINTERRUPTIBLE, 5);
	EXPECT(!is_exact() || !rings[0].at);
	return NULL;
}

static void ring_again(struct alarm *a)
{
	ring(a);
	if (rung < ROUNDS)
		alarm_start(a, clock_ns() + 70 * US);
}

static void change_modes(void *unused)
{
	unsigned long flags;

	(void)unused;
	sched_bind(0);
	flags = irq_save();
	for (int i = 0; i < ROUNDS; i++) {
		lapic_timer_once(1);
		lapic_timer_periodic(jiffy());
	}
	tick_set_timer();
	irq_restore(flags);
	app_exit(1);
}

/* Where QEMU's main loop runs beside the CPUs, it would serve nothing else but a period of 1 ns from then on. */
KTEST(the_timer_has_no_short_period_while_its_mode_changes)
{
	int code;

	EXPECT(kthread_spawn("modes", change_modes, NULL));
	EXPECT(app_wait(&code) > 0 && code == 1);
	return NULL;
}

/* Jiffies go by the clock, whatever has set the timer meanwhile. */
static bool jiffies_keep_pace(void)
{
	unsigned long before = jiffies, passed;
	uint64_t since = clock_ns();

	schedule_timeout(TASK_UNINTERRUPTIBLE, TICKS_PACED);
	passed = (clock_ns() - since) / jiffy();
	if (!is_exact())
		return jiffies - before >= TICKS_PACED;
	/* Where CPUs take turns the first one's, which moves jiffies, may come late, and so may ours. */
	return jiffies - before >= TICKS_PACED &&
		jiffies - before <= passed + (nr_cpus > 1 ? TICKS_PACED : 1) &&
		(nr_cpus > 1 || passed <= TICKS_PACED + 2);
}

KTEST(the_tick_goes_on_while_alarms_are_armed)
{
	begin();
	alarm_init(&rings[0].alarm, ring_again);
	alarm_start(&rings[0].alarm, clock_ns());
	EXPECT(jiffies_keep_pace());
	wait_for(ROUNDS);
	EXPECT(jiffies_keep_pace()); /* and when none is any more */
	begin();
	alarm_start(&rings[0].alarm, clock_ns() + 1000 * jiffy()); /* a timer that is far away */
	EXPECT(jiffies_keep_pace());
	alarm_cancel(&rings[0].alarm);
	EXPECT(jiffies_keep_pace());
	return NULL;
}
