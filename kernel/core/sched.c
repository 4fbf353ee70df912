/*
 * The scheduler (see sched.h).
 */
#include <string.h>

#include "kernel/core/cpu.h"
#include "kernel/core/lock.h"
#include "kernel/core/machine.h"
#include "kernel/core/printk.h"
#include "kernel/core/sched.h"

void switch_stack(uint64_t *from_sp, uint64_t to_sp, void *from_fp, void *to_fp);
void task_trampoline(void);

struct list_head all_tasks = LIST_HEAD_INIT(all_tasks);
static struct spinlock sched_spin;

unsigned long sched_lock(void)
{
	return spin_lock_irqsave(&sched_spin);
}

void sched_unlock(unsigned long flags)
{
	spin_unlock_irqrestore(&sched_spin, flags);
}

extern char boot_stack[], boot_stack_top[];

/* The FP state that a task starts with: control words as the ABI wants them. */
static void fp_reset(uint8_t *fp)
{
	static const uint16_t x87_control = 0x37f;
	static const uint32_t mxcsr = 0x1f80;

	memset(fp, 0, FP_STATE_SIZE);
	memcpy(fp, &x87_control, sizeof(x87_control));
	memcpy(fp + 24, &mxcsr, sizeof(mxcsr));
}

static void sleep_over(struct timer *timer)
{
	wake_task(container_of(timer, struct task, sleep_timer));
}

static void task_common_init(struct task *t, const char *comm, int pid, unsigned int prio)
{
	memset(t, 0, sizeof(*t));
	fp_reset(t->fp);
	strncpy(t->comm, comm, sizeof(t->comm) - 1);
	t->pid = pid;
	t->prio = prio;
	list_init(&t->children);
	timer_init(&t->sleep_timer, sleep_over);
}

void task_init(struct task *t, const char *comm, int pid, unsigned int prio, uint64_t stack,
	uint64_t stack_size, void (*fn)(void *arg), void *arg)
{
	uint64_t *sp = (uint64_t *)(stack + stack_size);

	task_common_init(t, comm, pid, prio);
	t->stack = stack;
	t->stack_size = stack_size;
	*--sp = 0;
	*--sp = 0;                         /* ends its traces, and aligns the stack */
	*--sp = (uint64_t)task_trampoline; /* switch_stack() returns here ... */
	*--sp = 0;                         /* ... with rbp */
	*--sp = 0;                         /* rbx */
	*--sp = (uint64_t)fn;              /* r12 */
	*--sp = (uint64_t)arg;             /* r13 */
	*--sp = 0;                         /* r14 */
	*--sp = 0;                         /* r15 */
	t->sp = (uint64_t)sp;
}

void sched_init(struct task *idle)
{
	struct cpu *cpu = this_cpu();

	task_common_init(idle, "swapper/0", 0, PRIO_IDLE);
	idle->flags = PF_KTHREAD;
	idle->stack = (uint64_t)boot_stack;
	idle->stack_size = boot_stack_top - boot_stack;
	idle->cr3 = 0;
	cpu->idle = idle;
	cpu->task = idle;
	lock_register(&sched_spin.info, "scheduler");
	list_add_tail(&idle->all, &all_tasks);
}

static void enqueue(struct task *t)
{
	struct cpu *cpu = this_cpu();

	list_add_tail(&t->run, &cpu->run[t->prio]);
	t->on_rq = true;
	cpu->nr_running++;
	if (t->prio < cpu->task->prio)
		cpu->resched = true;
}

static void dequeue(struct task *t)
{
	list_del(&t->run);
	t->on_rq = false;
	this_cpu()->nr_running--;
}

void task_start(struct task *t, struct task *parent)
{
	unsigned long flags = tasks_lock(), inner;

	t->parent = parent;
	if (parent)
		list_add_tail(&t->sibling, &parent->children);
	list_add_tail(&t->all, &all_tasks);
	t->state = TASK_RUNNING;
	inner = sched_lock();
	enqueue(t);
	sched_unlock(inner);
	tasks_unlock(flags);
}

void task_unlink(struct task *t)
{
	unsigned long flags = tasks_lock();

	timer_cancel(&t->sleep_timer);
	if (t->parent)
		list_del(&t->sibling);
	list_del(&t->all);
	tasks_unlock(flags);
}

static struct task *pick_next(struct cpu *cpu)
{
	for (int prio = 0; prio < NR_PRIO; prio++)
		if (!list_empty(&cpu->run[prio]))
			return list_first_entry(&cpu->run[prio], struct task, run);
	return cpu->idle;
}

static void switch_to(struct cpu *cpu, struct task *from, struct task *to)
{
	if (to->cr3 && to->cr3 != read_cr3())
		write_cr3(to->cr3);
	cpu->task = to;
	cpu->nr_switches++;
	sched_spin.info.owner = to; /* who will let go of it */
	switch_stack(&from->sp, to->sp, from->fp, to->fp);
}

