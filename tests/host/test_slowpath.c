/*
 * The slow path (reference §5): who fails, who loops, the retry decision with and without the
 * patches, the OOM step.
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/highatomic.h"
#include "mm/mm.h"
#include "mm/pageblock.h"
#include "mm/patch.h"
#include "shrink.h"

#define M         MIGRATE_MOVABLE
#define U         MIGRATE_UNMOVABLE
#define H         MIGRATE_HIGHATOMIC
#define NO_VICTIM "Out of memory and no killable processes..."

static struct memory *m;
static struct zone *z;
static struct fake_shrinker shrinker;

/* Nothing is free, no mark holds, nobody can be killed. */
static void start(unsigned int patches)
{
	m = machine_with(10, patches);
	memory_empty(m);
	memory_no_marks(m);
	z = dma32(m);
	fake_shrinker_add(m, &shrinker);
}

static int setup(void **state)
{
	int err = twin_setup(state);

	start(0);
	return err;
}

/* `blocks` H blocks of 1024 free pages from 4096, of which `counted` are in the counter. */
static void reserve_of(unsigned int blocks, unsigned int counted)
{
	for (unsigned long pfn = 4096; blocks--; pfn += 1024) {
		set_pageblock_type(z, pfn, H);
		zone_put(z, pfn, 10, H);
	}
	z->nr_reserved_highatomic = counted * 1024;
}

static void free_one_page(void)
{
	zone_put(z, 9500, 0, U);
}

/* 5.3: fails at once */

static void test_5_2_atomic_fails_after_two_slow_attempts(void **state)
{
	(void)state;
	/* H pages only: an attempt that passes the fast test tries a refill. LOW does not. */
	reserve_of(1, 1);
	zone_marks(z, 0, 100000, 100000);
	assert_null(alloc_pages(m, GFP_ATOMIC | __GFP_NOTRACK, 0));
	assert_int_equal(m->event[ZONE_LOCK_REFILLS], 2);
	assert_int_equal(shrinker.calls, 0);
	assert_int_equal(m->event[ALLOC_FAILURES], 1);
	assert_line("test: page allocation failure: order:0, "
		    "mode:0x2280020(GFP_ATOMIC|__GFP_NOTRACK)");
	assert_printed_in_order("page allocation failure", "<stack>", "Mem-Info:", NULL);
	assert_not_printed("[ pid ]");
}

static void test_5_2_nowarn_is_silent(void **state)
{
	(void)state;
	assert_null(alloc_pages(m, GFP_NOWAIT | __GFP_NOWARN, 0));
	assert_string_equal(console(), "");
	assert_int_equal(m->event[ALLOC_FAILURES], 1);
}

static void test_5_3_atomic_in_interrupt(void **state)
{
	(void)state;
	host_arch.irqs = false;
	this_cpu()->irq_depth = 1;
	assert_null(alloc_pages(m, GFP_ATOMIC, 2));
	assert_int_equal(twin.sleeps + twin.yields, 0);
}

static void test_5_3_noretry_has_one_round(void **state)
{
	(void)state;
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NORETRY, 0));
	assert_int_equal(shrinker.calls, 1);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	shrinker.gives = 1;
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NORETRY, 0));
	assert_int_equal(shrinker.calls, 2);
}

static void test_5_3_costly_has_one_round(void **state)
{
	(void)state;
	shrinker.gives = 32;
	assert_null(alloc_pages(m, GFP_KERNEL, 4));
	assert_int_equal(shrinker.calls, 1);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_5_3_costly_with_repeat_loops_but_never_kills(void **state)
{
	(void)state;
	shrinker.gives = 32;
	z->stat[NR_ZONE_ACTIVE_FILE] = 16000;
	/* A block for the watermark test, on a list that the request cannot use. */
	zone_put(z, 4096, 10, MIGRATE_CMA);
	assert_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE | __GFP_REPEAT, 4));
	assert_int_equal(shrinker.calls, 17);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_5_3_memalloc_ignores_watermarks_then_fails(void **state)
{
	(void)state;
	zone_marks(z, 1000, 2000, 3000);
	zone_put(z, 9500, 0, U);
	current->flags |= PF_MEMALLOC;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(shrinker.calls, 0);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_5_3_memdie_ignores_watermarks_then_fails(void **state)
{
	(void)state;
	zone_marks(z, 1000, 2000, 3000);
	zone_put(z, 9500, 0, U);
	current->memdie = true;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(shrinker.calls, 0);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_1_7_nomemalloc_keeps_out_of_reserves(void **state)
{
	(void)state;
	zone_marks(z, 1000, 2000, 3000);
	zone_put(z, 9500, 0, U);
	current->memdie = true;
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NOMEMALLOC, 0));
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NOMEMALLOC | __GFP_MEMALLOC, 0));
	assert_int_equal(z->stat[NR_FREE_PAGES], 1);
}

