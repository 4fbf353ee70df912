/*
 * The room mm/slowpath: the request that did not succeed at once. slowpath.c is all of it; it is
 * called upwards (mm/alloc/page_alloc.h) and may use every room below. It holds no lock but oom_lock, by
 * trylock, around the OOM step.
 */

/*
 * The allocator's slow path: the steps of §5.2 in their order, the retry decision (§5.6) and
 * the OOM step (§5.8), as in Linux 4.8 without compaction.
 */
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/lock/sched_point.h"
#include "kernel/core/time/time.h"
#include "mm/alloc/highatomic.h"
#include "mm/page/mm_trace.h"
#include "mm/oom/oom.h"
#include "mm/oom/oom_notifier.h"
#include "mm/page/patch.h"
#include "mm/reclaim/kswapd.h"
#include "mm/reclaim/reclaim.h"
#include "mm/show/show_mem.h"
#include "mm/page/vmstat.h"
#include "mm/alloc/watermark.h"

#define MAX_RECLAIM_RETRIES 16

static long snapshot(const struct zone *z, enum zone_stat item)
{
	return MAX(zone_stat_exact(z, item), 0l);
}

/* R of §5.6: anonymous pages are reclaimable as long as there is a slot for one (trap 27). */
static unsigned long zone_reclaimable_pages(const struct zone *z)
{
	unsigned long pages = snapshot(z, NR_ZONE_ACTIVE_FILE) + snapshot(z, NR_ZONE_INACTIVE_FILE);

	if (READ_ONCE(z->memory->swap.nr_swap_pages) > 0)
		pages += snapshot(z, NR_ZONE_ACTIVE_ANON) + snapshot(z, NR_ZONE_INACTIVE_ANON);
	return pages;
}

/* §5.6 step 3: memory may come; until then wait for writeback, or let others run. */
static void wait_before_retry(const struct zone *z, unsigned long reclaimable, bool progress)
{
	if (!progress && 2 * zone_stat(z, NR_ZONE_WRITE_PENDING) > (long)reclaimable)
		schedule_timeout(TASK_UNINTERRUPTIBLE, hz / 10);
	else if (current->flags & PF_WQ_WORKER)
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
	else
		cond_resched();
}

static bool should_reclaim_retry(
	const struct alloc_context *ac, unsigned int alloc_flags, unsigned int loops, bool progress)
{
	bool early = ac->memory->patches & PATCH_HIGHATOMIC_EARLY;
	bool force = ac->memory->patches & (PATCH_HIGHATOMIC_FORCE | PATCH_HIGHATOMIC_EARLY);
	struct zone *z;

	if (loops > MAX_RECLAIM_RETRIES) {
		/* The seed's place: before OOM, exhaust the reserve. */
		if (ac->memory->patches & PATCH_HIGHATOMIC_EXHAUST)
			return release_highatomic_pageblock(ac, force);
		return false;
	}
	for (unsigned int i = ac->first; (z = ac->memory->zonelist[i]); i++) {
		unsigned long r = zone_reclaimable_pages(z);
		long avail = r - (loops * r + MAX_RECLAIM_RETRIES - 1) / MAX_RECLAIM_RETRIES +
			zone_stat_exact(z, NR_FREE_PAGES);
		bool enough = zone_watermark_test(
			z, ac->order, z->watermark[WMARK_MIN], ac->classzone, alloc_flags, avail);

		trace(reclaim_retry_zone, (long)z->name, ac->order, r, avail,
			z->watermark[WMARK_MIN], loops, enough);
		if (enough) {
			wait_before_retry(z, r, progress);
			return true;
		}
	}
	/* Linux 6.8's place: every "no" tries the reserve first, by force. */
	return early && release_highatomic_pageblock(ac, true);
}

/* COMPACTION=n (§5.7): orders 1 to 3 go on while some zone passes the order-0 test. */
static bool should_compact_retry(const struct alloc_context *ac, unsigned int alloc_flags)
{
	struct zone *z;

	if (ac->order == 0 || ac->order > PAGE_ALLOC_COSTLY_ORDER)
		return false;
	for (unsigned int i = ac->first; (z = ac->memory->zonelist[i]); i++)
		if (zone_watermark_test(z, 0, z->watermark[WMARK_MIN], ac->classzone, alloc_flags,
			    zone_stat(z, NR_FREE_PAGES)))
			return true;
	return false;
}

