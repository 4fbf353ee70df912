/*
 * A disk of a test's own (see fake_disk.h).
 */
#include <errno.h>

#include "dev/fake_disk.h"
#include "kernel/task/app.h"
#include "task/stage.h"

struct payload {
	unsigned int pieces;
	struct scatterlist sg[BIO_MAX_VECS];
};

static bool one_in(struct fake_disk *f, unsigned int n)
{
	return n && rand_below(f->rand, n) == 0;
}

static void note(struct fake_disk *f, const struct request *rq)
{
	static const char letter[] = {'R', 'W', 'F'};
	size_t at = strlen(f->log);

	if (rq->op == BIO_FLUSH)
		snprintf(f->log + at, FAKE_LOG - at, "F ");
	else
		snprintf(f->log + at, FAKE_LOG - at, "%c%lu+%u ", letter[rq->op],
			(unsigned long)rq->sector, rq->sectors);
}

static void check_bios(const struct request *rq)
{
	uint64_t sector = rq->sector;

	for (const struct bio *bio = rq->bio; bio; bio = bio->next) {
		assert_int_equal(bio->op, rq->op);
		assert_ptr_equal(bio->disk, rq->disk);
		assert_int_equal(bio->sector, sector);
		assert_true(bio->next || bio == rq->last_bio);
		sector += bio_sectors(bio);
	}
	assert_int_equal(sector - rq->sector, rq->sectors);
}

static void check_pieces(const struct request *rq, const struct payload *p)
{
	uint64_t bytes = 0;

	assert_true(p->pieces <= rq->segments);
	for (unsigned int i = 0; i < p->pieces; i++) {
		bytes += p->sg[i].len;
		assert_int_equal(p->sg[i].phys >> 32, (p->sg[i].phys + p->sg[i].len - 1) >> 32);
	}
	assert_int_equal(bytes, (uint64_t)rq->sectors << SECTOR_SHIFT);
}

static void check(struct fake_disk *f, struct request *rq)
{
	struct payload *p = request_payload(rq);

	assert_true(irqs_enabled());
	assert_true(rq->segments <= f->disk.max_segments);
	assert_true(rq->sectors <= BLK_MAX_SECTORS);
	check_bios(rq);
	p->pieces = blk_rq_map_sg(rq, p->sg);
	check_pieces(rq, p);
	f->pieces = p->pieces;
}

static void transfer_piece(
	struct fake_disk *f, unsigned int op, uint64_t sector, const struct scatterlist *sg)
{
	char *data = f->disk.memory->virt_base + sg->phys;

	for (uint32_t at = 0; at < sg->len; at += 1u << SECTOR_SHIFT, sector++) {
		assert_true(sector < FAKE_SECTORS);
		if (op == BIO_READ)
			memcpy(data + at, &f->media[sector], sizeof(*f->media));
		else
			memcpy(&f->media[sector], data + at, sizeof(*f->media));
	}
}

static void transfer(struct fake_disk *f, struct request *rq)
{
	const struct payload *p = request_payload(rq);
	uint64_t sector = rq->sector;

	for (unsigned int i = 0; i < p->pieces; i++) {
		transfer_piece(f, rq->op, sector, &p->sg[i]);
		sector += p->sg[i].len >> SECTOR_SHIFT;
	}
}

/* The first error of any part is that of the whole. */
static void expect_error(struct request *rq, int error)
{
	for (struct bio *bio = rq->bio; bio; bio = bio->next) {
		struct bio *whole = bio->parent ? bio->parent : bio;
		struct fake_job *job = whole->private;

		if (!job->expected)
			job->expected = error;
	}
}

static void notify(struct fake_disk *f)
{
	f->visible = f->nr;
	f->notifies++;
}

/* Never without something in flight: nobody would start the queue again. */
static enum blk_status add(struct fake_disk *f, struct request *rq, bool last)
{
	if (f->nr == f->room || (f->nr && one_in(f, f->busy_in))) {
		f->busy++;
		notify(f);
		blk_mq_stop_hw_queue(&f->disk);
		return BLK_BUSY;
	}
	if (one_in(f, f->refuse_in)) {
		notify(f);
		return BLK_ERROR;
	}
	note(f, rq);
	f->requests++;
	f->flushes += rq->op == BIO_FLUSH;
	f->flying[f->nr++] = rq;
	if (last)
		notify(f);
	return BLK_OK;
}

