/*
 * The balloon in trouble (§35.13): out of puff, targets that change on the way, two workers, memory refused at
 * every place, a device that answers late, never, or with lies.
 */
#include "balloon_case.h"

#include "kernel/core/rand.h"

#define PUFF "virtio_balloon virtio0: Out of puff! Can't get 1 pages"

static unsigned int naps;

/* 4.8 sleeps with its lock held; the later rule without. */
static void nap(void)
{
	bool held = the_balloon->balloon_lock.info.owner == current;

	host_run();
	naps += held ? 1 : 100;
}

static void out_of_puff(const char *rule, unsigned int expected)
{
	struct balloon *b = start(DEFLATES, true);

	set_parameters(rule);
	memory_empty(m);
	memory_no_marks(m);
	naps = 0;
	twin.on_sleep = nap;
	host_set_target(10);
	assert_true(work_do_one());
	assert_int_equal(naps, expected);
	assert_int_equal(jiffies, 1050);
	assert_int_equal(balloon_counts().puffs, 1);
	assert_true(b->wanted); /* it tries on, without a pause */
	assert_true(work_do_one());
	assert_int_equal(jiffies, 1100);
	assert_printed_in_order("page allocation failure: order:0, mode:0x24310ca("
				"GFP_HIGHUSER_MOVABLE|__GFP_NORETRY|__GFP_NOMEMALLOC)",
		PUFF, "page allocation failure", PUFF, NULL);
	for (unsigned int i = 0; i < 10; i++)
		zone_put(dma32(m), 8192 + 2 * i, 0, MIGRATE_MOVABLE);
	host_do_work();
	assert_int_equal(b->num_pages, 10);
	assert_int_equal(host.nr_given, 10);
	host_remove();
	host_unplug();
}

static void test_35_13_out_of_puff(void **state)
{
	(void)state;
	out_of_puff("balloon_unlocked=0", 1);
}

static void test_35_13_out_of_puff_unlocked(void **state)
{
	(void)state;
	out_of_puff("balloon_unlocked=1", 100);
}

/* Ten lines in five seconds, and then how many there were. */
static void test_35_13_puffs_are_limited(void **state)
{
	struct balloon *b = start(DEFLATES, true);

	(void)state;
	for (int i = 0; i < 25; i++) {
		memory_empty(m);
		fill_balloon(b, 1);
	}
	assert_int_equal(console_count(PUFF), 10);
	assert_int_equal(balloon_counts().puffs, 25);
	jiffies += 10 * hz;
	fill_balloon(b, 1);
	assert_printed_in_order("fill_balloon: 15 callbacks suppressed", PUFF, NULL);
	host_remove();
	host_unplug();
}

/* What was had before a refusal is told and kept. */
static void part_of_a_step(const char *rule)
{
	struct balloon *b = start(DEFLATES, true);

	set_parameters(rule);
	memory_empty(m);
	memory_no_marks(m);
	for (unsigned int i = 0; i < 7; i++)
		zone_put(dma32(m), 8192 + 2 * i, 0, MIGRATE_MOVABLE);
	assert_int_equal(fill_balloon(b, 100), 7);
	assert_int_equal(host.nr_given, 7);
	assert_int_equal(host.size[0], 7);
	assert_int_equal(leak_balloon(b, 100), 7);
	host_remove();
	host_unplug();
}

static void test_part_of_a_step(void **state)
{
	(void)state;
	part_of_a_step("balloon_unlocked=0");
	part_of_a_step("balloon_unlocked=1");
}

/* Refused at its n-th request for memory, the driver is as if it had never come. */
static void test_memory_refused_at_every_place(void **state)
{
	char parameter[32];
	const char *error = "";

	(void)state;
	for (int n = 1; error; n++) {
		struct memory *clean;

		snprintf(parameter, sizeof(parameter), "fail_nth=%d", n);
		set_parameters(n & 2 ? "virtio=legacy" : "virtio=modern");
		clean = m = task_memory = slab_machine_with(1, parameter);
		free_before = all_free(m);
		host_plug(m, STATS | DEFLATES, n & 1);
		twin.on_sleep = host_run;
		error = host_probe();
		assert_true(n < 100);
		if (!error)
			break;
		assert_non_null(strstr(error, "no memory"));
		assert_null(the_balloon);
		assert_true(list_empty(&m->oom_reclaim_list.blocks));
		assert_int_equal(host.v->status & VIRTIO_DRIVER_OK, 0);
		host_unplug();
		assert_nothing_left(clean, free_before);
	}
	follow(100);
	stop();
}

/* Follow whatever the host wants, which changes while messages are under way and pages are refused. */
static struct rand rng;
static bool restless;

static void changes_its_mind(void)
{
	if (restless && !rand_below(&rng, 3)) {
		host_set_target(rand_below(&rng, 3000));
		if (!host.fast)
			balloon_queue_size(the_balloon);
	}
	if (restless && the_balloon->working &&
		!rand_below(&rng, 4)) /* a second worker finds the first one at it */
		work_do_one();
	host_run();
}

#ifdef LW_DEBUG
#define LIVES 16 /* each writes all that it frees */
#else
#define LIVES 60
#endif

