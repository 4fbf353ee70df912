/*
 * Who is to die (see oom.h): badness, the scan, the child in the parent's stead.
 */
#include "mm/space/mm.h"
#include "mm/oom/oom.h"
#include "mm/page/patch.h"

bool oom_unkillable_task(const struct task *t)
{
	return t->process->leader->pid == 1 || (t->flags & PF_KTHREAD);
}

static unsigned long size_of(const struct mm *mm)
{
	return mm_rss(mm) + mm_counter(&mm->swapents) + mm->nr_ptes + mm->nr_pmds;
}

unsigned long oom_badness(const struct memory *m, const struct task *t, unsigned long totalpages)
{
	const struct process *p = t->process;
	long points;

	(void)m;
	if (oom_unkillable_task(t) || p->oom_score_adj == OOM_SCORE_ADJ_MIN)
		return 0;
	t = thread_with_mm(p);
	if (!t || mm_test_flag(t->mm, MMF_OOM_SKIP))
		return 0;
	points = size_of(t->mm);
	if (p->cap_sys_admin)
		points -= points * 3 / 100;
	points += p->oom_score_adj * (long)(totalpages / 1000);
	return points > 0 ? points : 1;
}

/* The others wait for the one that dumps. */
static bool dumps_core(const struct process *p)
{
	const struct task *t;

	for_each_thread(t, p)
		if (t->flags & PF_DUMPCORE)
			return true;
	return false;
}

static bool is_exiting(const struct task *t)
{
	const struct process *p = t->process;

	return (p->group_exit || (p->live <= 1 && (t->flags & PF_EXITING))) && !dumps_core(p);
}

bool task_will_free_mem(const struct task *t)
{
	const struct mm *mm = t->mm;
	const struct task *p;

	if (!mm || !is_exiting(t) || mm_test_flag(mm, MMF_OOM_SKIP))
		return false;
	for_each_process(p) {
		const struct task *user = thread_with_mm(p->process);

		if (user && user->mm == mm && p->process != t->process && !is_exiting(user))
			return false;
	}
	return true;
}

/*
 * A process with a live victim makes the scan give up: its memory will come. In 4.9 that holds until
 * the reaper is done with it, and from its kill on, not only while a thread has TIF_MEMDIE.
 */
static bool is_victim(const struct memory *m, const struct process *p)
{
	if (m->patches & PATCH_OOM_REAPER_SKIP)
		return p->oom_mm && !mm_test_flag(p->oom_mm, MMF_OOM_SKIP);
	return p->oom_victims > 0;
}

enum oom_selection oom_select(
	const struct oom_control *oc, struct task **victim, unsigned long *points)
{
	const struct memory *m = oc->memory;
	bool by_hand = oc->order == OOM_BY_HAND;
	struct task *t;

	*points = 0;
	*victim = NULL;
	for_each_process(t) {
		unsigned long score;

		if (oom_unkillable_task(t))
			continue;
		if (!by_hand && is_victim(m, t->process))
			return OOM_SELECT_ABORT;
		score = t->process->oom_origin ? ~0ul : oom_badness(m, t, oc->totalpages);
		/* Equal replaces: the later one dies. */
		if (score && score >= *points) {
			*victim = t;
			*points = score;
		}
	}
	return *victim ? OOM_SELECT_CHOSEN : OOM_SELECT_NONE;
}

struct task *oom_sacrifice(const struct oom_control *oc, struct task *victim)
{
	const struct task *parent = thread_with_mm(victim->process);
	struct task *child, *chosen = victim;
	unsigned long worst = 0;

	list_for_each_entry(child, &victim->process->children, sibling) {
		const struct task *user = thread_with_mm(child->process);
		unsigned long score;

		if (parent && user && user->mm == parent->mm)
			continue;
		score = oom_badness(oc->memory, child, oc->totalpages);
		if (score > worst) {
			worst = score;
			chosen = child;
		}
	}
	return chosen;
}
