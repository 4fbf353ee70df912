/*
 * The OOM killer: selection, kill, exit of the victim (see oom.h).
 */
#include "kernel/core/machine.h"
#include "kernel/core/param.h"
#include "kernel/core/printk.h"
#include "kernel/core/sched.h"
#include "kernel/core/time.h"
#include "mm/mm.h"
#include "mm/mm_trace.h"
#include "mm/oom.h"
#include "mm/show_mem.h"

PARAM_INT("panic_on_oom", mm_tunables.panic_on_oom, 0, 2, "panic instead of killing");
PARAM_INT("oom_kill_allocating_task", mm_tunables.oom_kill_allocating_task, 0, 1,
	"kill the task that asked for memory");

bool oom_unkillable_task(const struct task *t)
{
	return t->pid == 1 || (t->flags & PF_KTHREAD);
}

unsigned long oom_badness(const struct memory *m, const struct task *t, unsigned long totalpages)
{
	long points;

	(void)m;
	if (oom_unkillable_task(t) || !t->mm || t->oom_score_adj == OOM_SCORE_ADJ_MIN)
		return 0;
	points = t->mm->anon_rss + t->mm->file_rss + t->mm->swapents + t->mm->nr_ptes +
		t->mm->nr_pmds;
	points += t->oom_score_adj * (long)(totalpages / 1000);
	return points > 0 ? points : 1;
}

void mark_oom_victim(struct memory *m, struct task *t)
{
	if (t->memdie)
		return;
	t->memdie = true;
	m->oom_victims++;
	trace(mark_victim, t->pid);
}

void exit_oom_victim(struct memory *m)
{
	unsigned long flags = tasks_lock();

	if (current->memdie) {
		current->memdie = false;
		m->oom_victims--;
	}
	tasks_unlock(flags);
}

/* §7.3: it is on its way out, and so is every process that shares its memory. */
static bool task_will_free_mem(const struct task *t)
{
	const struct task *p;

	if (!t->mm || (t->flags & PF_DUMPCORE))
		return false;
	if (!fatal_signal_pending(t) && !(t->flags & PF_EXITING))
		return false;
	for_each_task(p)
		if (p != t && p->mm == t->mm && !fatal_signal_pending(p) &&
			!(p->flags & PF_EXITING))
			return false;
	return true;
}

enum selection { SELECT_NONE, SELECT_CHOSEN, SELECT_ABORT };

/* §7.4: processes in order of creation; an equal score replaces the earlier one. */
static enum selection select_victim(
	const struct oom_control *oc, struct task **victim, unsigned long *points)
{
	struct task *t;

	*points = 0;
	*victim = NULL;
	for_each_task(t) {
		unsigned long score;

		if (oom_unkillable_task(t))
			continue;
		if (t->memdie)
			return SELECT_ABORT;
		score = oom_badness(oc->memory, t, oc->totalpages);
		if (score && score >= *points) {
			*victim = t;
			*points = score;
		}
	}
	return *victim ? SELECT_CHOSEN : SELECT_NONE;
}

/* A child with memory of its own dies in the parent's stead: the worst of them. */
static struct task *sacrifice_child(const struct oom_control *oc, struct task *victim)
{
	unsigned long worst = 0;
	struct task *child, *chosen = victim;

	list_for_each_entry(child, &victim->children, sibling) {
		unsigned long score;

		if (child->mm == victim->mm)
			continue;
		score = oom_badness(oc->memory, child, oc->totalpages);
		if (score > worst) {
			worst = score;
			chosen = child;
		}
	}
	return chosen;
}

/* Everybody else who uses the victim's memory dies as well, but gets no reserves. */
static void kill_sharers(const struct mm *mm, const struct task *victim)
{
	struct task *t;

	for_each_task(t)
		if (t != victim && t->mm == mm && !oom_unkillable_task(t) &&
			t->oom_score_adj != OOM_SCORE_ADJ_MIN)
			task_kill(t);
}

