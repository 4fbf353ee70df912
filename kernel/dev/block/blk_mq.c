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
	struct request *rq;
	unsigned int cpu, tag;

	preempt_disable();
	cpu = this_cpu_id();
	tag = tag_try(&disk->tags, &disk->ctx[cpu].last_tag);
	preempt_enable();
	if (tag == NO_TAG)
		return NULL;
	rq = disk->rq[tag];
	rq->disk = disk;
	rq->tag = tag;
	rq->cpu = cpu;
	return rq;
}

/* Each time on another of the queues; what was queued before gives tags back. */
static noinline struct request *bt_get(struct disk *disk)
{
	struct request *rq = NULL;

	atomic_add(&disk->counts.tag_waits, 1);
	while (!rq) {
		struct waiter waiter;
		struct tag_wait *w = tag_wait_prepare(&disk->tags, &waiter);

		rq = try_request(disk);
		if (!rq) {
			blk_mq_run_hw_queue(disk, false);
			rq = try_request(disk);
		}
		if (!rq)
			schedule();
		tag_wait_finish(w, &waiter);
	}
	return rq;
}

static noinline struct request *blk_mq_map_request(struct disk *disk)
{
	struct request *rq = try_request(disk);

	if (rq)
		return rq;
	blk_mq_run_hw_queue(disk, false);
	rq = try_request(disk);
	return rq ? rq : bt_get(disk);
}

static void init_request(struct request *rq, struct bio *bio)
{
	rq->bio = rq->last_bio = bio;
	rq->sector = bio->sector;
	rq->sectors = bio_sectors(bio);
	rq->segments = bio->segments;
	rq->op = bio->op;
	rq->no_merge = bio->no_merge || bio->op == BIO_FLUSH;
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
	bool flush = bio->op == BIO_FLUSH, sync = bio->sync || bio->op == BIO_READ;
	struct request *rq;
	unsigned int held;

	if (!flush && blk_attempt_plug_merge(bio, &held))
		return;
	rq = blk_mq_map_request(disk);
	if (!flush && !current->plug && blk_mq_attempt_merge(disk, rq->cpu, bio)) {
		blk_mq_free_request(rq);
		return;
	}
	init_request(rq, bio);
	if (!flush && current->plug) {
		hold_back(rq, held);
		return;
	}
	blk_mq_insert_request(rq);
	blk_mq_run_hw_queue(disk, flush || !sync);
}

/* A part that fits goes out; the rest is this task's next bio. */
static void make_request(struct disk *disk, struct bio *bio)
{
	unsigned int vecs = blk_fitting_vecs(bio);

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

	account(bio);
	if (error)
		bio_endio(bio, error);
	else
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
