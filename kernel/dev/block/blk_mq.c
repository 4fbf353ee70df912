/*
 * Submission: a bio, or its parts, become requests (§34.2, §34.3, §34.4).
 */
#include <errno.h>

#include "kernel/dev/block/blk_mq.h"

struct bio_list {
	struct bio *first, *last;
};

static void add_bio(struct bio_list *list, struct bio *bio)
{
	bio->next = NULL;
	if (list->first)
		list->last->next = bio;
	else
		list->first = bio;
	list->last = bio;
}

static struct bio *take_bio(struct bio_list *list)
{
	struct bio *bio = list->first;

	if (bio) {
		list->first = bio->next;
		bio->next = NULL;
	}
	return bio;
}

static struct request *try_request(struct disk *disk)
{
	struct request *rq = NULL;
	unsigned int cpu, tag;

	preempt_disable();
	cpu = this_cpu_id();
	tag = tag_try(&disk->tags, &disk->ctx[cpu].last_tag);
	preempt_enable();
	if (tag == NO_TAG)
		return NULL;
	rq = disk->rq[tag];
	rq->tag = tag;
	rq->cpu = cpu;
	return rq;
}

/* Each time on another of the queues; what was queued before gives tags back. */
static struct request *wait_for_request(struct disk *disk)
{
	struct request *rq = NULL;

	atomic_add(&disk->counts.tag_waits, 1);
	while (!rq) {
		struct tag_wait *w = tag_wait_queue(&disk->tags);
		struct waiter waiter;

		wait_prepare(&w->wq, &waiter, TASK_UNINTERRUPTIBLE);
		rq = try_request(disk);
		if (!rq) {
			blk_mq_run_hw_queue(disk, false);
			rq = try_request(disk);
		}
		if (!rq)
			schedule();
		wait_finish(&w->wq, &waiter);
	}
	return rq;
}

static noinline struct request *blk_mq_get_request(struct disk *disk)
{
	struct request *rq = try_request(disk);

	if (rq)
		return rq;
	blk_mq_run_hw_queue(disk, false);
	return wait_for_request(disk);
}

static void init_request(struct request *rq, struct bio *bio)
{
	rq->disk = bio->disk;
	rq->bio = rq->last_bio = bio;
	rq->sector = bio->sector;
	rq->sectors = bio_sectors(bio);
	rq->segments = bio->segments;
	rq->op = bio->op;
	rq->no_merge = bio->no_merge || bio->op == BIO_FLUSH;
	rq->sync = bio->sync || bio->op == BIO_READ;
	atomic_add(&bio->disk->counts.requests, 1);
}

/* Behind what the task holds back already, which goes out first when it is much. */
static void hold_back(struct request *rq, unsigned int held)
{
	struct blk_plug *plug = current->plug;

	if (held >= BLK_MAX_REQUEST_COUNT) {
		atomic_add(&rq->disk->counts.flush_full, 1);
		blk_flush_plug_list(plug, false);
	}
	list_add_tail(&rq->node, &plug->mq_list);
}

static noinline void blk_sq_make_request(struct disk *disk, struct bio *bio)
{
	bool flush = bio->op == BIO_FLUSH;
	struct request *rq;
	unsigned int held;

	blk_recount_segments(bio);
	if (!flush && blk_attempt_plug_merge(bio, &held))
		return;
	rq = blk_mq_get_request(disk);
	init_request(rq, bio);
	if (current->plug && !flush)
		hold_back(rq, held);
	else if (!flush && blk_mq_attempt_merge(disk, bio))
		blk_mq_free_request(rq);
	else
		blk_mq_insert_request(rq, !rq->sync);
}

/* A part that fits goes out; the rest is this task's next bio. */
static void make_request(struct disk *disk, struct bio *bio)
{
	unsigned int vecs = blk_fitting_vecs(disk, bio);

	if (vecs < bio->nr_vecs) {
		struct bio *part = bio_split(bio, vecs);

		atomic_add(&disk->counts.splits, 1);
		add_bio(current->bios, bio);
		bio = part;
	}
	blk_sq_make_request(disk, bio);
}

static int refused(const struct bio *bio)
{
	const struct disk *disk = bio->disk;

	if (bio->op == BIO_WRITE && disk->read_only)
		return -EROFS;
	if (bio->sector > disk->capacity || bio_sectors(bio) > disk->capacity - bio->sector)
		return -EIO;
	return 0;
}

static void give_to_disk(struct bio *bio)
{
	struct disk *disk = bio->disk;

	if (disk->ops->transfer)
		bio_endio(bio, disk->ops->transfer(disk, bio));
	else
		make_request(disk, bio);
}

/* One at a time: what is submitted meanwhile waits for its turn, so stacks stay flat. */
static noinline void generic_make_request(struct bio *bio)
{
	struct bio_list list = {NULL, NULL};

	if (current->bios) {
		add_bio(current->bios, bio);
		return;
	}
	current->bios = &list;
	do
		give_to_disk(bio);
	while ((bio = take_bio(&list)));
	current->bios = NULL;
}

static void account(const struct bio *bio)
{
	struct memory *m = bio->disk->memory;

	if (bio->op == BIO_READ)
		mm_event_add(m, PGPGIN, bio_sectors(bio));
	else
		mm_event_add(m, PGPGOUT, bio_sectors(bio));
	atomic_add(&bio->disk->counts.bios, 1);
}

noinline void submit_bio(struct bio *bio)
{
	int error = refused(bio);

	if (error) {
		bio_endio(bio, error);
		return;
	}
	account(bio);
	generic_make_request(bio);
}

static void wake_submitter(struct bio *bio)
{
	complete(bio->private);
}

int submit_bio_wait(struct bio *bio)
{
	struct completion done;

	completion_init(&done, "bio");
	bio->private = &done;
	bio->end = wake_submitter;
	bio->sync = true;
	submit_bio(bio);
	wait_for_completion(&done);
	return bio->error;
}