/* A page that no watermark barred says so, for who fills a slab with it (§41.2). NULL stays. */
static struct page *marked(struct page *page, unsigned int alloc_flags)
{
	if (page && (alloc_flags & ALLOC_NO_WATERMARKS))
		page->mapping = FROM_RESERVES;
	return page;
}

static struct page *attempt(const struct alloc_context *ac, unsigned int alloc_flags)
{
	return marked(get_page_from_freelist(ac, alloc_flags), alloc_flags);
}

/* §5.8 step 3, a predicate by the review's name: would killing somebody help this request? */
static bool oom_kill_allowed(const struct alloc_context *ac)
{
	return !(current->flags & PF_DUMPCORE) && ac->order <= PAGE_ALLOC_COSTLY_ORDER &&
		ac->high_zoneidx >= ZONE_NORMAL && !ac->memory->storage_suspended &&
		!(ac->gfp & __GFP_THISNODE);
}

static struct page *nofail_attempt(const struct alloc_context *ac)
{
	struct page *page = attempt(ac, ALLOC_NO_WATERMARKS | ALLOC_CPUSET);

	return page ? page : attempt(ac, ALLOC_NO_WATERMARKS);
}

/* §5.8 step 4: it goes on, on what is below the watermarks. */
static void warn_nofail(struct memory *m, gfp_t gfp)
{
	if (!m->warned_nofail_kill)
		pr_warn("WARNING: gfp_mask=0x%x must not fail, and nobody may be killed for it",
			gfp);
	m->warned_nofail_kill = true;
}

/* With oom_lock held. */
static struct page *kill_and_allocate(
	const struct alloc_context *ac, bool allowed, unsigned long freed, bool *progress)
{
	struct oom_control oc = {
		.memory = ac->memory, .gfp = ac->gfp, .order = ac->order, .freed = freed};
	bool nofail = ac->gfp & __GFP_NOFAIL;
	/* High: only to see a parallel kill, so that one spike costs one victim. */
	struct page *page = get_page_from_freelist(ac, WMARK_HIGH | ALLOC_CPUSET);

	if (page || (!nofail && !allowed))
		return page;
	if (out_of_memory(&oc))
		*progress = true;
	else if (nofail)
		warn_nofail(ac->memory, ac->gfp);
	if (nofail) {
		*progress = true;
		page = nofail_attempt(ac);
	}
	return page;
}

static struct page *may_oom(const struct alloc_context *ac, bool *progress)
{
	struct memory *m = ac->memory;
	bool allowed = oom_kill_allowed(ac);
	unsigned long freed = 0;
	struct page *page;

	mm_event_add(m, OOM_STEPS, 1);
	/* The seed's place: while nothing is held that others only try to lock (§9.4). */
	if (allowed && (m->patches & PATCH_OOM_NOTIFIER_OUTSIDE))
		freed = oom_reclaim_pages(m);
	*progress = freed > 0;
	sched_point();
	/* Somebody else is killing: that is progress, and nobody sleeps on this lock (§9.3). */
	if (!mutex_trylock(&m->oom_lock)) {
		mm_event_add(m, OOM_TRYLOCK_FAILED, 1);
		*progress = true;
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
		return NULL;
	}
	page = kill_and_allocate(ac, allowed, freed, progress);
	mutex_unlock(&m->oom_lock);
	return page;
}

/*
 * Steps 7 to 9 and 12, 13: requests that never loop. What remains may reclaim, and is neither a
 * reclaimer nor a victim.
 */
static bool must_give_up(const struct alloc_context *ac)
{
	bool nofail = ac->gfp & __GFP_NOFAIL;

	if (!(ac->gfp & __GFP_DIRECT_RECLAIM))
		return true;
	return ((current->flags & PF_MEMALLOC) || current->memdie) && !nofail;
}

static bool one_round_only(const struct alloc_context *ac)
{
	return (ac->gfp & __GFP_NORETRY) ||
		(ac->order > PAGE_ALLOC_COSTLY_ORDER && !(ac->gfp & __GFP_REPEAT));
}

