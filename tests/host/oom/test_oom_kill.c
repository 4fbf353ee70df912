/*
 * The OOM killer's kill (reference §7.3, §7.6): who is dying anyway, who dies instead and with whom,
 * and what is said.
 */
#include "oom_case.h"

static void test_7_6_kill_lines(void **state)
{
	struct task *a = app_new("fat app", 10, 1000, 0);

	(void)state;
	a->mm->file_rss = 24;
	a->mm->total_vm = 3000;
	m->total_swap_pages = 1000;
	oom(GFP_KERNEL);
	assert_line("Out of memory: Kill process 10 (fat app) score %lu or sacrifice child",
		1024 * 1000 / (m->totalram_pages + 1000));
	assert_line("Killed process 10 (fat app) total-vm:12000kB, anon-rss:4000kB, "
		    "file-rss:96kB, shmem-rss:0kB");
	assert_printed_in_order("invoked oom-killer", "cpuset=/", "<stack>", "Mem-Info:", "[ pid ]",
		"Out of memory: Kill process", "Killed process", NULL);
}

/* Its share of all memory, in thousandths; and what it has of each kind, in kB. */
static void test_7_6_kill_lines_of_a_large_one(void **state)
{
	struct task *a = app_new("large", 10, m->totalram_pages, 0);

	(void)state;
	a->mm->shmem_rss = 7;
	oom(GFP_KERNEL);
	assert_line("Out of memory: Kill process 10 (large) score %lu or sacrifice child",
		oom_badness(m, a, m->totalram_pages) * 1000 / m->totalram_pages);
	assert_line("Killed process 10 (large) total-vm:%lukB, anon-rss:%lukB, file-rss:0kB, "
		    "shmem-rss:28kB",
		m->totalram_pages * 8, m->totalram_pages * 4);
}

/* Who brings pages back from swap is to blame, whatever its size and adjustment; the last of several. */
static void test_7_4_origin_is_the_first(void **state)
{
	struct task *small = app_new("first", 10, 1, 0), *later = app_new("later", 11, 1, -1000);

	(void)state;
	app_new("large", 12, 1000, 0);
	small->process->oom_origin = later->process->oom_origin = true;
	oom(GFP_KERNEL);
	assert_true(is_victim(later));
	assert_true(untouched(small));
	assert_line("Out of memory: Kill process 11 (later) score %u or sacrifice child",
		(unsigned int)(-1000ul / m->totalram_pages));
}

static void test_7_6_exiting_victim_is_marked_silently(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	a->flags |= PF_EXITING;
	assert_true(oom(GFP_KERNEL));
	assert_true(a->memdie);
	assert_false(a->kill_pending);
	assert_int_equal(m->event[OOM_KILLS], 0);
	assert_string_equal(console(), "");
}

static void test_7_3_shared_with_the_living_is_not_dying(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *sharer = app_sharing(a, "b", 11);

	(void)state;
	a->flags |= PF_EXITING;
	oom(GFP_KERNEL);
	assert_int_equal(m->event[OOM_KILLS], 1);
	/* Equal scores: the later of the two is chosen, both die. */
	assert_true(is_victim(sharer));
	assert_true(a->kill_pending);
	assert_false(a->memdie);
}

/* b is killed already: is that enough? */
static struct task *choose_killed_sharer(void (*fate)(struct task *sharer))
{
	struct task *a = app_new("a", 10, 900, 0), *b = app_sharing(a, "b", 11);

	app_kill(b);
	fate(a);
	assert_true(oom(GFP_KERNEL));
	assert_true(b->memdie); /* of equals the later one is chosen */
	return a;
}

static void lives_on(struct task *t)
{
	assert_false(t->process->group_exit);
}

static void exits(struct task *t)
{
	t->flags |= PF_EXITING;
}

static void test_7_3_killed_but_shared_with_the_living_is_killed_again(void **state)
{
	(void)state;
	assert_true(choose_killed_sharer(lives_on)->kill_pending);
	assert_int_equal(m->event[OOM_KILLS], 1);
}

