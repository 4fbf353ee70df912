/*
 * The balloon by the book (kernel/dev/virtio, §35.12, §35.13): handshake, steps, order, counters, OOM.
 */
#include "balloon_case.h"

#include "mm/oom/oom_notifier.h"

static const struct {
	uint64_t features;
	bool fast;
} kinds[] = {{STATS | DEFLATES, false}, {STATS | DEFLATES, true}, {STATS, false}, {STATS, true}};

#define for_each_kind(i) for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)

/* What it takes of what is offered; statistics before driver-ok, of nothing; the target is not looked at. */
static void handshake(uint64_t accepted, uint8_t at_stats)
{
	const uint8_t *last;

	machine_with_balloon(STATS | DEFLATES | 0x79000018 | 1, true);
	host_set_target(100);
	assert_null(host_probe());
	last = &host.v->statuses[host.v->nr_statuses - 1];
	assert_int_equal(host.v->accepted, accepted);
	assert_int_equal(*last, at_stats | VIRTIO_DRIVER_OK);
	assert_true(host.has_buffer);
	assert_int_equal(host.status_at_stats, at_stats);
	for (int i = 0; i < BALLOON_TAGS; i++)
		assert_int_equal(host.stats[i].tag | host.stats[i].value, 0);
	host_do_work();
	assert_int_equal(host.v->own_widths, 0);
	assert_int_equal(balloon_pages(), 0);
	assert_line("virtio_balloon virtio0: 256 pages a step, deflates before a kill");
	stop();
}

static void test_35_13_handshake(void **state)
{
	(void)state;
	handshake(0x330000007, 0x0b);
	handshake(0x30000007, 0x03);
}

static void test_without_statistics(void **state)
{
	struct balloon *b = start(0, false);

	(void)state;
	assert_int_equal(b->vdev.nr_queues, 2);
	follow(10);
	assert_int_equal(b->num_pages, 10);
	stop();
}

/* Steps of 256 at most, one message each, the size after each. */
static void test_35_13_steps(void **state)
{
	static const unsigned int up[] = {256, 256, 256, 232}, down[] = {256, 256, 256, 222};

	(void)state;
	for_each_kind(k)
	{
		struct balloon *b = start(kinds[k].features, kinds[k].fast);

		follow(1000);
		assert_int_equal(host.messages, 4);
		assert_memory_equal(host.size, up, sizeof(up));
		assert_rests(b);
		follow(10);
		assert_int_equal(host.messages, 8);
		assert_memory_equal(host.size + 4, down, sizeof(down));
		assert_rests(b);
		assert_int_equal(b->num_pages, 10);
		assert_int_equal(balloon_counts().told, 8);
		stop();
	}
}

/* In exact mode the host's config interrupt is not heard; whoever asks hears it. */
static void test_asked_for(void **state)
{
	(void)state;
	for_each_kind(k)
	{
		struct balloon *b = start(kinds[k].features, kinds[k].fast);

		assert_true(balloon_ask_target(60));
		host_do_work();
		assert_true(balloon_wait());
		assert_int_equal(b->num_pages, 4 << 8);
		assert_int_equal(balloon_target_pages(), 4 << 8);
		assert_rests(b);
		assert_true(balloon_ask_target(60)); /* the same again is heard as well */
		host_do_work();
		assert_true(balloon_ask_target(1000)); /* more than there is: all */
		host_do_work();
		assert_int_equal(b->num_pages, 0);
		if (!kinds[k].fast)
			assert_true(host_line_is_off());
		stop();
	}
}

static void test_nobody_to_ask(void **state)
{
	(void)state;
	assert_false(balloon_ask_target(10));
	assert_true(balloon_wait());
	assert_int_equal(balloon_pages(), 0);
	assert_int_equal(balloon_target_pages(), 0);
	assert_int_equal(balloon_counts().puffs, 0);
	start(DEFLATES, true);
	assert_false(balloon_ask_target(0));
	host.no_runner = true;
	assert_false(balloon_ask_target(10));
	assert_string_equal(events(), "");
	stop();
}

