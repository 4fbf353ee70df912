/*
 * Others who use the victim's memory (reference §7.6 step 8, §8.1, §8.2): who of them dies, and who
 * keeps the memory from being reaped: the seed's rule, and 4.9's.
 */
#include "oom_case.h"

static struct task *victim, *sharer;

/* A killed process shares its memory with one that is made like this. */
static void kill_with_sharer(int pid, unsigned int flags, short adj)
{
	oom_reaper_start(m, spawn_stub);
	victim = app_new("victim", 10, 900, 0);
	sharer = app_sharing(victim, "sharer", pid);
	sharer->flags |= flags;
	sharer->process->oom_score_adj = adj;
	assert_true(oom(GFP_KERNEL));
	assert_true(is_victim(victim));
}

static bool is_handed_over(void)
{
	return m->reaper.mm_to_reap || m->reaper.queue;
}

static void test_7_6_a_living_sharer_dies_too(void **state)
{
	(void)state;
	kill_with_sharer(11, 0, -999);
	assert_true(is_killed_only(sharer));
	assert_int_equal(event_of(OOM_SHARERS_KILLED), 1);
	assert_int_equal(is_handed_over(), m->patches != 0);
	assert_int_equal(console_count("Killed process"), 1);
	assert_not_printed("pinned");
}

static void test_8_1_minus_1000_is_spared_and_blocks(void **state)
{
	(void)state;
	kill_with_sharer(11, 0, -1000);
	assert_true(untouched(sharer));
	assert_int_equal(event_of(OOM_SHARERS_KILLED), 0);
	assert_false(is_handed_over());
	assert_not_printed("pinned");
	assert_false(mm_test_flag(victim->mm, MMF_OOM_SKIP));
}

static void test_8_2_minus_1000_dies_in_4_9(void **state)
{
	(void)state;
	kill_with_sharer(11, 0, -1000);
	assert_true(is_killed_only(sharer));
	assert_true(is_handed_over());
}

static void test_7_6_a_kernel_task_blocks_and_is_named(void **state)
{
	(void)state;
	kill_with_sharer(11, PF_KTHREAD, 0);
	assert_true(untouched(sharer));
	assert_false(is_handed_over());
	assert_line("oom killer 10 (victim) has mm pinned by 11 (sharer)");
	assert_false(mm_test_flag(victim->mm, MMF_OOM_SKIP));
}

static void test_8_2_a_kernel_task_does_not_block_in_4_9(void **state)
{
	(void)state;
	kill_with_sharer(11, PF_KTHREAD, 0);
	assert_true(untouched(sharer));
	assert_true(is_handed_over());
	assert_not_printed("pinned");
}

static void test_7_6_init_blocks_and_is_named(void **state)
{
	(void)state;
	kill_with_sharer(1, 0, 0);
	assert_true(untouched(sharer));
	assert_false(is_handed_over());
	assert_line("oom killer 10 (victim) has mm pinned by 1 (sharer)");
	assert_int_equal(mm_test_flag(victim->mm, MMF_OOM_SKIP), m->patches == REAPER_49);
}

static void test_8_2_init_s_sharer_is_in_nobody_s_way_in_4_9(void **state)
{
	struct task *other = app_new("other", 9, 5, 0);

	(void)state;
	kill_with_sharer(1, 0, 0);
	assert_true(oom(GFP_KERNEL));
	assert_true(is_victim(other));
}

/* One that blocks does not save the others. */
static void test_8_1_all_others_die_all_the_same(void **state)
{
	struct task *late;

	(void)state;
	oom_reaper_start(m, spawn_stub);
	victim = app_new("victim", 10, 900, 0);
	sharer = app_sharing(victim, "sshd", 11);
	sharer->process->oom_score_adj = -1000;
	late = app_sharing(victim, "late", 12);
	late->process->oom_score_adj = -1;
	oom(GFP_KERNEL);
	assert_true(is_victim(victim));
	assert_true(untouched(sharer));
	assert_true(is_killed_only(late));
	assert_false(is_handed_over());
}

static void test_another_thread_of_the_victim_is_no_sharer(void **state)
{
	struct task *thread;

	(void)state;
	oom_reaper_start(m, spawn_stub);
	victim = app_new("victim", 10, 900, 0);
	thread = app_thread(victim, "thread", 11);
	thread->flags |= PF_KTHREAD; /* not even so */
	oom(GFP_KERNEL);
	assert_true(is_victim(victim));
	assert_true(is_handed_over());
}

/* 7.4: with 4.8's killer and the seed's reaper a victim that cannot be reaped blocks for good. */
static void test_8_1_what_is_not_reaped_blocks(void **state)
{
	struct task *other = app_new("other", 9, 5, 0);

	(void)state;
	kill_with_sharer(11, 0, -1000);
	assert_true(oom(GFP_KERNEL));
	assert_true(untouched(other));
	assert_int_equal(event_of(OOM_SCANS_ABORTED), 1);
}

/* The shortcuts (§7.2 step 3, §7.6 step 1). */

static void test_8_1_shortcuts_are_not_reaped_by_the_seed(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *b = app_new("b", 11, 1000, 0);

	(void)state;
	oom_reaper_start(m, spawn_stub);
	b->flags |= PF_EXITING;
	assert_true(oom(GFP_KERNEL));
	assert_true(b->memdie);
	assert_false(is_handed_over());
	app_kill(a);
	become(a);
	assert_true(oom(GFP_KERNEL));
	assert_true(a->memdie);
	assert_false(is_handed_over());
}

static void test_8_2_shortcuts_are_reaped_in_4_9(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *b = app_new("b", 11, 1000, 0);

	(void)state;
	oom_reaper_start(m, spawn_stub);
	b->flags |= PF_EXITING;
	assert_true(oom(GFP_KERNEL));
	assert_ptr_equal(m->reaper.queue, b);
	app_kill(a);
	become(a);
	assert_true(oom(GFP_NOFS));
	assert_ptr_equal(m->reaper.queue, a);
	assert_int_equal(event_of(OOM_MARKED_DYING), 2);
	assert_string_equal(console(), "");
	/* Marked once, queued once. */
	assert_true(oom(GFP_NOFS));
	assert_int_equal(a->ref.n, 2);
}

static const struct CMUnitTest tests[] = {
	TEST_ALL(test_7_6_a_living_sharer_dies_too),
	TEST(test_8_1_minus_1000_is_spared_and_blocks),
	TEST_SEED(test_8_1_minus_1000_is_spared_and_blocks),
	TEST_49(test_8_2_minus_1000_dies_in_4_9),
	TEST(test_7_6_a_kernel_task_blocks_and_is_named),
	TEST_SEED(test_7_6_a_kernel_task_blocks_and_is_named),
	TEST_49(test_8_2_a_kernel_task_does_not_block_in_4_9),
	TEST_ALL(test_7_6_init_blocks_and_is_named),
	TEST_49(test_8_2_init_s_sharer_is_in_nobody_s_way_in_4_9),
	TEST_SEED(test_8_1_all_others_die_all_the_same),
	TEST_SEED(test_another_thread_of_the_victim_is_no_sharer),
	TEST_49(test_another_thread_of_the_victim_is_no_sharer),
	TEST_SEED(test_8_1_what_is_not_reaped_blocks),
	TEST_SEED(test_8_1_shortcuts_are_not_reaped_by_the_seed),
	TEST_49(test_8_2_shortcuts_are_reaped_in_4_9),
};
TEST_GROUP(oom_sharers)
