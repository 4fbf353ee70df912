/*
 * Points of the schedule, for the host twin: where a fiber that plays a CPU may hand the thread
 * to another one (fibers.h). Shadows kernel/core/lock/sched_point.h.
 */
#ifndef CORE_SCHED_POINT_H
#define CORE_SCHED_POINT_H

#include "kernel/core/cpu/arch.h"

struct spinlock;
void spin_wait(struct spinlock *lock);

static inline void call_spin_wait(struct spinlock *lock)
{
	spin_wait(lock);
}

static inline void sched_point(void)
{
	if (unlikely(host_arch.fibers))
		host_point();
}

static inline void preempt_disable_point(void)
{
	sched_point();
	preempt_count_inc();
}

static inline void preempt_enable_point(void)
{
	preempt_count_dec();
	sched_point();
}

#endif
