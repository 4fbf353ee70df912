/*
 * The split ring's layout, its memory and its requests (kernel/dev/virtio/ring.h, §34.6, §35.9, §40.3, §40.4).
 */
#include "model_ring.h"

#include "kernel/core/param.h"
#include "mm/alloc/exact.h"
#include "slab/slab_case.h"

#include <errno.h>

#define INDIRECT  VIRTIO_F_INDIRECT_DESC
#define EVENT_IDX VIRTIO_F_EVENT_IDX
/* Requests for pages with these bits. */
#define REFUSE(bits) "fail_nth=0 fail_page_alloc=times:-1,min-order:0,ignore-gfp-wait:0,gfp:" bits
#define REFUSE_ALL   REFUSE("0")
#define REFUSE_SLAB  REFUSE("0x200000") /* __GFP_NOTRACK */
#define REFUSE_TABLE REFUSE("0x80000")  /* __GFP_ATOMIC */

static struct memory *m;

static void test_40_3_layout(void **state)
{
	static const struct {
		unsigned int num;
		struct vring_layout legacy;
		size_t pages, modern_used, modern_total;
	} rows[] = {{64, {1024, 1156, 4096, 4612, 4614}, 2, 1216, 1734},
		{128, {2048, 2308, 4096, 5124, 5126}, 2, 2368, 3398},
		{256, {4096, 4612, 8192, 10244, 10246}, 3, 4672, 6726},
		{1024, {16384, 18436, 20480, 28676, 28678}, 8, 18496, 26694}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vring_layout l = vring_layout(rows[i].num, 4096);

		assert_memory_equal(&l, &rows[i].legacy, sizeof(l));
		assert_int_equal((l.total + 4095) / 4096, rows[i].pages);
		l = vring_layout(rows[i].num, 64);
		assert_int_equal(l.used, rows[i].modern_used);
		assert_int_equal(l.total, rows[i].modern_total);
	}
}

static void test_40_3_event(void **state)
{
	(void)state;
	assert_true(vring_need_event(5, 6, 5));
	assert_false(vring_need_event(5, 7, 6));
	assert_true(vring_need_event(5, 8, 5));
	assert_true(vring_need_event(65535, 0, 65535));
	assert_false(vring_need_event(7, 7, 0));
}

