/*
 * Tasks and time without a scheduler: whoever sleeps advances the clock and calls the test's
 * hook, in which the rest of the world may act.
 */
#include "fibers.h"
#include "kernel/core/sched/process.h"

#define ENOUGH 100000 /* give-ups of the CPU in one test: the code under test hangs */

struct list_head all_tasks = LIST_HEAD_INIT(all_tasks);
volatile unsigned long jiffies;
long hz = 250;

void (*sched_flush_plug)(struct task *t);
long sched_answers_owed;

uint64_t clock_ns(void)
{
	return jiffies * (1000000000ul / hz);
}

struct task *task_new(const char *comm, int pid, struct mm *mm)
{
	struct task *t = aligned_alloc(_Alignof(struct task), sizeof(*t));

	memset(t, 0, sizeof(*t));
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
	struct task *before = host_arch.task;

	host_arch.task = t;
	host_arch.cpu->task = t;
	return before;
}

void task_set_parent(struct task *t, struct task *parent)
{
	process_enter(t, parent->process);
}

void tasks_reset(void)
{
	struct task *t, *next;

	list_for_each_entry_safe(t, next, &all_tasks, all)
		if (!t->stack) /* else it lies in its machine's memory: kernel/task made it */
			free(t);
	list_init(&all_tasks);
	jiffies = 1000;
	hz = 250;
	sched_flush_plug = NULL;
	sched_answers_owed = 0;
}

/* The hook runs like other tasks would: interrupts on, as whoever it becomes. */
static void others_run(void (*hook)(void))
{
	struct task *before = current;
	bool irqs = host_arch.irqs;

	if (!hook)
		return;
	host_arch.irqs = true;
	hook();
	host_arch.irqs = irqs;
	become(before);
}

static void may_sleep(void)
{
	if (this_cpu()->preempt_off || this_cpu()->irq_depth)
		panic("sleeps while atomic");
	if (++twin.sleeps > ENOUGH)
		panic("%s sleeps for ever", current->comm);
}

void schedule(void)
{
	may_sleep();
	if (current->state != TASK_RUNNING)
		sched_submit_work();
	if (host_arch.fibers) {
		fiber_sleep();
		return;
	}
	jiffies++;
	others_run(twin.on_sleep);
}

/* One thread plays everybody: there is nobody to lock out. */
unsigned long sched_lock(void)
{
	return irq_save();
}

void sched_unlock(unsigned long flags)
{
	irq_restore(flags);
}

void schedule_locked(void)
{
	schedule();
}

void wake_task_locked(struct task *t)
{
	wake_task(t);
}

void schedule_timeout(enum task_state state, unsigned long ticks)
{
	if (state == TASK_KILLABLE && fatal_signal_pending(current))
		return;
	may_sleep();
	sched_submit_work();
	current->state = state;
	jiffies += ticks;
	if (host_arch.fibers)
		fiber_yield();
	else
		others_run(twin.on_sleep);
	current->state = TASK_RUNNING;
}

/* With fibers until woken, or until the others have let so much time pass. */
void schedule_within(unsigned long ticks)
{
	unsigned long until = jiffies + ticks;

	may_sleep();
	sched_submit_work();
	if (!host_arch.fibers)
		others_run(twin.on_sleep);
	while (host_arch.fibers && current->state != TASK_RUNNING && jiffies < until) {
		jiffies++;
		fiber_yield();
	}
	current->state = TASK_RUNNING;
}

void cond_resched(void)
{
	if (++twin.yields > ENOUGH)
		panic("%s yields for ever", current->comm);
	if (host_arch.fibers)
		fiber_yield();
	else
		others_run(twin.on_yield);
}

void wake_task(struct task *t)
{
	if (t->state == TASK_KILLABLE || t->state == TASK_UNINTERRUPTIBLE)
		t->state = TASK_RUNNING;
}

void kill_thread(struct task *t)
{
	t->kill_pending = true;
	if (twin.on_kill)
		twin.on_kill(t);
	if (t->state == TASK_KILLABLE)
		wake_task(t);
}
