/*
 * The room kernel/task: apps and kernel tasks, and what apps may call.
 *
 * In reading order: app.h (this), task_mem.h (stacks and task structs), app.c, exit.c, kthread.c, cpus.h
 * (further CPUs), calls.h (the kernel's calls), futex.h, libc/ (newlib's needs, in the apps' world),
 * scenario.h and scenario_list.h (what a run runs), moom.h (SysRq-f's worker), oom_samples.h, memory_samples.h.
 *
 * Locks: those of mm/ and kernel/core, and the futex waiters'.
 */

/*
 * Apps and kernel tasks: memory for them, start, exit, collection. Task context.
 *
 * An app is a process with an address space: heap, mappings, and a private copy of the apps'
 * writable data, so its globals and its libc are its own, unless it was cloned to share them.
 * Everything runs in ring 0; a kernel call is a function call that raises the task's depth
 * (kernel_enter, kernel_leave).
 */
#ifndef TASK_APP_H
#define TASK_APP_H

#include "kernel/core/lock/lock.h"

#define STACK_PAGES 4
#define MAX_TASKS   1100 /* apps by the thousand, and what runs besides */
#define NR_WORKERS  2

/* Handlers, stack area, wait queues. After mm_boot(). */
void task_boot(void);

int new_pid(void);
/* A task that is not started yet; NULL when memory is refused. */
struct task *task_alloc(const char *name, int pid, void (*fn)(void *), void *arg);
/* NULL when memory is refused. First: the scenario's own, which is never killed (§7.4). */
#define FIRST_APP_PID 1
struct task *app_spawn(const char *name, void (*fn)(long), long arg);
struct task *app_spawn_first(const char *name, void (*fn)(long), long arg);
/*
 * A process with an empty address space that never leaves the kernel: runs fn(arg), at depth 1, which must not
 * return. With a pid of the caller's choice; NULL when memory is refused.
 */
struct task *app_spawn_in_kernel(const char *name, int pid, void (*fn)(void *), void *arg);
/*
 * On the current address space: one more thread of the process, or a process of its own that shares
 * it. NULL when memory is refused.
 */
struct task *app_clone(const char *name, bool thread, void (*fn)(long), long arg);
struct task *kthread_spawn(const char *name, void (*fn)(void *), void *arg);
/*
 * The same for one that serves the machine: the idle task's child, whoever starts it, so that no app_wait()
 * waits for it. Its pid is of a range of its own: a scenario's pids do not depend on how many of these there
 * are.
 */
struct task *daemon_spawn(const char *name, void (*fn)(void *), void *arg);
/* Sleep until a daemon, which was told to, has ended by app_exit(), and free it. */
void daemon_collect(struct task *t);

/* The tasks that do queued work (work.h). Boot. */
void start_workers(void);

/* Woken, and counted, whenever an app says so or ends. */
extern struct wait_queue app_events;
extern unsigned long app_event_count;

/* The current process ends, all its threads; or the current thread alone. */
void app_exit(int code) __attribute__((noreturn));
void app_exit_thread(void) __attribute__((noreturn));

/*
 * Sleep until a child process has ended with all its threads and free it: its pid, or -1 (no child,
 * or killed).
 */
int app_wait(int *code);
/* The same for one process that is in nobody's charge but the caller's. */
void collect_process(struct process *p);

#define MAP_BASE 0x1000000000 /* mappings start at 64 GiB, far above any heap */

/* Memory that an address space has for itself. */
static inline bool is_app_address(uint64_t addr)
{
	return addr < APP_END || addr >= APP_PRIVATE;
}

/* At depth 0: a pending kill ends the app; if its turn is over, others have theirs. */
void work_at_leave(void);

/* Around every kernel call of an app. */
static inline void kernel_enter(void)
{
	current->kdepth++;
}

static inline void kernel_leave(void)
{
	struct task *t = current;

	if (--t->kdepth == 0 && unlikely(has_work_at_leave(t)))
		work_at_leave();
}

#endif
