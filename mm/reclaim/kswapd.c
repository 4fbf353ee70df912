/*
 * kswapd (see kswapd.h).
 */
#include "kernel/core/sched/sched.h"
#include "kernel/core/time/time.h"
#include "mm/alloc/watermark.h"
#include "mm/page/mm_trace.h"
#include "mm/page/vmstat.h"
#include "mm/reclaim/kswapd.h"
#include "mm/reclaim/node_flags.h"
#include "mm/reclaim/scan.h"
#include "mm/reclaim/throttle.h"

void kswapd_init(struct memory *m)
{
	wait_queue_init(&m->node.kswapd_wait, "kswapd");
	wait_queue_init(&m->node.pfmemalloc_wait, "pfmemalloc");
}

const char *kswapd_start(
	struct memory *m, struct task *(*spawn)(const char *name, void (*fn)(void *), void *arg))
{
	return spawn("kswapd0", kswapd, m) ? NULL : "no memory for the task kswapd0";
}

bool zone_is_balanced(struct zone *z, unsigned int order, unsigned int classzone)
{
	if (!zone_watermark_safe(z, order, z->watermark[WMARK_HIGH], classzone))
		return false;
	node_clear(z->memory, NODE_CONGESTED | NODE_DIRTY);
	return true;
}

static bool any_balanced(struct memory *m, unsigned int order, int classzone)
{
	for (int i = classzone; i >= 0; i--)
		if (m->zone[i].managed && zone_is_balanced(&m->zone[i], order, classzone))
			return true;
	return false;
}

static bool all_balanced(struct memory *m, unsigned int order, int classzone)
{
	for (int i = 0; i <= classzone; i++)
		if (m->zone[i].managed && !zone_is_balanced(&m->zone[i], order, classzone))
			return false;
	return true;
}

/* What is wanted of kswapd: several write it at once, without a lock, and each sees the maximum of what it saw. */
static void want(struct node_state *node, int order, int classzone)
{
	WRITE_ONCE(node->kswapd_classzone, MAX(READ_ONCE(node->kswapd_classzone), classzone));
	WRITE_ONCE(node->kswapd_order, MAX(READ_ONCE(node->kswapd_order), order));
}

static bool sleeps(const struct node_state *node)
{
	return !list_empty(&node->kswapd_wait.waiters);
}

void wakeup_kswapd(const struct alloc_context *ac)
{
	struct memory *m = ac->memory;
	const struct zone *first = m->zonelist[ac->first];

	want(&m->node, ac->order, ac->high_zoneidx);
	if (!sleeps(&m->node) || any_balanced(m, ac->order, ac->high_zoneidx))
		return;
	mm_event_add(m, KSWAPD_WAKEUPS, 1);
	trace(mm_vmscan_wakeup_kswapd, (long)first->name, ac->order,
		zone_stat(first, NR_FREE_PAGES), first->watermark[WMARK_HIGH]);
	wake_up_all(&m->node.kswapd_wait);
}

/* It tells nobody, as in 4.8: so it is looked at, a tick apart. */
void kswapd_wait_idle(struct memory *m)
{
	while (!sleeps(&m->node))
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
}

void wake_kswapd_for_throttled(struct memory *m)
{
	struct node_state *node = &m->node;

	if (!sleeps(node))
		return;
	WRITE_ONCE(node->kswapd_classzone, MIN(READ_ONCE(node->kswapd_classzone), ZONE_NORMAL));
	wake_up_all(&node->kswapd_wait);
}

/* What one pass should look at: enough for every zone to reach its high mark. */
static unsigned long pages_of_a_pass(const struct memory *m, int classzone)
{
	unsigned long sum = 0;

	for (int i = 0; i <= classzone; i++)
		if (m->zone[i].managed)
			sum += MAX(
				m->zone[i].watermark[WMARK_HIGH], (unsigned long)SWAP_CLUSTER_MAX);
	return sum;
}

static void age_active_anon(struct scan_control *sc)
{
	if (sc->memory->total_swap_pages && inactive_list_is_low(sc, LRU_ANON))
		shrink_active_list(sc, SWAP_CLUSTER_MAX, LRU_ANON);
}

