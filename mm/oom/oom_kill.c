/*
 * The OOM killer: the steps from "no memory" to a kill (see oom.h).
 */
#include "kernel/core/machine.h"
#include "kernel/core/param.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/sched.h"
#include "mm/space/mm.h"
#include "mm/oom/oom.h"
#include "mm/oom/oom_notifier.h"
#include "mm/oom/oom_reaper.h"
#include "mm/oom/oom_watch.h"
#include "mm/page/patch.h"
#include "mm/show/show_mem.h"

PARAM_INT("panic_on_oom", mm_tunables.panic_on_oom, 0, 2, "panic instead of killing");
PARAM_INT("oom_kill_allocating_task", mm_tunables.oom_kill_allocating_task, 0, 1,
	"kill the task that asked for memory");

/* 4.8's line for init and kernel tasks; who is spared for its -1000 is passed over in silence. */
static void print_pinned(const struct task *victim, const struct task *by)
{
	pr_info("oom killer %d (%s) has mm pinned by %d (%s)", victim->pid, victim->comm, by->pid,
		by->comm);
}

/*
 * Another process uses the victim's memory and stays. The seed: init, kernel tasks, and whoever has
 * oom_score_adj -1000. 4.9: init alone, for what a kernel task reads may as well be zero.
 */
static bool sharer_stays(const struct memory *m, const struct task *t)
{
	if (m->patches & PATCH_OOM_REAPER_SKIP)
		return t->pid == 1;
	return oom_unkillable_task(t) || t->process->oom_score_adj == OOM_SCORE_ADJ_MIN;
}

/*
 * Everybody else who uses the victim's memory dies as well, but gets no reserves (§7.6 step 8). False:
 * somebody stays, so that the memory cannot be taken away.
 */
static bool kill_sharers(struct memory *m, struct mm *mm, const struct task *victim)
{
	unsigned long flags = tasks_lock();
	bool can_reap = true;
	struct task *p;

	for_each_process(p) {
		const struct task *user = thread_with_mm(p->process);

		if (!user || user->mm != mm || p->process == victim->process)
			continue;
		if (sharer_stays(m, p)) {
			can_reap = false;
			if (m->patches & PATCH_OOM_REAPER_SKIP)
				oom_skip_mm(mm);
			if (oom_unkillable_task(p))
				print_pinned(victim, p);
		} else if (!(p->flags & PF_KTHREAD)) {
			task_kill(p);
			mm_event_add(m, OOM_SHARERS_KILLED, 1);
		}
	}
	tasks_unlock(flags);
	return can_reap;
}

/* Who is killed, and what it had then: it may be gone before that is printed. */
struct killed {
	struct task *t; /* referenced */
	struct mm *mm;  /* pinned */
	unsigned long total_vm, anon_rss, file_rss, shmem_rss;
};

static void print_killed(const struct killed *k)
{
	pr_err("Killed process %d (%s) total-vm:%lukB, anon-rss:%lukB, file-rss:%lukB, "
	       "shmem-rss:%lukB",
		k->t->pid, k->t->comm, k->total_vm * 4, k->anon_rss * 4, k->file_rss * 4,
		k->shmem_rss * 4);
}

static void count_kill(const struct oom_control *oc)
{
	mm_event_add(oc->memory, OOM_KILLS, 1);
	if (oc->order == OOM_BY_HAND)
		mm_event_add(oc->memory, OOM_KILLS_BY_HAND, 1);
	if (oc->freed)
		mm_event_add(oc->memory, NOTIFIER_KILLS_AFTER_FREED, 1);
}

static void note_killed(struct killed *k, struct task *t)
{
	struct mm *mm = t->mm;

	*k = (struct killed){t, mm, mm->total_vm, mm_counter(&mm->anon_rss),
		mm_counter(&mm->file_rss), mm_counter(&mm->shmem_rss)};
	mm_pin(mm);
	task_get(t);
}

/*
 * The signal first, and to all threads; then reserves for the one that has memory: it must not use
 * them for anything but dying (§7.6 steps 5, 6). False: nobody of it has.
 */
static bool kill_and_mark(struct memory *m, struct task *victim, struct killed *k)
{
	unsigned long flags = tasks_lock();
	struct task *t = thread_with_mm(victim->process);

	if (t) {
		note_killed(k, t);
		task_kill(t);
		mark_oom_victim(m, t);
		oom_watch_kill(m, t, t->mm); /* before anybody sees it leave */
	}
	tasks_unlock(flags);
	return t;
}

static void kill_victim(const struct oom_control *oc, struct task *chosen)
{
	struct memory *m = oc->memory;
	struct killed k;

	if (!kill_and_mark(m, chosen, &k))
		return;
	count_kill(oc);
	print_killed(&k);
	memory_notice(m, "kill");
	if (m->after_kill)
		m->after_kill(m, k.t);
	if (kill_sharers(m, k.mm, k.t))
		wake_oom_reaper(m, k.t, k.mm);
	mm_drop(k.mm);
	task_put(k.t);
}

