/*
 * The seed's OOM reaper, line by line in its order (see oom_reaper.h).
 */
#include "kernel/core/param.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/replay_point.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/time/time.h"
#include "mm/page/mm_trace.h"
#include "mm/oom/oom.h"
#include "mm/oom/oom_reaper.h"
#include "mm/oom/oom_watch.h"
#include "mm/page/patch.h"
#include "mm/space/zap.h"

#define ENOMEM 12

static long fail_start;
PARAM_INT("fail_oom_reaper_start", fail_start, 0, 1, "1: the oom_reaper task cannot be started");

void oom_reaper_init(struct memory *m)
{
	wait_queue_init(&m->reaper.wait, "oom_reaper");
	spin_lock_init(&m->reaper.lock, "oom_reaper queue");
}

void oom_reaper_start(struct memory *m, spawn_fn spawn)
{
	bool skip = m->patches & PATCH_OOM_REAPER_SKIP;

	if (!(m->patches & PATCH_OOM_REAPER))
		return;
	if (!fail_start)
		m->reaper.task = spawn("oom_reaper", skip ? oom_reaper_queue : oom_reaper, m);
	if (!m->reaper.task)
		pr_err("Unable to start OOM reaper %ld. Continuing regardless", -(long)ENOMEM);
}

bool oom_reaper_is_missing(const struct memory *m)
{
	return (m->patches & PATCH_OOM_REAPER) && !m->reaper.task && !fail_start;
}

/* Locked pages want munlocking, shared ones have other owners: neither comes without waiting. */
static bool can_be_reaped(const struct vma *v)
{
	return !(v->flags & (VM_HUGETLB | VM_LOCKED | VM_SHARED | VM_MAYSHARE));
}

void oom_reap_address_space(struct mm *mm)
{
	static const struct zap_details details = {
		.check_swap_entries = true, .ignore_dirty = true};
	long before = READ_ONCE(mm->anon_rss);
	struct mmu_gather g;
	struct vma *v;

	gather_start(&g, mm, true);
	list_for_each_entry(v, &mm->vmas, node)
		if (can_be_reaped(v))
			unmap_vma(&g, v, &details);
	gather_finish(&g);
	mm_event_add(mm->memory, OOM_REAPED_PAGES, MAX(before - READ_ONCE(mm->anon_rss), 0l));
}

/* One attempt; true: there is nothing more to do here. */
static bool reap(struct mm *mm)
{
	struct memory *m = mm->memory;
	bool done = true;

	mm_event_add(m, OOM_REAP_ATTEMPTS, 1);
	trace(start_task_reaping, (long)mm);
	/* Raced with the victim's exit, which frees more than we could. */
	if (!mm_get_user(mm)) {
		mm_event_add(m, OOM_REAP_RACED, 1);
		return true;
	}
	if (down_read_trylock(&mm->mmap_sem)) {
		oom_reap_address_space(mm);
		up_read(&mm->mmap_sem);
		mm_event_add(m, OOM_REAPED, 1);
		oom_watch_reaped(m, mm);
	} else {
		mm_event_add(m, OOM_REAP_FAILED, 1);
		done = false;
	}
	if (mm_put_user(mm)) /* the victim left meanwhile: all of it goes, here */
		mm_event_add(m, OOM_REAP_TEARDOWNS, 1);
	trace(finish_task_reaping, (long)mm, done);
	return done;
}

static void reap_mm(struct mm *mm)
{
	struct memory *m = mm->memory;
	int attempts = 0;

	while (attempts++ < MAX_OOM_REAP_RETRIES && !reap(mm))
		schedule_timeout(TASK_UNINTERRUPTIBLE, hz / 10);
	if (attempts > MAX_OOM_REAP_RETRIES)
		mm_event_add(m, OOM_REAP_GAVE_UP, 1);
	mm_drop(mm);
}

void oom_reaper(void *memory)
{
	struct memory *m = memory;
	struct oom_reaper *r = &m->reaper;

	for (;;) {
		struct mm *mm;

		wait_event(&r->wait, (mm = READ_ONCE(r->mm_to_reap)));
		reap_mm(mm);
		replay_point();
		__atomic_store_n(&r->mm_to_reap, NULL, __ATOMIC_RELEASE);
		wake_up_all(&r->wait);
	}
}

/* mm_count is what is pinned: the teardown shall not have to wait for us. */
static void fill_slot(struct memory *m, struct mm *mm)
{
	struct mm *empty = NULL;

	mm_pin(mm);
	replay_point();
	if (__atomic_compare_exchange_n(
		    &m->reaper.mm_to_reap, &empty, mm, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
		wake_up_all(&m->reaper.wait);
		return;
	}
	mm_event_add(m, OOM_REAP_LOST, 1);
	mm_drop(mm);
}

void wake_oom_reaper(struct memory *m, struct task *t, struct mm *mm)
{
	if (!m->reaper.task)
		return;
	trace(wake_reaper, t->pid);
	if (m->patches & PATCH_OOM_REAPER_SKIP)
		oom_reaper_enqueue(m, t);
	else
		fill_slot(m, mm);
}

static bool is_idle(const struct oom_reaper *r)
{
	replay_point();
	return !READ_ONCE(r->mm_to_reap) && !READ_ONCE(r->queue) && !READ_ONCE(r->busy);
}

void oom_reaper_wait_idle(struct memory *m)
{
	wait_event(&m->reaper.wait, is_idle(&m->reaper));
}