/* §35.8, §41.2 item 16: whole pages for the ring, and an object of the size that 4.8's has. */
static void test_35_8_memory(void **state)
{
	static const struct {
		unsigned int num;
		size_t align;
		long pages;
		const char *cache;
	} rows[] = {{256, 4096, 3, "kmalloc-8192"}, {128, 4096, 2, "kmalloc-4096"},
		{256, 64, 2, "kmalloc-8192"}, {128, 64, 1, "kmalloc-4096"},
		{64, 64, 1, "kmalloc-2048"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct model_ring *d;
		long before;

		m = slab_machine(2);
		before = all_free(m);
		d = model_new(m, rows[i].num, rows[i].align, INDIRECT, 1);
		assert_string_equal(slab_of(m, d->vq)->cache->name, rows[i].cache);
		assert_int_equal(before - all_free(m) - memory_stat_exact(m, NR_SLAB_UNRECLAIMABLE),
			rows[i].pages);
		model_free(d);
		assert_nothing_left(m, before);
	}
}

/* §41.1: half the entries and again, silently; only a ring of one page may complain. */
static void test_41_1_smaller_rings(void **state)
{
	struct model_ring *d;

	(void)state;
	m = slab_machine_with(1, "fail_nth=1");
	d = model_new(m, 256, 64, 0, 1);
	assert_int_equal(d->num, 128);
	model_free(d);
	m = slab_machine_with(1, REFUSE_ALL);
	console_clear();
	assert_null(model_new(m, 256, 4096, 0, 1));
	assert_int_equal(
		m->event[FAULTS_INJECTED], 9); /* 256 to 1: no ring of two parts is one page */
	m = slab_machine_with(1, REFUSE_ALL);
	console_clear();
	assert_null(model_new(m, 256, 64, 0, 1));
	assert_int_equal(m->event[FAULTS_INJECTED], 2);
	assert_printed_in_order(
		"request 1: order:1, mode:0x24082c0(GFP_KERNEL|__GFP_NOWARN|__GFP_ZERO)",
		"request 2: order:0, mode:0x24080c0(GFP_KERNEL|__GFP_ZERO)", NULL);
}

/* A ring whose object is refused gives its pages back. */
static void test_35_8_object_refused(void **state)
{
	long before;

	(void)state;
	m = slab_machine_with(1, REFUSE_SLAB);
	before = all_free(m);
	assert_null(model_new(m, 256, 4096, 0, 1));
	assert_int_equal(all_free(m), before);
	slab_valid(m);
}

static void test_34_6_one_buffer_is_direct(void **state)
{
	struct model_ring *d;

	(void)state;
	m = slab_machine(1);
	d = model_new(m, 8, 64, INDIRECT, 1);
	assert_int_equal(model_ask(d, 1, 0), 0);
	assert_int_equal(d->vq->counts.direct, 1);
	assert_int_equal(d->vq->counts.indirect, 0);
	assert_int_equal(model_ask(d, 1, 1), 0);
	assert_int_equal(d->vq->counts.indirect, 1);
	assert_int_equal(d->vq->num_free, 6);
	model_see(d);
	assert_int_equal(d->nr_seen, 2);
	model_free(d);
}

/* As many requests as entries with tables; without, as many buffers. */
static void test_34_6_full(void **state)
{
	struct model_ring *d;

	(void)state;
	m = slab_machine(1);
	d = model_new(m, 8, 64, INDIRECT, 1);
	for (int i = 0; i < 8; i++)
		assert_int_equal(model_ask(d, 2, 6), 0);
	assert_int_equal(model_ask(d, 2, 6), -ENOSPC);
	assert_int_equal(d->told, 1); /* something to read: the device is told */
	assert_int_equal(model_ask(d, 0, 2), -ENOSPC);
	assert_int_equal(d->told, 1);
	model_see(d);
	model_use(d, 3);
	model_show(d);
	assert_true(model_take(d));
	assert_int_equal(model_ask(d, 8, 0), 0); /* into its place */
	model_see(d);
	model_free(d);

	d = model_new(m, 8, 64, 0, 1);
	assert_int_equal(model_ask(d, 1, 4), 0);
	assert_int_equal(model_ask(d, 1, 3), -ENOSPC);
	assert_int_equal(model_ask(d, 1, 2), 0);
	assert_int_equal(d->vq->num_free, 0);
	assert_int_equal(d->vq->counts.direct_fallback, 0);
	assert_int_equal(d->vq->counts.no_space, 1);
	model_see(d);
	model_free(d);
}

/* Without memory for a table the ring itself takes the descriptors, if they fit. */
static void test_34_6_refused_table(void **state)
{
	struct model_ring *d;
	long before;

	(void)state;
	m = slab_machine_with(1, REFUSE_TABLE);
	before = all_free(m);
	d = model_new(m, 64, 64, INDIRECT, 1);
	assert_int_equal(model_ask(d, 1, 40), 0);
	assert_int_equal(d->vq->counts.direct_fallback, 1);
	assert_int_equal(d->vq->num_free, 64 - 41);
	assert_int_equal(model_ask(d, 1, 40), -ENOSPC);
	assert_int_equal(d->vq->counts.no_space, 1);
	assert_int_equal(model_ask(d, 1, 22), 0);
	assert_int_equal(d->vq->num_free, 0);
	assert_int_equal(model_ask(d, 1, 1), -ENOSPC); /* nothing free: no table is asked for */
	model_see(d);
	while (d->nr_seen)
		model_use(d, 0);
	model_show(d);
	while (model_take(d))
		;
	assert_int_equal(d->vq->num_free, 64);
	model_free(d);
	assert_nothing_left(m, before);
}

/* A driver that tells its device by hand: adding never does, be there no space. */
static void test_told_by_hand(void **state)
{
	struct model_ring *d;

	(void)state;
	m = slab_machine(1);
	d = model_new(m, 2, 64, 0, 1);
	d->vq->told_by_hand = true;
	assert_int_equal(model_ask(d, 1, 1), 0);
	assert_int_equal(model_ask(d, 1, 0), -ENOSPC);
	assert_int_equal(d->told, 0);
	for (unsigned int i = 0; i < 65536; i++) { /* once round the indices, and nobody asked */
		model_end_all(d);
		assert_true(model_take(d));
		assert_int_equal(model_ask(d, 1, 1), 0);
	}
	assert_int_equal(d->told, 0);
	virtqueue_notify(d->vq);
	assert_int_equal(d->told, 1);
	model_see(d);
	model_free(d);
}

/* One interrupt, at the last of all, whatever was expected before; afterwards none. */
static void expect_all(uint64_t features, unsigned int first, unsigned int last)
{
	struct model_ring *d = model_new(m, 8, 64, features, 1);

	virtqueue_disable_cb(d->vq);
	for (unsigned int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++)
			assert_int_equal(model_ask(d, 1, 1), 0);
		virtqueue_expect_all(d->vq);
		model_see(d);
		d->interrupts = 0;
		model_use(d, 2);
		model_show(d);
		assert_int_equal(d->interrupts, first);
		assert_int_equal(virtqueue_collect(d->vq), 1);
		model_use(d, 0);
		model_use(d, 0);
		model_show(d);
		assert_int_equal(d->interrupts, last);
		assert_int_equal(virtqueue_collect(d->vq), 2);
		for (unsigned int i = 0; d->given; i++)
			if (d->ask[i].state == ASK_USED)
				model_detach(d, &d->ask[i]);
	}
	model_free(d);
}