/* Interrupts of a device in exact mode come in the frozen wait alone. */
static void test_37_silent(void **state)
{
	struct balloon *b = start(STATS | DEFLATES, false);

	(void)state;
	assert_true(host_line_is_off());
	host_set_target(600);
	host_do_work();
	assert_int_equal(host.irqs, 0);
	assert_int_equal(b->num_pages, 0);
	balloon_queue_size(b);
	host_do_work();
	assert_int_equal(b->num_pages, 600);
	assert_int_equal(host.irqs, 0);
	stop();
}

/* The acknowledgement comes later, though the device has done it: the balloon's latency. */
static void test_37_4_latency(void **state)
{
	struct balloon *b = start(STATS | DEFLATES, false);

	(void)state;
	set_parameters("balloon.latency_us=9000"); /* three ticks */
	assert_int_equal(fill_balloon(b, 1), 1);
	assert_int_equal(jiffies, 1003);
	assert_int_equal(leak_balloon(b, 1), 1);
	assert_int_equal(jiffies, 1006);
	assert_int_equal(balloon_counts().told_ns, 24000000);
	set_parameters("balloon.latency_us=20");
	stop();
}

static uint32_t order[2][8];
static unsigned int seen;

static void keep_order(bool inflate, const uint32_t *pfns, unsigned int n)
{
	(void)inflate;
	assert_true(seen < 2 && n <= 8);
	memcpy(order[seen++], pfns, 4 * n);
}

/* Most recently added first. */
static void test_35_13_order(void **state)
{
	struct balloon *b = start(DEFLATES, true);

	(void)state;
	seen = 0;
	host.on_message = keep_order;
	fill_balloon(b, 8);
	leak_balloon(b, 5);
	for (int i = 0; i < 5; i++)
		assert_int_equal(order[1][i], order[0][7 - i]);
	host.on_message = NULL;
	stop();
}

static long free_at_message;

static void look_whether_free(bool inflate, const uint32_t *pfns, unsigned int n)
{
	(void)pfns;
	(void)n;
	if (!inflate)
		free_at_message = all_free(m);
	assert_ptr_equal(the_balloon->balloon_lock.info.owner, current);
}

/* The host is told before a page is anybody's again. */
static void test_35_12_host_first(void **state)
{
	struct balloon *b = start(DEFLATES, true);
	long before;

	(void)state;
	fill_balloon(b, 100);
	before = all_free(m);
	host.on_message = look_whether_free;
	leak_balloon(b, 100);
	assert_int_equal(free_at_message, before);
	assert_int_equal(all_free(m), before + 100);
	host.on_message = NULL;
	update_balloon_size(b);
	assert_rests(b);
	stop();
}

/* §35.13: without the feature its pages are no memory; the marks stay. */
static void test_35_13_managed(void **state)
{
	(void)state;
	for_each_kind(k)
	{
		struct balloon *b = start(kinds[k].features, kinds[k].fast);
		unsigned long managed = dma32(m)->managed + dma(m)->managed;
		unsigned long total = m->totalram_pages, min = dma32(m)->watermark[WMARK_MIN];
		long gone = kinds[k].features & DEFLATES ? 0 : 300;

		fill_balloon(b, 200);
		fill_balloon(b, 100);
		assert_int_equal(dma32(m)->managed + dma(m)->managed, managed - gone);
		assert_int_equal(m->totalram_pages, total - gone);
		assert_int_equal(dma32(m)->watermark[WMARK_MIN], min);
		assert_int_equal(leak_balloon(b, 300), 256);
		assert_int_equal(leak_balloon(b, 300), 44);
		assert_int_equal(dma32(m)->managed + dma(m)->managed, managed);
		assert_int_equal(m->totalram_pages, total);
		stop();
	}
}