static void test_1_7_gfp_memalloc_ignores_watermarks(void **state)
{
	(void)state;
	zone_marks(z, 1000, 2000, 3000);
	zone_put(z, 9500, 0, U);
	assert_non_null(alloc_pages(m, GFP_NOWAIT | __GFP_MEMALLOC, 0));
}

static void test_1_7_task_reserves_are_not_for_interrupts(void **state)
{
	(void)state;
	zone_marks(z, 1000, 2000, 3000);
	zone_put(z, 9500, 0, U);
	current->flags |= PF_MEMALLOC;
	this_cpu()->irq_depth = 1;
	assert_null(alloc_pages(m, GFP_ATOMIC, 0));
}

static void test_1_7_reserves_replace_harder(void **state)
{
	(void)state;
	/* A victim's atomic request: attempt 3 may take H, attempt 6 only ignores marks. */
	reserve_of(1, 1);
	zone_marks(z, 100000, 100000, 100000);
	current->memdie = true;
	assert_null(alloc_pages(m, GFP_ATOMIC, 1));
	zone_marks(z, 0, 100000, 100000);
	assert_non_null(alloc_pages(m, GFP_ATOMIC, 1));
}

static void test_5_3_dma_never_kills(void **state)
{
	(void)state;
	assert_null(alloc_pages(m, GFP_KERNEL | GFP_DMA, 0));
	assert_null(alloc_pages(m, GFP_KERNEL | GFP_DMA32, 0));
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	assert_int_equal(m->event[ALLOC_FAILURES], 2);
}

static void test_5_8_thisnode_and_dumpcore_never_kill(void **state)
{
	(void)state;
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_THISNODE, 0));
	current->flags |= PF_DUMPCORE;
	assert_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_5_2_atomic_and_reclaim_is_not_atomic(void **state)
{
	(void)state;
	zone_marks(z, 8, 100, 200);
	for (int i = 0; i < 8; i++)
		zone_put(z, 9000 + 2 * i, 0, U);
	/* HIGH alone leaves half of min; HARDER would leave 3. */
	for (int i = 0; i < 4; i++)
		assert_non_null(alloc_pages(m, GFP_ATOMIC | GFP_KERNEL | __GFP_NORETRY, 0));
	assert_null(alloc_pages(m, GFP_ATOMIC | GFP_KERNEL | __GFP_NORETRY, 0));
	assert_int_equal(z->stat[NR_FREE_PAGES], 4);
}

static void test_sleeping_allocation_in_atomic_context(void **state)
{
	(void)state;
	host_arch.irqs = false;
	assert_panics("BUG: sleeping allocation (gfp 0x24000c0) in atomic context",
		alloc_pages(m, GFP_KERNEL, 0));
	host_arch.irqs = true;
	this_cpu()->irq_depth = 1;
	assert_panics("BUG: sleeping allocation", alloc_pages(m, GFP_NOFS, 0));
}

/* 5.3: loops */

static unsigned int rounds;

static void free_after_50(void)
{
	if (++rounds == 50)
		free_one_page();
}

static void test_5_3_nofs_loops_and_never_kills(void **state)
{
	(void)state;
	task_new("fat", 10, NULL);
	rounds = 0;
	twin.on_yield = free_after_50;
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_NOFS, 0)), 9500);
	assert_true(m->event[OOM_INVOCATIONS] > 0);
	assert_int_equal(m->event[OOM_KILLS], 0);
	assert_string_equal(console(), "");
}