/* §18.4, steps 3 to 6. True: enough pages were looked at, and some were freed. */
static bool pass(struct scan_control *sc)
{
	struct memory *m = sc->memory;

	sc->nr_reclaimed = 0;
	age_active_anon(sc);
	if (sc->priority < DEF_PRIORITY - 2 || !node_reclaimable(m))
		sc->may_writepage = true;
	sc->nr_scanned = 0;
	sc->nr_to_reclaim = pages_of_a_pass(m, sc->highest);
	shrink_node(sc);
	/* Single pages are there again; whether a block comes of them is luck. */
	if (sc->order && sc->nr_reclaimed >= 2ul << sc->order)
		sc->order = 0;
	if (pfmemalloc_watermark_ok(m))
		wake_throttled(m);
	return sc->nr_scanned >= sc->nr_to_reclaim && sc->nr_reclaimed;
}

/* Until a zone is balanced, or nothing helps. Returns the order that it ended with. */
static unsigned int balance(struct memory *m, unsigned int order, int classzone)
{
	struct scan_control sc = {.memory = m,
		.gfp = GFP_KERNEL,
		.order = order,
		.highest = classzone,
		.priority = DEF_PRIORITY,
		.may_writepage = true};

	mm_event_add(m, PAGEOUTRUN, 1);
	while (sc.priority >= 1 && !any_balanced(m, sc.order, classzone))
		if (!pass(&sc))
			sc.priority--;
	return sc.order;
}

/* Every zone is in order, and so nobody is throttled. */
static bool may_sleep(struct memory *m, unsigned int order, int classzone)
{
	wake_throttled(m);
	return all_balanced(m, order, classzone);
}

/* A nap. True: nobody has ended it. */
static bool nap(struct memory *m, struct waiter *w, unsigned int order, int classzone)
{
	struct node_state *node = &m->node;
	unsigned long end = jiffies + hz / 10;
	bool undisturbed;

	schedule_within(hz / 10);
	undisturbed = (long)(jiffies - end) >= 0;
	if (!undisturbed)
		want(node, order, classzone);
	wait_finish(&node->kswapd_wait, w);
	wait_prepare(&node->kswapd_wait, w, TASK_UNINTERRUPTIBLE);
	return undisturbed;
}

/* Counters may be further off while nobody looks at them closely (§25.3). */
static void sleep_until_woken(struct memory *m)
{
	trace(mm_vmscan_kswapd_sleep, 0);
	set_zone_thresholds(m, normal_threshold);
	schedule();
	set_zone_thresholds(m, pressure_threshold);
}

/* §18.5: a nap first, and if all is well even after that, until it is woken. */
static void try_to_sleep(struct memory *m, unsigned int order, int classzone)
{
	struct node_state *node = &m->node;
	bool undisturbed = true;
	struct waiter w;

	wait_prepare(&node->kswapd_wait, &w, TASK_UNINTERRUPTIBLE);
	if (may_sleep(m, order, classzone))
		undisturbed = nap(m, &w, order, classzone);
	if (!undisturbed)
		mm_event_add(m, KSWAPD_LOW_WMARK_HIT_QUICKLY, 1);
	else if (may_sleep(m, order, classzone))
		sleep_until_woken(m);
	else
		mm_event_add(m, KSWAPD_HIGH_WMARK_HIT_QUICKLY, 1);
	wait_finish(&node->kswapd_wait, &w);
}

/* What is wanted since it was last asked for (§18.3). */
static void take_wanted(struct node_state *node, unsigned int *order, int *classzone)
{
	*order = READ_ONCE(node->kswapd_order);
	*classzone = READ_ONCE(node->kswapd_classzone);
}

void kswapd(void *memory)
{
	struct memory *m = memory;
	struct node_state *node = &m->node;
	unsigned int alloc_order = 0, reclaim_order = 0;
	int classzone = 0;

	current->flags |= PF_MEMALLOC | PF_SWAPWRITE | PF_KSWAPD;
	for (;;) {
		try_to_sleep(m, reclaim_order, classzone);
		take_wanted(node, &alloc_order, &classzone);
		WRITE_ONCE(node->kswapd_order, 0);
		WRITE_ONCE(node->kswapd_classzone, 0);
		trace(mm_vmscan_kswapd_wake, 0, classzone, alloc_order);
		reclaim_order = balance(m, alloc_order, classzone);
		if (reclaim_order < alloc_order)
			continue; /* blocks are not to be had: rest, when single pages are */
		take_wanted(node, &alloc_order, &classzone); /* by others, meanwhile (§18.6) */
		reclaim_order = alloc_order;
	}
}
