/*
 * Apps and kernel tasks (see app.h).
 */
#include "boot/paging.h"
#include "kernel/core/lock.h"
#include "kernel/core/machine.h"
#include "kernel/core/sched.h"
#include "kernel/core/printk.h"
#include "kernel/core/smp.h"
#include "kernel/core/trap.h"
#include "kernel/core/work.h"
#include "kernel/task/app.h"
#include "kernel/task/futex.h"
#include "mm/mm.h"
#include "mm/oom.h"
#include "mm/page_alloc.h"

#define STACK_ORDER 2
#define STACK_BYTES (STACK_PAGES * PAGE_SIZE)
#define STACK_SLOT  0x8000 /* guard page, stack, unused */
#define KSTACK_KB   (STACK_BYTES / 1024)
#define TABLE_SPAN  0x200000

_Static_assert(1 << STACK_ORDER == STACK_PAGES, "a stack is one block");
_Static_assert(PAGE_SIZE + STACK_BYTES <= STACK_SLOT, "a stack fits its slot");

extern char _app_template[], _app_data[], _app_data_end[], _app_bss_end[];

/* In the apps' world: runs fn(arg) on a fresh libc and exits with its end. */
void app_libc_start(void (*fn)(long), long arg);
/* The same on the libc of an address space that is in use already. */
void app_libc_join(void (*fn)(long), long arg);

static bool slot_used[MAX_TASKS];
static int next_pid = FIRST_APP_PID + 1;
static int next_daemon_pid = 30001;

struct wait_queue app_events;
unsigned long app_event_count;

struct app_start {
	void (*libc)(void (*fn)(long), long arg);
	void (*fn)(long);
	long arg;
};

_Static_assert(sizeof(struct task) + sizeof(struct app_start) <= PAGE_SIZE, "a task is one page");

/* -1: all are taken. */
static int take_slot(void)
{
	unsigned long flags = tasks_lock();
	int slot = 0;

	while (slot < MAX_TASKS && slot_used[slot])
		slot++;
	if (slot < MAX_TASKS)
		slot_used[slot] = true;
	tasks_unlock(flags);
	return slot < MAX_TASKS ? slot : -1;
}

static int new_pid(int *next)
{
	return __atomic_fetch_add(next, 1, __ATOMIC_RELAXED);
}

static uint64_t slot_stack(int slot)
{
	return STACK_MAP + (uint64_t)slot * STACK_SLOT + PAGE_SIZE;
}

static bool stack_create(uint64_t *stack)
{
	int slot = take_slot();
	struct page *page = slot < 0 ? NULL : alloc_pages(&system_memory, GFP_KERNEL, STACK_ORDER);

	if (!page) {
		if (slot >= 0)
			slot_used[slot] = false;
		return false;
	}
	zone_stat_add(page_zone(&system_memory, page), NR_KERNEL_STACK_KB, KSTACK_KB);
	*stack = slot_stack(slot);
	kmap_range(*stack, page_to_pfn(&system_memory, page) << PAGE_SHIFT, STACK_BYTES, KMAP_RW);
	return true;
}

static void stack_destroy(uint64_t stack)
{
	struct page *page =
		pfn_to_page(&system_memory, (kmap_lookup(stack) & PTE_ADDR) >> PAGE_SHIFT);

	kunmap_range(stack, STACK_BYTES);
	tlb_flush_kernel();
	zone_stat_add(page_zone(&system_memory, page), NR_KERNEL_STACK_KB, -KSTACK_KB);
	free_pages(&system_memory, page, STACK_ORDER);
	slot_used[(stack - STACK_MAP) / STACK_SLOT] = false;
}

static void free_task(struct task *t)
{
	if (t->own.oom_mm)
		mm_drop(t->own.oom_mm);
	if (!is_leader(t))
		task_put(t->process->leader);
	stack_destroy(t->stack);
	free_pages(&system_memory, virt_to_page(&system_memory, t), 0);
}

struct task *task_alloc(const char *name, int pid, void (*fn)(void *), void *arg)
{
	struct page *page = alloc_pages(&system_memory, GFP_KERNEL, 0);
	uint64_t stack;
	struct task *t;

	if (!page)
		return NULL;
	if (!stack_create(&stack)) {
		free_pages(&system_memory, page, 0);
		return NULL;
	}
	t = page_address(&system_memory, page);
	task_init(t, name, pid, PRIO_NORMAL, stack, STACK_BYTES, fn, arg);
	t->stack_gap = STACK_SLOT - STACK_BYTES;
	t->release = free_task;
	return t;
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

/* `t` will begin with start.fn(start.arg) in `mm`, whose user it becomes. */
static void enter_app(struct task *t, struct mm *mm, struct app_start start)
{
	struct app_start *kept = (struct app_start *)(t + 1);

	*kept = start;
	((uint64_t *)t->sp)[2] = (uint64_t)kept; /* r13: the argument of app_first() */
	t->own.oom_score_adj = current->process->oom_score_adj;
	t->mm = mm;
	t->cr3 = mm->pgd;
	t->kdepth = 1;
	task_start(t, current->process);
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
	return spawn(name, new_pid(&next_pid), fn, arg);
}

struct task *app_spawn_first(const char *name, void (*fn)(long), long arg)
{
	return spawn(name, FIRST_APP_PID, fn, arg);
}

struct task *app_clone(const char *name, bool thread, void (*fn)(long), long arg)
{
	struct task *t = task_alloc(name, new_pid(&next_pid), app_first, NULL);