static void test_7_3_shared_with_the_exiting_is_dying(void **state)
{
	(void)state;
	assert_true(untouched(choose_killed_sharer(exits)));
	assert_int_equal(m->event[OOM_KILLS], 0);
}

static void test_7_3_shared_with_the_killed_is_dying(void **state)
{
	(void)state;
	assert_false(choose_killed_sharer(app_kill)->memdie);
	assert_int_equal(m->event[OOM_KILLS], 0);
}

static void test_7_3_dumping_core_is_not_dying(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	app_kill(a);
	a->flags |= PF_DUMPCORE;
	oom(GFP_KERNEL);
	assert_int_equal(m->event[OOM_KILLS], 1);
}

static void test_7_6_child_is_sacrificed(void **state)
{
	struct task *parent = app_new("parent", 10, 900, 0), *small = app_new("small", 11, 5, 0),
		    *big = app_new("big", 12, 50, 0), *last = app_new("last", 13, 50, 0);

	(void)state;
	task_set_parent(small, parent);
	task_set_parent(big, parent);
	task_set_parent(last, parent);
	oom(GFP_KERNEL);
	assert_true(untouched(parent) && untouched(small) && untouched(last));
	/* The first of the worst: only a higher score replaces it here. */
	assert_true(is_victim(big));
	assert_printed_in_order("Kill process 10 (parent)", "Killed process 12 (big)", NULL);
}

/* Any child that may be killed will do, even one that scores the least. */
static void test_7_6_the_least_of_children_is_sacrificed(void **state)
{
	struct task *parent = app_new("parent", 10, 900, 0), *child = app_new("child", 11, 0, 0);

	(void)state;
	task_set_parent(child, parent);
	assert_int_equal(oom_badness(m, child, 100000), 1);
	oom(GFP_KERNEL);
	assert_true(is_victim(child));
	assert_true(untouched(parent));
}

static void test_7_6_child_that_shares_or_cannot_die_is_no_sacrifice(void **state)
{
	struct task *parent = app_new("parent", 10, 900, 0),
		    *sharer = app_sharing(parent, "sharer", 11),
		    *adj = app_new("adj", 12, 100, -1000);

	(void)state;
	sharer->process->oom_score_adj = -1000; /* else it would be the chosen one */
	task_set_parent(sharer, parent);
	task_set_parent(adj, parent);
	oom(GFP_KERNEL);
	assert_true(is_victim(parent));
	assert_true(untouched(adj));
	/* The seed's rule: a sharer with -1000 is not killed. */
	assert_true(untouched(sharer));
}

static void test_7_6_sharers_die_without_reserves(void **state)
{
	struct task *first = app_new("first", 10, 900, 0), *second, *kthread;

	(void)state;
	second = app_sharing(first, "second", 11);
	kthread = app_sharing(first, "kthread", 12);
	kthread->flags |= PF_KTHREAD;
	oom(GFP_KERNEL);
	assert_true(is_victim(second));
	assert_true(first->kill_pending);
	assert_false(first->memdie);
	assert_true(untouched(kthread));
	assert_int_equal(m->oom_victims, 1);
	assert_int_equal(console_count("Killed process"), 1);
}

static void test_7_6_header_is_ratelimited_kill_lines_are_not(void **state)
{
	(void)state;
	for (int i = 0; i < 13; i++) {
		struct task *t = app_new("t", 10 + i, 100, 0);

		oom(GFP_KERNEL);
		assert_true(is_victim(t));
		app_leaves(m, t);
	}
	assert_int_equal(console_count("invoked oom-killer"), 10);
	assert_int_equal(console_count("Mem-Info:"), 10);
	assert_int_equal(console_count("or sacrifice child"), 13);
	assert_int_equal(console_count("Killed process"), 13);
	jiffies += 5 * hz + 1;
	app_new("t", 30, 100, 0);
	oom(GFP_KERNEL);
	assert_int_equal(console_count("invoked oom-killer"), 11);
	assert_line("oom_kill_process: 3 callbacks suppressed");
}