static void test_5_2_progress_starts_the_count_again(void **state)
{
	(void)state;
	/* With progress every round, R alone decides, and never decays: k stays 0. */
	z->stat[NR_ZONE_ACTIVE_FILE] = 10;
	shrinker.gives = 1;
	rounds = 0;
	twin.on_yield = free_after_50;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	assert_true(shrinker.calls > 20);
}

/* 5.6: the retry decision */

static void test_5_6_reclaimable_pages_decay(void **state)
{
	(void)state;
	/* avail(k) = 1600 - 100 k, and min is 100: the last yes is k = 14. */
	z->stat[NR_ZONE_ACTIVE_FILE] = 1000;
	z->stat[NR_ZONE_INACTIVE_FILE] = 600;
	zone_marks(z, 100, 100, 100);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(shrinker.calls, 15);
}

static void test_5_6_decay_rounds_up(void **state)
{
	(void)state;
	/* avail(1) = 1 - 1 = 0: an R of one page never counts after a round without progress. */
	z->stat[NR_ZONE_ACTIVE_FILE] = 1;
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(shrinker.calls, 1);
	/* avail(15) = 17 - 16 = 1, avail(16) = 0. */
	shrinker.calls = 0;
	m->oom_lock.info.owner = NULL;
	z->stat[NR_ZONE_ACTIVE_FILE] = 17;
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(shrinker.calls, 16);
}

static void test_5_6_nothing_reclaimable_is_oom_at_once(void **state)
{
	(void)state;
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(shrinker.calls, 1);
	assert_int_equal(m->event[OOM_INVOCATIONS], 1);
}

/* Patches that decide at the end of the retries. */
static void exact_accounting(unsigned int patches)
{
	start(patches);
	reserve_of(2, 2);
	zone_marks(z, 100, 100, 100);
}

static void test_4_8_exact_accounting_without_patch(void **state)
{
	(void)state;
	exact_accounting(0);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(shrinker.calls, 1);
	assert_int_equal(z->nr_reserved_highatomic, 2048);
	assert_printed("2*4096kB (H) = 8192kB");
}

static void test_4_8_exhaust_is_not_reached_with_exact_accounting(void **state)
{
	(void)state;
	exact_accounting(PATCH_HIGHATOMIC_EXHAUST);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(shrinker.calls, 1);
	assert_int_equal(z->nr_reserved_highatomic, 2048);
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_BLOCKS], 0);
}

static void test_4_8_early_releases_on_the_first_no(void **state)
{
	(void)state;
	exact_accounting(PATCH_HIGHATOMIC_EXHAUST | PATCH_HIGHATOMIC_EARLY);
	assert_non_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(shrinker.calls, 1);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	assert_int_equal(blocks_of_type(z, H), 1);
	assert_valid(m);
}

static void drain_with(unsigned int patches)
{
	exact_accounting(patches);
	zone_marks(z, 0, 0, 0);
	for (int i = 0; i < 2048; i++)
		assert_non_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
}

static void test_4_8_early_drains_the_reserve_before_oom(void **state)
{
	(void)state;
	drain_with(PATCH_HIGHATOMIC_EXHAUST | PATCH_HIGHATOMIC_EARLY);
	assert_int_equal(z->nr_reserved_highatomic, 0);
	assert_int_equal(blocks_of_type(z, H), 0);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
}

/* The under-counted reserve of §4.9 F: three free H blocks, two in the counter. */
static void under_counted(unsigned int patches)
{
	start(patches);
	reserve_of(3, 2);
	zone_marks(z, 100, 100, 100);
}

static void test_4_9_f_oom_without_the_patch(void **state)
{
	(void)state;
	under_counted(0);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	/* k = 1 to 16 say yes, 17 says no. */
	assert_int_equal(shrinker.calls, 17);
	assert_int_equal(blocks_of_type(z, H), 3);
}

static void test_4_9_f_exhaust_releases_at_round_17(void **state)
{
	(void)state;
	under_counted(PATCH_HIGHATOMIC_EXHAUST);
	assert_non_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(shrinker.calls, 17);
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_BLOCKS], 1);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	assert_valid(m);
}

