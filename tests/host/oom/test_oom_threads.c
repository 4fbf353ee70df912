/*
 * The OOM killer and processes of several threads (reference §7.1, §7.3, §7.4, §7.6): which thread
 * becomes the victim, and what the others get; the order of a kill's steps.
 */
#include "oom_case.h"

/* Which thread */

static void test_7_6_one_thread_gets_the_reserves(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *b = app_thread(a, "b", 11);

	(void)state;
	oom(GFP_KERNEL);
	assert_true(is_victim(a));
	assert_true(is_killed_only(b));
	assert_int_equal(m->oom_victims, 1);
	assert_int_equal(a->process->oom_victims, 1);
	assert_int_equal(console_count("Killed process"), 1);
}

/* Chosen by the leader's name, killed by that of a thread that still has memory. */
static void test_7_6_the_leader_has_left(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *b = app_thread(a, "b", 11),
		    *c = app_thread(a, "c", 12);

	(void)state;
	app_leaves(m, a);
	oom(GFP_KERNEL);
	assert_true(is_victim(b));
	assert_true(is_killed_only(c));
	assert_false(a->memdie);
	assert_printed_in_order("Out of memory: Kill process 10 (a) score",
		"Killed process 11 (b) total-vm:7200kB, anon-rss:3600kB", NULL);
	assert_int_equal(m->watch.pid, 10);
}

static void test_10_4_the_table_shows_the_thread_that_has_memory(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	app_thread(a, "b", 11);
	app_thread(a, "c", 12);
	app_leaves(m, a);
	oom(GFP_KERNEL);
	assert_line(
		"[   11]     0    10     1800      900       0       0        0             0 b");
	assert_not_printed(
		"     0    10     1800      900       0       0        0             0 c");
}

static void test_7_6_nobody_has_memory_any_more(void **state)
{
	struct task *parent = app_new("parent", 10, 900, 0), *other = app_new("other", 11, 1, 0);

	(void)state;
	parent->mm = NULL;
	oom(GFP_KERNEL);
	assert_true(untouched(parent));
	assert_true(is_victim(other));
}

/* 7.3 */

static void test_7_3_one_of_two_threads_exits(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *b = app_thread(a, "b", 11);

	(void)state;
	a->flags |= PF_EXITING;
	oom(GFP_KERNEL);
	assert_int_equal(event_of(OOM_KILLS), 1);
	assert_true(b->kill_pending);
}

static void test_7_3_the_last_thread_exits(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	app_leaves(m, app_thread(a, "b", 11));
	a->flags |= PF_EXITING;
	oom(GFP_KERNEL);
	assert_int_equal(event_of(OOM_KILLS), 0);
	assert_int_equal(event_of(OOM_MARKED_DYING), 1);
	assert_true(a->memdie);
	assert_false(a->kill_pending);
}

static void test_7_3_group_exit_of_two_threads(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *b = app_thread(a, "b", 11);

	(void)state;
	become(b);
	process_exit_others(0);
	assert_true(oom(GFP_NOFS));
	/* The one that asks; the others when they come here themselves (§7.8). */
	assert_true(b->memdie);
	assert_false(a->memdie);
	become(a);
	assert_true(oom(GFP_NOFS));
	assert_true(a->memdie);
	assert_int_equal(a->process->oom_victims, 2);
	assert_int_equal(m->oom_victims, 2);
	assert_string_equal(console(), "");
	app_leaves(m, a);
	assert_int_equal(m->oom_victims, 1);
	app_leaves(m, b);
	assert_int_equal(m->oom_victims, 0);
	assert_int_equal(a->process->oom_victims, 0);
}

/* The link to the others that share its memory is gone with the leader's. */
static void test_7_3_a_leader_without_memory_is_killed_again(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *b = app_thread(a, "b", 11);

	(void)state;
	app_kill(a);
	app_leaves(m, a);
	oom(GFP_KERNEL);
	assert_int_equal(event_of(OOM_KILLS), 1);
	assert_true(is_victim(b));
}

static void test_7_3_a_sharer_that_dumps_core_is_not_dying(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *sharer = app_sharing(a, "b", 11);

	(void)state;
	app_kill(a);
	app_kill(sharer);
	sharer->flags |= PF_DUMPCORE;
	become(a);
	assert_true(oom(GFP_NOFS));
	assert_false(a->memdie);
}

static void test_7_3_nor_is_a_process_of_which_another_thread_does(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *b = app_thread(a, "b", 11);

	(void)state;
	app_kill(a);
	b->flags |= PF_DUMPCORE;
	become(a);
	assert_true(oom(GFP_NOFS));
	assert_false(a->memdie);
	oom(GFP_KERNEL); /* so it is killed in due form */
	assert_int_equal(event_of(OOM_KILLS), 1);
}

/* 7.4 */

static void test_7_4_a_thread_that_is_a_victim_aborts_the_scan(void **state)
{
	struct task *other = app_new("other", 9, 5000, 0), *a = app_new("a", 10, 900, 0),
		    *b = app_thread(a, "b", 11);

	(void)state;
	app_mark(m, b);
	assert_true(oom(GFP_KERNEL));
	assert_true(untouched(other));
	assert_int_equal(event_of(OOM_SCANS_ABORTED), 1);
	assert_int_equal(event_of(OOM_KILLS), 0);
}

