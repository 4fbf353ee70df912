/*
 * Being a victim (see oom.h): reserves until the address space is dropped, and who waits for that.
 */
#include "kernel/core/replay_point.h"
#include "mm/space/mm.h"
#include "mm/page/mm_trace.h"
#include "mm/oom/oom.h"
#include "mm/oom/oom_watch.h"
#include "mm/page/patch.h"

/* 4.9 knows its victims by the address space, for as long as the process is there. */
static void remember_mm(struct process *p, struct mm *mm)
{
	if (p->oom_mm)
		return;
	p->oom_mm = mm;
	mm_pin(mm);
}

void mark_oom_victim(struct memory *m, struct task *t)
{
	if (t->memdie)
		return;
	replay_point();
	t->memdie = true;
	t->process->oom_victims++;
	m->oom_victims++;
	if (m->patches & PATCH_OOM_REAPER_SKIP)
		remember_mm(t->process, t->mm);
	trace(mark_victim, t->pid);
}

void exit_oom_victim(struct memory *m)
{
	unsigned long flags = tasks_lock();
	bool was = current->memdie, last = false;

	if (was) {
		replay_point();
		current->memdie = false;
		current->process->oom_victims--;
		last = --m->oom_victims == 0;
	}
	tasks_unlock(flags);
	if (was)
		oom_watch_exit(m, current);
	if (last)
		wake_up_all(&m->oom_victims_wait);
}

void oom_skip_mm(struct mm *mm)
{
	mm_set_flag(mm, MMF_OOM_SKIP);
}

int oom_killer_disable(struct memory *m)
{
	if (mutex_lock_killable(&m->oom_lock))
		return -1;
	m->oom_killer_disabled = true;
	mutex_unlock(&m->oom_lock);
	wait_event(&m->oom_victims_wait, READ_ONCE(m->oom_victims) == 0);
	return 0;
}

void oom_killer_enable(struct memory *m)
{
	m->oom_killer_disabled = false;
}
