/*
 * Devices that lie: what cannot be makes a queue broken, in one line, and harms nobody (ring.h).
 */
#include "model_ring.h"

#include "slab/slab_case.h"

#include <errno.h>

#define RING 16

static struct memory *m;
static struct model_ring *d;
static long before;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = slab_machine(1);
	before = all_free(m);
	d = model_new(m, RING, 64, VIRTIO_F_INDIRECT_DESC, 1);
	return err;
}

static int teardown(void **state)
{
	model_free(d);
	d = NULL;
	return twin_teardown(state);
}

/* Three requests with the device; the third can be written to. */
static void ask_three(void)
{
	assert_int_equal(model_ask(d, 1, 0), 0);
	assert_int_equal(model_ask(d, 1, 1), 0);
	assert_int_equal(model_ask(d, 2, 2), 0);
	model_see(d);
}

static struct ask *given(unsigned int n)
{
	for (unsigned int i = 0; i < d->nr_asks; i++)
		if (d->ask[i].state != ASK_FREE && !n--)
			return &d->ask[i];
	fail_msg("nothing is given");
	return NULL;
}

/* One line; nothing goes in or comes out any more, but by detaching. */
static void assert_broken(const char *line)
{
	uint32_t len;

	assert_non_null(d->vq->broken);
	assert_line("virtio_test virtio0: queue 0 (requests) is broken: %s", line);
	assert_null(virtqueue_get_buf(d->vq, &len));
	assert_int_equal(virtqueue_collect(d->vq), 0);
	assert_int_equal(model_ask(d, 1, 0), -EIO);
	assert_true(virtqueue_enable_cb(d->vq));
	virtqueue_kick(d->vq);
	assert_int_equal(d->told, 0);
	assert_int_equal(console_count("is broken"), 1);
	while (d->given)
		model_detach(d, given(0));
	assert_int_equal(d->vq->num_free, RING);
	assert_int_equal(virtqueue_in_flight(d->vq), 0);
	slab_valid(m);
}

static void test_35_9_index_ahead(void **state)
{
	(void)state;
	ask_three();
	model_show_index(d, 4);
	assert_false(model_take(d));
	assert_broken("used index 4 is 4 ahead of 0; expected at most 3, which are in flight");
}

static void test_35_9_index_behind(void **state)
{
	(void)state;
	ask_three();
	model_use(d, 0);
	model_show(d);
	assert_true(model_take(d));
	model_show_index(d, 0);
	assert_int_equal(virtqueue_collect(d->vq), 0);
	assert_broken("used index 0 is 65535 ahead of 1; expected at most 2, which are in flight");
}

static void test_35_9_index_without_requests(void **state)
{
	(void)state;
	model_show_index(d, 1);
	assert_false(virtqueue_enable_cb(d->vq));
	assert_false(model_take(d));
	assert_broken("used index 1 is 1 ahead of 0; expected at most 0, which are in flight");
}

static void test_35_9_id_beyond_the_ring(void **state)
{
	(void)state;
	ask_three();
	model_lie(d, RING, 0);
	assert_false(model_take(d));
	assert_broken("used entry 0 has id 16; expected less than 16");
}

static void test_35_9_id_of_nobody(void **state)
{
	(void)state;
	ask_three();
	model_lie(d, RING - 1, 0);
	assert_int_equal(virtqueue_collect(d->vq), 0);
	assert_broken("used entry 0 has id 15, which is not in flight");
}

/* In the ring itself a chain has one head; the others are no ids. */
static void test_35_9_id_of_a_chains_middle(void **state)
{
	(void)state;
	d->vq->indirect = false;
	ask_three();
	assert_int_equal(d->vq->num_free, RING - 7);
	model_lie(d, 2, 0);
	assert_false(model_take(d));
	assert_broken("used entry 0 has id 2, which is not in flight");
}

static void test_35_9_id_twice(void **state)
{
	(void)state;
	ask_three();
	model_use(d, 0);
	model_lie(d, 0, 0);
	assert_true(model_take(d));
	assert_false(model_take(d));
	assert_broken("used entry 1 has id 0, which is not in flight");
}

static void test_35_9_id_twice_collected(void **state)
{
	struct ask *first;

	(void)state;
	ask_three();
	first = d->seen[0];
	model_use(d, 0);
	model_lie(d, first->head, 0);
	assert_int_equal(virtqueue_collect(d->vq), 1);
	assert_non_null(d->vq->broken);
	assert_broken("used entry 1 has id 0, which is not in flight");
}

/* QEMU counts the status byte: all that can be written is not too much. */
static void test_35_9_length(void **state)
{
	char line[128];
	uint32_t most;

	(void)state;
	ask_three();
	most = d->seen[2]->writable;
	model_lie(d, d->seen[2]->head, most + 1);
	assert_false(model_take(d));
	snprintf(line, sizeof(line), "used entry 0, id 2, has length %u; expected at most %u",
		most + 1, most);
	assert_broken(line);
}

