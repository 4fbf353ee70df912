/*
 * Dispatch: from the CPUs' software queues to the driver (§34.5).
 */
#include <errno.h>

#include "kernel/dev/block/blk_mq.h"

#define MERGE_LOOKS 8 /* requests of a software queue that a bio is held against */

/* Everything that waits, CPU by CPU; in front what was offered before. */
static void take_all(struct disk *disk, struct list_head *requests)
{
	unsigned long flags;

	for (unsigned int i = 0; i < nr_cpus; i++) {
		struct blk_mq_ctx *ctx = &disk->ctx[i];

		flags = spin_lock_irqsave(&ctx->lock);
		list_splice_init(&ctx->requests, requests->prev);
		spin_unlock_irqrestore(&ctx->lock, flags);
	}
	flags = spin_lock_irqsave(&disk->dispatch_lock);
	list_splice_init(&disk->dispatch, requests);
	spin_unlock_irqrestore(&disk->dispatch_lock, flags);
}

static void count_dispatch(struct disk *disk)
{
	bool worker = current->flags & PF_WQ_WORKER;

	atomic_add(
		worker ? &disk->counts.dispatched_by_worker : &disk->counts.dispatched_by_task, 1);
}

/* From here on an answer is to be expected; it may come at once. */
static enum blk_status queue_rq(struct disk *disk, struct request *rq, bool last)
{
	enum blk_status status;

	atomic_add(&sched_answers_owed, 1);
	status = disk->ops->queue_rq(disk, rq, last);
	if (status == BLK_OK)
		return status;
	atomic_sub(&sched_answers_owed, 1);
	atomic_add(status == BLK_BUSY ? &disk->counts.busy : &disk->counts.errors, 1);
	return status;
}

/* Until the driver is busy: true. */
static bool dispatch(struct disk *disk, struct list_head *requests)
{
	while (!list_empty(requests)) {
		struct request *rq = list_first_entry(requests, struct request, node);
		enum blk_status status;

		list_del(&rq->node);
		status = queue_rq(disk, rq, list_empty(requests));
		if (status == BLK_BUSY) {
			list_add(&rq->node, requests);
			return true;
		}
		if (status == BLK_OK)
			count_dispatch(disk);
		else
			blk_mq_end_request(rq, -EIO);
	}
	return false;
}

static void keep_for_later(struct disk *disk, struct list_head *requests)
{
	unsigned long flags = spin_lock_irqsave(&disk->dispatch_lock);

	list_splice_init(requests, &disk->dispatch);
	spin_unlock_irqrestore(&disk->dispatch_lock, flags);
	blk_mq_run_hw_queue(disk, true);
}

static noinline void __blk_mq_run_hw_queue(struct disk *disk)
{
	LIST_HEAD(requests);

	if (READ_ONCE(disk->stopped))
		return;
	take_all(disk, &requests);
	if (dispatch(disk, &requests))
		keep_for_later(disk, &requests);
}

noinline void blk_mq_run_hw_queue(struct disk *disk, bool async)
{
	if (READ_ONCE(disk->stopped))
		return;
	if (async) {
		kblockd_schedule(&disk->run_work);
		return;
	}
	preempt_disable();
	__blk_mq_run_hw_queue(disk);
	preempt_enable();
}

void blk_mq_run_work_fn(struct kblockd_work *work)
{
	__blk_mq_run_hw_queue(container_of(work, struct disk, run_work));
}

/* All of one CPU's. */
noinline void blk_mq_insert_requests(
	struct disk *disk, struct list_head *requests, bool from_schedule)
{
	struct request *first = list_first_entry(requests, struct request, node);
	struct blk_mq_ctx *ctx = &disk->ctx[first->cpu];
	unsigned long flags = spin_lock_irqsave(&ctx->lock);

	list_splice_init(requests, ctx->requests.prev);
	spin_unlock_irqrestore(&ctx->lock, flags);
	blk_mq_run_hw_queue(disk, from_schedule);
}

void blk_mq_insert_request(struct request *rq)
{
	struct blk_mq_ctx *ctx = &rq->disk->ctx[rq->cpu];
	unsigned long flags = spin_lock_irqsave(&ctx->lock);

	list_add_tail(&rq->node, &ctx->requests);
	spin_unlock_irqrestore(&ctx->lock, flags);
}

/* Newest first, as far as a neighbour, which may be full. */
bool blk_mq_attempt_merge(struct disk *disk, unsigned int cpu, struct bio *bio)
{
	struct blk_mq_ctx *ctx = &disk->ctx[cpu];
	unsigned long flags = spin_lock_irqsave(&ctx->lock);
	struct list_head *at = ctx->requests.prev;
	enum blk_merge found = BLK_APART;

	for (int i = 0; i < MERGE_LOOKS && at != &ctx->requests && found == BLK_APART; i++) {
		found = blk_attempt_merge(list_entry(at, struct request, node), bio);
		at = at->prev;
	}
	spin_unlock_irqrestore(&ctx->lock, flags);
	return found == BLK_MERGED;
}

void blk_mq_stop_hw_queue(struct disk *disk)
{
	WRITE_ONCE(disk->stopped, true);
}

void blk_mq_start_stopped_hw_queue(struct disk *disk)
{
	if (!READ_ONCE(disk->stopped))
		return;
	WRITE_ONCE(disk->stopped, false);
	blk_mq_run_hw_queue(disk, true);
}
