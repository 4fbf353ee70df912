/*
 * The scheduler (see sched.h).
 */
#include <string.h>

#include "boot/paging.h"
#include "kernel/core/cpu/cpu.h"
#include "kernel/core/log/ksyms.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/alarm.h"
#include "kernel/core/sched/fair.h"
#include "kernel/core/sched/process.h"
#include "kernel/core/sched/replay.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/sched/smp.h"
#include "kernel/core/time/time.h"

void switch_stack(uint64_t *from_sp, uint64_t to_sp, void *from_fp, void *to_fp);
void task_trampoline(void);

struct list_head all_tasks = LIST_HEAD_INIT(all_tasks);
static struct spinlock sched_spin = {.info.unchecked = true}; /* handed on at a switch */

unsigned long sched_lock(void)
{
	return spin_lock_irqsave(&sched_spin);
}

/* Without an owner: it would be found in the very report that it is taken for. */
bool sched_trylock(unsigned long *flags)
{
	*flags = irq_save();
	if (spin_trylock(&sched_spin)) {
		sched_spin.info.owner = NULL;
		return true;
	}
	irq_restore(*flags);
	return false;
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

/* It may come too late, when the task already sleeps for something else. */
static void sleep_over(struct timer *timer)
{
	unsigned long flags = sched_lock();

	if (jiffies >= timer->expires)
		wake_task_locked(container_of(timer, struct task, sleep_timer));
	sched_unlock(flags);
}

static void task_common_init(struct task *t, const char *comm, int pid, unsigned int prio)
{
	memset(t, 0, sizeof(*t));
	fp_reset(t->fp);
	strncpy(t->comm, comm, sizeof(t->comm) - 1);
	t->pid = pid;
	t->prio = prio;
	process_init(t);
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
	idle->stack = (uint64_t)boot_stack;
	idle->stack_size = boot_stack_top - boot_stack;
	lock_register(&sched_spin.info, "scheduler");
	sched_adopt_idle(cpu, idle);
}

void sched_adopt_idle(struct cpu *cpu, struct task *idle)
{
	unsigned long flags;

	idle->prio = PRIO_IDLE;
	idle->flags = PF_KTHREAD;
	idle->cpu = cpu->id;
	idle->cr3 = virt_to_phys(kernel_pml4);
	cpu->idle = idle;
	cpu->task = idle;
	flags = tasks_lock();
	list_add_tail(&idle->all, &all_tasks);
	tasks_unlock(flags);
}

static bool is_idle(const struct cpu *cpu)
{
	return cpu->online && cpu->task == cpu->idle && cpu->nr_running == 0;
}

/* Where a task that wakes should run: where it last did, or who has nothing or less to do. */
static struct cpu *choose_cpu(const struct task *t)
{
	struct cpu *last = &cpus[t->cpu], *cpu;

	if (t->bound)
		return &cpus[t->home];
	if (is_idle(last))
		return last;
	for_each_cpu(cpu)
		if (is_idle(cpu))
			return cpu;
	if (t->prio < last->task->prio)
		return last;
	for_each_cpu(cpu)
		if (cpu->online && t->prio < cpu->task->prio)
			return cpu;
	return last;
}

static void enqueue_at(struct cpu *cpu, struct task *t, bool first)
{
	if (first)
		list_add(&t->run, &cpu->run[t->prio]);
	else
		list_add_tail(&t->run, &cpu->run[t->prio]);
	t->on_rq = true;
	t->cpu = cpu->id;
	t->ready_since = jiffies;
	cpu->nr_running++;
	if (t->prio < cpu->task->prio || first)
		smp_resched(cpu);
}

static void enqueue(struct cpu *cpu, struct task *t)
{
	enqueue_at(cpu, t, false);
}

static void dequeue(struct task *t)
{
	list_del(&t->run);
	t->on_rq = false;
	cpus[t->cpu].nr_running--;
}

void task_start(struct task *t, struct process *parent)
{
	unsigned long flags = tasks_lock(), inner;

	process_enter(t, parent);
	list_add_tail(&t->all, &all_tasks);
	t->state = TASK_RUNNING;
	inner = sched_lock();
	t->cpu = this_cpu_id();
	enqueue(choose_cpu(t), t);
	sched_unlock(inner);
	tasks_unlock(flags);
}

void task_unlink(struct task *t)
{
	unsigned long flags;

	/* It holds that lock from the moment it is a zombie until it has left its stack. */
	sched_unlock(sched_lock());
	timer_cancel_sync(&t->sleep_timer);
	flags = tasks_lock();
	process_leave(t);
	list_del(&t->all);
	tasks_unlock(flags);
}

/* A task of another CPU's queue that waits for its turn there; the most urgent. */
static struct task *find_waiting(const struct cpu *self, const struct cpu *other)
{
	struct task *t;

	if (other == self || other->nr_running < 2)
		return NULL;
	for (int prio = 0; prio < PRIO_IDLE; prio++)
		list_for_each_entry(t, &other->run[prio], run)
			if (t != other->task && !t->bound)
				return t;
	return NULL;
}

/* An idle CPU takes over what waits elsewhere. */
static struct task *steal(struct cpu *self)
{
	struct cpu *cpu;

	for_each_cpu(cpu) {
		struct task *t = find_waiting(self, cpu);

		if (t) {
			dequeue(t);
			enqueue(self, t);
			return t;
		}
	}
	return NULL;
}

static struct task *pick_next(struct cpu *cpu)
{
	struct task *t;

	for (int prio = 0; prio < NR_PRIO; prio++)
		if (!list_empty(&cpu->run[prio]))
			return list_first_entry(&cpu->run[prio], struct task, run);
	t = nr_cpus > 1 ? steal(cpu) : NULL;
	return t ? t : cpu->idle;
}

/* cpu->cr3 first: who looks for CPUs that may know an old entry must not overlook this one. */
static void load_address_space(struct cpu *cpu, uint64_t cr3)
{
	if (cr3 == cpu->cr3)
		return;
	__atomic_store_n(&cpu->cr3, cr3, __ATOMIC_SEQ_CST);
	write_cr3(cr3);
}

void task_leave_address_space(void)
{
	unsigned long flags = irq_save();

	current->cr3 = virt_to_phys(kernel_pml4);
	load_address_space(this_cpu(), current->cr3);
	irq_restore(flags);
}

static void switch_to(struct cpu *cpu, struct task *from, struct task *to)
{
	load_address_space(cpu, to->cr3);
	cpu->task = to;
	sched_spin.info.owner = to; /* who will let go of it */
	switch_stack(&from->sp, to->sp, from->fp, to->fp);
}

/* sched_lock() held, and held again when this task next runs. */
static void switch_task(bool stays_runnable)
{
	struct cpu *cpu = this_cpu();
	struct task *from = cpu->task, *to;

	if (cpu->irq_depth || preempt_count() != 1) /* sched_lock() is one */
		panic("BUG: scheduling while atomic: %s (pid %d) in %s", from->comm, from->pid,
			cpu->irq_depth ? "an interrupt" : "a spinlock");
	if (from->on_rq)
		dequeue(from);
	if (stays_runnable && from != cpu->idle)
		enqueue(cpu, from);
	to = pick_next(cpu);
	from->resched = false;
	if (to == from)
		return;
	fair_switch(from, to);
	switch_to(cpu, from, to);
}

void schedule_locked(void)
{
	switch_task(current->state == TASK_RUNNING);
}

void (*sched_flush_plug)(struct task *t);

void schedule(void)
{
	unsigned long flags;

	if (current->state != TASK_RUNNING)
		sched_submit_work();
	replay_sleep();
	flags = sched_lock();
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
	const struct cpu *cpu = this_cpu();

	if (preempt_count() == 0 && cpu->irq_depth == 0 && irqs_enabled() && cpu->task->resched)
		schedule();
}

void sched_set_prio(unsigned int prio)
{
	current->prio = prio;
	schedule();
}

void sched_bind_task(struct task *t, unsigned int cpu)
{
	unsigned long flags = sched_lock();

	t->bound = true;
	t->home = cpu;
	sched_unlock(flags);
}

void sched_bind(unsigned int cpu)
{
	sched_bind_task(current, cpu);
	while (this_cpu_id() != cpu)
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1); /* it wakes at home */
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

static void enqueue_woken(struct task *t)
{
	struct cpu *cpu = choose_cpu(t);

	enqueue_at(cpu, t, fair_goes_first(cpu, t));
}

void wake_task_locked(struct task *t)
{
	if (t->state == TASK_KILLABLE || t->state == TASK_UNINTERRUPTIBLE) {
		t->state = TASK_RUNNING;
		timer_cancel(&t->sleep_timer);
		if (!t->on_rq)
			enqueue_woken(t);
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
	unsigned long flags;

	might_sleep();
	sched_submit_work();
	flags = sched_lock();
	if (state != TASK_KILLABLE || !fatal_signal_pending(current)) {
		current->state = state;
		timer_start(&current->sleep_timer, ticks);
		schedule_locked();
	}
	sched_unlock(flags);
}

void schedule_within(unsigned long ticks)
{
	unsigned long flags;

	sched_submit_work();
	flags = sched_lock();
	if (current->state != TASK_RUNNING) {
		timer_start(&current->sleep_timer, ticks);
		schedule_locked();
	}
	sched_unlock(flags);
}

/* Without the lock: the answer is only a reason to look again under it. */
static bool work_elsewhere(const struct cpu *self)
{
	const struct cpu *cpu;

	for_each_cpu(cpu)
		if (cpu != self && cpu->nr_running > 1)
			return true;
	return false;
}

void sched_tick(void)
{
	struct cpu *cpu = this_cpu();
	struct task *t = cpu->task;

	if (t == cpu->idle ? cpu->nr_running > 0 || work_elsewhere(cpu) : fair_turn_is_over(cpu))
		t->resched = true;
}

void kill_thread(struct task *t)
{
	unsigned long flags = sched_lock();

	replay_point();
	t->kill_pending = true;
	if (t->state == TASK_KILLABLE)
		wake_task_locked(t);
	else if (cpus[t->cpu].task == t)
		smp_resched(&cpus[t->cpu]); /* it ends at the end of that interrupt */
	sched_unlock(flags);
}

void task_finish(struct wait_queue *wq)
{
	struct task *t = current;

	sched_lock();
	t->state = TASK_ZOMBIE;
	wake_up_all_locked(wq);
	schedule_locked();
	panic("zombie %s ran", t->comm);
}

void sched_run_started(void)
{
	preempt_enable();
	schedule();
	preempt_disable();
}

void sched_idle_loop(void)
{
	struct cpu *cpu = this_cpu();

	cpu->idles = true;
	preempt_enable();
	for (;;) {
		irq_disable();
		if (cpu->nr_running == 0 && !cpu->idle->resched)
			cpu_halt();
		if (cpu->nr_running || cpu->idle->resched)
			schedule();
		irq_enable();
	}
}

static bool has_nothing_to_do(const struct cpu *cpu)
{
	return !cpu->online || (cpu->idles && cpu->task == cpu->idle && cpu->nr_running == 0);
}

long sched_answers_owed;

/* Under the lock nobody wakes; a timer that is about to wake somebody waits for it. */
bool sched_all_asleep(void)
{
	unsigned long flags = sched_lock();
	const struct cpu *cpu;
	bool asleep = true;

	for_each_cpu(cpu)
		asleep = asleep && has_nothing_to_do(cpu);
	asleep = asleep && !timers_may_wake() && !alarms_armed() && !sched_answers_owed;
	sched_unlock(flags);
	return asleep;
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

static void print_task(const struct task *t)
{
	bool waits = t->state == TASK_RUNNING && cpus[t->cpu].task != t;
	const char *what = READ_ONCE(t->waiting_for);

	pr_warn("  pid %d %s: %s%s%s%s", t->pid, t->comm,
		waits ? "runnable" : task_state_name(t->state), what ? " on " : "",
		what ? what : "", t->kill_pending ? ", kill pending" : "");
}

void print_tasks(void)
{
	const struct task *t;

	pr_warn("Tasks:");
	for_each_task(t)
		print_task(t);
}

/* What switch_stack() leaves at the stack pointer of a task that does not run. */
struct saved_stack {
	uint64_t r15, r14, r13, r12, rbx, rbp, rip;
};

static void print_task_trace(const struct task *t)
{
	const struct cpu *cpu = &cpus[t->cpu];
	uint64_t lo, hi;

	if (cpu->task == t && cpu->stopped) {
		print_trace_from(cpu->stop_regs.rip, cpu->stop_regs.rbp);
	} else if (t == current) {
		print_trace_here();
	} else if (task_stack_span(t->sp, &lo, &hi)) {
		const struct saved_stack *s = (const struct saved_stack *)t->sp;

		print_trace_from(s->rip, s->rbp);
	}
}

void print_tasks_with_traces(void)
{
	const struct task *t;

	pr_warn("Tasks:");
	for_each_task(t) {
		print_task(t);
		if (cpus[t->cpu].task == t)
			pr_warn("   running on CPU %u", t->cpu);
		print_task_trace(t);
	}
}
