/*
 * OOM notifiers, inside and outside of the killer (see oom_notifier.h).
 */
#include "kernel/core/param.h"
#include "kernel/core/time/time.h"
#include "mm/oom/oom_notifier.h"

PARAM_INT("oom_notifier_mutex", mm_tunables.oom_notifier_mutex, 0, 1,
	"notifiers outside of the killer: 1, callers wait for each other, as in the mail; 0, for "
	"the "
	"list alone, as in the review");

void register_oom_notifier(struct memory *m, struct notifier_block *nb)
{
	notifier_register(&m->oom_reclaim_list, nb);
}

void unregister_oom_notifier(struct memory *m, struct notifier_block *nb)
{
	notifier_unregister(&m->oom_reclaim_list, nb);
}

static unsigned long count(struct memory *m, unsigned long freed, uint64_t since)
{
	mm_event_add(m, NOTIFIER_FREED_PAGES, freed);
	mm_event_add(m, NOTIFIER_NS, clock_ns() - since);
	return freed;
}

unsigned long oom_notify(const struct oom_control *oc)
{
	struct memory *m = oc->memory;
	uint64_t start = clock_ns();
	unsigned long freed = 0;

	if (list_empty(&m->oom_reclaim_list.blocks))
		return 0;
	mm_event_add(m, NOTIFIER_CALLS, 1);
	mm_event_add(m, NOTIFIER_CALLS_LOCKED, 1);
	if (oc->order == OOM_BY_HAND)
		mm_event_add(m, NOTIFIER_CALLS_BY_HAND, 1);
	if (!oc->gfp)
		mm_event_add(m, NOTIFIER_CALLS_FAULT, 1);
	notifier_call(&m->oom_reclaim_list, &freed);
	return count(m, freed, start);
}

/* Before the call, for it may never return; taken back when it has come to none. */
static void count_reclaim(struct memory *m, bool disabled, long n)
{
	mm_event_add(m, NOTIFIER_CALLS, n);
	if (disabled)
		mm_event_add(m, NOTIFIER_CALLS_DISABLED, n);
}

/* 0, or -1 when killed before the first callback. */
static int call_outside(struct memory *m, unsigned long *freed)
{
	int killed;

	if (!m->tunables.oom_notifier_mutex)
		return notifier_call_killable(&m->oom_reclaim_list, freed);
	killed = mutex_lock_killable(&m->oom_notifier_lock);
	if (killed)
		return killed;
	notifier_call(&m->oom_reclaim_list, freed);
	mutex_unlock(&m->oom_notifier_lock);
	return 0;
}

unsigned long oom_reclaim_pages(struct memory *m)
{
	bool disabled = m->oom_killer_disabled;
	uint64_t start = clock_ns();
	unsigned long freed = 0;

	if (list_empty(&m->oom_reclaim_list.blocks))
		return 0;
	/* A victim should go on, and use its reserves. */
	if (fatal_signal_pending(current)) {
		mm_event_add(m, NOTIFIER_KILLED_EARLY, 1);
		return 0;
	}
	count_reclaim(m, disabled, 1);
	if (call_outside(m, &freed))
		count_reclaim(m, disabled, -1);
	if (fatal_signal_pending(current))
		mm_event_add(m, NOTIFIER_KILLED_EARLY, 1);
	return count(m, freed, start);
}
