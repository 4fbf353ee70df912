/*
 * virtio-blk's driver (kernel/dev/virtio/virtio_blk.c) between a block layer of this file's and a device of
 * the tests' own: both modes, early interrupts, errors, devices that give up or lie. The driver is a part of
 * this file, so that what it calls can be the test's.
 */
#include "model_virtio.h"

#include "boot/paging.h"
#include "kernel/core/param.h"
#include "kernel/core/sched/still.h"
#include "kernel/dev/block/blk_mq.h"
#include "kernel/dev/virtio/frozen.h"
#include "kernel/dev/virtio/virtio_blk.h"
#include "slab/slab_case.h"

#include <errno.h>

#define MOST 16

static struct memory *m;
static struct model_virtio *v;
static bool exact;
static long before;

/* The block layer: what became of each request. */
static struct disk *the_disk;
static unsigned int depth, stops, starts;
static struct request *given[MOST];
static int ended[MOST]; /* 1: not yet */
static unsigned int order[MOST], nr_ended;

static const char *layer_disk_add(struct disk *disk, unsigned int tags)
{
	the_disk = disk;
	depth = tags;
	return NULL;
}

static void layer_disk_remove(struct disk *disk)
{
	assert_ptr_equal(disk, the_disk);
	the_disk = NULL;
}

static void layer_complete(struct request *rq, int error)
{
	assert_ptr_equal(given[rq->tag], rq);
	assert_int_equal(ended[rq->tag], 1);
	ended[rq->tag] = error;
	order[nr_ended++] = rq->tag;
}

static void layer_stop(struct disk *disk)
{
	(void)disk;
	stops++;
}

static void layer_start(struct disk *disk)
{
	(void)disk;
	starts++;
}

static unsigned int layer_map(const struct request *rq, struct scatterlist *sg)
{
	for (unsigned int i = 0; i < rq->segments; i++)
		sg[i] = (struct scatterlist){0x100000 + 0x2000 * i, 4096};
	return rq->segments;
}

/* Frozen time: ends are taken by the test, in order. */
static void layer_frozen_init(
	struct frozen *f, const struct frozen_latency *latency, void (*deliver)(struct frozen *f))
{
	list_init(&f->items);
	f->latency = latency;
	f->deliver = deliver;
}

static void layer_frozen_add(struct frozen *f, struct frozen_item *item, unsigned int pages)
{
	(void)pages;
	list_add_tail(&item->node, &f->items);
}

static struct frozen_item *layer_frozen_take(struct frozen *f)
{
	struct frozen_item *item;

	if (list_empty(&f->items))
		return NULL;
	item = list_first_entry(&f->items, struct frozen_item, node);
	list_del(&item->node);
	return item;
}

static void layer_frozen_stop(struct frozen *f)
{
	(void)f;
}

/* While all stands still the device does a step at a time; false: it has nothing more to do. */
static bool (*device)(unsigned int step);
static unsigned int steps, waits;
static bool still;

static void layer_still_begin(void)
{
	assert_false(still);
	still = true;
}

static void layer_still_wait(const bool *woken)
{
	assert_true(still);
	waits++;
	while (!*woken)
		if (!device(steps++))
			fail_msg("waits for ever");
}

static void layer_still_end(void)
{
	assert_true(still);
	still = false;
}

/* What happens right behind a look at the ring. */
static void (*behind_collect)(unsigned int found);

static unsigned int layer_collect(struct virtqueue *vq)
{
	unsigned int found = virtqueue_collect(vq);

	if (behind_collect)
		behind_collect(found);
	return found;
}