/* Already on its way out: it gets reserves, nobody is told (§7.6 step 1). */
static bool mark_if_dying(struct memory *m, struct task *t)
{
	unsigned long flags = tasks_lock();
	bool dying = task_will_free_mem(t);
	struct mm *mm = t->mm;

	if (dying) {
		mark_oom_victim(m, t);
		mm_pin(mm);
	}
	tasks_unlock(flags);
	if (!dying)
		return false;
	mm_event_add(m, OOM_MARKED_DYING, 1);
	/* The seed leaves these alone (§8.1); 4.7 and later queue them. */
	if (m->patches & PATCH_OOM_REAPER_SKIP)
		wake_oom_reaper(m, t, mm);
	mm_drop(mm);
	return true;
}

static struct task *pin_sacrifice(const struct oom_control *oc, struct task *victim)
{
	unsigned long flags = tasks_lock();
	struct task *t = oom_sacrifice(oc, victim);

	task_get(t);
	tasks_unlock(flags);
	return t;
}

/* §7.6. `victim` is referenced by the caller. */
static noinline void oom_kill_process(
	struct oom_control *oc, struct task *victim, unsigned long points, const char *message)
{
	struct memory *m = oc->memory;
	struct task *sacrifice;

	if (mark_if_dying(m, victim))
		return;
	if (ratelimit(&m->oom_ratelimit, __func__))
		dump_header(oc);
	pr_err("%s: Kill process %d (%s) score %u or sacrifice child", message, victim->pid,
		victim->comm, (unsigned int)(points * 1000 / oc->totalpages));
	sacrifice = pin_sacrifice(oc, victim);
	kill_victim(oc, sacrifice);
	task_put(sacrifice);
}

static void check_panic_on_oom(const struct oom_control *oc)
{
	long how = oc->memory->tunables.panic_on_oom;

	if (how == 0 || oc->order == OOM_BY_HAND)
		return;
	dump_header(oc);
	panic("Out of memory: %s panic_on_oom is enabled", how == 2 ? "compulsory" : "system-wide");
}

static bool kill_allocating_task(const struct oom_control *oc)
{
	return oc->memory->tunables.oom_kill_allocating_task && oc->order != OOM_BY_HAND &&
		current->mm && !oom_unkillable_task(current) &&
		current->process->oom_score_adj != OOM_SCORE_ADJ_MIN;
}

/* The chosen one stays referenced after the lists are free again: its report takes a while. */
static enum oom_selection select_and_pin(
	const struct oom_control *oc, struct task **victim, unsigned long *points)
{
	unsigned long flags = tasks_lock();
	enum oom_selection result = oom_select(oc, victim, points);

	if (result == OOM_SELECT_CHOSEN)
		task_get(*victim);
	tasks_unlock(flags);
	return result;
}

/* Steps 8 and 9. */
static void kill_the_worst(struct oom_control *oc)
{
	struct task *victim;
	unsigned long points;

	switch (select_and_pin(oc, &victim, &points)) {
	case OOM_SELECT_NONE:
		if (oc->order == OOM_BY_HAND)
			break;
		dump_header(oc);
		panic("Out of memory and no killable processes...");
	case OOM_SELECT_CHOSEN:
		oom_kill_process(oc, victim, points, "Out of memory");
		task_put(victim);
		/* Give the victim a chance to run before anybody tries again. */
		schedule_timeout(TASK_KILLABLE, 1);
		break;
	case OOM_SELECT_ABORT:
		mm_event_add(oc->memory, OOM_SCANS_ABORTED, 1);
		break;
	}
}

bool out_of_memory(struct oom_control *oc)
{
	struct memory *m = oc->memory;

	mm_event_add(m, OOM_INVOCATIONS, 1);
	if (m->oom_killer_disabled)
		return false;
	if (!(m->patches & PATCH_OOM_NOTIFIER_OUTSIDE) && oom_notify(oc) > 0)
		return true;
	if (mark_if_dying(m, current))
		return true;
	/* Without __GFP_FS the request could not use what a kill frees: somebody else must. */
	if (oc->gfp && !(oc->gfp & (__GFP_FS | __GFP_NOFAIL)))
		return true;
	oc->totalpages = m->totalram_pages + m->total_swap_pages;
	check_panic_on_oom(oc);
	if (kill_allocating_task(oc))
		oom_kill_process(oc, current, 0, "Out of memory (oom_kill_allocating_task)");
	else
		kill_the_worst(oc);
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

bool oom_manual_kill(struct memory *m)
{
	struct oom_control oc = {.memory = m, .gfp = GFP_KERNEL, .order = OOM_BY_HAND};
	bool done;

	mutex_lock(&m->oom_lock);
	done = out_of_memory(&oc);
	mutex_unlock(&m->oom_lock);
	if (!done)
		pr_info("OOM request ignored because killer is disabled");
	return done;
}