static void test_4_9_g_exhaust_keeps_the_last_block(void **state)
{
	(void)state;
	start(PATCH_HIGHATOMIC_EXHAUST);
	reserve_of(2, 1);
	zone_marks(z, 100, 100, 100);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(shrinker.calls, 17);
	assert_int_equal(blocks_of_type(z, H), 2);
}

/*
 * Order 2, with CMA blocks to keep the watermark test content: the first released block has but
 * one page, so the very next round releases another.
 */
static void test_4_8_counter_of_rounds_is_not_reset(void **state)
{
	(void)state;
	start(PATCH_HIGHATOMIC_EXHAUST);
	for (unsigned long pfn = 4096; pfn < 7168; pfn += 1024)
		zone_put(z, pfn, 10, MIGRATE_CMA);
	set_pageblock_type(z, 7168, H);
	set_pageblock_type(z, 8192, H);
	zone_put(z, 7168, 0, H);
	zone_put(z, 8192, 2, H);
	z->nr_reserved_highatomic = 3072;
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_HIGHUSER_MOVABLE, 2)), 8192);
	assert_int_equal(shrinker.calls, 18);
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_BLOCKS], 2);
}

static void test_4_8_realtime_reaches_exhaust_with_exact_accounting(void **state)
{
	(void)state;
	exact_accounting(PATCH_HIGHATOMIC_EXHAUST);
	current->prio = PRIO_RT;
	assert_non_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0));
	assert_int_equal(shrinker.calls, 17);
	assert_int_equal(z->nr_reserved_highatomic, 1024);
}

/* 5.7 */

static void give_a_block_at_100(unsigned int call)
{
	if (call == 100)
		zone_put(z, 8192, 2, U);
}

static void test_5_7_order_2_goes_on_while_order_0_would_do(void **state)
{
	(void)state;
	zone_put(z, 9500, 0, U);
	shrinker.gives = 1;
	shrinker.act = give_a_block_at_100;
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_KERNEL, 2)), 8192);
	assert_int_equal(shrinker.calls, 100);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static void test_5_7_not_without_progress(void **state)
{
	(void)state;
	zone_put(z, 9500, 0, U);
	assert_panics(NO_VICTIM, alloc_pages(m, GFP_KERNEL, 2));
	assert_int_equal(shrinker.calls, 1);
}

/* 5.8: the OOM step */

static struct task *holder;

static void holder_lets_go(void)
{
	become(holder);
	mutex_unlock(&m->oom_lock);
	free_one_page();
}

static void test_5_8_busy_oom_lock_is_progress(void **state)
{
	unsigned long before = jiffies;
	struct task *self;

	(void)state;
	holder = task_new("holder", 10, NULL);
	self = become(holder);
	assert_true(mutex_trylock(&m->oom_lock));
	become(self);
	twin.on_sleep = holder_lets_go;
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_int_equal(twin.sleeps, 1);
	assert_int_equal(jiffies, before + 1);
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
}

static struct mm fat_mm;
static struct task *fat;

static void fat_exits(void)
{
	if (!fat->kill_pending)
		return;
	assert_true(fat->memdie);
	become(fat);
	current->mm = NULL;
	exit_mm(m);
	free_one_page();
}

static void fat_task(void)
{
	memset(&fat_mm, 0, sizeof(fat_mm));
	fat_mm.anon_rss = 500;
	fat = task_new("fat", 10, &fat_mm);
}

static void test_5_8_kill_then_success(void **state)
{
	(void)state;
	fat_task();
	twin.on_sleep = fat_exits;
	assert_non_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE | __GFP_ZERO, 0));
	assert_int_equal(m->event[OOM_KILLS], 1);
	assert_int_equal(m->oom_victims, 0);
	assert_null(m->oom_lock.info.owner);
	assert_line("test invoked oom-killer: gfp_mask=0x24280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO), "
		    "order=0, oom_score_adj=0");
}

