/*
 * The frame of direct reclaim (reference §5.5), around a fake shrinker, and the strays that its
 * order of steps makes (R1' of §4.6).
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/alloc/highatomic.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"
#include "request.h"
#include "rounds.h"
#include "shrink.h"

#define M MIGRATE_MOVABLE
#define U MIGRATE_UNMOVABLE
#define H MIGRATE_HIGHATOMIC

static struct memory *m;
static struct zone *z;
static struct fake_shrinker shrinker;

/* Two H blocks, one free H page in 5120, one of its pages on a per-CPU list, nothing else. */
static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	memory_empty(m);
	memory_no_marks(m);
	z = dma32(m);
	z->pcp[0].high = 100;
	reserve_highatomic_pageblock(z, pfn_to_page(m, 5120));
	reserve_highatomic_pageblock(z, pfn_to_page(m, 6144));
	zone_put(z, 5120, 0, H);
	free_single(z, pfn_to_page(m, 5120 + 8), false);
	fake_shrinker_add(m, &shrinker);
	return err;
}

static struct page *reclaim(unsigned long *progress)
{
	struct alloc_context ac = request(m, GFP_KERNEL, 0);

	return direct_reclaim(&ac, WMARK_MIN, progress);
}

static void test_5_5_no_progress_does_nothing_else(void **state)
{
	unsigned long progress = 1;

	(void)state;
	zone_put(z, 7168, 0, U); /* would be there for the taking */
	assert_null(reclaim(&progress));
	assert_int_equal(progress, 0);
	assert_int_equal(rounds_in_vain(shrinker.calls), 1);
	assert_int_equal(z->nr_reserved_highatomic, 2048);
	assert_int_equal(z->pcp[0].count, 1);
	assert_int_equal(z->stat[NR_FREE_PAGES], 2);
	assert_int_equal(stalls_in_vain(m), 1);
}

static void test_5_5_progress_and_a_page_release_nothing(void **state)
{
	unsigned long progress;

	(void)state;
	shrinker.gives = 1;
	zone_put(z, 7168, 0, U);
	assert_int_equal(page_to_pfn(m, reclaim(&progress)), 7168);
	assert_int_equal(progress, 1);
	assert_int_equal(z->nr_reserved_highatomic, 2048);
	assert_int_equal(z->pcp[0].count, 1);
}

static void test_5_5_failed_attempt_unreserves_then_drains(void **state)
{
	unsigned long progress;
	struct page *page;

	(void)state;
	shrinker.gives = 1;
	page = reclaim(&progress);
	assert_int_equal(page_to_pfn(m, page), 5120);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(pageblock_type(z, 5120), U);
	assert_int_equal(z->pcp[0].count, 0);
	/* R1': the page that was on the per-CPU list is a stray now. */
	assert_int_equal(nth_free(m, z, 0, H, 0), 5120 + 8);
	assert_int_equal(pageblock_type(z, 5120 + 8), U);
	assert_valid(m);
}

static void test_5_5_once_a_call(void **state)
{
	unsigned long progress;

	(void)state;
	shrinker.gives = 1;
	zone_put(z, 6144, 0, H);
	reserve_highatomic_pageblock(z, pfn_to_page(m, 7168));
	/* Both H entries are free pages of the reserve; a call releases one block only. */
	reclaim(&progress);
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_BLOCKS], 1);
}

static void test_5_5_last_block_stays(void **state)
{
	unsigned long progress;

	(void)state;
	shrinker.gives = 1;
	z->nr_reserved_highatomic = 1024;
	assert_null(reclaim(&progress));
	assert_int_equal(progress, 1);
	/* Drained all the same. */
	assert_int_equal(z->pcp[0].count, 0);
	assert_int_equal(free_blocks(z, 0, H), 2);
}

/* What all of them free is progress; what was freed before is not (§30c). */
static void test_17_4_progress_is_the_task_s_counter(void **state)
{
	struct fake_shrinker second;
	unsigned long progress;

	(void)state;
	fake_shrinker_add(m, &second);
	shrinker.gives = 20;
	second.gives = 12;
	current->reclaimed_slab = 1000;
	reclaim(&progress);
	assert_int_equal(progress, 32);
	assert_int_equal(current->reclaimed_slab, 0);
	assert_int_equal(shrinker.last_want, 2); /* twice what there is (§30.4) */
	assert_int_equal(shrinker.gfp, GFP_KERNEL);
	assert_int_equal(m->event[PGINODESTEAL], 32);
}

static void test_5_5_reclaims_as_memalloc(void **state)
{
	unsigned long progress;

	(void)state;
	reclaim(&progress);
	assert_true(shrinker.was_memalloc);
	assert_false(current->flags & PF_MEMALLOC);
	current->flags |= PF_MEMALLOC;
	reclaim(&progress);
	assert_true(current->flags & PF_MEMALLOC);
}

static void test_6_2_unregistered_is_not_asked(void **state)
{
	unsigned long progress;

	(void)state;
	unregister_shrinker(m, &shrinker.shrinker);
	assert_null(reclaim(&progress));
	assert_int_equal(shrinker.calls, 0);
	assert_int_equal(progress, 0);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_5_5_no_progress_does_nothing_else),
	TEST(test_5_5_progress_and_a_page_release_nothing),
	TEST(test_5_5_failed_attempt_unreserves_then_drains),
	TEST(test_5_5_once_a_call),
	TEST(test_5_5_last_block_stays),
	TEST(test_17_4_progress_is_the_task_s_counter),
	TEST(test_5_5_reclaims_as_memalloc),
	TEST(test_6_2_unregistered_is_not_asked),
};
TEST_GROUP(reclaim)