#define system_memory                 (*m)
#define disk_add                      layer_disk_add
#define disk_remove                   layer_disk_remove
#define blk_mq_complete_request       layer_complete
#define blk_mq_stop_hw_queue          layer_stop
#define blk_mq_start_stopped_hw_queue layer_start
#define blk_rq_map_sg                 layer_map
#define time_is_frozen()              exact
#define frozen_init                   layer_frozen_init
#define frozen_add                    layer_frozen_add
#define frozen_take                   layer_frozen_take
#define frozen_stop                   layer_frozen_stop
#define still_begin                   layer_still_begin
#define still_wait                    layer_still_wait
#define still_end                     layer_still_end
#define virtqueue_collect             layer_collect
#include "kernel/dev/virtio/virtio_blk.c"
#undef virtqueue_collect

static struct virtblk *blk(void)
{
	return the_disk->driver;
}

static struct virtqueue *ring(void)
{
	return blk()->vdev.vq[0];
}

static int setup(void **state)
{
	int err = twin_setup(state);

	m = slab_machine(1);
	before = all_free(m);
	v = model_virtio_new(m);
	model_virtio_give_messages(v, 2);
	model_virtio_set32(v, MODEL_MSIX_CAP + 4, 1);
	v->queue[0].num = 8;
	exact = true;
	device = NULL;
	behind_collect = NULL;
	memset(given, 0, sizeof(given));
	the_disk = NULL;
	queue_depth = nr_disks = virtio_devices = 0;
	depth = stops = starts = nr_ended = steps = waits = 0;
	return err;
}

static int teardown(void **state)
{
	if (the_disk)
		virtblk_remove(&v->dev);
	assert_nothing_left(m, before);
	for (int i = 0; i < MOST; i++)
		free(given[i]);
	model_virtio_free(v);
	return twin_teardown(state);
}

static enum blk_status submit(unsigned int tag, enum bio_op op, bool last)
{
	struct request *rq = calloc(1, sizeof(*rq) + blk()->ops.payload);

	*rq = (struct request){.disk = the_disk,
		.sector = 8 * tag,
		.sectors = 16,
		.segments = 2,
		.op = op,
		.tag = tag};
	given[tag] = rq;
	ended[tag] = 1;
	return the_disk->ops->queue_rq(the_disk, rq, last);
}

static void submit_some(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(submit(i, BIO_READ, i + 1 == n), BLK_OK);
}

/* The device ends what it has, with this status, and says so. */
static void end_with(uint8_t status)
{
	struct virtblk_req *vbr;

	list_for_each_entry(vbr, &blk()->in_flight, node)
		if (vbr->status == STATUS_UNSET)
			vbr->status = status;
	model_virtio_work(v);
	assert_true(model_virtio_send(v, 1));
}

static bool ends_all(unsigned int step)
{
	if (step == 0)
		end_with(STATUS_OK);
	return step == 0;
}

static void deliver(void)
{
	blk()->frozen.deliver(&blk()->frozen);
}

static void assert_all_ended(unsigned int n, int error)
{
	assert_int_equal(nr_ended, n);
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(ended[i], error);
		assert_int_equal(order[i], i);
	}
	assert_int_equal(ring()->num_free, ring()->num);
}

/* One wait for all of them; their ends are in the order of submission, later. */
static void test_37_2_one_wait(void **state)
{
	(void)state;
	assert_null(virtblk_probe(&v->dev));
	device = ends_all;
	submit_some(5);
	assert_int_equal(waits, 1);
	assert_int_equal(nr_ended, 0);
	assert_int_equal(ring()->num_free, 3); /* tables stay until it is known */
	deliver();
	assert_all_ended(5, 0);
	assert_int_equal(v->queue[0].told, 1);
}

static bool one_at_a_time(unsigned int step)
{
	end_with(STATUS_OK);
	return step < 5;
}

static void test_37_2_early_interrupts(void **state)
{
	(void)state;
	assert_null(virtblk_probe(&v->dev));
	v->at_once = 1;
	device = one_at_a_time;
	submit_some(5);
	assert_int_equal(waits, 5);
	deliver();
	assert_all_ended(5, 0);
	assert_int_equal(v->queue[0].told, 1);
}