/* Inlined, as the next one is: call traces have 4.8's frames, and no other (§34.8). */
static always_inline struct page *fail(const struct alloc_context *ac)
{
	struct memory *m = ac->memory;

	mm_event_add(m, ALLOC_FAILURES, 1);
	if ((ac->gfp & __GFP_NOFAIL) && !m->warned_nofail) {
		pr_warn("WARNING: gfp_mask=0x%x must not fail, yet may not reclaim: it fails",
			ac->gfp);
		m->warned_nofail = true;
	}
	if (!(ac->gfp & __GFP_NOWARN))
		warn_alloc_failed(ac->memory, ac->gfp, ac->order);
	return NULL;
}

static always_inline struct page *ask_until_decided(struct alloc_context *ac)
{
	unsigned int alloc_flags, loops = 0;
	unsigned long reclaimed;
	struct page *page;
	bool progress;

	if ((ac->gfp & (__GFP_ATOMIC | __GFP_DIRECT_RECLAIM)) ==
		(__GFP_ATOMIC | __GFP_DIRECT_RECLAIM)) {
		if (!ac->memory->warned_atomic_reclaim)
			pr_warn("WARNING: gfp_mask=0x%x is atomic and may sleep: taken as not "
				"atomic",
				ac->gfp);
		ac->memory->warned_atomic_reclaim = true;
		ac->gfp &= ~__GFP_ATOMIC;
	}
	if ((ac->gfp & __GFP_DIRECT_RECLAIM) &&
		(in_interrupt() || !irqs_enabled() || preempt_count()))
		panic("BUG: sleeping allocation (gfp %#x) in atomic context", ac->gfp);
	alloc_flags = gfp_to_alloc_flags(ac->gfp);
	if (ac->gfp & __GFP_KSWAPD_RECLAIM)
		wakeup_kswapd(ac);
	page = get_page_from_freelist(ac, alloc_flags);
	if (page)
		return page;
	for (;;) {
		if (ac->gfp & __GFP_KSWAPD_RECLAIM)
			wakeup_kswapd(ac);
		if (may_use_reserves(ac->gfp))
			alloc_flags = ALLOC_NO_WATERMARKS;
		page = attempt(ac, alloc_flags);
		if (page)
			return page;
		if (must_give_up(ac))
			break;
		if (current->flags & PF_MEMALLOC) { /* NOFAIL: a reclaimer must not reclaim */
			cond_resched();
			continue;
		}
		page = marked(direct_reclaim(ac, alloc_flags, &reclaimed), alloc_flags);
		if (page)
			return page;
		if (one_round_only(ac))
			break;
		sched_point(); /* what others free here is what the decision sees */
		loops = reclaimed && ac->order <= PAGE_ALLOC_COSTLY_ORDER ? 0 : loops + 1;
		if (should_reclaim_retry(ac, alloc_flags, loops, reclaimed))
			continue;
		if (reclaimed && should_compact_retry(ac, alloc_flags))
			continue;
		page = may_oom(ac, &progress);
		if (page)
			return page;
		if (!progress)
			break;
		loops = 0;
	}
	return fail(ac);
}

static void trace_entry(const struct alloc_context *ac)
{
	const struct zone *z = ac->memory->zonelist[ac->first];

	trace(mm_page_alloc_slowpath, (long)z->name, ac->order, ac->gfp, ac->migratetype,
		zone_stat(z, NR_FREE_PAGES), z->watermark[WMARK_MIN], z->nr_reserved_highatomic);
}

/* The watchdog watches how long a request has been here; a reclaimer's own requests are part. */
struct page *__alloc_pages_slowpath(struct alloc_context *ac)
{
	struct task *t = current;
	unsigned long outer = t->alloc_since;
	struct page *page;

	trace_entry(ac);
	if ((t->flags & PF_MEMALLOC_NOIO) || ac->memory->storage_suspended)
		ac->gfp &= ~(__GFP_IO | __GFP_FS);
	if (!outer)
		t->alloc_since = jiffies;
	page = ask_until_decided(ac);
	t->alloc_since = outer;
	return page;
}
