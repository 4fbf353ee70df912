/*
 * For the explorer, the points are the accesses themselves: shadows kernel/core/lock/sched_point.h.
 * preempt_disable_point() is called by spin_lock() alone, right before its exchange: the hook of
 * that exchange learns from it that this is a lock to wait for, not one to try.
 */
#ifndef CORE_SCHED_POINT_H
#define CORE_SCHED_POINT_H

#include "kernel/core/cpu/arch.h"

struct spinlock;
void explore_lock_follows(void);
void spin_wait(struct spinlock *lock);

static inline void call_spin_wait(struct spinlock *lock)
{
	spin_wait(lock);
}

static inline void sched_point(void)
{
}

static inline void preempt_disable_point(void)
{
	preempt_count_inc();
	explore_lock_follows();
}

static inline void preempt_enable_point(void)
{
	preempt_count_dec();
}

#endif