static void test_targets_that_change_on_the_way(void **state)
{
	static const enum answer answers[] = {AT_ONCE, LATER};

	(void)state;
	for (unsigned int seed = 0; seed < LIVES; seed++) {
		struct balloon *b = start(seed & 1 ? DEFLATES : STATS, seed & 2);

		set_parameters(seed & 4 ? "balloon_unlocked=1" : "balloon_unlocked=0");
		rand_seed(&rng, seed);
		host.answer = host.fast ? answers[rand_below(&rng, 2)] : AT_ONCE;
		twin.on_sleep = changes_its_mind;
		restless = true;
		for (int i = 0; i < 20; i++) {
			follow(rand_below(&rng, 3000));
			assert_int_equal(b->num_pages, host_target());
			if (!rand_below(&rng, 3) && b->vdev.features & DEFLATES) {
				unsigned long freed = 0;

				notifier_call(&m->oom_reclaim_list, &freed);
				assert_true(freed <= 256);
			}
		}
		restless = false;
		twin.on_sleep = host_run;
		follow(host_target());
		assert_int_equal(b->num_pages, host_target());
		assert_rests(b);
		stop();
	}
}

/* The wait for the host is nobody's to end: not even a kill's. */
static void never(bool fast)
{
	struct balloon *b = start(DEFLATES, fast);

	host.answer = NEVER;
	current->kill_pending = true;
	assert_panics("sleeps for ever", fill_balloon(b, 3));
	assert_string_equal(current->waiting_for, "balloon's acknowledgement");
	assert_int_equal(current->state, TASK_UNINTERRUPTIBLE);
	assert_ptr_equal(b->balloon_lock.info.owner, current);
	assert_int_equal(
		sched_answers_owed, fast); /* else the watchdog sees that nothing will come */
	current->kill_pending = false;
	current->state = TASK_RUNNING;
	mutex_abandon(&b->balloon_lock);
	list_init(&b->acked.waiters);
	sched_answers_owed = 0;
	twin.sleeps = 0;
	b->dead = true;
	host_remove();
	host_unplug();
	assert_nothing_left(m, free_before);
}

static void test_35_13_never_answered(void **state)
{
	(void)state;
	never(true);
	never(false);
}

/* Nothing that it says crashes anybody, or costs a page; it is said once. */
static void test_lies(void **state)
{
	static const struct {
		enum answer answer;
		const char *line;
	} rows[] = {{BAD_ID,
			    "virtio_balloon virtio0: queue 0 (inflate) is broken: used entry 1 has "
			    "id 128"},
		{BAD_LEN, "virtio_balloon virtio0: queue 0 (inflate) is broken: used entry 1, id"},
		{BAD_INDEX,
			"virtio_balloon virtio0: queue 0 (inflate) is broken: used index 3 is 2 "
			"ahead"},
		{GIVES_UP, ": the device needs a reset"}};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
		bool fast = i & 1 || rows[i / 2].answer == GIVES_UP; /* its word is an interrupt */
		struct balloon *b = start(STATS | DEFLATES, fast);
		unsigned long freed = 0;

		follow(200);
		host.answer = rows[i / 2].answer;
		follow(1000);
		assert_printed(rows[i / 2].line);
		assert_true(b->dead);
		assert_int_equal(host.v->status, 0); /* it touches no memory of ours any more */
		assert_int_equal(host.messages, 2);
		assert_int_equal(b->num_pages, 456);
		assert_false(b->wanted || b->working);
		assert_true(balloon_wait());
		assert_false(balloon_ask_target(10));
		console_clear();
		notifier_call(&m->oom_reclaim_list, &freed); /* pages are pages */
		assert_int_equal(freed, 256);
		assert_int_equal(b->num_pages, 200);
		assert_int_equal(host.messages, 2);
		assert_string_equal(console(), "");
		stop();
	}
}

/* A lie about statistics ends the balloon as well: it is one device. */
static void test_a_lie_about_statistics(void **state)
{
	struct balloon *b = start(STATS | DEFLATES, true);

	(void)state;
	follow(20);
	host.buffer = 77;
	host_want_stats();
	host_do_work();
	assert_printed("virtio_balloon virtio0: queue 2 (stats) is broken");
	assert_true(b->dead);
	follow(40);
	assert_int_equal(b->num_pages, 20);
	stop();
}

/* It goes while its work waits, and while it could never be done. */
static void test_removed_at_work(void **state)
{
	(void)state;
	for (int rule = 0; rule < 2; rule++) {
		start(DEFLATES, true);
		set_parameters(rule ? "balloon_unlocked=1" : "balloon_unlocked=0");
		follow(300);
		host_set_target(3000);
		assert_true(the_balloon->wanted);
		twin.on_sleep = NULL;
		work_do_one();
		twin.on_sleep = host_do_work;
		stop();
		assert_true(
			m->event[BALLOON_INFLATE] <= 300 + 2 * 256); /* no step is begun any more */
		assert_false(work_do_one());
	}
}

static const struct CMUnitTest tests[] = {
	TEST(test_35_13_out_of_puff),
	TEST(test_35_13_out_of_puff_unlocked),
	TEST(test_35_13_puffs_are_limited),
	TEST(test_part_of_a_step),
	TEST(test_memory_refused_at_every_place),
	TEST(test_targets_that_change_on_the_way),
	TEST(test_35_13_never_answered),
	TEST(test_lies),
	TEST(test_a_lie_about_statistics),
	TEST(test_removed_at_work),
};
TEST_GROUP(balloon_trouble)
