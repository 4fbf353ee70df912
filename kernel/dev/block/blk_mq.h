/*
 * Between the files of this room: from a bio to the driver (§34.2 to §34.5).
 */
#ifndef DEV_BLOCK_BLK_MQ_H
#define DEV_BLOCK_BLK_MQ_H

#include "kernel/dev/block/plug.h"

/* merge.c */
void blk_recount_segments(struct bio *bio);
/* How many of its pieces a request of this disk may have; all: nothing is to be split. */
unsigned int blk_fitting_vecs(const struct disk *disk, const struct bio *bio);
/* Behind or before what the request has, within the limits. The request's lock held, or it is private. */
bool blk_attempt_merge(struct request *rq, struct bio *bio);

/* requests.c: memory for the requests of all tags. */
const char *blk_alloc_requests(struct disk *disk, unsigned int depth);
void blk_free_requests(struct disk *disk);

/* hw_queue.c */
void blk_mq_run_hw_queue(struct disk *disk, bool async);
/* Into this CPU's software queue. */
void blk_mq_insert_requests(struct disk *disk, struct list_head *requests, bool from_schedule);
void blk_mq_insert_request(struct request *rq, bool async);
/* The bio becomes part of a request that waits in this CPU's software queue. */
bool blk_mq_attempt_merge(struct disk *disk, struct bio *bio);
void blk_mq_run_work_fn(struct kblockd_work *work);

/* complete.c: its bios end, and it is free. */
void blk_mq_end_request(struct request *rq, int error);
void blk_mq_free_request(struct request *rq);

#endif
