/*
 * What gives memory back before anybody is killed (§9): callbacks that add the pages they freed to an
 * unsigned long.
 *
 * Linux 4.8 calls them from within the OOM killer, with oom_lock held. oom-notifier-outside (seed)
 * calls them before that lock, where the wait is killable: the last form of reclaim, so they are a
 * reclaim list there. The mail has a mutex around it, which is waited for killably; the review would
 * have the list's semaphore alone, so that several are in a callback at a time, and wait for its locks
 * as it does (oom_notifier_mutex). Callbacks may sleep; they must not depend on allocations that may
 * reclaim and retry, and nothing checks that.
 */
#ifndef MM_OOM_NOTIFIER_H
#define MM_OOM_NOTIFIER_H

#include "kernel/core/lock/notifier.h"
#include "mm/oom/oom.h"

/* Task context, sleeps. The callback's data: unsigned long *freed, in pages. */
void register_oom_notifier(struct memory *m, struct notifier_block *nb);
void unregister_oom_notifier(struct memory *m, struct notifier_block *nb);

/* From the OOM killer, oom_lock held: pages that were freed. */
unsigned long oom_notify(const struct oom_control *oc);
/* From the allocator, nothing held: pages that were freed; 0 at once with a kill pending. */
unsigned long oom_reclaim_pages(struct memory *m);

#endif
