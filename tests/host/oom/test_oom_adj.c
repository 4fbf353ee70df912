/*
 * Writing oom_score_adj (reference §7.5): since 4.8 who shares the memory shares it as well.
 */
#include "oom_case.h"

static void write_adj(struct task *t, short adj)
{
	unsigned long flags = tasks_lock();

	oom_set_score_adj(m, t, adj);
	tasks_unlock(flags);
}

static short adj_of(const struct task *t)
{
	return t->process->oom_score_adj;
}

static void test_7_5_adj_goes_to_all_who_share_the_memory(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *thread = app_thread(a, "thread", 11),
		    *sharer = app_sharing(a, "sharer", 12), *other = app_new("other", 13, 9, 7);

	(void)state;
	sharer->process->oom_score_adj = 5;
	write_adj(thread, -1000);
	assert_int_equal(adj_of(a), -1000);
	assert_int_equal(adj_of(sharer), -1000);
	assert_int_equal(adj_of(other), 7);
	assert_line("updating oom_score_adj for 12 (sharer) from 5 to -1000 because it shares mm "
		    "with 10 (a). Report if this is unexpected.");
	assert_int_equal(console_count("updating"), 1);
}

static void test_7_5_adj_of_one_alone_is_not_worth_a_line(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	write_adj(a, 500);
	assert_int_equal(adj_of(a), 500);
	assert_string_equal(console(), "");
}

static void test_7_5_adj_until_4_7_is_a_process_s_own(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *sharer = app_sharing(a, "sharer", 12);

	(void)state;
	m->tunables.shared_oom_adj = 0;
	write_adj(sharer, -1000);
	assert_int_equal(adj_of(sharer), -1000);
	assert_int_equal(adj_of(a), 0);
	assert_string_equal(console(), "");
}

/* Their children would begin with it. */
static void test_7_5_adj_of_who_is_never_killed_stays(void **state)
{
	struct task *init = app_new("init2", 1, 900, 0), *app = app_sharing(init, "a", 10),
		    *kthread = app_sharing(init, "kthread", 11);

	(void)state;
	kthread->flags |= PF_KTHREAD;
	write_adj(app, -1000);
	assert_int_equal(adj_of(app), -1000);
	assert_int_equal(adj_of(init), 0);
	assert_int_equal(adj_of(kthread), 0);
}

static void test_7_5_adj_of_a_process_that_has_left_its_memory(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *gone = app_new("gone", 11, 9, 0);

	(void)state;
	app_leaves(m, gone);
	write_adj(gone, 3);
	assert_int_equal(adj_of(gone), 3);
	assert_int_equal(adj_of(a), 0);
}

static const struct CMUnitTest tests[] = {
	TEST(test_7_5_adj_goes_to_all_who_share_the_memory),
	TEST(test_7_5_adj_of_one_alone_is_not_worth_a_line),
	TEST(test_7_5_adj_until_4_7_is_a_process_s_own),
	TEST(test_7_5_adj_of_who_is_never_killed_stays),
	TEST(test_7_5_adj_of_a_process_that_has_left_its_memory),
};
TEST_GROUP(oom_adj)