static void test_35_9_length_of_what_is_only_read(void **state)
{
	(void)state;
	ask_three();
	model_lie(d, d->seen[0]->head, 1);
	assert_false(model_take(d));
	assert_broken("used entry 0, id 0, has length 1; expected at most 0");
}

/* A queue that is broken already keeps why, and says nothing more. */
static void test_broken_twice(void **state)
{
	(void)state;
	ask_three();
	assert_true(virtqueue_break(d->vq, "of the test"));
	assert_false(virtqueue_break(d->vq, "of another"));
	assert_string_equal(d->vq->broken, "of the test");
	assert_not_printed("is broken");
	while (d->given)
		model_detach(d, given(0));
	assert_int_equal(d->vq->num_free, RING);
}

static void test_detach_of_what_is_not_used(void **state)
{
	uint32_t len;

	(void)state;
	ask_three();
	assert_panics("BUG: ", virtqueue_detach(d->vq, given(0), &len));
	assert_panics("BUG: ", virtqueue_detach(d->vq, &len, &len));
}

static unsigned int calls;

static void count_call(struct virtqueue *vq)
{
	(void)vq;
	calls++;
}

static void test_interrupt_calls_back(void **state)
{
	(void)state;
	calls = 0;
	vring_interrupt(d->vq); /* without a callback */
	d->vq->callback = count_call;
	ask_three();
	vring_interrupt(d->vq);
	assert_int_equal(calls, 0);
	model_use(d, 0);
	model_show(d);
	vring_interrupt(d->vq);
	assert_int_equal(calls, 1);
	assert_true(model_take(d));
	vring_interrupt(d->vq);
	assert_int_equal(calls, 1);
	virtqueue_break(d->vq, "of the test");
	vring_interrupt(d->vq);
	assert_int_equal(calls, 2);
}

/* Each byte that the device can reach is anything; `ring`: also what only the driver should write. */
static void scribble(struct rand *r, bool ring)
{
	unsigned char *p = (unsigned char *)(ring ? d->desc : d->used);
	size_t n = ring ? d->vq->layout.total : d->vq->layout.total - d->vq->layout.used;
	unsigned int bytes = 1 + rand_below(r, rand_below(r, 4) ? 8 : n);

	while (bytes--)
		p[rand_below(r, 3) ? rand_below(r, 8) : rand_below(r, n)] = rand_next(r);
}

/* Whatever comes out was in. */
static void take_anything(struct rand *r)
{
	for (unsigned int i = 0; i < RING && !d->vq->broken; i++) {
		uint32_t len = 0;
		struct ask *a;

		if (rand_below(r, 2)) {
			virtqueue_collect(d->vq);
			continue;
		}
		a = virtqueue_get_buf(d->vq, &len);
		if (!a)
			break;
		assert_true(a >= d->ask && a < d->ask + d->nr_asks);
		assert_int_not_equal(a->state, ASK_FREE);
		assert_true(len <= a->writable);
		a->state = ASK_FREE;
		d->given--;
	}
}

static void one_random_device(unsigned long seed)
{
	struct rand r;

	rand_seed(&r, seed);
	for (unsigned int round = 0; round < 4; round++) {
		for (unsigned int i = rand_below(&r, RING); i; i--)
			model_ask(d, 1 + rand_below(&r, 3), rand_below(&r, 3));
		virtqueue_kick(d->vq);
		scribble(&r, seed % 4 == 0);
		take_anything(&r);
	}
	virtqueue_break(d->vq, "of the test");
	while (d->given)
		model_detach(d, given(0));
	assert_int_equal(d->vq->num_free, RING);
	assert_int_equal(virtqueue_in_flight(d->vq), 0);
	assert_true(console_count("is broken") <= 1);
}

#ifdef LW_DEBUG
#define DEVICES 500
#else
#define DEVICES 4000
#endif

static void test_random_bytes(void **state)
{
	const char *text = getenv("HOST_SEED");
	unsigned long first = text && *text ? strtoul(text, NULL, 0) : 1;

	(void)state;
	for (unsigned long n = 0; n < DEVICES; n++) {
		model_free(d);
		console_clear();
		d = model_new(m, RING, 64,
			(n & 1 ? VIRTIO_F_INDIRECT_DESC : 0) | (n & 2 ? VIRTIO_F_EVENT_IDX : 0), n);
		one_random_device(first * DEVICES + n);
	}
	model_free(d);
	assert_nothing_left(m, before);
	d = model_new(m, RING, 64, 0, 1);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_35_9_index_ahead),
	TEST(test_35_9_index_behind),
	TEST(test_35_9_index_without_requests),
	TEST(test_35_9_id_beyond_the_ring),
	TEST(test_35_9_id_of_nobody),
	TEST(test_35_9_id_of_a_chains_middle),
	TEST(test_35_9_id_twice),
	TEST(test_35_9_id_twice_collected),
	TEST(test_35_9_length),
	TEST(test_35_9_length_of_what_is_only_read),
	TEST(test_broken_twice),
	TEST(test_detach_of_what_is_not_used),
	TEST(test_interrupt_calls_back),
	TEST(test_random_bytes),
};
TEST_GROUP(ring_lies)