	if (!t)
		return NULL;
	if (thread)
		task_join_process(t, current->process);
	refcount_get(&current->mm->users);
	enter_app(t, current->mm, (struct app_start){app_libc_join, fn, arg});
	return t;
}

static struct task *kthread_start(const char *name, int pid, void (*fn)(void *), void *arg)
{
	struct task *t = task_alloc(name, pid, fn, arg);

	if (!t)
		return NULL;
	t->flags |= PF_KTHREAD;
	t->cr3 = virt_to_phys(kernel_pml4);
	t->kdepth = 1;
	task_start(t, current->process);
	return t;
}

struct task *kthread_spawn(const char *name, void (*fn)(void *), void *arg)
{
	return kthread_start(name, new_pid(&next_pid), fn, arg);
}

struct task *daemon_spawn(const char *name, void (*fn)(void *), void *arg)
{
	return kthread_start(name, new_pid(&next_daemon_pid), fn, arg);
}

void start_workers(void)
{
	for (int i = 0; i < NR_WORKERS; i++) {
		char name[TASK_COMM_LEN];

		ksnprintf(name, sizeof(name), "kworker/u:%d", i);
		if (!daemon_spawn(name, worker, NULL))
			panic("no memory for %s", name);
	}
}

/* Orphans go to the grandparent, who collects them. tasks_lock() held. */
static void give_away_children(struct process *p)
{
	struct task *parent = p->leader->parent;

	while (!list_empty(&p->children)) {
		struct task *child = list_first_entry(&p->children, struct task, sibling);

		child->parent = parent;
		list_del(&child->sibling);
		list_add_tail(&child->sibling, &parent->process->children);
	}
}

static void leave_process(void)
{
	struct process *p = current->process;
	unsigned long flags = tasks_lock();

	if (--p->live == 0)
		give_away_children(p);
	tasks_unlock(flags);
}

void app_exit_thread(void)
{
	current->kdepth++;
	current->flags |= PF_EXITING;
	irq_enable();
	exit_mm(&system_memory);
	leave_process();
	__atomic_add_fetch(&app_event_count, 1, __ATOMIC_RELAXED);
	task_finish(&app_events);
}

void app_exit(int code)
{
	current->kdepth++;
	process_exit_others(code);
	app_exit_thread();
}

static bool is_over(const struct process *p)
{
	const struct task *t;

	for_each_thread(t, p) if (t->state != TASK_ZOMBIE) return false;
	return true;
}

/*
 * True when there is nothing to wait for: *child has ended, or is NULL, as there is no child. Off the
 * list with it, so that no other thread of ours collects it as well.
 */
static bool take_ended_child(struct task **child)
{
	struct list_head *children = &current->process->children;
	unsigned long flags = tasks_lock();
	bool none = list_empty(children);
	struct task *t;

	*child = NULL;
	list_for_each_entry(t, children, sibling)
		if (!*child && is_over(t->process))
			*child = t;
	if (*child)
		list_del_init(&(*child)->sibling);
	tasks_unlock(flags);
	return none || *child;
}

/* An ended process: nobody but its parent's task touches its list of threads any more. */
static void collect(struct process *p)
{
	struct task *t, *next;

	list_for_each_entry_safe(t, next, &p->threads, thread) {
		if (is_leader(t))
			continue;
		task_unlink(t);
		task_put(t);
	}
	task_unlink(p->leader);
	task_put(p->leader);
}

int app_wait(int *code)
{
	struct task *child;
	int pid;

	if (wait_event_killable(&app_events, take_ended_child(&child)) || !child)
		return -1;
	pid = child->pid;
	*code = child->process->exit_code;
	collect(child->process);
	return pid;
}

static bool is_app_address(uint64_t addr)
{
	return addr < APP_END || addr >= APP_PRIVATE;
}

/* A fault at depth 0 that memory was refused for: §7.9. Deeper, the kernel call's fixup. */
static bool fault_oom(unsigned int depth)
{
	if (depth == 0) {
		pagefault_out_of_memory(&system_memory);
		return true;
	}
	return !fatal_signal_pending(current);
}

/* Named as in the call traces of the seed reports. */
static noinline bool __do_page_fault(struct pt_regs *regs, uint64_t addr)
{
	struct task *t = current;
	unsigned int depth = t ? t->kdepth : 0;
	enum fault_result result;
	bool served;

	if (!t || !t->mm || !is_app_address(addr) || (regs->error & PF_PROT) || !irqs_enabled() ||
		preempt_count())
		return false;
	t->kdepth++;
	result = mm_fault(t->mm, addr,
		(regs->error & PF_WRITE ? FAULT_WRITE : 0) | (depth ? FAULT_KERNEL : 0));
	served = result == FAULT_OK || (result == FAULT_OOM && fault_oom(depth));
	t->kdepth--;
	return served;
}

/* On the way back from an interrupt or fault: at depth 0 a pending kill takes effect. */
static void end_if_killed(struct pt_regs *regs)
{
	struct task *t = current;

	(void)regs;
	if (t && t->mm && t->kdepth == 0 && unlikely(fatal_signal_pending(t)))
		app_exit_thread();
}

/* Page tables for every stack slot now, so that starting a task never allocates one. */
static void make_stack_tables(void)
{
	for (uint64_t va = STACK_MAP; va < STACK_MAP + MAX_TASKS * (uint64_t)STACK_SLOT;
		va += TABLE_SPAN) {
		kmap_range(va + PAGE_SIZE, 0, PAGE_SIZE, 0);
		kunmap_range(va + PAGE_SIZE, PAGE_SIZE);
	}
}

void task_boot(void)
{
	wait_queue_init(&app_events, "app events");
	futex_boot();
	make_stack_tables();
	trap_set_page_fault(__do_page_fault);
	trap_set_exit_hook(end_if_killed);
}