static void test_5_8_nofail_ignores_watermarks_after_the_step(void **state)
{
	(void)state;
	zone_marks(z, 1000, 1000, 1000);
	zone_put(z, 9500, 0, U);
	fat_task();
	fat->memdie = true; /* a live victim: the scan aborts */
	assert_int_equal(page_to_pfn(m, alloc_pages(m, GFP_KERNEL | __GFP_NOFAIL, 0)), 9500);
	assert_int_equal(m->event[OOM_INVOCATIONS], 1);
	assert_int_equal(m->event[OOM_KILLS], 0);
}

/*
 * In step 8 a reclaimer with NOFAIL yields and tries again; it does not reclaim within reclaim
 * (trap 25 of §15).
 */
static void test_5_2_memalloc_with_nofail_does_not_recurse(void **state)
{
	(void)state;
	current->flags |= PF_MEMALLOC;
	rounds = 40;
	twin.on_yield = free_after_50;
	assert_non_null(alloc_pages(m, GFP_KERNEL | __GFP_NOFAIL, 0));
	assert_int_equal(shrinker.calls, 0);
}

static void test_5_3_killed_task_marks_itself(void **state)
{
	(void)state;
	fat_task();
	become(fat);
	fat->kill_pending = true;
	zone_marks(z, 1000, 1000, 1000);
	zone_put(z, 9500, 0, U);
	/* It loops into the OOM step, becomes a victim there, then may use reserves. */
	assert_non_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_true(fat->memdie);
	assert_int_equal(m->oom_victims, 1);
	assert_int_equal(m->event[OOM_KILLS], 0);
	assert_string_equal(console(), "");
	assert_null(alloc_pages(m, GFP_KERNEL | __GFP_NOWARN, 0));
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_5_2_atomic_fails_after_two_slow_attempts),
	TEST(test_5_2_nowarn_is_silent),
	TEST(test_5_3_atomic_in_interrupt),
	TEST(test_5_3_noretry_has_one_round),
	TEST(test_5_3_costly_has_one_round),
	TEST(test_5_3_costly_with_repeat_loops_but_never_kills),
	TEST(test_5_3_memalloc_ignores_watermarks_then_fails),
	TEST(test_5_3_memdie_ignores_watermarks_then_fails),
	TEST(test_1_7_nomemalloc_keeps_out_of_reserves),
	TEST(test_1_7_gfp_memalloc_ignores_watermarks),
	TEST(test_1_7_task_reserves_are_not_for_interrupts),
	TEST(test_1_7_reserves_replace_harder),
	TEST(test_5_3_dma_never_kills),
	TEST(test_5_8_thisnode_and_dumpcore_never_kill),
	TEST(test_5_2_atomic_and_reclaim_is_not_atomic),
	TEST(test_sleeping_allocation_in_atomic_context),
	TEST(test_5_3_nofs_loops_and_never_kills),
	TEST(test_5_2_progress_starts_the_count_again),
	TEST(test_5_6_reclaimable_pages_decay),
	TEST(test_5_6_decay_rounds_up),
	TEST(test_5_6_nothing_reclaimable_is_oom_at_once),
	TEST(test_4_8_exact_accounting_without_patch),
	TEST(test_4_8_exhaust_is_not_reached_with_exact_accounting),
	TEST(test_4_8_early_releases_on_the_first_no),
	TEST(test_4_8_early_drains_the_reserve_before_oom),
	TEST(test_4_9_f_oom_without_the_patch),
	TEST(test_4_9_f_exhaust_releases_at_round_17),
	TEST(test_4_9_g_exhaust_keeps_the_last_block),
	TEST(test_4_8_counter_of_rounds_is_not_reset),
	TEST(test_4_8_realtime_reaches_exhaust_with_exact_accounting),
	TEST(test_5_7_order_2_goes_on_while_order_0_would_do),
	TEST(test_5_7_not_without_progress),
	TEST(test_5_8_busy_oom_lock_is_progress),
	TEST(test_5_8_kill_then_success),
	TEST(test_5_8_nofail_ignores_watermarks_after_the_step),
	TEST(test_5_2_memalloc_with_nofail_does_not_recurse),
	TEST(test_5_3_killed_task_marks_itself),
};
TEST_GROUP(slowpath)
