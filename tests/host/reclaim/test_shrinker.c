/*
 * Shrinkers (reference §17.11, §30.4, §30c): how many objects are asked for, and which pages are progress.
 */
#include "../slab/slab_case.h"

#include "shrink.h"

static struct memory *m;
static struct fake_shrinker fake;

static void start(void)
{
	m = slab_machine(1);
	fake_shrinker_add(m, &fake);
}

static unsigned long ask(unsigned long scanned, unsigned long eligible)
{
	return shrink_slab(m, GFP_KERNEL, scanned, eligible);
}

/* §30.4, seeks 2, batch 128. */
static void test_30_4_vectors(void **state)
{
	static const struct {
		unsigned long has, scanned, eligible;
		long deferred;
		unsigned long wanted;
		unsigned int calls;
		long left;
	} v[] = {
		{10000, 32, 100000, 0, 0, 0, 6},
		{10000, 32, 1000, 0, 512, 4, 127},
		{100, 32, 1000, 0, 0, 0, 6},
		{100, 32, 1000, 95, 0, 0, 50},
		{100, 600, 1000, 0, 119, 1, 0},
		{5000, 32, 0, 0, 9984, 78, 16},
		{5000, 0, 0, 0, 9984, 78, 16}, /* 0 counts as 32 */
		{1000, 64, 50000, 5000, 384, 3, 116},
		{10000, 1000, 1000, 0, 19968, 156, 12},
		{3, 1, 1, 0, 3, 1, 0},
	};

	(void)state;
	start();
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		fake.has = v[i].has;
		fake.shrinker.deferred = v[i].deferred;
		fake.wanted = fake.calls = 0;
		m->event[SLABS_SCANNED] = 0;
		ask(v[i].scanned, v[i].eligible);
		assert_int_equal(fake.wanted, v[i].wanted);
		assert_int_equal(fake.calls, v[i].calls);
		assert_int_equal(fake.shrinker.deferred, v[i].left);
		assert_int_equal(m->event[SLABS_SCANNED], v[i].wanted);
	}
}

static void test_17_11_seeks_and_batch_are_the_shrinker_s(void **state)
{
	(void)state;
	start();
	fake.has = 10000;
	fake.shrinker.seeks = 4;
	fake.shrinker.batch = 100;
	ask(33, 1000); /* 132 / 4 first: 33 * 10000 / 1001 = 329 */
	assert_int_equal(fake.calls, 3);
	assert_int_equal(fake.last_want, 100);
	assert_int_equal(fake.shrinker.deferred, 29);
	ask(32, 1000); /* 319, and what was put off */
	assert_int_equal(fake.calls, 6);
	assert_int_equal(fake.shrinker.deferred, 48);
}

static void test_17_11_who_has_nothing_is_not_asked(void **state)
{
	(void)state;
	start();
	fake.has = 0;
	fake.shrinker.deferred = 77;
	assert_int_equal(ask(32, 0), 0);
	assert_int_equal(fake.counted, 1);
	assert_int_equal(fake.calls, 0);
	assert_int_equal(fake.shrinker.deferred, 77); /* kept */
}

/* What was not looked at is put off. */
static void test_17_11_stop(void **state)
{
	(void)state;
	start();
	fake.has = 1000;
	fake.gives = 7;
	fake.stops_at = 3;
	assert_int_equal(ask(32, 0), 14);
	assert_int_equal(fake.calls, 3);
	assert_int_equal(m->event[SLABS_SCANNED], 256);
	assert_int_equal(fake.shrinker.deferred, 2000 - 256);
	/* At the next call it is there again, but no more than twice what there is. */
	fake.stops_at = 0;
	fake.wanted = 0;
	ask(32, 0);
	assert_int_equal(fake.wanted, 15 * 128);
	assert_int_equal(fake.shrinker.deferred, 80);
}

static void test_17_11_negative(void **state)
{
	(void)state;
	start();
	fake.has = 1000;
	fake.shrinker.deferred = -100;
	ask(32, 100000);
	assert_line("shrink_slab: fake negative objects to delete nr=-100");
	assert_int_equal(fake.wanted, 384); /* capped at half of what there is */
	assert_int_equal(fake.shrinker.deferred, 116);
}

