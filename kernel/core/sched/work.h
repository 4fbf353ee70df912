/*
 * Work for kernel tasks that have nothing else to do (Linux: the system workqueue): a function that
 * runs later, where it may sleep. A fixed number of workers take work in order; when all of them
 * sleep, work waits.
 */
#ifndef CORE_WORK_H
#define CORE_WORK_H

#include "kernel/core/list.h"

struct work {
	void (*fn)(struct work *work);
	struct list_head node;
	bool queued; /* not begun yet */
};

void work_init(struct work *work, void (*fn)(struct work *work));
/* Have it done once; false when it waits to be done already. Any context. */
bool work_queue(struct work *work);
/* Sleep until all work is done that was queued. Not a worker. */
void work_flush(void);

/* Do the first work that waits: false when there is none. Task context. */
bool work_do_one(void);
/* A worker's life (kthread_spawn() makes it). */
void worker(void *unused);

#endif
