/*
 * Tasks and their states, as sched.c has them (see model.h). A CPU has one task: who sleeps leaves it
 * idle.
 */
#include <stdio.h>

#include "../arena.h"
#include "../actors.h"
#include "model.h"

#include "kernel/core/lock/lock.h"
#include "kernel/core/replay_point.h"
#include "kernel/core/sched/process.h"
#include "kernel/core/sched/smp.h"

struct list_head all_tasks = LIST_HEAD_INIT(all_tasks);
volatile unsigned long jiffies = 1000;
long hz = 250;
void (*sched_flush_plug)(struct task *t);
struct cpu cpus[MAX_CPUS];
unsigned int nr_cpus;

static struct spinlock sched_spin = {.info.unchecked = true};

uint64_t clock_ns(void)
{
	return 4000000000;
}

struct task *task_new(const char *comm, int pid, struct mm *mm)
{
	struct task *t = arena_alloc(64, sizeof(*t));

	snprintf(t->comm, sizeof(t->comm), "%s", comm);
	t->pid = pid;
	t->prio = PRIO_NORMAL;
	t->mm = mm;
	process_init(t);
	list_add_tail(&t->all, &all_tasks);
	return t;
}

struct task *become(struct task *t)
{
	struct task *before = here.task;

	here.task = t;
	here.cpu->task = t;
	return before;
}

void task_on_cpu(struct task *t, unsigned int cpu)
{
	t->cpu = cpu;
	cpus[cpu].task = t;
}

void model_init(unsigned int n)
{
	struct task *test;

	nr_cpus = n;
	for (unsigned int id = 0; id < MAX_CPUS; id++) {
		cpus[id].self = &cpus[id];
		cpus[id].id = id;
		cpus[id].online = id < n;
	}
	lock_register(&sched_spin.info, "scheduler");
	task_new("init", 1, NULL);
	test = task_new("test", 2, NULL);
	test->flags = PF_KTHREAD;
	task_on_cpu(test, 0);
}

unsigned long sched_lock(void)
{
	return spin_lock_irqsave(&sched_spin);
}

void sched_unlock(unsigned long flags)
{
	spin_unlock_irqrestore(&sched_spin, flags);
}

static void may_sleep(void)
{
	if (!is_running())
		panic("%s sleeps in a set-up or a check", current->comm);
	if (preempt_count() || in_interrupt())
		panic("BUG: sleeping in atomic context (%s, pid %d)", current->comm, current->pid);
}

/* The lock is given up while the CPU is idle, with interrupts on. */
void schedule_locked(void)
{
	if (current->state == TASK_RUNNING)
		return;
	spin_unlock(&sched_spin);
	may_sleep();
	irq_enable();
	at_point(OP_SLEEP, NULL, 0);
	irq_disable();
	spin_lock(&sched_spin);
}

void schedule(void)
{
	unsigned long flags = sched_lock();

	schedule_locked();
	sched_unlock(flags);
}

void wake_task_locked(struct task *t)
{
	if (t->state == TASK_KILLABLE || t->state == TASK_UNINTERRUPTIBLE)
		t->state = TASK_RUNNING;
}

void wake_task(struct task *t)
{
	unsigned long flags = sched_lock();

	wake_task_locked(t);
	sched_unlock(flags);
}

void kill_thread(struct task *t)
{
	unsigned long flags = sched_lock();

	replay_point();
	t->kill_pending = true;
	if (t->state == TASK_KILLABLE)
		wake_task_locked(t);
	sched_unlock(flags);
}

/* Time passes when everybody else has had a turn. */
void schedule_timeout(enum task_state state, unsigned long ticks)
{
	(void)ticks;
	if (state == TASK_KILLABLE && fatal_signal_pending(current))
		return;
	may_sleep();
	at_point(OP_NAP, NULL, 0);
}

/* Woken or not, it goes on when everybody else has had a turn. */
void schedule_within(unsigned long ticks)
{
	unsigned long flags;

	(void)ticks;
	if (current->state == TASK_RUNNING)
		return;
	may_sleep();
	at_point(OP_NAP, NULL, 0);
	flags = sched_lock();
	current->state = TASK_RUNNING;
	sched_unlock(flags);
}

void cond_resched(void)
{
	if (is_running() && preempt_count() == 0 && !in_interrupt() && irqs_enabled())
		at_point(OP_RESCHED, NULL, (uintptr_t)__builtin_return_address(0));
}

/* Who spins waits for others. A spinlock does not come here: it is waited for (hooks.c). */
void explore_spin(void)
{
	if (!is_running())
		panic("%s spins in a set-up or a check", current->comm);
	at_point(OP_NAP, NULL, 0);
}
