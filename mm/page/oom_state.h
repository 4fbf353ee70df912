/*
 * What the OOM machinery keeps in struct memory; the functions are in oom_reaper.h and oom_watch.h.
 */
#ifndef MM_OOM_STATE_H
#define MM_OOM_STATE_H

#include "kernel/core/lock/lock.h"

#define OOM_ROWS 256 /* processes that a report reads at a time */

/* A line of the report's task table; pages. */
struct oom_row {
	int pid, tgid;
	char comm[TASK_COMM_LEN];
	short adj;
	unsigned long total_vm, rss, swapents;
	long nr_ptes, nr_pmds;
};

struct oom_reaper {
	struct task *task; /* NULL: it could not be started, or no patch wants it */
	struct wait_queue wait;
	struct mm *mm_to_reap; /* the seed's slot: only NULL -> mm, by compare-exchange */
	struct spinlock lock;
	struct task *queue; /* 4.9: through oom_reaper_next, last in, first out; under `lock` */
	bool busy;
};

/* Times in virtual nanoseconds; 0: not yet. */
struct oom_watch {
	int pid;             /* of the first process that was killed; 0: none yet */
	const struct mm *mm; /* its address space, to be compared only */
	uint64_t killed_ns, reaped_ns, exited_ns;
	unsigned long steps, trylock_failed;    /* counters at the kill ... */
	unsigned long steps_exit, trylock_exit; /* ... and at its exit */
};

#endif
