/*
 * The start of the OOM reaper (reference §8.1, §8.4): which one, or none.
 */
#include "reaper_case.h"

#include "kernel/core/param.h"

static const char *spawned;
static void (*life)(void *);

static struct task *note_spawn(const char *name, void (*fn)(void *), void *arg)
{
	spawned = name;
	life = fn;
	return spawn_stub(name, fn, arg);
}

static struct task *cannot_spawn(const char *name, void (*fn)(void *), void *arg)
{
	(void)name;
	(void)fn;
	(void)arg;
	return NULL;
}

static void test_8_1_start(void **state)
{
	(void)state;
	spawned = NULL;
	m = machine_with(10, 0);
	oom_reaper_start(m, note_spawn);
	assert_null(spawned);
	assert_null(m->reaper.task);
	assert_false(oom_reaper_is_missing(m));
	m = machine_with(10, SEED_REAPER);
	oom_reaper_start(m, note_spawn);
	assert_string_equal(spawned, "oom_reaper");
	assert_true(life == oom_reaper);
	m = machine_with(10, REAPER_49);
	oom_reaper_start(m, note_spawn);
	assert_true(life == oom_reaper_queue);
	assert_false(oom_reaper_is_missing(m));
	assert_string_equal(console(), "");
}

static void assert_goes_on_without(void)
{
	struct task *a = app_mapped(m, "a", 10, 20);

	assert_string_equal(console(), "Unable to start OOM reaper -12. Continuing regardless\n");
	assert_true(oom(GFP_KERNEL));
	assert_true(is_victim(a));
	assert_null(m->reaper.mm_to_reap);
	assert_int_equal(a->mm->count.n, 1);
}

static void test_8_4_start_fails(void **state)
{
	(void)state;
	m = machine_with(10, SEED_REAPER);
	oom_reaper_start(m, cannot_spawn);
	assert_true(oom_reaper_is_missing(m));
	assert_goes_on_without();
}

static void test_start_is_made_to_fail(void **state)
{
	char on[] = "fail_oom_reaper_start=1", off[] = "fail_oom_reaper_start=0", err[128];

	(void)state;
	m = machine_with(10, SEED_REAPER);
	assert_true(params_try_parse(on, err, sizeof(err)));
	oom_reaper_start(m, spawn_stub);
	assert_false(oom_reaper_is_missing(m));
	assert_true(params_try_parse(off, err, sizeof(err)));
	assert_goes_on_without();
}

static const struct CMUnitTest tests[] = {
	TEST(test_8_1_start),
	TEST(test_8_4_start_fails),
	TEST(test_start_is_made_to_fail),
};
TEST_GROUP(oom_reaper_start)
