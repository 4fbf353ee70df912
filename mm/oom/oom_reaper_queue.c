/*
 * Linux 4.9's OOM reaper (see oom_reaper.h; §8.2, §8.3, §8.4).
 */
#include "kernel/core/log/printk.h"
#include "kernel/core/replay_point.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/time/time.h"
#include "mm/page/mm_trace.h"
#include "mm/oom/oom.h"
#include "mm/oom/oom_reaper.h"
#include "mm/oom/oom_watch.h"

/* The queue ends in this, so that a task in it always has a next one. */
static struct task end_of_queue;

void oom_reaper_enqueue(struct memory *m, struct task *t)
{
	struct oom_reaper *r = &m->reaper;
	bool first;

	spin_lock(&r->lock);
	first = !t->oom_reaper_next;
	if (first) {
		task_get(t);
		t->oom_reaper_next = r->queue ? r->queue : &end_of_queue;
		r->queue = t;
	}
	spin_unlock(&r->lock);
	if (first)
		wake_up_all(&r->wait);
}

static struct task *dequeue(struct oom_reaper *r)
{
	struct task *t;

	spin_lock(&r->lock);
	t = r->queue;
	if (t) {
		/* In this order: who waits for both to be clear looks at them without the lock. */
		WRITE_ONCE(r->busy, true);
		WRITE_ONCE(
			r->queue, t->oom_reaper_next == &end_of_queue ? NULL : t->oom_reaper_next);
	}
	spin_unlock(&r->lock);
	return t;
}

static void print_reaped(const struct task *t, const struct mm *mm)
{
	pr_info("oom_reaper: reaped process %d (%s), now anon-rss:%lukB, file-rss:%lukB, "
		"shmem-rss:%lukB",
		t->pid, t->comm, mm_counter(&mm->anon_rss) * 4, mm_counter(&mm->file_rss) * 4,
		mm_counter(&mm->shmem_rss) * 4);
}

/* mmap_sem held for reading; given up. The last user's teardown is left to a worker. */
static void reap_locked(struct task *t, struct mm *mm)
{
	struct memory *m = mm->memory;

	if (!mm_get_user(mm)) {
		mm_event_add(m, OOM_REAP_RACED, 1);
		up_read(&mm->mmap_sem);
		return;
	}
	mm_set_flag(mm, MMF_UNSTABLE);
	oom_reap_address_space(mm);
	print_reaped(t, mm);
	up_read(&mm->mmap_sem);
	mm_event_add(m, OOM_REAPED, 1);
	oom_watch_reaped(m, mm);
	mm_put_user_async(mm);
}

/*
 * Under oom_lock: while memory is being freed nobody shall choose the next victim. True: there is
 * nothing more to do here.
 */
static bool reap(struct task *t, struct mm *mm)
{
	struct memory *m = mm->memory;
	bool locked;

	mm_event_add(m, OOM_REAP_ATTEMPTS, 1);
	trace(start_task_reaping, (long)mm);
	mutex_lock(&m->oom_lock);
	locked = down_read_trylock(&mm->mmap_sem);
	if (locked)
		reap_locked(t, mm);
	else
		mm_event_add(m, OOM_REAP_FAILED, 1);
	mutex_unlock(&m->oom_lock);
	trace(finish_task_reaping, (long)mm, locked);
	return locked;
}

static void reap_task(struct task *t)
{
	struct mm *mm = t->process->oom_mm;
	struct memory *m = mm->memory;
	int attempts = 0;

	while (attempts++ < MAX_OOM_REAP_RETRIES && !reap(t, mm))
		schedule_timeout(TASK_UNINTERRUPTIBLE, hz / 10);
	if (attempts > MAX_OOM_REAP_RETRIES) {
		mm_event_add(m, OOM_REAP_GAVE_UP, 1);
		pr_info("oom_reaper: unable to reap pid:%d (%s)", t->pid, t->comm);
		show_held_locks();
	}
	t->oom_reaper_next = NULL;
	oom_skip_mm(mm); /* reaped or not, it has had its chance */
	task_put(t);
}

void oom_reaper_queue(void *memory)
{
	struct memory *m = memory;
	struct oom_reaper *r = &m->reaper;

	for (;;) {
		struct task *t;

		wait_event(&r->wait, READ_ONCE(r->queue));
		t = dequeue(r);
		if (t)
			reap_task(t);
		replay_point();
		WRITE_ONCE(r->busy, false);
		wake_up_all(&r->wait);
	}
}
