/*
 * Tags, and a hardware queue, on several CPUs: all but one submit and run the queue, and that one is the
 * device and kblockd's worker (see threads.h). Whoever has a tag writes to its request without a lock.
 */
#include "threads.h"

#include "kernel/core/rand.h"
#include "kernel/dev/block/blk_mq.h"

#define CPUS  4
#define DEPTH 24
#define ROOM  5

static struct disk disk;
static struct spinlock device_lock;
static struct request requests[DEPTH], *by_tag[DEPTH], *flying[ROOM];
static unsigned long tag_map[DEPTH];
static struct bio bios[DEPTH];
static unsigned int in_flight, submitting;
static unsigned long steps, submitted, ended;
static bool work_waits;

/* kblockd.c needs tasks that sleep: here work is done by the device's CPU. */
void kblockd_schedule(struct kblockd_work *work)
{
	(void)work;
	__atomic_store_n(&work_waits, true, __ATOMIC_RELEASE);
}

static void end_bio(struct bio *bio)
{
	bio->sector = 0;
	__atomic_add_fetch(&ended, 1, __ATOMIC_RELAXED);
}

static enum blk_status queue_rq(struct disk *d, struct request *rq, bool last)
{
	unsigned long flags = spin_lock_irqsave(&device_lock);
	enum blk_status status = BLK_BUSY;

	(void)last;
	if (in_flight == ROOM) {
		blk_mq_stop_hw_queue(d);
	} else {
		flying[in_flight++] = rq;
		status = BLK_OK;
	}
	spin_unlock_irqrestore(&device_lock, flags);
	return status;
}

static const struct disk_ops ops = {.queue_rq = queue_rq};

static void complete_some(struct rand *r)
{
	unsigned long flags = spin_lock_irqsave(&device_lock);
	unsigned int n = in_flight ? 1 + rand_below(r, in_flight) : 0;

	for (unsigned int i = 0; i < n; i++)
		blk_mq_complete_request(flying[--in_flight], 0);
	if (n)
		blk_mq_start_stopped_hw_queue(&disk);
	spin_unlock_irqrestore(&device_lock, flags);
}

static void be_device(struct rand *r)
{
	while (__atomic_load_n(&submitting, __ATOMIC_ACQUIRE) ||
		__atomic_load_n(&disk.tags.in_use, __ATOMIC_ACQUIRE)) {
		complete_some(r);
		if (__atomic_exchange_n(&work_waits, false, __ATOMIC_ACQ_REL))
			blk_mq_run_work_fn(&disk.run_work);
		let_others_run();
	}
}

static struct request *get_request(void)
{
	unsigned int cpu = this_cpu_id(), tag;

	while ((tag = tag_try(&disk.tags, &disk.ctx[cpu].last_tag)) == NO_TAG) {
		blk_mq_run_hw_queue(&disk, false);
		let_others_run();
	}
	by_tag[tag]->tag = tag;
	by_tag[tag]->cpu = cpu;
	return by_tag[tag];
}

static void submit(uint64_t sector)
{
	struct request *rq = get_request();
	struct bio *bio = &bios[rq->tag];

	*bio = (struct bio){.disk = &disk, .sector = sector, .parts = 1, .end = end_bio};
	rq->disk = &disk;
	rq->bio = rq->last_bio = bio;
	__atomic_add_fetch(&submitted, 1, __ATOMIC_RELAXED);
	blk_mq_insert_request(rq);
	blk_mq_run_hw_queue(&disk, sector % 3 == 0);
}

static void submit_or_complete(void *seed)
{
	struct rand r;

	rand_seed(&r, (uintptr_t)seed * MAX_CPUS + this_cpu_id());
	if (this_cpu_id() == 0) {
		be_device(&r);
		return;
	}
	for (unsigned long step = 0; step < steps; step++)
		submit(rand_below(&r, 1000));
	__atomic_sub_fetch(&submitting, 1, __ATOMIC_ACQ_REL);
}

static void make_disk(void)
{
	memset(&disk, 0, sizeof(disk));
	disk.ops = &ops;
	disk.max_segments = 1;
	disk.run_work.fn = blk_mq_run_work_fn;
	tags_init(&disk.tags, DEPTH, tag_map);
	spin_lock_init(&disk.dispatch_lock, "dispatch");
	spin_lock_init(&device_lock, "device");
	list_init(&disk.dispatch);
	for (unsigned int i = 0; i < CPUS; i++) {
		spin_lock_init(&disk.ctx[i].lock, "ctx");
		list_init(&disk.ctx[i].requests);
	}
	for (unsigned int i = 0; i < DEPTH; i++)
		by_tag[i] = &requests[i];
}

/* As if somebody slept on one queue all the time: so many tags came back, each counted once. */
static bool is_counted_right(void)
{
	long batch = DEPTH / TAG_QUEUES;

	return disk.tags.wait[3].count == batch - (long)(ended % batch);
}

const char *run_disk(unsigned long nr_steps, uintptr_t seed)
{
	steps = nr_steps;
	submitting = CPUS - 1;
	make_disk();
	disk.tags.wait[3].sleepers = 1;
	tasks_start(CPUS, 0);
	run_on_threads(CPUS, submit_or_complete, (void *)seed);
	if (ended != submitted || ended != steps * (CPUS - 1))
		return "a request has not ended once";
	if (disk.tags.in_use || in_flight || !list_empty(&disk.dispatch))
		return "a tag is lost";
	if (!is_counted_right())
		return "a waking was counted twice, or not at all";
	return sched_answers_owed ? "an answer is owed" : NULL;
}
