/*
 * The kernel's calls for apps (see calls.h).
 */
#include <string.h>

#include "kernel/core/log/event.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/guard/sysrq.h"
#include "kernel/core/guard/watchdog.h"
#include "kernel/core/time/time.h"
#include "kernel/core/cpu/trap.h"
#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "kernel/task/moom.h"
#include "mm/space/mm.h"
#include "mm/space/swap_off.h"
#include "mm/oom/oom.h"
#include "mm/show/show_mem.h"

int lw_spawn(const char *name, void (*fn)(long), long arg)
{
	char kname[TASK_COMM_LEN] = "";
	struct task *t;
	int pid;

	/* The name may lie in the app's memory. */
	strncpy(kname, name, sizeof(kname) - 1);
	kernel_enter();
	t = app_spawn(kname, fn, arg);
	pid = t ? t->pid : -1;
	kernel_leave();
	return pid;
}

int lw_clone(const char *name, int flags, void (*fn)(long), long arg)
{
	char kname[TASK_COMM_LEN] = "";
	struct task *t;
	int pid;

	strncpy(kname, name, sizeof(kname) - 1);
	kernel_enter();
	t = app_clone(kname, flags & LW_THREAD, fn, arg);
	pid = t ? t->pid : -1;
	kernel_leave();
	return pid;
}

void lw_exit_thread(void)
{
	app_exit_thread();
}

void *lw_tls(void)
{
	return current->tls;
}

void lw_set_tls(void *tls)
{
	current->tls = tls;
}

int lw_wait(int *code)
{
	int pid, kcode = 0;

	kernel_enter();
	pid = app_wait(&kcode);
	kernel_leave();
	*code = kcode;
	return pid;
}

void lw_exit(int code)
{
	app_exit(code);
}

int lw_pid(void)
{
	return current->process->leader->pid;
}

void lw_set_realtime(int on)
{
	kernel_enter();
	sched_set_prio(on ? PRIO_RT : PRIO_NORMAL);
	kernel_leave();
}

void lw_bind(int cpu)
{
	kernel_enter();
	BUG_ON(cpu < 0 || (unsigned int)cpu >= nr_cpus);
	sched_bind(cpu);
	kernel_leave();
}

static void *map(size_t len, unsigned int flags)
{
	void *p;

	kernel_enter();
	p = (void *)mm_map(current->mm, MAP_BASE, len, flags);
	kernel_leave();
	return p;
}

void *lw_map(size_t len)
{
	return map(len, VM_WRITE);
}

void *lw_map_shared(size_t len)
{
	return map(len, VM_WRITE | VM_SHARED);
}

int lw_protect(void *addr, size_t len, int writable)
{
	int err;

	kernel_enter();
	err = mm_protect(current->mm, (uint64_t)addr, len, writable);
	kernel_leave();
	return err;
}

int lw_mlock(void *addr, size_t len)
{
	int err;

	kernel_enter();
	err = mm_mlock(current->mm, (uint64_t)addr, len);
	kernel_leave();
	return err;
}

int lw_munlock(void *addr, size_t len)
{
	int err;

	kernel_enter();
	err = mm_munlock(current->mm, (uint64_t)addr, len);
	kernel_leave();
	return err;
}

int lw_swapoff(const char *name)
{
	int err;

	kernel_enter();
	err = swap_off(&system_memory, name);
	kernel_leave();
	return err;
}

int lw_swap_out(void *addr)
{
	int err;

	kernel_enter();
	err = mm_swap_out(current->mm, (uint64_t)addr);
	kernel_leave();
	return err;
}

int lw_unmap(void *addr, size_t len)
{
	int err;

	kernel_enter();
	err = mm_unmap(current->mm, (uint64_t)addr, len);
	kernel_leave();
	return err;
}

void *lw_sbrk(ptrdiff_t increment)
{
	uint64_t old;

	kernel_enter();
	old = mm_sbrk(current->mm, increment);
	kernel_leave();
	return old ? (void *)old : (void *)-1;
}

void lw_sleep_ms(unsigned int ms)
{
	kernel_enter();
	current->waiting_for = "sleep";
	schedule_timeout(TASK_KILLABLE, ((unsigned long)ms * hz + 999) / 1000);
	current->waiting_for = NULL;
	kernel_leave();
}

long lw_event_count(void)
{
	return READ_ONCE(app_event_count);
}

void lw_wait_event(long seen)
{
	kernel_enter();
	wait_event_killable(&app_events, (long)READ_ONCE(app_event_count) != seen);
	kernel_leave();
}

void lw_wake(void)
{
	kernel_enter();
	__atomic_add_fetch(&app_event_count, 1, __ATOMIC_RELAXED);
	wake_up_all(&app_events);
	kernel_leave();
}

/* A process goes by its leader's pid, and lives as long as one of its threads. */
static bool has_memory(const struct task *t)
{
	return is_leader(t) ? thread_with_mm(t->process) != NULL : t->mm != NULL;
}

/* A process of apps, or a further thread of one, that has not ended. tasks_lock() held. */
static struct task *find_app(int pid)
{
	struct task *t;

	for_each_task(t)
		if (t->pid == pid && has_memory(t))
			return t;
	return NULL;
}

int lw_set_oom_score_adj(int pid, int adj)
{
	unsigned long flags;
	struct task *t;

	BUG_ON(adj < OOM_SCORE_ADJ_MIN || adj > OOM_SCORE_ADJ_MAX);
	kernel_enter();
	flags = tasks_lock();
	t = find_app(pid);
	if (t)
		oom_set_score_adj(&system_memory, t, (short)adj);
	tasks_unlock(flags);
	kernel_leave();
	return t ? 0 : -1;
}

void lw_drop_root(void)
{
	current->process->cap_sys_admin = false;
}

void lw_watchdog_at_least(long ms)
{
	watchdog_at_least(ms);
}

long lw_oom_kills(void)
{
	return READ_ONCE(system_memory.event[OOM_KILLS]);
}

int lw_alive(int pid)
{
	unsigned long flags;
	int alive;

	kernel_enter();
	flags = tasks_lock();
	alive = find_app(pid) != NULL;
	tasks_unlock(flags);
	kernel_leave();
	return alive;
}

int lw_kill(int pid)
{
	unsigned long flags;
	struct task *t;

	kernel_enter();
	flags = tasks_lock();
	t = find_app(pid);
	if (t)
		task_kill(t);
	tasks_unlock(flags);
	kernel_leave();
	return t ? 0 : -1;
}

void lw_sysrq(char key)
{
	kernel_enter();
	sysrq_key(key);
	kernel_leave();
}

void lw_sysrq_wait(void)
{
	kernel_enter();
	manual_kills_wait();
	kernel_leave();
}

void lw_log(const char *text, size_t len)
{
	char buf[512];
	size_t n = MIN(len, sizeof(buf) - 1);

	kernel_enter();
	n -= copy_app(buf, text, n);
	buf[n] = '\0';
	pr_info("%s[%d]: %s", current->comm, current->pid, buf);
	kernel_leave();
}

void lw_counter(const char *name, long value)
{
	char kname[64] = "", safe[80];

	strncpy(kname, name, sizeof(kname) - 1);
	kernel_enter();
	event_counter(event_string(kname, safe, sizeof(safe)), value);
	kernel_leave();
}