static void test_37_2_expect_all(void **state)
{
	(void)state;
	m = slab_machine(1);
	expect_all(EVENT_IDX, 0, 1);
	expect_all(0, 1, 2);
}

static void test_34_6_more_buffers_than_entries(void **state)
{
	struct model_ring *d;

	(void)state;
	m = slab_machine(1);
	d = model_new(m, 4, 64, INDIRECT, 1);
	assert_panics("BUG: ", model_ask(d, 1, 4));
	assert_panics("BUG: ", model_ask(d, 0, 0));
	model_free(d);
}

#ifndef LW_DEBUG
/* Refused, the two requests for pages say how they were asked. */
static void check_masks(unsigned int segments, gfp_t first, gfp_t second)
{
	struct model_ring *d;
	char mode[2][32];

	m = slab_machine_with(2, REFUSE_TABLE);
	d = model_new(m, 256, 4096, INDIRECT, 1);
	console_clear();
	assert_int_equal(model_ask(d, 1, segments + 1), 0);
	assert_int_equal(d->vq->counts.direct_fallback, 1);
	snprintf(mode[0], sizeof(mode[0]), "mode:%#x(", first);
	snprintf(mode[1], sizeof(mode[1]), "mode:%#x(", second);
	assert_printed_in_order("request 1:", mode[0], "request 2:", mode[1], NULL);
	assert_int_equal(m->event[FAULTS_INJECTED], 2);
	model_free(d);
}

/* §40.4: which cache a table comes from, and with what masks that asks where memory is refused. */
static void test_40_4_tables(void **state)
{
	static const struct {
		unsigned int from, to;
		const char *cache;
		gfp_t first, second;
	} rows[] = {{1, 2, "kmalloc-64", 0x2281220, 0x2280020},
		{3, 4, "kmalloc-96", 0x2281220, 0x2280020},
		{5, 6, "kmalloc-128", 0x2281220, 0x2280020},
		{7, 10, "kmalloc-192", 0x2281220, 0x2280020},
		{11, 14, "kmalloc-256", 0x2281220, 0x2280020},
		{15, 30, "kmalloc-512", 0x2285220, 0x2284020},
		{31, 62, "kmalloc-1024", 0x2285220, 0x2284020},
		{63, 126, "kmalloc-2048", 0x2285220, 0x2284020},
		{127, 254, "kmalloc-4096", 0x2285220, 0x2284020}};
	struct model_ring *d;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		m = slab_machine_with(2, "fail_page_alloc=times:0");
		d = model_new(m, 256, 4096, INDIRECT, 1);
		for (unsigned int n = rows[i].from; n <= rows[i].to; n++) {
			unsigned int head = d->vq->free_head;

			assert_int_equal(model_ask(d, 1, n + 1), 0);
			assert_string_equal(
				slab_of(m, d->vq->request[head].table)->cache->name, rows[i].cache);
		}
		model_see(d);
		model_free(d);
		check_masks(rows[i].to, rows[i].first, rows[i].second);
	}
}
#endif

static const struct CMUnitTest tests[] = {
	TEST(test_40_3_layout),
	TEST(test_40_3_event),
	TEST(test_35_8_memory),
	TEST(test_41_1_smaller_rings),
	TEST(test_35_8_object_refused),
	TEST(test_34_6_one_buffer_is_direct),
	TEST(test_34_6_full),
	TEST(test_34_6_refused_table),
	TEST(test_told_by_hand),
	TEST(test_37_2_expect_all),
	TEST(test_34_6_more_buffers_than_entries),
#ifndef LW_DEBUG
	TEST(test_40_4_tables),
#endif
};
TEST_GROUP(ring)