/* 4.8 knows victims by their threads: when that one has gone, its process may be chosen again. */
static void test_7_4_chosen_again_when_the_victim_thread_has_left(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *b = app_thread(a, "b", 11);

	(void)state;
	app_mark(m, b);
	app_leaves(m, b);
	assert_true(oom(GFP_KERNEL));
	assert_true(a->memdie);
	assert_int_equal(event_of(OOM_KILLS), 0); /* it is on its way out */
}

/* 4.9 by their memory: its process blocks the scan until that is gone. */
static void test_7_4_blocks_until_the_memory_has_gone_in_4_9(void **state)
{
	struct task *other = app_new("other", 9, 50, 0), *a = app_new("a", 10, 900, 0),
		    *b = app_thread(a, "b", 11);

	(void)state;
	app_mark(m, b);
	app_leaves(m, b);
	assert_int_equal(m->oom_victims, 0);
	assert_true(oom(GFP_KERNEL));
	assert_int_equal(event_of(OOM_SCANS_ABORTED), 1);
	assert_true(untouched(other));
	app_leaves(m, a);
	assert_true(oom(GFP_KERNEL));
	assert_true(is_victim(other));
}

static void test_7_1_4_9_pins_the_memory_once(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *b = app_thread(a, "b", 11);
	struct mm *mm = a->mm;

	(void)state;
	app_mark(m, a);
	app_mark(m, b);
	assert_ptr_equal(a->process->oom_mm, mm);
	assert_int_equal(mm->count.n, 2);
	app_leaves(m, a);
	app_leaves(m, b);
	assert_ptr_equal(a->process->oom_mm, mm);
	assert_int_equal(mm->count.n, 2);
}

static void test_7_1_4_8_pins_nothing(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	oom(GFP_KERNEL);
	assert_null(a->process->oom_mm);
	assert_int_equal(a->mm->count.n, 1);
}

/* 7.6: order */

static struct task *first_victim, *sharer_of_it;

static void look_at_a_kill(struct task *t)
{
	/* The signal first: who has reserves must not use them for anything but dying. */
	if (t->process == first_victim->process) {
		assert_false(first_victim->memdie);
		assert_printed("or sacrifice child");
		assert_not_printed("Killed process");
		assert_int_equal(first_victim->mm->count.n, 2); /* pinned for what comes */
	}
	/* The sharers after everything that concerns the victim. */
	if (t == sharer_of_it) {
		assert_true(is_victim(first_victim));
		assert_printed("Killed process 10 (a)");
	}
	twin.called++;
}

static void test_7_6_signal_mark_message_sharers(void **state)
{
	(void)state;
	first_victim = app_new("a", 10, 900, 0);
	app_thread(first_victim, "thread", 11);
	sharer_of_it = app_sharing(first_victim, "sharer", 12);
	sharer_of_it->process->oom_score_adj = -1;
	twin.on_kill = look_at_a_kill;
	oom(GFP_KERNEL);
	assert_int_equal(twin.called, 3);
	assert_int_equal(first_victim->mm->count.n, 1 + (m->patches == REAPER_49));
}

static void test_7_6_sharer_whose_leader_has_left_is_killed(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *sharer = app_sharing(a, "sharer", 11),
		    *thread = app_thread(sharer, "thread", 12);

	(void)state;
	sharer->process->oom_score_adj = -1;
	app_leaves(m, sharer);
	oom(GFP_KERNEL);
	assert_true(is_victim(a));
	assert_true(is_killed_only(thread));
}

static const struct CMUnitTest tests[] = {
	TEST_ALL(test_7_6_one_thread_gets_the_reserves),
	TEST_ALL(test_7_6_the_leader_has_left),
	TEST(test_10_4_the_table_shows_the_thread_that_has_memory),
	TEST(test_7_6_nobody_has_memory_any_more),
	TEST_ALL(test_7_3_one_of_two_threads_exits),
	TEST_ALL(test_7_3_the_last_thread_exits),
	TEST_ALL(test_7_3_group_exit_of_two_threads),
	TEST(test_7_3_a_leader_without_memory_is_killed_again),
	TEST(test_7_3_a_sharer_that_dumps_core_is_not_dying),
	TEST(test_7_3_nor_is_a_process_of_which_another_thread_does),
	TEST_ALL(test_7_4_a_thread_that_is_a_victim_aborts_the_scan),
	TEST(test_7_4_chosen_again_when_the_victim_thread_has_left),
	TEST_SEED(test_7_4_chosen_again_when_the_victim_thread_has_left),
	TEST_49(test_7_4_blocks_until_the_memory_has_gone_in_4_9),
	TEST_49(test_7_1_4_9_pins_the_memory_once),
	TEST(test_7_1_4_8_pins_nothing),
	TEST_SEED(test_7_1_4_8_pins_nothing),
	TEST_ALL(test_7_6_signal_mark_message_sharers),
	TEST_ALL(test_7_6_sharer_whose_leader_has_left_is_killed),
};
TEST_GROUP(oom_threads)
