/*
 * A pause in which all must be right (see quiet.h).
 */
#include "kernel/core/machine.h"
#include "kernel/core/sched/work.h"
#include "kernel/core/time/time.h"
#include "kernel/task/app.h"
#include "mm/lru/pagevec.h"
#include "mm/oom/oom_reaper.h"
#include "mm/reclaim/kswapd.h"
#include "mm/show/validate.h"
#include "tests/workloads/quiet.h"

const char *quiet_and_right(void)
{
	struct memory *m = &system_memory;
	const char *err;

	kernel_enter();
	oom_reaper_wait_idle(m);
	work_flush();
	kswapd_wait_idle(m);
	lru_add_drain_all(m);
	err = mm_validate(m);
	kernel_leave();
	return err;
}

void quiet_kswapd(void)
{
	kernel_enter();
	kswapd_wait_idle(&system_memory);
	kernel_leave();
}

void quiet_kswapd_on(unsigned int cpu)
{
	unsigned long flags;
	struct task *t;

	kernel_enter();
	flags = tasks_lock();
	for_each_task(t)
		if (t->flags & PF_KSWAPD)
			sched_bind_task(t, cpu);
	tasks_unlock(flags);
	kernel_leave();
}

long quiet_now_ms(void)
{
	long ms;

	kernel_enter();
	ms = clock_ns() / 1000000;
	kernel_leave();
	return ms;
}