static unsigned long notified_pages(void)
{
	unsigned long freed = 5;

	notifier_call(&m->oom_reclaim_list, &freed);
	return freed - 5;
}

/* §9.2: 256 pages, or what the parameter says, and the size is told. */
static void test_9_2_notifier(void **state)
{
	struct balloon *b = start(DEFLATES, true);

	(void)state;
	follow(600);
	assert_int_equal(notified_pages(), 256);
	assert_rests(b);
	set_parameters("balloon_oom_pages=1");
	assert_int_equal(notified_pages(), 1);
	assert_int_equal(host_actual(), 343);
	set_parameters("balloon_oom_pages=256");
	assert_int_equal(notified_pages(), 256);
	assert_int_equal(notified_pages(), 87);
	assert_int_equal(notified_pages(), 0);
	host_do_work();
	assert_int_equal(b->num_pages, 0); /* until the next target */
	stop();
	assert_true(list_empty(&m->oom_reclaim_list.blocks));
}

static void test_9_2_not_agreed_upon(void **state)
{
	struct balloon *b = start(0, true);

	(void)state;
	follow(600);
	assert_int_equal(notified_pages(), 0);
	assert_int_equal(b->num_pages, 600);
	assert_int_equal(host.messages, 3);
	stop();
}

/* Its place among others: priority 80. */
static void test_9_2_priority(void **state)
{
	struct balloon *b = start(DEFLATES, true);

	(void)state;
	assert_int_equal(b->nb.priority, 80);
	assert_ptr_equal(m->oom_reclaim_list.blocks.next, &b->nb.node);
	stop();
}

/* Its buffer comes back filled, as often as the host wants (§35.12, §41.2 item 17). */
static void test_35_12_statistics(void **state)
{
	struct balloon *b = start(STATS | DEFLATES, true);

	(void)state;
	m->event[PGFAULT] = 77;
	for (int round = 0; round < 300; round++) {
		follow(round);
		host_want_stats();
		host_do_work();
		for (int i = 0; i < BALLOON_TAGS; i++)
			assert_int_equal(host.stats[i].tag, i);
		assert_int_equal(host.stats[MINFLT].value, 77);
		assert_int_equal(host.stats[MEMFREE].value, memory_stat(m, NR_FREE_PAGES) * 4096);
		assert_int_equal(host.stats[MEMTOT].value, m->totalram_pages * 4096);
		assert_true(host.stats[AVAIL].value < host.stats[MEMFREE].value);
		assert_true(host.stats[AVAIL].value > host.stats[MEMFREE].value / 2);
	}
	assert_rests(b);
	stop();
}

static void test_two_are_one_too_many(void **state)
{
	(void)state;
	start(DEFLATES, true);
	assert_string_equal(host_probe(), "virtio_balloon: there are two; expected one");
	stop();
}

static void test_balloon_at_boot(void **state)
{
	(void)state;
	balloon_start(); /* not asked for */
	set_parameters("balloon=50");
	assert_panics(
		"machine: balloon=50, but no balloon that works; expected DEVICES=\"balloon\"",
		balloon_start());
	start(DEFLATES, true);
	host.no_runner = true;
	assert_panics(
		"machine: balloon=50, but nobody listens to the guest's events", balloon_start());
	set_parameters("balloon=0");
	stop();
}

static const struct CMUnitTest tests[] = {
	TEST(test_35_13_handshake),
	TEST(test_without_statistics),
	TEST(test_35_13_steps),
	TEST(test_asked_for),
	TEST(test_nobody_to_ask),
	TEST(test_37_silent),
	TEST(test_37_4_latency),
	TEST(test_35_13_order),
	TEST(test_35_12_host_first),
	TEST(test_35_13_managed),
	TEST(test_9_2_notifier),
	TEST(test_9_2_not_agreed_upon),
	TEST(test_9_2_priority),
	TEST(test_35_12_statistics),
	TEST(test_two_are_one_too_many),
	TEST(test_balloon_at_boot),
};
TEST_GROUP(balloon)
