/*
 * What is noted after a kill (mm/oom/oom_watch.h; reference §8.6, observables).
 */
#include "reaper_case.h"

#include "kernel/core/lock/lock.h"
#include "mm/oom/oom_watch.h"

static void assert_event(const char *text)
{
	if (!strstr(events(), text))
		fail_msg("no such event: %s\nbut:\n%s", text, events());
}

static void assert_no_event(const char *text)
{
	if (strstr(events(), text))
		fail_msg("event: %s\nin:\n%s", text, events());
}

static void later(unsigned int ms)
{
	jiffies += ms * hz / 1000;
}

static void test_timeline(void **state)
{
	struct task *a = app_mapped(m, "a \"quoted\"", 10, 20);

	(void)state;
	jiffies = 1000; /* 4 s */
	oom(GFP_KERNEL);
	assert_event("{\"event\":\"oom\",\"what\":\"killed\",\"pid\":10,"
		     "\"comm\":\"a \\\"quoted\\\"\",\"rss\":20,\"ns\":4000000000}");
	jiffies = 1250;
	run_reaper();
	assert_event("{\"event\":\"oom\",\"what\":\"reaped\",\"pid\":0,\"comm\":\"\","
		     "\"rss\":0,\"ns\":5000000000}");
	jiffies = 1500;
	app_leaves(m, a);
	assert_event("\"what\":\"exited\",\"pid\":10,");
	assert_event("\"rss\":0,\"ns\":6000000000}");
}

static void test_a_thread_is_shown_by_its_process(void **state)
{
	struct task *a = app_new("a", 10, 20, 0), *b = app_thread(a, "b", 11);

	(void)state;
	app_leaves(m, a);
	oom(GFP_KERNEL);
	assert_event("\"what\":\"killed\",\"pid\":10,\"comm\":\"b\"");
	later(100);
	app_leaves(m, b);
	assert_event("\"what\":\"exited\",\"pid\":10,\"comm\":\"b\"");
	assert_true(m->watch.exited_ns > m->watch.killed_ns);
}

static void test_nothing_before_a_kill(void **state)
{
	(void)state;
	assert_int_equal(oom_ms_since_kill(m), -1);
	oom_watch_report(m);
	oom_watch_sample(m);
	assert_string_equal(events(), "");
}

static void test_samples(void **state)
{
	struct task *a = app_new("a", 10, 20, 0), *b = app_new("b", 11, 30, 0), *other;

	(void)state;
	other = app_new("other", 12, 40, 0);
	app_mark(m, a);
	app_mark(m, app_thread(b, "thread", 13));
	app_kill(other);
	a->mm->shmem_rss = 2;
	console_clear();
	jiffies = 1000;
	oom_watch_sample(m);
	assert_string_equal(events(),
		"{\"event\":\"sample\",\"name\":\"victim_rss\",\"pid\":10,\"ns\":4000000000,"
		"\"value\":22}\n"
		"{\"event\":\"sample\",\"name\":\"victim_rss\",\"pid\":11,\"ns\":4000000000,"
		"\"value\":30}\n");
	console_clear();
	a->mm = NULL;
	oom_watch_sample(m);
	assert_no_event("\"pid\":10,");
	assert_event("\"pid\":11,");
}

/* An interrupt handler must not wait for whoever it has interrupted. */
static void test_no_sample_while_the_list_is_busy(void **state)
{
	unsigned long flags;

	(void)state;
	app_mark(m, app_new("a", 10, 20, 0));
	console_clear();
	flags = tasks_lock();
	oom_watch_sample(m);
	tasks_unlock(flags);
	assert_string_equal(events(), "");
	oom_watch_sample(m);
	assert_event("\"pid\":10,");
}

static void test_not_more_samples_than_there_is_room_for(void **state)
{
	unsigned int n = 0;

	(void)state;
	for (int i = 0; i < 12; i++)
		app_mark(m, app_new("a", 10 + i, 20, 0));
	console_clear();
	oom_watch_sample(m);
	for (const char *p = events(); (p = strstr(p, "victim_rss")); p++)
		n++;
	assert_int_equal(n, 8);
}

