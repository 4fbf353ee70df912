/*
 * Plugs (§34.3): requests that a task holds back, so that neighbours become one.
 */
#ifndef DEV_BLOCK_PLUG_H
#define DEV_BLOCK_PLUG_H

#include "kernel/dev/block/disk.h"

#define BLK_MAX_REQUEST_COUNT 16

struct blk_plug {
	struct list_head mq_list; /* oldest first */
};

/* The current task holds requests back from here on, unless it does already. The plug lies on its stack. */
void blk_start_plug(struct blk_plug *plug);
/* The one who started it: everything goes out. */
void blk_finish_plug(struct blk_plug *plug);
/* What the task holds back goes out; from schedule(): by a worker. */
void blk_flush_plug_list(struct blk_plug *plug, bool from_schedule);

/*
 * Is the bio part of a request that is held back now? *held: requests of its disk that are, up to where
 * it was found or all.
 */
bool blk_attempt_plug_merge(struct bio *bio, unsigned int *held);

/* Boot, whether there is a disk or not: schedule() knows where plugs are flushed, and mm/ how they are made. */
void plugs_init(struct memory *m);

#endif