/* Sacrifice, of processes with several threads */

static void test_7_6_a_child_is_scored_by_its_thread_that_has_memory(void **state)
{
	struct task *parent = app_new("parent", 10, 900, 0), *a = app_new("a", 11, 50, 0),
		    *b = app_new("b", 12, 40, 0), *thread;

	(void)state;
	task_set_parent(a, parent);
	task_set_parent(b, parent);
	thread = app_thread(a, "thread", 13);
	app_leaves(m, a);
	oom(GFP_KERNEL);
	assert_true(is_victim(thread));
	assert_true(untouched(parent) && untouched(b));
	assert_printed_in_order("Kill process 10 (parent)", "Killed process 13 (thread)", NULL);
}

static void test_7_6_a_thread_s_child_is_sacrificed(void **state)
{
	struct task *parent = app_new("parent", 10, 900, 0),
		    *thread = app_thread(parent, "thread", 11), *child = app_new("c", 12, 50, 0);

	(void)state;
	task_set_parent(child, thread);
	oom(GFP_KERNEL);
	assert_true(is_victim(child));
	assert_true(untouched(parent) && untouched(thread));
}

/* With its parent's leader gone, too: the memory that counts is the process's. */
static void test_7_6_a_child_that_shares_is_no_sacrifice(void **state)
{
	struct task *parent = app_new("parent", 10, 900, 0),
		    *child = app_sharing(parent, "child", 11),
		    *thread = app_thread(parent, "thread", 12);

	(void)state;
	child->process->oom_score_adj = -500; /* not to be the chosen one */
	task_set_parent(child, parent);
	app_leaves(m, parent);
	oom(GFP_KERNEL);
	assert_true(is_victim(thread));
	assert_true(is_killed_only(child));
}

static void test_7_6_a_child_without_memory_is_no_sacrifice(void **state)
{
	struct task *parent = app_new("parent", 10, 900, 0), *child = app_new("child", 11, 50, 0);

	(void)state;
	task_set_parent(child, parent);
	child->mm = NULL;
	oom(GFP_KERNEL);
	assert_true(is_victim(parent));
}

static const struct CMUnitTest tests[] = {
	TEST_ALL(test_7_6_kill_lines),
	TEST_ALL(test_7_6_kill_lines_of_a_large_one),
	TEST(test_7_4_origin_is_the_first),
	TEST_ALL(test_7_6_exiting_victim_is_marked_silently),
	TEST_ALL(test_7_3_shared_with_the_living_is_not_dying),
	TEST_ALL(test_7_3_killed_but_shared_with_the_living_is_killed_again),
	TEST_ALL(test_7_3_shared_with_the_exiting_is_dying),
	TEST_ALL(test_7_3_shared_with_the_killed_is_dying),
	TEST_ALL(test_7_3_dumping_core_is_not_dying),
	TEST_ALL(test_7_6_child_is_sacrificed),
	TEST_ALL(test_7_6_the_least_of_children_is_sacrificed),
	TEST(test_7_6_child_that_shares_or_cannot_die_is_no_sacrifice),
	TEST_SEED(test_7_6_child_that_shares_or_cannot_die_is_no_sacrifice),
	TEST_ALL(test_7_6_sharers_die_without_reserves),
	TEST_ALL(test_7_6_header_is_ratelimited_kill_lines_are_not),
	TEST_ALL(test_7_6_a_child_is_scored_by_its_thread_that_has_memory),
	TEST(test_7_6_a_thread_s_child_is_sacrificed),
	TEST(test_7_6_a_child_that_shares_is_no_sacrifice),
	TEST(test_7_6_a_child_without_memory_is_no_sacrifice),
};
TEST_GROUP(oom_kill)
