/*
 * Kernel tasks (see app.h).
 */
#include "boot/paging.h"
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/sched/work.h"
#include "kernel/task/app.h"

static int next_daemon_pid = 30001;

static struct task *kthread_start(
	const char *name, int pid, void (*fn)(void *), void *arg, struct process *parent)
{
	struct task *t = task_alloc(name, pid, fn, arg);

	if (!t)
		return NULL;
	t->flags |= PF_KTHREAD;
	t->cr3 = virt_to_phys(kernel_pml4);
	t->kdepth = 1;
	t->own.cap_sys_admin = true; /* and whoever descends from it, unless it gives that up */
	task_start(t, parent);
	return t;
}

struct task *kthread_spawn(const char *name, void (*fn)(void *), void *arg)
{
	return kthread_start(name, new_pid(), fn, arg, current->process);
}

struct task *daemon_spawn(const char *name, void (*fn)(void *), void *arg)
{
	return kthread_start(name, __atomic_fetch_add(&next_daemon_pid, 1, __ATOMIC_RELAXED), fn,
		arg, cpus[0].idle->process);
}

void daemon_collect(struct task *t)
{
	collect_process(t->process);
}

void start_workers(void)
{
	for (int i = 0; i < NR_WORKERS; i++) {
		char name[TASK_COMM_LEN];

		ksnprintf(name, sizeof(name), "kworker/u:%d", i);
		if (!daemon_spawn(name, worker, NULL))
			machine_refuse("machine: no memory for the task %s", name);
	}
}
