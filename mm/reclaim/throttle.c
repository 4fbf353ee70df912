/*
 * Waiting for others who free memory (see throttle.h).
 */
#include "kernel/core/sched/sched.h"
#include "kernel/core/time/time.h"
#include "mm/reclaim/dirty.h"
#include "mm/reclaim/kswapd.h"
#include "mm/reclaim/node_flags.h"
#include "mm/reclaim/throttle.h"

void congestion_wait(unsigned long ticks)
{
	schedule_timeout(TASK_UNINTERRUPTIBLE, ticks);
}

static bool too_many_isolated(const struct scan_control *sc, enum lru_class class)
{
	unsigned long inactive = node_stat(sc->memory, NR_INACTIVE_ANON + 2 * class);
	unsigned long isolated = node_stat(sc->memory, NR_ISOLATED_ANON + class);

	if (current_is_kswapd())
		return false;
	/* Who may not start I/O waits later, and so for nobody who waits for it. */
	if ((sc->gfp & (__GFP_IO | __GFP_FS)) == (__GFP_IO | __GFP_FS))
		inactive >>= 3;
	return isolated > inactive;
}

bool wait_for_isolated(const struct scan_control *sc, enum lru_class class)
{
	while (unlikely(too_many_isolated(sc, class))) {
		congestion_wait(hz / 10);
		if (fatal_signal_pending(current))
			return false;
	}
	return true;
}

void throttle_vm_writeout(struct memory *m, gfp_t gfp)
{
	for (;;) {
		unsigned long limit = MAX(dirty_threshold(m), m->node.dirty_limit);

		limit += limit / 10;
		if (node_stat(m, NR_UNSTABLE_NFS) + node_stat(m, NR_WRITEBACK) <= (long)limit)
			return;
		congestion_wait(hz / 10);
		if ((gfp & (__GFP_IO | __GFP_FS)) != (__GFP_IO | __GFP_FS))
			return;
	}
}

/* Of a node without anything to reclaim nothing is asked: it shall come to a kill. */
bool pfmemalloc_watermark_ok(const struct memory *m)
{
	unsigned long reserve = 0, free = 0;

	if (!node_reclaimable_pages(m))
		return true;
	for (int i = 0; i <= ZONE_NORMAL; i++) {
		const struct zone *z = &m->zone[i];

		if (!z->managed)
			continue;
		reserve += z->watermark[WMARK_MIN];
		free += zone_stat(z, NR_FREE_PAGES);
	}
	return !reserve || free > reserve / 2;
}

/* kswapd, asked to look at the zones that count here, if it sleeps. */
static bool ok_or_kswapd(struct memory *m)
{
	bool ok = pfmemalloc_watermark_ok(m);

	if (!ok)
		wake_kswapd_for_throttled(m);
	return ok;
}

/* `until`: a tick after which who may not wait for a file system goes on all the same; 0: none. */
static void wait_until_ok(struct memory *m, unsigned long until)
{
	struct wait_queue *wq = &m->node.pfmemalloc_wait;
	struct waiter w;

	for (;;) {
		wait_prepare(wq, &w, TASK_KILLABLE);
		if (ok_or_kswapd(m) || fatal_signal_pending(current))
			break;
		if (!until)
			schedule();
		else if ((long)(until - jiffies) > 0)
			schedule_within(until - jiffies);
		else
			break;
		wait_finish(wq, &w);
	}
	wait_finish(wq, &w);
}

bool throttle_direct_reclaim(struct memory *m, gfp_t gfp)
{
	if ((current->flags & PF_KTHREAD) || fatal_signal_pending(current) || ok_or_kswapd(m))
		return true;
	mm_event_add(m, PGSCAN_DIRECT_THROTTLE, 1);
	wait_until_ok(m, gfp & __GFP_FS ? 0 : jiffies + hz);
	return !fatal_signal_pending(current);
}

void wake_throttled(struct memory *m)
{
	struct wait_queue *wq = &m->node.pfmemalloc_wait;

	if (!list_empty(&wq->waiters))
		wake_up_all(wq);
}
