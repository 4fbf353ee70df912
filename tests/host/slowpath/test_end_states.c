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

/*
 * All that is scanned is under I/O already: the rounds are over before the first of it is written, and nobody has
 * waited, since it is less than half of what is reclaimable.
 */
static void test_24_3_c_all_under_io(void **state)
{
	unsigned long before = jiffies;

	(void)state;
	end_setup(1400);
	anon(490000);
	swap(63999, 60000);
	z->stat[NR_ZONE_WRITE_PENDING] = 64;
	assert_oom_after(16, 16 * 26);
	assert_int_equal(jiffies, before);
	assert_int_equal(twin.sleeps, 0);
}

/* A write ends in the seventh round, and what was written is freed. */
static void write_ends(void)
{
	if (mm_event_sum(m, ALLOCSTALL) != 14 || z->stat[NR_ZONE_WRITE_PENDING] == 0)
		return;
	z->stat[NR_ZONE_WRITE_PENDING] = 0;
	free_one_page();
	z->stat[NR_FREE_PAGES] = 1415;
}

/* Normally it does not come to that: the attempt between two rounds succeeds (§24.1). */
static void test_24_3_c_a_write_ends_between_two_rounds(void **state)
{
	(void)state;
	end_setup(1400);
	anon(490000);
	swap(63999, 60000);
	z->stat[NR_ZONE_WRITE_PENDING] = 64;
	twin.on_yield = write_ends;
	assert_non_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(stalls_in_vain(m), 7);
	assert_int_equal(m->event[OOM_STEPS], 0);
}

/* Ticks that a request waits for `pending` pages under I/O, of 40000 that are reclaimable, until it is over. */
static unsigned long waited_for(long pending)
{
	unsigned long before = jiffies;

	start(0);
	end_setup(1400);
	anon(40000);
	swap(63999, 20000);
	z->stat[NR_ZONE_WRITE_PENDING] = pending;
	assert_oom_after(16, 16 * 26);
	mutex_abandon(&m->oom_lock);
	return jiffies - before;
}

/* §24.2: of the sixteen rounds fifteen are for another one, which waits while more than half is being written. */
static void test_24_2_half_of_it_under_io(void **state)
{
	(void)state;
	assert_int_equal(waited_for(20000), 0);
	assert_int_equal(waited_for(20001), 15 * (hz / 10));
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
	TEST(test_24_3_c_all_under_io),
	TEST(test_24_3_c_a_write_ends_between_two_rounds),
	TEST(test_24_2_half_of_it_under_io),
	TEST(test_24_3_d_swap_is_full),
	TEST(test_24_3_d_a_slot_is_left),
	TEST(test_24_3_e_all_reserved),
	TEST(test_24_3_f_all_mlocked),
	TEST(test_trap_25_isolated_pages),
	TEST(test_24_2_oom_despite_progress),
};
TEST_GROUP(end_states)
