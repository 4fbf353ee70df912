/*
 * A machine and its OOM killer, for the tests of §7 to §9: TEST() runs without any patch, TEST_WITH()
 * with a set of them.
 */
#ifndef HOST_OOM_CASE_H
#define HOST_OOM_CASE_H

#include "twin.h"

#include "apps.h"
#include "host_machine.h"
#include "mm/oom/oom.h"
#include "mm/oom/oom_reaper.h"
#include "mm/page/patch.h"

#define SEED_REAPER PATCH_OOM_REAPER
#define REAPER_49   (PATCH_OOM_REAPER | PATCH_OOM_REAPER_SKIP)

static struct memory *m;

static inline int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_with(10, (uintptr_t)*state);
	return err;
}

/* The killer as the allocator calls it; false: it is disabled. */
static inline bool oom(gfp_t gfp)
{
	struct oom_control oc = {.memory = m, .gfp = gfp};
	bool result;

	assert_true(mutex_trylock(&m->oom_lock));
	result = out_of_memory(&oc);
	mutex_unlock(&m->oom_lock);
	return result;
}

static inline bool is_victim(const struct task *t)
{
	return t->kill_pending && t->memdie;
}

/* Killed with somebody else: no reserves. */
static inline bool is_killed_only(const struct task *t)
{
	return t->kill_pending && !t->memdie;
}

static inline bool untouched(const struct task *t)
{
	return !t->kill_pending && !t->memdie;
}

static inline unsigned long event_of(enum mm_event e)
{
	return m->event[e];
}

static inline struct task *spawn_stub(const char *name, void (*fn)(void *), void *arg)
{
	struct task *t = task_new(name, 50, NULL);

	assert_ptr_equal(arg, m);
	assert_true(fn == oom_reaper || fn == oom_reaper_queue);
	t->flags = PF_KTHREAD;
	return t;
}

#undef TEST
/* clang-format off */
#define TEST_WITH(fn, suffix, set) {#fn suffix, fn, setup, twin_teardown, (void *)(uintptr_t)(set)}
/* clang-format on */
#define TEST(fn)      TEST_WITH(fn, "", 0)
#define TEST_SEED(fn) TEST_WITH(fn, "_with_the_seed_s_reaper", SEED_REAPER)
#define TEST_49(fn)   TEST_WITH(fn, "_with_4_9_s_reaper", REAPER_49)
#define TEST_ALL(fn)  TEST(fn), TEST_SEED(fn), TEST_49(fn)

#endif
