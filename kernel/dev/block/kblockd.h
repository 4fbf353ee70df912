/*
 * kblockd (§34.3): workers of the block layer, one for each CPU and bound to it, so that requests go on
 * when all of the system's workers sleep. Their names are 4.8's: kworker/N:1H.
 */
#ifndef DEV_BLOCK_KBLOCKD_H
#define DEV_BLOCK_KBLOCKD_H

#include "kernel/core/list.h"

struct kblockd_work {
	void (*fn)(struct kblockd_work *work);
	struct list_head node;
	bool queued;
};

void kblockd_work_init(struct kblockd_work *work, void (*fn)(struct kblockd_work *work));
/* Have it done by the worker of this CPU; no-op when it waits already. Any context. */
void kblockd_schedule(struct kblockd_work *work);
/* Start the workers. False: no memory for all of them, and none is there. Task context. */
bool kblockd_start(void);
/* They end, their work done. Task context, not theirs. */
void kblockd_stop(void);
/* What that worker does, for tests as well: the first work that waits for it. False: none does. */
bool process_one_work(unsigned int cpu);
/* Sleep until no work waits or is under way. */
void kblockd_flush(void);

#endif