static void test_17_11_in_order_and_objects_are_summed(void **state)
{
	struct fake_shrinker second;

	(void)state;
	start();
	fake_shrinker_add(m, &second);
	fake.gives = 3;
	second.gives = 4;
	assert_int_equal(ask(0, 0), 7);
	unregister_shrinker(m, &fake.shrinker);
	assert_int_equal(ask(0, 0), 4);
	assert_int_equal(fake.calls, 1);
	assert_int_equal(second.calls, 2);
}

static void test_17_11_a_list_that_changes_is_not_waited_for(void **state)
{
	struct task *writer, *self;

	(void)state;
	start();
	writer = task_new("writer", 40, NULL);
	self = become(writer);
	down_write(&m->shrinker_rwsem);
	become(self);
	current->reclaimed_slab = 0;
	assert_int_equal(ask(32, 0), 1);
	assert_int_equal(fake.counted, 0);
	assert_int_equal(current->reclaimed_slab, 0); /* and is no progress (§24.1) */
	become(writer);
	up_write(&m->shrinker_rwsem);
	become(self);
	assert_int_equal(ask(32, 0), 0);
	assert_int_equal(fake.counted, 1);
}

/* Whoever holds the list for reading does not bar another reclaimer. */
static unsigned long inner;

static void ask_within(unsigned int call)
{
	if (call == 1)
		inner = ask(0, 0);
}

static void test_17_11_several_at_once(void **state)
{
	(void)state;
	start();
	fake.act = ask_within;
	fake.gives = 1;
	assert_int_equal(ask(0, 0), 1);
	assert_int_equal(inner, 1);
	assert_int_equal(fake.calls, 2);
}

/* Objects are no progress: their pages are, when the slab allocator gives back whole slabs. */
static struct kmem_cache *cache;
static void *object[200];
static unsigned int nr_objects;

static void free_objects(unsigned int unused)
{
	(void)unused;
	while (nr_objects)
		kmem_cache_free(cache, object[--nr_objects]);
}

static void test_30c_slabs_given_back_are_progress(void **state)
{
	long slabs;

	(void)state;
	start();
	cache = &m->slab.kmalloc[kmalloc_index(1024)];
	for (nr_objects = 0; nr_objects < ARRAY_SIZE(object); nr_objects++)
		object[nr_objects] = kmem_cache_alloc(cache, GFP_KERNEL);
	slabs = cache->nr_slabs;
	fake.act = free_objects;
	current->reclaimed_slab = 0;
	ask(0, 0);
	assert_true(cache->nr_slabs < slabs); /* those that are left are kept empty (§31.10) */
	assert_int_equal(take_reclaimed_slab(), (slabs - cache->nr_slabs) << cache->order);
	assert_int_equal(take_reclaimed_slab(), 0);
	assert_int_equal(m->event[PGINODESTEAL], 0);
}

static void test_30c_it_is_the_current_task_s(void **state)
{
	struct task *other, *self;

	(void)state;
	start();
	other = task_new("other", 40, NULL);
	self = become(other);
	shrinker_stole(m, 5);
	become(self);
	assert_int_equal(take_reclaimed_slab(), 0);
	assert_int_equal(other->reclaimed_slab, 5);
	assert_int_equal(m->event[PGINODESTEAL], 5);
	current->flags |= PF_KSWAPD;
	shrinker_stole(m, 3);
	assert_int_equal(m->event[PGINODESTEAL], 5);
	assert_int_equal(m->event[KSWAPD_INODESTEAL], 3);
	assert_int_equal(take_reclaimed_slab(), 3);
}

static const struct CMUnitTest tests[] = {
	TEST(test_30_4_vectors),
	TEST(test_17_11_seeks_and_batch_are_the_shrinker_s),
	TEST(test_17_11_who_has_nothing_is_not_asked),
	TEST(test_17_11_stop),
	TEST(test_17_11_negative),
	TEST(test_17_11_in_order_and_objects_are_summed),
	TEST(test_17_11_a_list_that_changes_is_not_waited_for),
	TEST(test_17_11_several_at_once),
	TEST(test_30c_slabs_given_back_are_progress),
	TEST(test_30c_it_is_the_current_task_s),
};
TEST_GROUP(shrinker)
