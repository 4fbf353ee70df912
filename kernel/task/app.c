/*
 * Apps: their start, and their faults (see app.h).
 */
#include "boot/paging.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/machine.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/cpu/trap.h"
#include "kernel/task/app.h"
#include "kernel/task/calls.h"
#include "kernel/task/files.h"
#include "kernel/task/futex.h"
#include "kernel/task/task_mem.h"
#include "mm/space/mm.h"
#include "mm/oom/oom.h"
#include "mm/alloc/page_alloc.h"

static int next_pid = FIRST_APP_PID + 1;

extern char _app_template[], _app_data[], _app_data_end[], _app_bss_end[];

/* In the apps' world: runs fn(arg) on a fresh libc and exits with its end. */
void app_libc_start(void (*fn)(long), long arg);
/* The same on the libc of an address space that is in use already. */
void app_libc_join(void (*fn)(long), long arg);

int new_pid(void)
{
	return __atomic_fetch_add(&next_pid, 1, __ATOMIC_RELAXED);
}

/* First code of an app, at depth 1; what it starts with lies behind its task struct. */
static void app_first(void *arg)
{
	struct app_start start = *(struct app_start *)arg;

	current->kdepth = 0;
	start.libc(start.fn, start.arg);
	app_exit(0);
}

static bool map_private_data(struct mm *mm)
{
	return mm_map_fixed(mm, APP_PRIVATE, _app_bss_end - _app_data, VM_WRITE, _app_template,
		       _app_data_end - _app_data) == 0;
}

/* `t` begins at depth 1 in `mm`, whose user it becomes. */
static void join_world(struct task *t, struct mm *mm)
{
	t->own.oom_score_adj = current->process->oom_score_adj;
	t->own.cap_sys_admin = current->process->cap_sys_admin;
	t->mm = mm;
	t->cr3 = mm->pgd;
	t->kdepth = 1;
	task_start(t, current->process);
}

/* `t` will begin with start.fn(start.arg). */
static void enter_app(struct task *t, struct mm *mm, struct app_start start)
{
	struct app_start *kept = &container_of(t, struct task_object, task)->start;

	*kept = start;
	((uint64_t *)t->sp)[2] = (uint64_t)kept; /* r13: the argument of app_first() */
	join_world(t, mm);
}

static struct task *spawn(const char *name, int pid, void (*fn)(long), long arg)
{
	struct mm *mm = mm_create(&system_memory);
	struct task *t;

	if (!mm)
		return NULL;
	t = map_private_data(mm) ? task_alloc(name, pid, app_first, NULL) : NULL;
	if (!t) {
		mm_put_user(mm);
		return NULL;
	}
	mm->brk_start = mm->brk = APP_BASE;
	enter_app(t, mm, (struct app_start){app_libc_start, fn, arg});
	return t;
}

struct task *app_spawn(const char *name, void (*fn)(long), long arg)
{
	return spawn(name, new_pid(), fn, arg);
}

struct task *app_spawn_first(const char *name, void (*fn)(long), long arg)
{
	return spawn(name, FIRST_APP_PID, fn, arg);
}

struct task *app_spawn_in_kernel(const char *name, int pid, void (*fn)(void *), void *arg)
{
	struct mm *mm = mm_create(&system_memory);
	struct task *t = mm ? task_alloc(name, pid, fn, arg) : NULL;

	if (!t) {
		if (mm)
			mm_put_user(mm);
		return NULL;
	}
	join_world(t, mm);
	return t;
}

struct task *app_clone(const char *name, bool thread, void (*fn)(long), long arg)
{
	struct task *t = task_alloc(name, new_pid(), app_first, NULL);

	if (!t)
		return NULL;
	if (thread)
		task_join_process(t, current->process);
	refcount_get(&current->mm->users);
	enter_app(t, current->mm, (struct app_start){app_libc_join, fn, arg});
	return t;
}

/* Is the current process all that there is? */
static bool is_alone(void)
{
	unsigned long flags = tasks_lock();
	bool alone = true;
	struct task *t;

	for_each_process(t)
		if (t->process != current->process && thread_with_mm(t->process))
			alone = false;
	tasks_unlock(flags);
	return alone;
}

/* While the first app is alone nobody can be killed, and 4.8 panics; here its run cannot be made. */
static noinline void somebody_must_die(void)
{
	if (current->process->leader->pid == FIRST_APP_PID && is_alone())
		machine_refuse("machine: no memory for the first app");
	pagefault_out_of_memory(&system_memory);
}

/* A fault that memory was refused for (§7.9): of the app, or of a kernel call, whose fixup it is. */
static bool fault_oom(unsigned int depth)
{
	if (depth)
		return false;
	somebody_must_die();
	return true;
}

/* An app that cannot have what it has mapped, and has nobody to tell. */
static void die_of_sigbus(uint64_t addr)
{
	pr_info("%s[%d]: SIGBUS at %016lx: it is behind the end of its file, or could not be read",
		current->comm, current->pid, addr);
	app_exit(LW_SIGBUS);
}

/* Nothing that a page can be had for: only a write may find a page that is not to be written yet. */
static bool is_violation(uint64_t error)
{
	return unlikely(error & PF_PROT) && !(error & PF_WRITE);
}

void work_at_leave(void)
{
	if (fatal_signal_pending(current))
		app_exit_thread();
	cond_resched();
}

/* Named as in the call traces of the seed reports. */
static noinline bool __do_page_fault(struct pt_regs *regs, uint64_t addr)
{
	struct task *t = current;
	struct mm *mm = t->mm;
	uint64_t error = regs->error;
	unsigned int depth = t->kdepth, write = error & PF_WRITE ? FAULT_WRITE : 0;
	enum fault_result result;

	if (unlikely(!mm || is_violation(error) || preempt_count()))
		return false;
	/* An app's own wild pointer is in no VMA; the kernel may hold mmap_sem, and is not to look. */
	if (unlikely(depth) && !is_app_address(addr))
		return false;
	t->kdepth = depth + 1;
	result = likely(!depth) ? mm_fault(mm, addr, write) :
				  mm_fault(mm, addr, write | FAULT_KERNEL);
	if (unlikely(result == FAULT_SIGBUS) && depth == 0)
		die_of_sigbus(addr);
	if (unlikely(result != FAULT_OK) && !(result == FAULT_OOM && fault_oom(depth))) {
		t->kdepth = depth;
		return false;
	}
	t->kdepth = depth;
	if (unlikely(has_work_at_leave(t)) && depth == 0)
		work_at_leave();
	return true;
}

/* On the way back from an interrupt: at depth 0 a pending kill takes effect, as after a fault. */
static void end_if_killed(struct pt_regs *regs)
{
	struct task *t = current;

	(void)regs;
	if (t && t->mm && t->kdepth == 0 && unlikely(fatal_signal_pending(t)))
		app_exit_thread();
}

void task_boot(void)
{
	wait_queue_init(&app_events, "app events");
	files_boot();
	futex_boot();
	task_mem_boot();
	trap_set_page_fault(__do_page_fault);
	trap_set_exit_hook(end_if_killed);
}
