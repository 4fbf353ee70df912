/*
 * Grace periods end by the clock (see index_grace.h).
 */
#include "kernel/core/cpu/cpu.h"
#include "kernel/core/time/timer.h"
#include "kernel/task/index_grace.h"
#include "mm/index/index_node.h"

static struct timer timers[MAX_CPUS];

static void has_ended(struct timer *timer)
{
	(void)timer; /* it runs on the CPU that armed it */
	index_grace_end(&system_memory);
}

static void begins(struct memory *m)
{
	(void)m;
	timer_start(&timers[this_cpu_id()], INDEX_GRACE);
}

void index_grace_init(void)
{
	for (int i = 0; i < MAX_CPUS; i++) {
		timer_init(&timers[i], has_ended);
		timers[i].wakes_nobody = true;
	}
	system_memory.index.grace_begins = begins;
}