static enum blk_status queue_rq(struct disk *disk, struct request *rq, bool last)
{
	struct fake_disk *f = disk->driver;
	enum blk_status status;
	unsigned long flags;

	check(f, rq);
	flags = spin_lock_irqsave(&f->lock);
	status = add(f, rq, last);
	if (status == BLK_ERROR)
		expect_error(rq, -EIO);
	spin_unlock_irqrestore(&f->lock, flags);
	if (f->at_once && status == BLK_OK)
		fake_interrupt(f, f->visible);
	return status;
}

static struct request *take(struct fake_disk *f)
{
	unsigned int i = f->any_order ? rand_below(f->rand, f->visible) : 0;
	struct request *rq = f->flying[i];

	f->nr--;
	f->visible--;
	memmove(&f->flying[i], &f->flying[i + 1], (f->nr - i) * sizeof(rq));
	return rq;
}

static void complete_one(struct fake_disk *f, int error)
{
	struct request *rq = take(f);

	if (error)
		expect_error(rq, error);
	else
		transfer(f, rq);
	blk_mq_complete_request(rq, error);
}

static int drawn_error(struct fake_disk *f)
{
	if (!one_in(f, f->fail_in))
		return 0;
	return rand_below(f->rand, 2) ? -EIO : -ENOSPC;
}

static void enter_interrupt(unsigned long *flags)
{
	*flags = irq_save();
	this_cpu()->irq_depth++;
}

static void leave_interrupt(unsigned long flags)
{
	this_cpu()->irq_depth--;
	irq_restore(flags);
}

unsigned int fake_interrupt(struct fake_disk *f, unsigned int n)
{
	unsigned int done = 0;
	unsigned long flags;

	enter_interrupt(&flags);
	spin_lock(&f->lock);
	for (; done < n && f->visible; done++)
		complete_one(f, drawn_error(f));
	if (done)
		blk_mq_start_stopped_hw_queue(&f->disk);
	spin_unlock(&f->lock);
	leave_interrupt(flags);
	return done;
}

void fake_fail_next(struct fake_disk *f, int error)
{
	unsigned long flags;

	enter_interrupt(&flags);
	spin_lock(&f->lock);
	complete_one(f, error);
	blk_mq_start_stopped_hw_queue(&f->disk);
	spin_unlock(&f->lock);
	leave_interrupt(flags);
}

static const struct disk_ops ops = {.payload = sizeof(struct payload), .queue_rq = queue_rq};

/* Workers' turns are the test's: when the last disk goes, and they are waited for, their tasks end. */
void fake_workers_end(void)
{
	struct task *t, *next;

	list_for_each_entry_safe(t, next, &all_tasks, all) {
		if (t->stack && strstr(t->comm, ":1H") && t->state != TASK_ZOMBIE)
			ENDS(t, app_exit(0));
	}
}

/* Its partition table is read at once. */
const char *fake_disk_add(struct fake_disk *f, struct memory *m, const char *name,
	unsigned int depth, unsigned int max_segments)
{
	void (*before)(void) = twin.on_sleep;
	const char *error;

	memset(f, 0, sizeof(*f));
	f->disk = (struct disk){.memory = m,
		.ops = &ops,
		.driver = f,
		.capacity = FAKE_SECTORS,
		.max_segments = max_segments};
	snprintf(f->disk.name, sizeof(f->disk.name), "%s", name);
	f->room = FAKE_ROOM;
	f->media = calloc(FAKE_SECTORS, sizeof(*f->media));
	f->at_once = true;
	spin_lock_init(&f->lock, "fake disk");
	twin.on_sleep = fake_workers_end;
	error = disk_add(&f->disk, depth);
	twin.on_sleep = before;
	if (error) {
		lock_forget(&f->lock.info);
		free(f->media);
		return error;
	}
	memset(&f->disk.counts, 0, sizeof(f->disk.counts));
	f->at_once = false;
	f->requests = f->notifies = 0;
	f->log[0] = '\0';
	return NULL;
}

void fake_disk_remove(struct fake_disk *f)
{
	void (*before)(void) = twin.on_sleep;

	twin.on_sleep = fake_workers_end;
	disk_remove(&f->disk);
	twin.on_sleep = before;
	lock_forget(&f->lock.info);
	free(f->media);
	f->media = NULL;
}