/* The rest is done, and its interrupt has come, between a look at the ring and the next wait. */
static void rest_behind(unsigned int found)
{
	if (!found)
		return;
	behind_collect = NULL;
	v->at_once = 0;
	end_with(STATUS_OK);
}

static void test_37_2_interrupt_behind_the_look(void **state)
{
	(void)state;
	assert_null(virtblk_probe(&v->dev));
	v->at_once = 1;
	device = ends_all;
	behind_collect = rest_behind;
	submit_some(5);
	deliver();
	assert_all_ended(5, 0);
}

/* A device that cannot wait for the last one interrupts at each. */
static void test_without_event_idx(void **state)
{
	(void)state;
	v->offered &= ~VIRTIO_F_EVENT_IDX;
	assert_null(virtblk_probe(&v->dev));
	device = ends_all;
	submit_some(3);
	assert_int_equal(ring()->avail->flags, 0);
	deliver();
	assert_all_ended(3, 0);
}

static bool config_changes_first(unsigned int step)
{
	if (step == 0)
		assert_true(model_virtio_send(v, 0));
	else
		end_with(STATUS_OK);
	return step < 2;
}

static void test_config_changes_meanwhile(void **state)
{
	(void)state;
	assert_null(virtblk_probe(&v->dev));
	device = config_changes_first;
	submit_some(2);
	assert_int_equal(waits, 1);
	deliver();
	assert_all_ended(2, 0);
}

static bool gives_up(unsigned int step)
{
	v->status |= VIRTIO_NEEDS_RESET;
	v->never_ends = true;
	assert_true(model_virtio_send(v, 0));
	return step == 0;
}

/* All that is with the device ends; nobody is asked any more. */
static void assert_dead(unsigned int n)
{
	assert_all_ended(n, -EIO);
	assert_int_equal(v->status, 0); /* reset: it touches no memory */
	assert_int_equal(submit(n, BIO_READ, true), BLK_ERROR);
	assert_true(starts > 0);
	assert_int_equal(blk()->in_flight.next == &blk()->in_flight, 1);
}

static void test_35_6_needs_reset_meanwhile(void **state)
{
	(void)state;
	assert_null(virtblk_probe(&v->dev));
	device = gives_up;
	submit_some(3);
	assert_dead(3);
	deliver();
	assert_int_equal(console_count("needs a reset"), 1);
}

static bool lies(unsigned int step)
{
	ring()->used->idx = 100;
	assert_true(model_virtio_send(v, 1));
	return step == 0;
}

static void test_lie_meanwhile(void **state)
{
	(void)state;
	assert_null(virtblk_probe(&v->dev));
	device = lies;
	submit_some(3);
	assert_dead(3);
	assert_line("virtio_blk virtio0: queue 0 (requests) is broken: used index 100 is 100 ahead "
		    "of 0; "
		    "expected at most 3, which are in flight");
}

/* What was done before it gave up, and not yet known, ends with the rest. */
static void test_lie_before_ends_are_known(void **state)
{
	(void)state;
	assert_null(virtblk_probe(&v->dev));
	device = ends_all;
	submit_some(2);
	device = lies;
	steps = 0;
	assert_int_equal(submit(2, BIO_READ, true), BLK_OK);
	assert_dead(3);
	deliver();
}

static void test_fast_mode(void **state)
{
	(void)state;
	exact = false;
	assert_null(virtblk_probe(&v->dev));
	submit_some(3);
	assert_int_equal(v->queue[0].told, 1);
	end_with(STATUS_OK);
	assert_all_ended(3, 0);
	nr_ended = 0;
	for (int i = 0; i < 3; i++)
		free(given[i]);
	submit_some(2);
	ring()->used->idx = 100;
	assert_true(model_virtio_send(v, 1));
	assert_dead(2);
}

