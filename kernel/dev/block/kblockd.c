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
	bool busy, stop;
	struct task *task;
} workers[MAX_CPUS];

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

/* Its name and the next one's are 4.8's, and in the traces of what is asked for here. */
bool process_one_work(unsigned int cpu)
{
	struct kblockd_work *work = take(cpu);

	if (!work)
		return false;
	work->fn(work);
	done(cpu);
	return true;
}

static void worker_thread(void *arg)
{
	unsigned int cpu = (unsigned long)arg;

	current->flags |= PF_WQ_WORKER;
	sched_bind(cpu);
	while (!READ_ONCE(workers[cpu].stop)) {
		wait_event(&workers[cpu].changed,
			!list_empty(&workers[cpu].pending) || READ_ONCE(workers[cpu].stop));
		while (process_one_work(cpu))
			;
	}
	app_exit(0);
}

static bool start_worker(unsigned int cpu)
{
	char name[TASK_COMM_LEN];

	list_init(&workers[cpu].pending);
	wait_queue_init(&workers[cpu].changed, "kblockd");
	ksnprintf(name, sizeof(name), "kworker/%u:1H", cpu);
	workers[cpu].stop = false;
	workers[cpu].task = daemon_spawn(name, worker_thread, (void *)(unsigned long)cpu);
	return workers[cpu].task;
}

bool kblockd_start(void)
{
	for (unsigned int i = 0; i < nr_cpus; i++) {
		if (!start_worker(i)) {
			kblockd_stop();
			return false;
		}
	}
	return true;
}

static void stop_worker(unsigned int cpu)
{
	WRITE_ONCE(workers[cpu].stop, true);
	wake_up_all(&workers[cpu].changed);
	daemon_collect(workers[cpu].task);
	workers[cpu].task = NULL;
}

void kblockd_stop(void)
{
	for (unsigned int i = 0; i < nr_cpus; i++)
		if (workers[i].task)
			stop_worker(i);
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
	for (unsigned int i = 0; i < nr_cpus && workers[i].task; i++)
		wait_event(&workers[i].changed, idle(i));
}