/* sched_lock() held, and held again when this task next runs. */
static void switch_task(bool stays_runnable)
{
	struct cpu *cpu = this_cpu();
	struct task *from = cpu->task, *to;

	if (cpu->irq_depth || cpu->preempt_off != 1) /* sched_lock() is one */
		panic("BUG: scheduling while atomic: %s (pid %d) in %s", from->comm, from->pid,
			cpu->irq_depth ? "an interrupt" : "a spinlock");
	if (from->on_rq)
		dequeue(from);
	if (stays_runnable && from != cpu->idle)
		enqueue(from);
	to = pick_next(cpu);
	cpu->resched = false;
	if (to != from)
		switch_to(cpu, from, to);
}

void schedule_locked(void)
{
	switch_task(current->state == TASK_RUNNING);
}

void schedule(void)
{
	unsigned long flags = sched_lock();

	schedule_locked();
	sched_unlock(flags);
}

/*
 * A task may be on its way to sleep, its state already set, and about to find that it need not:
 * taking it off the run queue here would lose that wake-up for good.
 */
void preempt_schedule(void)
{
	unsigned long flags = sched_lock();

	switch_task(true);
	sched_unlock(flags);
}

void cond_resched(void)
{
	struct cpu *cpu = this_cpu();

	if (cpu->preempt_off == 0 && cpu->irq_depth == 0 && irqs_enabled() &&
		(cpu->resched || cpu->nr_running > 1))
		schedule();
}

/* First code of a task: what switch_to()'s caller would do after it. */
void task_first_run(void)
{
	sched_unlock(X86_EFLAGS_IF);
}

void task_returned(void)
{
	panic("task %s (pid %d) returned from its function", current->comm, current->pid);
}

void wake_task_locked(struct task *t)
{
	if (t->state == TASK_KILLABLE || t->state == TASK_UNINTERRUPTIBLE) {
		t->state = TASK_RUNNING;
		timer_cancel(&t->sleep_timer);
		if (!t->on_rq)
			enqueue(t);
	}
}

void wake_task(struct task *t)
{
	unsigned long flags = sched_lock();

	wake_task_locked(t);
	sched_unlock(flags);
}

void schedule_timeout(enum task_state state, unsigned long ticks)
{
	unsigned long flags = sched_lock();

	if (state != TASK_KILLABLE || !fatal_signal_pending(current)) {
		current->state = state;
		timer_start(&current->sleep_timer, ticks);
		schedule_locked();
	}
	sched_unlock(flags);
}

void sched_tick(void)
{
	struct cpu *cpu = this_cpu();
	struct task *t = cpu->task;

	if (t == cpu->idle ? cpu->nr_running > 0 : !list_empty(&cpu->run[t->prio]))
		cpu->resched = true;
}

void task_kill(struct task *t)
{
	unsigned long flags = sched_lock();

	t->kill_pending = true;
	if (t->state == TASK_KILLABLE)
		wake_task_locked(t);
	sched_unlock(flags);
}

void task_finish(int code, struct wait_queue *wq)
{
	struct task *t = current;

	sched_lock();
	t->exit_code = code;
	t->state = TASK_ZOMBIE;
	wake_up_all_locked(wq);
	schedule_locked();
	panic("zombie %s ran", t->comm);
}

void sched_idle_loop(void)
{
	struct cpu *cpu = this_cpu();

	cpu->preempt_off = 0;
	for (;;) {
		irq_disable();
		if (cpu->nr_running == 0) {
			cpu->idle_since = rdtsc();
			/* sti takes effect after hlt has begun: no wake-up is lost between. */
			asm volatile("sti; hlt; cli");
		}
		if (cpu->nr_running)
			schedule();
		irq_enable();
	}
}

bool task_stack_span(uint64_t addr, uint64_t *lo, uint64_t *hi)
{
	const struct task *t;

	*lo = (uint64_t)boot_stack;
	*hi = (uint64_t)boot_stack_top;
	if (addr >= *lo && addr < *hi)
		return true;
	for_each_task(t) {
		*lo = t->stack;
		*hi = t->stack + t->stack_size;
		if (addr >= *lo && addr < *hi)
			return true;
	}
	return false;
}

const struct task *task_of_guard_page(uint64_t addr)
{
	const struct task *t;

	for_each_task(t)
		if (addr < t->stack && addr >= t->stack - t->stack_gap)
			return t;
	return NULL;
}

const char *task_state_name(enum task_state state)
{
	static const char *const name[] = {
		"running", "killable sleep", "uninterruptible sleep", "zombie"};

	return (unsigned int)state < ARRAY_SIZE(name) ? name[state] : "?";
}

void print_tasks(void)
{
	const struct task *t;

	pr_warn("Tasks:");
	for_each_task(t)
		pr_warn("  pid %d %s: %s%s%s%s", t->pid, t->comm, task_state_name(t->state),
			t->waiting_for ? " on " : "", t->waiting_for ? t->waiting_for : "",
			t->kill_pending ? ", kill pending" : "");
}