/* §35.10: the device's own word. */
static void test_35_10_status(void **state)
{
	static const struct {
		uint8_t status;
		int error;
	} rows[] = {{0, 0}, {1, -EIO}, {2, -ENOTTY}, {3, -EIO}, {0xff, -EIO}};

	(void)state;
	exact = false;
	assert_null(virtblk_probe(&v->dev));
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(submit(i, BIO_READ, true), BLK_OK);
		end_with(rows[i].status);
		assert_int_equal(ended[i], rows[i].error);
	}
}

static struct outhdr *header(unsigned int tag)
{
	return &((struct virtblk_req *)request_payload(given[tag]))->hdr;
}

static void test_35_10_header(void **state)
{
	(void)state;
	exact = false;
	assert_null(virtblk_probe(&v->dev));
	submit(0, BIO_READ, false);
	submit(1, BIO_WRITE, false);
	given[2] = NULL;
	submit(2, BIO_FLUSH, true);
	assert_int_equal(header(0)->type, 0);
	assert_int_equal(header(1)->type, 1);
	assert_int_equal(header(1)->sector, 8);
	assert_int_equal(header(2)->type, 4);
	assert_int_equal(header(2)->sector, 0);
	end_with(STATUS_OK);
}

/* §34.6 step 6: full, it stops the queue, and the next end starts it. */
static void test_34_6_full(void **state)
{
	(void)state;
	assert_null(virtblk_probe(&v->dev));
	device = ends_all;
	for (unsigned int i = 0; i < 8; i++)
		assert_int_equal(submit(i, BIO_READ, false), BLK_OK);
	assert_int_equal(submit(8, BIO_READ, true), BLK_BUSY);
	assert_int_equal(stops, 1);
	assert_int_equal(v->queue[0].told, 1); /* of the eight */
	assert_int_equal(starts, 0);
	deliver();
	assert_true(starts > 0);
	assert_all_ended(8, 0);
}

static void test_small_rings(void **state)
{
	(void)state;
	v->queue[0].num = 2;
	assert_string_equal(virtblk_probe(&v->dev),
		"virtio_blk virtio0: queue 0 (requests) has 2 entries; expected at least 4");
	v->queue[0].num = 4;
	assert_null(virtblk_probe(&v->dev));
	assert_int_equal(the_disk->max_segments, 2);
	assert_int_equal(depth, 4);
}

/* §41.2 item 14: never more pieces than the ring has room for. */
static void test_41_2_segments(void **state)
{
	(void)state;
	model_virtio_set32(v, 0, 0x10011af4);
	v->own[12] = 126;
	v->own[13] = v->own[14] = v->own[15] = 0;
	v->queue[0].num = 256;
	assert_null(virtblk_probe(&v->dev));
	assert_int_equal(the_disk->max_segments, 126);
	virtblk_remove(&v->dev);
	v->queue[0].num = 64;
	assert_null(virtblk_probe(&v->dev));
	assert_int_equal(the_disk->max_segments, 62);
	virtblk_remove(&v->dev);
	v->own[12] = 0;
	assert_null(virtblk_probe(&v->dev));
	assert_int_equal(the_disk->max_segments, 1);
}

static void test_device_of_a_disk(void **state)
{
	static const struct disk_ops other;
	struct disk card = {.ops = &other};

	(void)state;
	assert_null(virtblk_probe(&v->dev));
	assert_ptr_equal(virtio_blk_device(the_disk), &blk()->vdev);
	assert_null(virtio_blk_device(&card));
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_37_2_one_wait),
	TEST(test_37_2_early_interrupts),
	TEST(test_37_2_interrupt_behind_the_look),
	TEST(test_without_event_idx),
	TEST(test_config_changes_meanwhile),
	TEST(test_35_6_needs_reset_meanwhile),
	TEST(test_lie_meanwhile),
	TEST(test_lie_before_ends_are_known),
	TEST(test_fast_mode),
	TEST(test_35_10_status),
	TEST(test_35_10_header),
	TEST(test_34_6_full),
	TEST(test_small_rings),
	TEST(test_41_2_segments),
	TEST(test_device_of_a_disk),
};
TEST_GROUP(virtio_blk)
