/*
 * The end of requests (§34.7). They end where the interrupt is taken: QEMU's CPUs are cores of one socket,
 * which share a cache, so 4.8 sends no other CPU for them.
 */
#include "kernel/dev/block/blk_mq.h"

void blk_mq_free_request(struct request *rq)
{
	struct disk *disk = rq->disk;

	tag_put(&disk->tags, rq->tag, &disk->ctx[rq->cpu].last_tag);
}

/* Its bios first: when the tag is free, the request may be somebody else's. */
void blk_mq_end_request(struct request *rq, int error)
{
	struct bio *bio = rq->bio, *next;

	for (; bio; bio = next) {
		next = bio->next;
		bio_endio(bio, error);
	}
	blk_mq_free_request(rq);
}

void blk_mq_complete_request(struct request *rq, int error)
{
	if (error)
		atomic_add(&rq->disk->counts.errors, 1);
	blk_mq_end_request(rq, error);
	atomic_sub(&sched_answers_owed, 1); /* not before: who waits for it is asleep until then */
}
