/*
 * The manual OOM kill's task (see moom.h).
 */
#include "kernel/core/lock.h"
#include "kernel/core/machine.h"
#include "kernel/core/printk.h"
#include "kernel/core/sysrq.h"
#include "kernel/task/app.h"
#include "kernel/task/moom.h"
#include "mm/oom.h"

static struct wait_queue asked;
static unsigned long pending;

unsigned long manual_kills_pending(void)
{
	return READ_ONCE(pending);
}

static void ask(void)
{
	__atomic_add_fetch(&pending, 1, __ATOMIC_RELAXED);
	wake_up_all(&asked);
}

static void moom(void *unused)
{
	(void)unused;
	for (;;) {
		wait_event(&asked, manual_kills_pending());
		if (!oom_manual_kill(&system_memory))
			pr_info("OOM request ignored because killer is disabled");
		__atomic_sub_fetch(&pending, 1, __ATOMIC_RELEASE);
	}
}

void moom_start(void)
{
	wait_queue_init(&asked, "manual OOM kill");
	if (!daemon_spawn("moom", moom, NULL))
		panic("no memory for the manual OOM killer");
	sysrq_register('f', "Manual OOM execution", ask);
}
