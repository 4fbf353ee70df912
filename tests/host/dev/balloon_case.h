/*
 * What the balloon's tests have in common: a machine, its balloon, and what must hold whenever it rests.
 */
#ifndef HOST_BALLOON_CASE_H
#define HOST_BALLOON_CASE_H

#include "model_balloon.h"

#include "kernel/core/param.h"
#include "slab/slab_case.h"
#include "task/stage.h"

#define DEFLATES VIRTIO_BALLOON_F_DEFLATE_ON_OOM
#define STATS    VIRTIO_BALLOON_F_STATS_VQ

static struct memory *m;
static long free_before; /* pages, before the driver came */
static bool legacy;      /* the transport of the next one: each test has both */

static inline void machine_with_balloon(uint64_t features, bool fast)
{
	set_parameters(legacy ? "virtio=legacy" : "virtio=modern");
	m = task_memory = slab_machine(1);
	free_before = all_free(m);
	host_plug(m, features, fast);
	twin.on_sleep = host_run;
}

static inline struct balloon *start(uint64_t features, bool fast)
{
	machine_with_balloon(features, fast);
	assert_null(host_probe());
	return the_balloon;
}

/* Host and guest agree, and no page is lost. */
static inline void assert_rests(const struct balloon *b)
{
	assert_int_equal(list_length(&b->pages), b->num_pages);
	assert_int_equal(host.nr_given, b->num_pages);
	assert_int_equal(host_actual(), host.fast ? b->num_pages : 0); /* exact: not told */
	assert_int_equal(m->event[BALLOON_INFLATE] - m->event[BALLOON_DEFLATE], b->num_pages);
	assert_int_equal(free_before - all_free(m) - memory_stat_exact(m, NR_SLAB_UNRECLAIMABLE),
		b->num_pages + (legacy ? 2 : 1) * b->vdev.nr_queues); /* pages of its rings */
	assert_null(b->balloon_lock.info.owner);
	assert_false(b->wanted || b->working);
	slab_valid(m);
}

/* Gone, and nothing of it is left. */
static inline void stop(void)
{
	unsigned long total = m->totalram_pages;
	bool counted = the_balloon && balloon_has(the_balloon, DEFLATES);
	long held = balloon_pages();

	host.answer = AT_ONCE;
	host_remove();
	assert_int_equal(m->totalram_pages, total + (counted ? 0 : held));
	assert_int_equal(host.nr_given, 0);
	assert_null(the_balloon);
	host_unplug();
	assert_nothing_left(m, free_before);
	legacy = !legacy;
}

/* The target changes; in exact mode, where that alone is not heard, it is looked at. */
static inline void follow(uint32_t pages)
{
	host_set_target(pages);
	if (!host.fast)
		balloon_queue_size(the_balloon);
	host_do_work();
}

static inline int setup(void **state)
{
	int err = twin_setup(state);

	legacy = false;
	set_parameters("balloon_unlocked=0 balloon_oom_pages=256");
	return err;
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)

#endif