static void print_killed(const struct task *victim, const struct mm *mm)
{
	pr_err("Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB, "
	       "shmem-rss:%lukB",
		victim->pid, victim->comm, mm->total_vm * 4, mm->anon_rss * 4, mm->file_rss * 4,
		0ul);
}

/* §7.6. */
static noinline void oom_kill_process(
	struct oom_control *oc, struct task *victim, unsigned long points, const char *message)
{
	struct memory *m = oc->memory;

	if (task_will_free_mem(victim)) {
		mark_oom_victim(m, victim);
		return;
	}
	if (ratelimit(&m->oom_ratelimit))
		dump_header(oc);
	pr_err("%s: Kill process %d (%s) score %lu or sacrifice child", message, victim->pid,
		victim->comm, points * 1000 / oc->totalpages);
	victim = sacrifice_child(oc, victim);
	if (!victim->mm)
		return;
	/* The signal first: the victim must not use reserves for anything but dying. */
	task_kill(victim);
	mark_oom_victim(m, victim);
	mm_event_add(m, OOM_KILLS, 1);
	print_killed(victim, victim->mm);
	kill_sharers(victim->mm, victim);
}

static void check_panic_on_oom(const struct oom_control *oc)
{
	if (oc->memory->tunables.panic_on_oom == 0)
		return;
	dump_header(oc);
	panic("Out of memory: %s panic_on_oom is enabled",
		oc->memory->tunables.panic_on_oom == 2 ? "compulsory" : "system-wide");
}

static bool kill_allocating_task(const struct oom_control *oc)
{
	return oc->memory->tunables.oom_kill_allocating_task && current->mm &&
		!oom_unkillable_task(current) && current->oom_score_adj != OOM_SCORE_ADJ_MIN;
}

/* Steps 5 to 9 of §7.2, tasks_lock() held. True: there is a new victim to wait for. */
static bool kill_somebody(struct oom_control *oc)
{
	struct task *victim;
	unsigned long points;

	oc->totalpages = oc->memory->totalram_pages + oc->memory->total_swap_pages;
	check_panic_on_oom(oc);
	if (kill_allocating_task(oc)) {
		oom_kill_process(oc, current, 0, "Out of memory (oom_kill_allocating_task)");
		return false;
	}
	switch (select_victim(oc, &victim, &points)) {
	case SELECT_NONE:
		dump_header(oc);
		panic("Out of memory and no killable processes...");
	case SELECT_CHOSEN:
		oom_kill_process(oc, victim, points, "Out of memory");
		return true;
	case SELECT_ABORT:
		break;
	}
	return false;
}

/* Steps 3 to 9, tasks_lock() held. */
static bool kill_or_mark(struct oom_control *oc)
{
	if (task_will_free_mem(current)) {
		mark_oom_victim(oc->memory, current);
		return false;
	}
	/* Without __GFP_FS the request could not use what a kill frees: somebody else must. */
	if (oc->gfp && !(oc->gfp & (__GFP_FS | __GFP_NOFAIL)))
		return false;
	return kill_somebody(oc);
}

/*
 * The task list is locked throughout, so that the victim cannot go away between its selection
 * and its signal. Nothing on the way sleeps.
 */
bool out_of_memory(struct oom_control *oc)
{
	unsigned long flags;
	bool killed;

	mm_event_add(oc->memory, OOM_INVOCATIONS, 1);
	flags = tasks_lock();
	killed = kill_or_mark(oc);
	tasks_unlock(flags);
	/* Give the victim a chance to run before anybody tries again. */
	if (killed)
		schedule_timeout(TASK_KILLABLE, 1);
	return true;
}

void pagefault_out_of_memory(struct memory *m)
{
	struct oom_control oc = {.memory = m};

	if (!mutex_trylock(&m->oom_lock))
		return;
	out_of_memory(&oc);
	mutex_unlock(&m->oom_lock);
}