static void test_report_of_a_whole_story(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);

	(void)state;
	jiffies = 1000;
	m->event[OOM_STEPS] = 5;
	m->event[OOM_TRYLOCK_FAILED] = 1;
	oom(GFP_KERNEL); /* and sleeps a tick, 4 ms */
	m->event[OOM_STEPS] = 9;
	m->event[OOM_TRYLOCK_FAILED] = 4;
	later(100);
	assert_int_equal(oom_ms_since_kill(m), 104);
	run_reaper();
	later(200);
	app_leaves(m, a);
	m->event[OOM_STEPS] = 99; /* no longer its affair */
	m->event[OOM_TRYLOCK_FAILED] = 99;
	console_clear();
	oom_watch_report(m);
	assert_event("\"kill_to_reap_ms\",\"value\":104}");
	/* The reaper, too, slept a tick when it was done. */
	assert_event("\"kill_to_exit_ms\",\"value\":308}");
	assert_event("\"oom_steps_meanwhile\",\"value\":4}");
	assert_event("\"oom_trylock_failed_meanwhile\",\"value\":3}");
}

/* After an hour it is still right to the millisecond. */
static void test_milliseconds_of_a_long_story(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);

	(void)state;
	oom(GFP_KERNEL); /* and sleeps a tick, 4 ms */
	later(3600 * 1000);
	assert_int_equal(oom_ms_since_kill(m), 3600004);
	app_leaves(m, a);
	console_clear();
	oom_watch_report(m);
	assert_event("\"kill_to_exit_ms\",\"value\":3600004}");
}

static void test_report_of_one_that_never_left(void **state)
{
	(void)state;
	app_new("a", 10, 20, 0);
	oom(GFP_KERNEL);
	m->event[OOM_STEPS] += 7;
	console_clear();
	oom_watch_report(m);
	assert_no_event("kill_to");
	assert_event("\"oom_steps_meanwhile\",\"value\":7}");
}

/* Figures are the first kill's; what comes later is in the timeline. */
static void test_the_first_kill_counts(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20), *b = app_mapped(m, "b", 11, 5);
	uint64_t killed;

	(void)state;
	block(a->mm);
	oom(GFP_KERNEL);
	killed = m->watch.killed_ns;
	run_reaper(); /* in vain */
	later(100);
	oom(GFP_KERNEL);
	assert_true(is_victim(b));
	run_reaper();
	assert_int_equal(event_of(OOM_REAPED), 1);
	app_leaves(m, b);
	assert_event("\"what\":\"killed\",\"pid\":11");
	assert_event("\"what\":\"exited\",\"pid\":11");
	assert_int_equal(m->watch.pid, 10);
	assert_int_equal(m->watch.killed_ns, killed);
	assert_int_equal(m->watch.reaped_ns, 0);
	assert_int_equal(m->watch.exited_ns, 0);
	unblock(a->mm);
}

static uint64_t reaped_at[2];

static void time_passes(void)
{
	reaped_at[twin.called++] = clock_ns();
	later(100);
}

/* Two threads of it are victims: its memory is reaped twice, and two victims leave. */
static void test_the_first_reap_and_the_first_exit_count(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20), *b = app_thread(a, "b", 11), *self;
	uint64_t left;

	(void)state;
	oom(GFP_KERNEL);
	self = become(b);
	assert_true(oom(GFP_NOFS));
	become(self);
	twin.on_yield = time_passes;
	run_reaper();
	twin.on_yield = NULL;
	assert_int_equal(twin.called, 2);
	assert_true(m->watch.reaped_ns > reaped_at[0] && m->watch.reaped_ns <= reaped_at[1]);
	left = clock_ns();
	app_leaves(m, a);
	later(100);
	app_leaves(m, b);
	assert_int_equal(m->watch.exited_ns, left);
}

static const struct CMUnitTest tests[] = {
	TEST_SEED(test_timeline),
	TEST_49(test_timeline),
	TEST(test_a_thread_is_shown_by_its_process),
	TEST(test_nothing_before_a_kill),
	TEST(test_samples),
	TEST(test_no_sample_while_the_list_is_busy),
	TEST(test_not_more_samples_than_there_is_room_for),
	TEST_SEED(test_report_of_a_whole_story),
	TEST(test_milliseconds_of_a_long_story),
	TEST(test_report_of_one_that_never_left),
	TEST_49(test_the_first_kill_counts),
	TEST_49(test_the_first_reap_and_the_first_exit_count),
};
TEST_GROUP(oom_watch)
