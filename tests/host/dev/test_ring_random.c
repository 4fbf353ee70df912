/*
 * A million requests through rings of every kind, by a device that answers early, late, out of order, in
 * batches: none is lost and none comes twice (ring.h). Driver and device do as drivers and devices do: whoever
 * is not told, and need not look, sleeps; so a notification or an interrupt that is missing ends the test.
 * HOST_SEED draws other ones.
 */
#include "model_ring.h"

#include "kernel/core/param.h"
#include "slab/slab_case.h"

#include <errno.h>

#ifdef LW_DEBUG
#define REQUESTS 50000ul
#else
#define REQUESTS 1000000ul
#endif
#define QUEUES 48
#define STUCK  100000 /* steps in which nothing ends */

static struct memory *m;
static struct model_ring *d;
static struct rand rng;
static unsigned long asked, ended, all;
static struct vring_counts sum;
static unsigned int most_buffers;
static bool by_hand, driver_waits;

/* Full: the driver waits for an interrupt, as a stopped queue does. */
static void driver_asks(unsigned int n)
{
	while (n-- && !driver_waits) {
		unsigned int total = 1 + rand_below(&rng, most_buffers);
		unsigned int out = rand_below(&rng, total + 1);
		int err = model_ask(d, out, total - out);

		if (err) {
			assert_int_equal(err, -ENOSPC);
			assert_true(d->given > 0);
			driver_waits = true;
		} else {
			asked++;
		}
	}
	if (by_hand)
		virtqueue_kick_prepare(d->vq);
	else
		virtqueue_kick(d->vq);
}

static void take_all(void)
{
	while (model_take(d)) {
		ended++;
		driver_waits = false;
	}
}

/* §34.7: until nothing came meanwhile. Sometimes the device is quicker than that. */
static void driver_handles(void)
{
	d->interrupt = false;
	do {
		virtqueue_disable_cb(d->vq);
		take_all();
		if (rand_below(&rng, 8) == 0 && d->nr_seen) {
			model_use(d, rand_below(&rng, d->nr_seen));
			model_show(d);
		}
	} while (!virtqueue_enable_cb(d->vq));
}

/* §37.2: all that was given ends within a frozen wait, of one interrupt where the device can do that. */
static void settle(void)
{
	unsigned int n = virtqueue_in_flight(d->vq);
	unsigned long told = d->told;

	if (!n)
		return;
	virtqueue_expect_all(d->vq);
	virtqueue_notify(d->vq);
	assert_int_equal(d->told, told + 1);
	d->interrupts = 0;
	model_end_all(d);
	assert_true(d->event_idx ? d->interrupts == 1 : d->interrupts > 0);
	assert_int_equal(virtqueue_collect(d->vq), n);
}

static struct ask *first_used(void)
{
	struct ask *first = NULL;

	for (unsigned int i = 0; i < d->nr_asks; i++)
		if (d->ask[i].state == ASK_USED && (!first || d->ask[i].turn < first->turn))
			first = &d->ask[i];
	return first;
}

/* The driver learns of each when it likes, in the order in which they were given. */
static void detach_some(void)
{
	struct ask *first;

	while (rand_below(&rng, 4) && (first = first_used())) {
		model_detach(d, first);
		ended++;
		driver_waits = false;
	}
}

static void device_answers(void)
{
	unsigned int n = d->nr_seen ? rand_below(&rng, d->nr_seen + 1) : 0;

	while (n--)
		model_use(d, rand_below(&rng, 3) ? 0 : rand_below(&rng, d->nr_seen));
	model_show(d);
}

static void device_step(void)
{
	if (d->busy || rand_below(&rng, 16) == 0) {
		model_see(d);
		device_answers();
		model_rest(d);
	} else if (d->nr_seen) {
		device_answers();
	}
}

static void step(unsigned long until)
{
	if (asked < until && rand_below(&rng, 2))
		driver_asks(1 + rand_below(&rng, rand_below(&rng, 8) ? 4 : 64));
	if (by_hand) {
		if (rand_below(&rng, 4) == 0)
			settle();
		detach_some();
		return;
	}
	device_step();
	if (d->interrupt)
		driver_handles();
}

