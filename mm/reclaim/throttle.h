/*
 * Who reclaims may have to wait for others (§23). Task context that may sleep.
 */
#ifndef MM_THROTTLE_H
#define MM_THROTTLE_H

#include "mm/reclaim/scan.h"

/*
 * Until a disk is less busy, or for so many ticks. A disk with blk-mq, as all here are, never says that it is:
 * so it always takes its time (§23.1), and what waits only while one is busy never does.
 */
void congestion_wait(unsigned long ticks);

/* §23.2: not too many pages of a class are with those who reclaim. False: the task is being killed. */
bool wait_for_isolated(const struct scan_control *sc, enum lru_class class);
/* §23.5: not too many pages are being written. */
void throttle_vm_writeout(struct memory *m, gfp_t gfp);

/*
 * §23.3: half of what is kept for those who free memory is there. False: the caller was killed while it
 * waited for that, and shall try to allocate.
 */
bool throttle_direct_reclaim(struct memory *m, gfp_t gfp);
/* Is it? And whoever waits looks again. */
bool pfmemalloc_watermark_ok(const struct memory *m);
void wake_throttled(struct memory *m);

#endif
