/*
 * Processes for the OOM killer's eyes (see apps.h).
 */
#include "twin.h"

#include "apps.h"
#include "kernel/core/sched/process.h"
#include "mm/oom/oom.h"

static struct mm mms[32];
static unsigned int nr_mms;

static struct mm *new_numbers(unsigned long rss)
{
	struct mm *mm = &mms[nr_mms++];

	assert_true(nr_mms <= ARRAY_SIZE(mms));
	memset(mm, 0, sizeof(*mm));
	refcount_init(&mm->users);
	refcount_init(&mm->count);
	list_init(&mm->vmas);
	mm->anon_rss = rss;
	mm->total_vm = 2 * rss;
	return mm;
}

struct task *app_new(const char *comm, int pid, unsigned long rss, short adj)
{
	struct task *t = task_new(comm, pid, new_numbers(rss));

	t->process->oom_score_adj = adj;
	return t;
}

struct task *app_mapped(struct memory *m, const char *comm, int pid, unsigned int pages)
{
	struct mm *mm = mm_create(m);

	assert_non_null(mm);
	assert_int_equal(
		mm_map_fixed(mm, APP_BASE, pages * (uint64_t)PAGE_SIZE, VM_WRITE, NULL, 0), 0);
	for (unsigned int i = 0; i < pages; i++)
		assert_int_equal(
			mm_fault(mm, APP_BASE + i * (uint64_t)PAGE_SIZE, FAULT_WRITE), FAULT_OK);
	return task_new(comm, pid, mm);
}

struct task *app_thread(struct task *leader, const char *comm, int pid)
{
	struct task *t = task_new(comm, pid, leader->mm);
	unsigned long flags = tasks_lock();

	refcount_get(&t->mm->users);
	task_join_process(t, leader->process);
	process_enter(t, NULL);
	tasks_unlock(flags);
	return t;
}

struct task *app_sharing(struct task *other, const char *comm, int pid)
{
	refcount_get(&other->mm->users);
	return task_new(comm, pid, other->mm);
}

void apps_reset(void)
{
	nr_mms = 0;
}

void app_kill(struct task *t)
{
	unsigned long flags = tasks_lock();

	task_kill(t);
	tasks_unlock(flags);
}

void app_mark(struct memory *m, struct task *t)
{
	unsigned long flags = tasks_lock();

	task_kill(t);
	mark_oom_victim(m, t);
	tasks_unlock(flags);
}

/* Of an address space that is only numbers, what exit_mm() would do. */
static void leave_numbers(struct task *t)
{
	struct mm *mm = t->mm;

	if (!mm || mm->memory)
		return;
	t->mm = NULL;
	if (refcount_put(&mm->users))
		mm_set_flag(mm, MMF_OOM_SKIP);
}

void app_leaves(struct memory *m, struct task *t)
{
	struct task *before = become(t);

	t->flags |= PF_EXITING;
	leave_numbers(t);
	exit_mm(m);
	t->process->live--;
	t->state = TASK_ZOMBIE;
	become(before);
}
