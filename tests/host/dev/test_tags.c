/*
 * Tags (§34.4 with §41.1): words, the order in which they are found, batches of wake-ups, and waiters.
 */
#include "twin.h"

#include "kernel/dev/block/tag.h"

static struct blk_tags tags;
static unsigned long map[256];
static unsigned int last;

static void with_depth(unsigned int depth)
{
	tags_init(&tags, depth, map);
	last = 0;
}

static void assert_words(unsigned int depth, unsigned int words, unsigned int bits)
{
	assert_int_equal(tags_words(depth), words);
	with_depth(depth);
	assert_int_equal(tags.words, words);
	assert_int_equal(tags.bits, bits);
}

static void test_words(void **state)
{
	(void)state;
	assert_words(1024, 16, 64);
	assert_words(257, 5, 64);
	assert_words(256, 4, 64);
	assert_words(255, 8, 32);
	assert_words(128, 4, 32);
	assert_words(64, 4, 16);
	assert_words(7, 7, 1);
	assert_words(4, 4, 1);
	assert_words(1, 1, 1);
}

static void assert_batch(unsigned int depth, long batch)
{
	with_depth(depth);
	for (int i = 0; i < TAG_QUEUES; i++)
		assert_int_equal(tags.wait[i].count, batch);
}

static void test_batches(void **state)
{
	(void)state;
	assert_batch(256, 8);
	assert_batch(128, 8);
	assert_batch(64, 8);
	assert_batch(63, 7);
	assert_batch(16, 2);
	assert_batch(8, 1);
	assert_batch(1, 1);
}

/* Each once, whatever the depth and wherever the search begins, and then none. */
static void test_every_tag_is_found_once(void **state)
{
	static const unsigned int depths[] = {1, 2, 3, 5, 31, 64, 100, 128, 200, 255, 256, 300};

	(void)state;
	for (unsigned int d = 0; d < ARRAY_SIZE(depths); d++) {
		bool seen[300] = {false};

		with_depth(depths[d]);
		last = depths[d] / 3;
		for (unsigned int i = 0; i < depths[d]; i++) {
			unsigned int tag = tag_try(&tags, &last);

			assert_true(tag < depths[d] && !seen[tag]);
			seen[tag] = true;
		}
		assert_int_equal(tags.in_use, depths[d]);
		assert_int_equal(tag_try(&tags, &last), NO_TAG);
		for (unsigned int tag = 0; tag < depths[d]; tag++)
			tag_put(&tags, tag, &last);
		assert_int_equal(tags.in_use, 0);
	}
}

/* From the last one on to its word's end, the word's begin, the next words. */
static void test_where_a_tag_is_looked_for(void **state)
{
	(void)state;
	with_depth(128); /* words of 32 */
	last = 62;
	assert_int_equal(tag_try(&tags, &last), 62);
	assert_int_equal(last, 63);
	assert_int_equal(tag_try(&tags, &last), 63);
	assert_int_equal(last, 64);
	last = 62;
	assert_int_equal(tag_try(&tags, &last), 32);
	assert_int_equal(last, 62); /* it was not free: it stays */
	for (unsigned int tag = 33; tag < 62; tag++)
		assert_int_equal(tag_try(&tags, &last), tag);
	assert_int_equal(tag_try(&tags, &last), 64);
	last = 127;
	assert_int_equal(tag_try(&tags, &last), 127);
	assert_int_equal(last, 0);
	tag_put(&tags, 40, &last);
	assert_int_equal(last, 40); /* its memory is warm */
	assert_int_equal(tag_try(&tags, &last), 40);
}

static void test_a_tag_that_is_free_already(void **state)
{
	(void)state;
	with_depth(16);
	assert_panics("BUG", tag_put(&tags, 3, &last));
}

/* Waiters */

static struct waiter waiter[3];
static struct task *sleeper[3];

static struct tag_wait *sleeps(unsigned int i)
{
	struct task *self = become(sleeper[i]);
	struct tag_wait *w = tag_wait_prepare(&tags, &waiter[i]);

	become(self);
	return w;
}

static void wakes_up(struct tag_wait *w, unsigned int i)
{
	struct task *self = become(sleeper[i]);

	tag_wait_finish(w, &waiter[i]);
	become(self);
}

static bool is_asleep(unsigned int i)
{
	return sleeper[i]->state == TASK_UNINTERRUPTIBLE;
}

static void take_all(void)
{
	while (tag_try(&tags, &last) != NO_TAG)
		;
	for (unsigned int i = 0; i < 3; i++)
		sleeper[i] = task_new("sleeper", 100 + i, NULL);
}

static void test_waiters_wake_after_a_batch_queue_by_queue(void **state)
{
	struct tag_wait *a, *b;

	(void)state;
	with_depth(32); /* batches of 4 */
	take_all();
	a = sleeps(0);
	b = sleeps(1);
	assert_ptr_equal(a, &tags.wait[0]);
	assert_ptr_equal(b, &tags.wait[1]);
	for (unsigned int tag = 0; tag < 3; tag++)
		tag_put(&tags, tag, &last);
	assert_true(is_asleep(0));
	tag_put(&tags, 3, &last);
	assert_false(is_asleep(0));
	assert_true(is_asleep(1));
	wakes_up(a, 0);
	for (unsigned int tag = 4; tag < 8; tag++)
		tag_put(&tags, tag, &last);
	assert_false(is_asleep(1));
	assert_int_equal(a->count, 4);
	assert_int_equal(b->count, 4);
	wakes_up(b, 1);
	for (unsigned int tag = 8; tag < 32; tag++)
		tag_put(&tags, tag, &last); /* nobody waits: nothing is counted */
	assert_int_equal(a->count, 4);
}

/* They are not exclusive: all of a queue. */
static void test_all_of_one_queue_wake(void **state)
{
	struct tag_wait *w;

	(void)state;
	with_depth(8);
	take_all();
	w = sleeps(0);
	tags.wait_at = 8;
	assert_ptr_equal(sleeps(1), w);
	assert_ptr_equal(sleeps(2), &tags.wait[1]);
	tag_put(&tags, 0, &last);
	assert_false(is_asleep(0) || is_asleep(1));
	assert_true(is_asleep(2));
}

/* Queues without sleepers are passed over, round the end. */
static void test_the_next_queue_with_sleepers_is_found(void **state)
{
	(void)state;
	with_depth(8);
	take_all();
	tags.wake_at = 5;
	tags.wait_at = 3;
	sleeps(0);
	tag_put(&tags, 0, &last);
	assert_false(is_asleep(0));
	assert_int_equal(tags.wake_at, 4);
}

static const struct CMUnitTest tests[] = {
	TEST(test_words),
	TEST(test_batches),
	TEST(test_every_tag_is_found_once),
	TEST(test_where_a_tag_is_looked_for),
	TEST(test_a_tag_that_is_free_already),
	TEST(test_waiters_wake_after_a_batch_queue_by_queue),
	TEST(test_all_of_one_queue_wake),
	TEST(test_the_next_queue_with_sleepers_is_found),
};
TEST_GROUP(tags)