static void drive(unsigned long until)
{
	unsigned long last = ended, since = 0;

	while (asked < until || ended < asked) {
		step(until);
		since = ended == last ? since + 1 : 0;
		last = ended;
		if (since == STUCK)
			fail_msg("%u requests wait for ever, %u of them with the device", d->given,
				d->nr_seen);
	}
}

static void kind_of_queue(unsigned int n)
{
	static const unsigned int sizes[] = {2, 4, 8, 16, 32, 64, 128, 256};
	unsigned int num = sizes[n % ARRAY_SIZE(sizes)];

	by_hand = n / 8 % 3 == 2;
	most_buffers = 2 + rand_below(&rng, 5);
	most_buffers = MIN(num, most_buffers);
	d = model_new(m, num, n & 1 ? 4096 : 64,
		(rand_below(&rng, 2) ? VIRTIO_F_INDIRECT_DESC : 0) |
			(n / 24 ? VIRTIO_F_EVENT_IDX : 0),
		rand_next(&rng));
	assert_int_equal(d->num, num);
	d->vq->told_by_hand = by_hand;
	if (by_hand)
		virtqueue_disable_cb(d->vq);
	driver_waits = false;
}

static void add_counts(const struct vring_counts *c)
{
	sum.indirect += c->indirect;
	sum.direct += c->direct;
	sum.direct_fallback += c->direct_fallback;
	sum.no_space += c->no_space;
	sum.notifies += c->notifies;
	sum.used += c->used;
}

static void run(unsigned long requests, unsigned int queues)
{
	asked = ended = all = 0;
	sum = (struct vring_counts){0};
	for (unsigned int n = 0; n < queues; n++) {
		kind_of_queue(n);
		drive(requests / queues + 1);
		assert_int_equal(d->given, 0);
		assert_false(d->vq->broken);
		all += ended;
		add_counts(&d->vq->counts);
		asked = ended = 0;
		model_free(d);
		slab_valid(m);
	}
	assert_true(all >= requests);
}

static int setup(void **state)
{
	const char *text = getenv("HOST_SEED");
	int err = twin_setup(state);

	rand_seed(&rng, text && *text ? strtoull(text, NULL, 0) : 1);
	return err;
}

static void test_a_million_requests(void **state)
{
	long before;

	(void)state;
	m = slab_machine(1);
	before = all_free(m);
	run(REQUESTS, QUEUES);
	assert_nothing_left(m, before);
	assert_int_equal(sum.indirect + sum.direct, sum.used);
	assert_true(sum.used >= (long)REQUESTS && sum.no_space > 1000);
	assert_true(sum.notifies > 1000 && sum.notifies < sum.used);
}

/* Objects that nobody else shall have. */
static void *held;

static void hold(void *object)
{
	*(void **)object = held;
	held = object;
}

/* So many objects of this size are to be had without a new slab, and no more. */
static void leave(size_t size, unsigned int n)
{
	void *object, *left[8];

	kfree(m, kmalloc(m, size, GFP_KERNEL));
	for (unsigned int i = 0; i < n; i++)
		left[i] = kmalloc(m, size, GFP_ATOMIC);
	while ((object = kmalloc(m, size, GFP_ATOMIC | __GFP_NOWARN)))
		hold(object);
	while (n)
		kfree(m, left[--n]);
}

static void let_go(void)
{
	while (held) {
		void *next = *(void **)held;

		kfree(m, held);
		held = next;
	}
}

/* A few tables of each size are there; one more is refused. */
static void test_tables_refused(void **state)
{
	long before;

	(void)state;
	m = slab_machine_with(1, "fail_page_alloc=times:-1,min-order:0,gfp:0x80000");
	before = all_free(m);
	leave(32, 3);
	leave(64, 5);
	leave(96, 2);
	run(REQUESTS / 20, QUEUES);
	assert_true(sum.indirect > 100 && sum.direct_fallback > 100 && sum.no_space > 100);
	assert_int_equal(sum.indirect + sum.direct + sum.direct_fallback, sum.used);
	let_go();
	assert_nothing_left(m, before);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_a_million_requests),
	TEST(test_tables_refused),
};
TEST_GROUP(ring_random)
