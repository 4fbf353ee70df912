/*
 * Work for kernel tasks (see work.h). All under sched_lock(), as waiting and waking is.
 */
#include "kernel/core/lock/lock.h"
#include "kernel/core/replay_point.h"
#include "kernel/core/sched/work.h"

static struct list_head pending = LIST_HEAD_INIT(pending);
static unsigned int under_way;
static struct wait_queue changed = {"work", LIST_HEAD_INIT(changed.waiters)};

void work_init(struct work *work, void (*fn)(struct work *work))
{
	work->fn = fn;
	work->queued = false;
}

bool work_queue(struct work *work)
{
	unsigned long flags = sched_lock();
	bool first = !work->queued;

	if (first) {
		replay_point();
		work->queued = true;
		list_add_tail(&work->node, &pending);
		wake_up_all_locked(&changed);
	}
	sched_unlock(flags);
	return first;
}

static struct work *take(void)
{
	unsigned long flags = sched_lock();
	struct work *work = NULL;

	if (!list_empty(&pending)) {
		work = list_first_entry(&pending, struct work, node);
		replay_point();
		list_del(&work->node);
		work->queued = false;
		under_way++;
	}
	sched_unlock(flags);
	return work;
}

static void done(void)
{
	unsigned long flags = sched_lock();

	under_way--;
	wake_up_all_locked(&changed);
	sched_unlock(flags);
}

bool work_do_one(void)
{
	struct work *work = take();

	if (!work)
		return false;
	work->fn(work); /* may free it */
	done();
	return true;
}

static bool all_done(void)
{
	unsigned long flags = sched_lock();
	bool yes = list_empty(&pending) && under_way == 0;

	sched_unlock(flags);
	return yes;
}

void work_flush(void)
{
	wait_event(&changed, all_done());
}

void worker(void *unused)
{
	(void)unused;
	current->flags |= PF_WQ_WORKER;
	for (;;) {
		wait_event(&changed, !list_empty(&pending));
		work_do_one();
	}
}
