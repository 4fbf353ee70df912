/*
 * Between the files of this room: from a bio to the driver (§34.2 to §34.5).
 */
#ifndef DEV_BLOCK_BLK_MQ_H
#define DEV_BLOCK_BLK_MQ_H

#include "kernel/dev/block/plug.h"

/* merge.c */
/*
 * How many of its pieces a request of its disk may have, all: nothing is to be split. bio->segments is what
 * these make.
 */
unsigned int blk_fitting_vecs(struct bio *bio);
/*
 * Behind or before what the request has. A request that was found too full for a neighbour is full for
 * good, as 4.8's is. Its lock held, or it is private.
 */
enum blk_merge { BLK_APART, BLK_FULL, BLK_MERGED };
enum blk_merge blk_attempt_merge(struct request *rq, struct bio *bio);

/* requests.c: memory for the requests of all tags. */
const char *blk_alloc_requests(struct disk *disk, unsigned int depth);
void blk_free_requests(struct disk *disk);

/* hw_queue.c. By a worker, or at once: not under the driver's lock. */
void blk_mq_run_hw_queue(struct disk *disk, bool async);
/* Into their CPU's software queue; the hardware queue is run, from schedule() by a worker. */
void blk_mq_insert_requests(struct disk *disk, struct list_head *requests, bool from_schedule);
/* The same of one, and nothing is run. */
void blk_mq_insert_request(struct request *rq);
/* The bio becomes part of a request that waits in this CPU's software queue. */
bool blk_mq_attempt_merge(struct disk *disk, unsigned int cpu, struct bio *bio);
void blk_mq_run_work_fn(struct kblockd_work *work);

/* complete.c: its bios end, and it is free. */
void blk_mq_end_request(struct request *rq, int error);
void blk_mq_free_request(struct request *rq);

#endif
