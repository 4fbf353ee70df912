/*
 * The end of threads and processes, and their collection (see app.h).
 */
#include "kernel/core/sched/sched.h"
#include "kernel/task/app.h"
#include "kernel/task/files.h"
#include "mm/space/mm.h"

struct wait_queue app_events;
unsigned long app_event_count;

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
	else
		p = NULL;
	tasks_unlock(flags);
	if (p)
		files_close_all(p);
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

	for_each_thread(t, p)
		if (t->state != TASK_ZOMBIE)
			return false;
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

static bool is_over_now(const struct process *p)
{
	unsigned long flags = tasks_lock();
	bool over = is_over(p);

	tasks_unlock(flags);
	return over;
}

void collect_process(struct process *p)
{
	wait_event(&app_events, is_over_now(p));
	collect(p);
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
