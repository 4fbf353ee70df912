/*
 * States in which memory ends (§24.3), with the numbers of the 2 GiB machine: how many rounds of direct reclaim,
 * all in vain, there are before the killer is asked. Lists are as long as their counters say, and no page of
 * them can be freed.
 */
#include "starved.h"

#include "mm/reclaim/scan.h"

static void end_setup(long free)
{
	zone_marks(z, 1414, 1918, 2422);
	z->stat[NR_FREE_PAGES] = free;
}

static void both(enum node_stat item, long pages)
{
	m->node.stat[item] = pages;
	z->stat[NR_ZONE_INACTIVE_ANON + item] = pages;
}

static void anon(long pages)
{
	both(NR_ACTIVE_ANON, pages - pages / 4);
	both(NR_INACTIVE_ANON, pages / 4);
}

static void swap(long total, long free)
{
	m->total_swap_pages = total;
	m->swap.nr_swap_pages = free;
}

/* Passes over the node, in all descents. */
static void assert_oom_after(unsigned long rounds, unsigned long passes)
{
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(stalls_in_vain(m), rounds);
	assert_int_equal(shrinker.counted, passes);
	assert_int_equal(m->event[OOM_INVOCATIONS], 1);
}

static void test_24_3_a_no_swap(void **state)
{
	(void)state;
	end_setup(1400);
	anon(490000);
	assert_oom_after(1, 2);
}

/* avail(k) = 800 - 50 k + 1400: yes up to k = 15. All are used, and the node is reclaimable to the end. */
static void test_24_3_b_a_few_files(void **state)
{
	(void)state;
	end_setup(1400);
	both(NR_INACTIVE_FILE, 500);
	both(NR_ACTIVE_FILE, 300);
	assert_oom_after(16, 16 * 26);
}

/* One page more or less free decides about the 15th. */
static void test_24_3_b_at_its_edge(void **state)
{
	(void)state;
	end_setup(1364);
	both(NR_INACTIVE_FILE, 800);
	assert_oom_after(15, 15 * 26); /* k = 15: 50 + 1364 = 1414 */
}

static void test_24_3_d_swap_is_full(void **state)
{
	(void)state;
	end_setup(1400);
	anon(490000);
	swap(63999, 0);
	assert_oom_after(1, 2);
}

/* Two slots decide between one round and sixteen (trap 27). */
static void test_24_3_d_a_slot_is_left(void **state)
{
	(void)state;
	end_setup(1400);
	anon(490000);
	swap(63999, 1);
	assert_oom_after(16, 16 * 26);
}

/* All that is free is in the reserve, which is larger: with swap to spare. */
static void test_24_3_e_all_reserved(void **state)
{
	(void)state;
	end_setup(5600);
	z->nr_reserved_highatomic = 6144;
	anon(490000);
	swap(63999, 60000);
	assert_oom_after(16, 16 * 26);
}

static void test_24_3_f_all_mlocked(void **state)
{
	(void)state;
	end_setup(1400);
	both(NR_UNEVICTABLE, 480000);
	swap(63999, 60000);
	assert_oom_after(1, 2);
}

/* Trap 25: what others have isolated is not there. The node is reclaimable, by that. */
static void test_trap_25_isolated_pages(void **state)
{
	(void)state;
	end_setup(1400);
	m->node.stat[NR_ISOLATED_ANON] = 320;
	swap(63999, 60000);
	assert_oom_after(1, 26);
}

/* §24.2, trap 26: with progress as well, if all that there is would not be enough. */
static void test_24_2_oom_despite_progress(void **state)
{
	(void)state;
	end_setup(1400);
	shrinker.gives = 1;
	both(NR_INACTIVE_FILE, 14);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(mm_event_sum(m, ALLOCSTALL), 1);
}

static const struct CMUnitTest tests[] = {
	TEST(test_24_3_a_no_swap),
	TEST(test_24_3_b_a_few_files),
	TEST(test_24_3_b_at_its_edge),
	TEST(test_24_3_d_swap_is_full),
	TEST(test_24_3_d_a_slot_is_left),
	TEST(test_24_3_e_all_reserved),
	TEST(test_24_3_f_all_mlocked),
	TEST(test_trap_25_isolated_pages),
	TEST(test_24_2_oom_despite_progress),
};
TEST_GROUP(end_states)
