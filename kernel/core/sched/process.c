/*
 * Processes: threads that share a fate (see task.h).
 */
#include "kernel/core/sched/process.h"

void process_init(struct task *t)
{
	struct process *p = &t->own;

	p->leader = t;
	p->live = 1;
	list_init(&p->threads);
	list_init(&p->children);
	list_add_tail(&t->thread, &p->threads);
	t->process = p;
	refcount_init(&t->ref);
}

void task_join_process(struct task *t, struct process *p)
{
	list_del(&t->thread);
	t->process = p;
	task_get(p->leader);
}

/* A new thread is seen by who kills its process; a child of a process that is being killed is not. */
void process_enter(struct task *t, struct process *parent)
{
	struct process *p = t->process;

	if (!is_leader(t)) {
		list_add_tail(&t->thread, &p->threads);
		p->live++;
	} else if (parent) {
		t->parent = parent->leader;
		list_add_tail(&t->sibling, &parent->children);
		p->group_exit = parent->group_exit;
		p->exit_code = p->group_exit ? -9 : 0;
	}
	t->kill_pending = p->group_exit;
}

void process_leave(struct task *t)
{
	if (!is_leader(t))
		list_del(&t->thread);
	else if (t->parent)
		list_del(&t->sibling);
}

/* A process lies in its leader: each thread keeps that, for as long as the thread is kept. */
void task_put(struct task *t)
{
	struct task *leader = t->process->leader;

	if (!refcount_put(&t->ref))
		return;
	if (t->release)
		t->release(t);
	if (leader != t)
		task_put(leader);
}

void task_kill(struct task *t)
{
	struct process *p = t->process;
	struct task *thread;

	if (!p->group_exit)
		p->exit_code = -9;
	p->group_exit = true;
	for_each_thread(thread, p)
		kill_thread(thread);
}

void process_exit_others(int code)
{
	struct process *p = current->process;
	unsigned long flags = tasks_lock();
	struct task *thread;

	if (!p->group_exit)
		p->exit_code = code;
	p->group_exit = true;
	for_each_thread(thread, p)
		if (thread != current)
			kill_thread(thread);
	tasks_unlock(flags);
}

struct task *thread_with_mm(const struct process *p)
{
	struct task *t;

	for_each_thread(t, p)
		if (t->mm)
			return t;
	return NULL;
}
