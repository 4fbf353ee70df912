/*
 * Turns and wake-ups among tasks of one priority (see fair.h).
 */
#include "kernel/core/sched/fair.h"
#include "kernel/core/time/time.h"

/* 4.8's sysctl_sched_latency, _min_granularity and _wakeup_granularity, of one CPU. */
#define LATENCY_NS            6000000ul
#define MIN_GRANULARITY_NS    750000ul
#define WAKEUP_GRANULARITY_NS 1000000ul

/* All three grow with the logarithm of the number of CPUs: twice for two or three, four times for eight. */
static uint64_t scaled(uint64_t ns)
{
	return ns * (32 - (unsigned int)__builtin_clz(nr_cpus));
}

/* What `t`, which runs, is owed still. */
static uint64_t credit_left(const struct task *t, uint64_t now)
{
	uint64_t ran = now - t->since_ns;

	return t->credit_ns > ran ? t->credit_ns - ran : 0;
}

void fair_switch(struct task *from, struct task *to)
{
	uint64_t now = clock_ns();

	from->credit_ns = credit_left(from, now);
	from->since_ns = to->since_ns = now;
}

bool fair_goes_first(const struct cpu *cpu, struct task *t)
{
	const struct task *runs = cpu->task;
	uint64_t now = clock_ns();

	t->credit_ns = MIN(t->credit_ns + (now - t->since_ns), scaled(LATENCY_NS) / 2);
	return t->prio == runs->prio &&
		t->credit_ns > credit_left(runs, now) + scaled(WAKEUP_GRANULARITY_NS);
}

bool fair_turn_is_over(const struct cpu *cpu)
{
	uint64_t turn = MAX(scaled(LATENCY_NS) / cpu->nr_running, scaled(MIN_GRANULARITY_NS));

	return cpu->nr_running > 1 && clock_ns() - cpu->task->since_ns >= turn;
}
