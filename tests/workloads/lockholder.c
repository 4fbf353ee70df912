/*
 * Allocating with a lock held (see lockholder.h). Pages are chained through page->lru.
 */
#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/lock/lock.h"
#include "kernel/core/time/time.h"
#include "kernel/core/sched/work.h"
#include "kernel/task/app.h"
#include "mm/space/mm.h"
#include "mm/oom/oom_watch.h"
#include "mm/alloc/page_alloc.h"
#include "mm/reclaim/scan.h"
#include "mm/reclaim/shrinker.h"
#include "tests/workloads/lockholder.h"

static struct {
	struct mutex mutex;
	struct work work[NR_WORKERS];
	bool ready;
} inode;

static struct list_head pages_held = LIST_HEAD_INIT(pages_held);
static struct spinlock pages_lock; /* pages_held */

static void prepare(void)
{
	if (inode.ready)
		return;
	inode.ready = true;
	mutex_init(&inode.mutex, "inode");
	spin_lock_init(&pages_lock, "lockholder");
}

/* Whoever was to wait may have been killed before: then this goes on without, after a second. */
static void until_waited_for(const struct lock_info *lock, long waiters)
{
	for (long ticks = hz; ticks && lock_waiters(lock) < waiters; ticks--)
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
	if (lock_waiters(lock) < waiters)
		pr_info("%s: nobody waits for it though somebody was to", lock->name);
}

static void keep(struct page *page)
{
	spin_lock(&pages_lock);
	list_add_tail(&page->lru, &pages_held);
	spin_unlock(&pages_lock);
}

/* Who is killed on the way stops at the next page. */
static void demand(long pages, gfp_t gfp)
{
	for (long i = 0; i < pages && !fatal_signal_pending(current); i++) {
		struct page *page = alloc_pages(&system_memory, gfp, 0);

		if (!page)
			return;
		keep(page);
	}
	if (!fatal_signal_pending(current) && oom_ms_since_kill(&system_memory) >= 0)
		event_counter(COUNTER("holder_ms"), oom_ms_since_kill(&system_memory));
}

void inode_append_contended(long waiters, long pages, int mask)
{
	kernel_enter();
	prepare();
	mutex_lock(&inode.mutex);
	until_waited_for(&inode.mutex.info, waiters);
	demand(pages, mask == DEMAND_NOFS ? GFP_NOFS : GFP_KERNEL);
	mutex_unlock(&inode.mutex);
	kernel_leave();
}

void inode_append(long pages, int mask)
{
	inode_append_contended(0, pages, mask);
}

/* A user of the process's address space, or NULL. */
static struct mm *get_mm(int pid)
{
	unsigned long flags = tasks_lock();
	struct mm *mm = NULL;
	struct task *t;

	for_each_process(t) {
		const struct task *user = thread_with_mm(t->process);

		if (t->pid == pid && user && mm_get_user(user->mm))
			mm = user->mm;
	}
	tasks_unlock(flags);
	return mm;
}

int proc_read(int pid, long writers, long pages, int with_inode)
{
	struct mm *mm;

	kernel_enter();
	prepare();
	mm = get_mm(pid);
	if (mm) {
		down_read(&mm->mmap_sem);
		if (with_inode)
			mutex_lock(&inode.mutex);
		until_waited_for(&mm->mmap_sem.info, writers);
		if (with_inode)
			until_waited_for(&inode.mutex.info, 1);
		demand(pages, GFP_KERNEL);
		if (with_inode)
			mutex_unlock(&inode.mutex);
		up_read(&mm->mmap_sem);
		mm_put_user(mm);
	}
	kernel_leave();
	return mm ? 0 : -1;
}

static void want_inode(struct work *work)
{
	(void)work;
	mutex_lock(&inode.mutex);
	mutex_unlock(&inode.mutex);
}

void workers_want_inode(void)
{
	kernel_enter();
	prepare();
	for (int i = 0; i < NR_WORKERS; i++) {
		work_init(&inode.work[i], want_inode);
		work_queue(&inode.work[i]);
	}
	kernel_leave();
}

long inode_waiters(void)
{
	long n;

	kernel_enter();
	n = inode.ready ? lock_waiters(&inode.mutex.info) : 0;
	kernel_leave();
	return n;
}

void nofs_demand(long pages)
{
	kernel_enter();
	prepare();
	demand(pages, GFP_NOFS);
	kernel_leave();
}

static unsigned long count_inodes(struct shrinker *s, const struct shrink_control *sc)
{
	(void)s;
	(void)sc;
	return current->flags & PF_KSWAPD ? 0 : SWAP_CLUSTER_MAX;
}

static unsigned long scan_inodes(struct shrinker *s, const struct shrink_control *sc)
{
	(void)s;
	if (!(sc->gfp & __GFP_FS) || inode.mutex.info.owner == current)
		return SHRINK_STOP;
	mutex_lock(&inode.mutex);
	mutex_unlock(&inode.mutex);
	return 0;
}

static struct shrinker inode_cache = {.name = "inode cache",
	.count = count_inodes,
	.scan = scan_inodes,
	.seeks = DEFAULT_SEEKS,
	.batch = SWAP_CLUSTER_MAX};

/* A shrinker that waits for a mutex whose owner allocates is what lock debugging is there to find. */
void inode_cache_start(void)
{
	kernel_enter();
	prepare();
	inode.mutex.info.unchecked = true;
	register_shrinker(&system_memory, &inode_cache);
	kernel_leave();
}

void inode_cache_stop(void)
{
	kernel_enter();
	unregister_shrinker(&system_memory, &inode_cache);
	kernel_leave();
}

void lockholder_free(void)
{
	struct page *page, *next;

	kernel_enter();
	list_for_each_entry_safe(page, next, &pages_held, lru)
		free_pages(&system_memory, page, 0);
	list_init(&pages_held);
	kernel_leave();
}
