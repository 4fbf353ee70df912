/*
 * The block layer's workers (see kblockd.h). All under sched_lock(), as waiting and waking is.
 */
#include "kernel/core/lock/lock.h"
#include "kernel/core/log/printk.h"
#include "kernel/dev/block/kblockd.h"
#include "kernel/task/app.h"

static struct {
	struct list_head pending;
	struct wait_queue changed;
	bool busy;
} workers[MAX_CPUS];
static bool started;

void kblockd_work_init(struct kblockd_work *work, void (*fn)(struct kblockd_work *work))
{
	work->fn = fn;
	work->queued = false;
}

void kblockd_schedule(struct kblockd_work *work)
{
	unsigned long flags = sched_lock();
	unsigned int cpu = this_cpu_id();

	if (!work->queued) {
		work->queued = true;
		list_add_tail(&work->node, &workers[cpu].pending);
		wake_up_all_locked(&workers[cpu].changed);
	}
	sched_unlock(flags);
}

static struct kblockd_work *take(unsigned int cpu)
{
	unsigned long flags = sched_lock();
	struct kblockd_work *work = NULL;

	if (!list_empty(&workers[cpu].pending)) {
		work = list_first_entry(&workers[cpu].pending, struct kblockd_work, node);
		list_del(&work->node);
		work->queued = false;
		workers[cpu].busy = true;
	}
	sched_unlock(flags);
	return work;
}

static void done(unsigned int cpu)
{
	unsigned long flags = sched_lock();

	workers[cpu].busy = false;
	wake_up_all_locked(&workers[cpu].changed);
	sched_unlock(flags);
}

static void process_works(unsigned int cpu)
{
	struct kblockd_work *work;

	while ((work = take(cpu))) {
		work->fn(work);
		done(cpu);
	}
}

static void kblockd(void *arg)
{
	unsigned int cpu = (unsigned long)arg;

	current->flags |= PF_WQ_WORKER;
	sched_bind(cpu);
	for (;;) {
		wait_event(&workers[cpu].changed, !list_empty(&workers[cpu].pending));
		process_works(cpu);
	}
}

bool kblockd_start(void)
{
	char name[TASK_COMM_LEN];

	if (started)
		return true;
	for (unsigned int i = 0; i < nr_cpus; i++) {
		list_init(&workers[i].pending);
		wait_queue_init(&workers[i].changed, "kblockd");
		ksnprintf(name, sizeof(name), "kworker/%u:1H", i);
		if (!daemon_spawn(name, kblockd, (void *)(unsigned long)i))
			return false;
	}
	started = true;
	return true;
}

static bool idle(unsigned int cpu)
{
	unsigned long flags = sched_lock();
	bool yes = list_empty(&workers[cpu].pending) && !workers[cpu].busy;

	sched_unlock(flags);
	return yes;
}

void kblockd_flush(void)
{
	for (unsigned int i = 0; started && i < nr_cpus; i++)
		wait_event(&workers[i].changed, idle(i));
}
