/*
 * The memory ballast (see ballast.h). Pages are chained through page->lru.
 */
#include "kernel/core/param.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/time/time.h"
#include "kernel/dev/ballast.h"
#include "kernel/task/app.h"
#include "mm/oom/oom_notifier.h"
#include "mm/alloc/page_alloc.h"
#include "mm/show/show_mem.h"

#define PRIORITY 80
#define GFP_FILL (GFP_HIGHUSER_MOVABLE | __GFP_NOMEMALLOC | __GFP_NORETRY)

static long alloc_locked = 1, killable = 1, lockdep;
PARAM_INT("ballast_alloc_locked", alloc_locked, 0, 1,
	"1: the ballast allocates with its lock held, as the balloon of Linux 4.8 does");
PARAM_INT("ballast_killable", killable, 0, 1,
	"1: a kill ends the OOM notifier's wait for the ballast's lock (Linux 4.8: 0)");
PARAM_INT("ballast_lockdep", lockdep, 0, 1,
	"1: the debug build checks the order in which the ballast's lock is taken");

static struct {
	struct mutex lock; /* the pages */
	struct list_head pages;
	long held;
	struct notifier_block oom;
	struct ratelimit ratelimit;
} ballast;

static struct page *fill_page(void)
{
	return alloc_pages(&system_memory, GFP_FILL, 0);
}

static void keep(struct page *page)
{
	list_add_tail(&page->lru, &ballast.pages);
	ballast.held++;
}

/* With the lock held: a page more, or false after the balloon's words and its nap. */
static bool fill_one(struct page *page)
{
	if (page) {
		keep(page);
		return true;
	}
	if (ratelimit(&ballast.ratelimit, __func__))
		pr_info("ballast: Out of puff! Can't get %u pages", 1);
	schedule_timeout(TASK_UNINTERRUPTIBLE, hz / 5);
	return false;
}

static long fill_locked(long pages)
{
	long n = 0;

	mutex_lock(&ballast.lock);
	while (n < pages && fill_one(fill_page()))
		n++;
	mutex_unlock(&ballast.lock);
	return n;
}

static long fill_unlocked(long pages)
{
	bool more = true;
	long n = 0;

	while (n < pages && more) {
		struct page *page = fill_page();

		mutex_lock(&ballast.lock);
		more = fill_one(page);
		mutex_unlock(&ballast.lock);
		n += more;
	}
	return n;
}

long ballast_inflate(long pages)
{
	long n;

	kernel_enter();
	n = alloc_locked ? fill_locked(pages) : fill_unlocked(pages);
	kernel_leave();
	return n;
}

/* §9.3: what the lock's holder waits for must not be what waits for the lock. */
long ballast_inflate_stubborn(long pages, long waiters)
{
	long n = 0;

	kernel_enter();
	mutex_lock(&ballast.lock);
	while (lock_waiters(&ballast.lock.info) < waiters)
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
	while (n < pages && !fatal_signal_pending(current)) {
		struct page *page = alloc_pages(&system_memory, GFP_HIGHUSER_MOVABLE, 0);

		if (!page)
			break;
		keep(page);
		n++;
	}
	mutex_unlock(&ballast.lock);
	kernel_leave();
	return n;
}

/* With the lock held. */
static long leak(long pages)
{
	long n = 0;

	while (n < pages && !list_empty(&ballast.pages)) {
		struct page *page = list_first_entry(&ballast.pages, struct page, lru);

		list_del(&page->lru);
		free_pages(&system_memory, page, 0);
		n++;
	}
	ballast.held -= n;
	return n;
}

long ballast_deflate(long pages)
{
	long n;

	kernel_enter();
	mutex_lock(&ballast.lock);
	n = leak(pages);
	mutex_unlock(&ballast.lock);
	kernel_leave();
	return n;
}

long ballast_held(void)
{
	return READ_ONCE(ballast.held);
}

static int lock_for_notifier(void)
{
	if (killable)
		return mutex_lock_killable(&ballast.lock);
	mutex_lock(&ballast.lock);
	return 0;
}

static int oom_notify_ballast(struct notifier_block *nb, void *data)
{
	unsigned long *freed = data;

	(void)nb;
	if (lock_for_notifier())
		return NOTIFY_OK;
	*freed += leak(BALLAST_OOM_PAGES);
	mutex_unlock(&ballast.lock);
	return NOTIFY_OK;
}

void ballast_start(void)
{
	kernel_enter();
	mutex_init(&ballast.lock, "ballast_lock");
	ballast.lock.info.unchecked = !lockdep;
	list_init(&ballast.pages);
	ballast.oom = (struct notifier_block){.call = oom_notify_ballast, .priority = PRIORITY};
	register_oom_notifier(&system_memory, &ballast.oom);
	kernel_leave();
}

void ballast_stop(void)
{
	kernel_enter();
	BUG_ON(ballast.held);
	unregister_oom_notifier(&system_memory, &ballast.oom);
	lock_forget(&ballast.lock.info);
	kernel_leave();
}
