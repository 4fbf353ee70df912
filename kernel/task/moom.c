/*
 * The manual OOM kill (see moom.h).
 */
#include "kernel/core/lock/lock.h"
#include "kernel/core/guard/sysrq.h"
#include "kernel/core/sched/work.h"
#include "kernel/task/moom.h"
#include "mm/oom/oom.h"

static struct work moom_work;
static struct wait_queue finished;
static unsigned long pending;   /* presses whose kill has not been done */
static unsigned long unclaimed; /* and which no worker has begun with */

unsigned long manual_kills_pending(void)
{
	return READ_ONCE(pending);
}

static void ask(void)
{
	__atomic_add_fetch(&pending, 1, __ATOMIC_RELAXED);
	__atomic_add_fetch(&unclaimed, 1, __ATOMIC_RELEASE);
	work_queue(&moom_work);
}

/* Another worker may be at it already: each press is one kill, and one worker's. */
static bool claim(void)
{
	unsigned long n = READ_ONCE(unclaimed);

	while (n)
		if (__atomic_compare_exchange_n(
			    &unclaimed, &n, n - 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return true;
	return false;
}

static void moom(struct work *work)
{
	(void)work;
	while (claim()) {
		oom_manual_kill(&system_memory);
		__atomic_sub_fetch(&pending, 1, __ATOMIC_RELEASE);
		wake_up_all(&finished);
	}
}

int manual_kills_wait(void)
{
	return wait_event_killable(&finished, manual_kills_pending() == 0);
}

void moom_init(void)
{
	wait_queue_init(&finished, "manual OOM kill");
	work_init(&moom_work, moom);
	sysrq_register('f', "Manual OOM execution", ask);
}
