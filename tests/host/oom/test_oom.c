/*
 * The OOM killer of Linux 4.8 (reference §7): entry, selection, badness, victims.
 */
#include "oom_case.h"

/* 7.5 */

static void test_7_5_badness_sums_what_dies_with_it(void **state)
{
	struct task *t = app_new("a", 10, 100, 0);

	(void)state;
	t->mm->file_rss = 20;
	t->mm->swapents = 7;
	t->mm->nr_ptes = 3;
	t->mm->nr_pmds = 2;
	assert_int_equal(oom_badness(m, t, 100000), 132);
}

/* A counter may be below zero for a moment, while pages come and go: that is none. */
static void test_7_5_badness_of_counters_that_change(void **state)
{
	struct task *t = app_new("a", 10, 0, 0);

	(void)state;
	t->mm->file_rss = 20;
	assert_int_equal(oom_badness(m, t, 100000), 20);
	t->mm->anon_rss = -3;
	assert_int_equal(oom_badness(m, t, 100000), 20);
	t->mm->shmem_rss = -3;
	assert_int_equal(oom_badness(m, t, 100000), 20);
	t->mm->shmem_rss = 5;
	assert_int_equal(oom_badness(m, t, 100000), 25);
}

static void test_7_5_badness_adj(void **state)
{
	struct task *t = app_new("a", 10, 100, 0);

	(void)state;
	t->process->oom_score_adj = 10;
	/* The division comes first: 10 * (100999 / 1000). */
	assert_int_equal(oom_badness(m, t, 100999), 100 + 10 * 100);
	t->process->oom_score_adj = -1;
	assert_int_equal(oom_badness(m, t, 99999), 100 - 99);
	t->process->oom_score_adj = -2;
	assert_int_equal(oom_badness(m, t, 99999), 1);
	t->process->oom_score_adj = -999;
	assert_int_equal(oom_badness(m, t, 1 << 30), 1);
	t->process->oom_score_adj = 1000;
	assert_int_equal(oom_badness(m, t, 999), 100);
	assert_int_equal(oom_badness(m, t, 1000), 1100);
}

static void test_7_5_root_has_3_percent_less(void **state)
{
	struct task *t = app_new("a", 10, 199, 0);

	(void)state;
	t->process->cap_sys_admin = true;
	assert_int_equal(oom_badness(m, t, 100000), 199 - 5); /* of 5.97 */
	t->mm->nr_ptes = 1;
	assert_int_equal(oom_badness(m, t, 100000), 200 - 6);
	/* Of what it has, not of what it is adjusted by; and it is never nothing. */
	t->process->oom_score_adj = 10;
	assert_int_equal(oom_badness(m, t, 100000), 194 + 10 * 100);
	t->process->oom_score_adj = -2;
	assert_int_equal(oom_badness(m, t, 100000), 1);
}

static void test_7_5_a_user_dies_before_a_larger_root(void **state)
{
	struct task *user = app_new("user", 10, 980, 0), *root = app_new("root", 11, 1000, 0);

	(void)state;
	root->process->cap_sys_admin = true;
	oom(GFP_KERNEL);
	assert_true(is_victim(user) && untouched(root));
}

static void test_7_5_badness_0_cannot_be_killed(void **state)
{
	struct task *t = app_new("a", 10, 100, -1000);

	(void)state;
	assert_int_equal(oom_badness(m, t, 100000), 0);
	t->process->oom_score_adj = 0;
	t->flags |= PF_KTHREAD;
	assert_int_equal(oom_badness(m, t, 100000), 0);
	t->flags = 0;
	t->mm = NULL;
	assert_int_equal(oom_badness(m, t, 100000), 0);
	assert_int_equal(oom_badness(m, app_new("init2", 1, 100, 0), 100000), 0);
	/* An empty one still can. */
	assert_int_equal(oom_badness(m, app_new("b", 11, 0, 0), 100000), 1);
}

/* 7.4 */

static void test_7_4_worst_dies(void **state)
{
	struct task *a = app_new("a", 10, 100, 0), *b = app_new("b", 11, 300, 0),
		    *c = app_new("c", 12, 200, 0);

	(void)state;
	assert_true(oom(GFP_KERNEL));
	assert_true(is_victim(b));
	assert_true(untouched(a) && untouched(c));
	assert_int_equal(m->oom_victims, 1);
	assert_int_equal(m->event[OOM_KILLS], 1);
	assert_int_equal(m->event[OOM_INVOCATIONS], 1);
}

static void test_7_4_equal_later_wins(void **state)
{
	struct task *a = app_new("a", 10, 300, 0), *b = app_new("b", 11, 300, 0);

	(void)state;
	oom(GFP_KERNEL);
	assert_true(untouched(a));
	assert_true(is_victim(b));
}

static void test_7_4_init_kernel_and_minus_1000_are_skipped(void **state)
{
	struct task *init = app_new("init2", 1, 900, 0), *kthread = app_new("kthread", 10, 900, 0),
		    *adj = app_new("sshd", 11, 900, -1000), *small = app_new("small", 12, 1, -999);

	(void)state;
	kthread->flags |= PF_KTHREAD;
	oom(GFP_KERNEL);
	assert_true(untouched(init) && untouched(kthread) && untouched(adj));
	assert_true(is_victim(small));
}

static void test_7_4_adj_can_turn_the_choice(void **state)
{
	struct task *a = app_new("a", 10, 3000, 0), *b = app_new("b", 11, 10, 1000);

	(void)state;
	oom(GFP_KERNEL);
	assert_true(untouched(a));
	assert_true(is_victim(b));
}

static void test_7_4_live_victim_aborts_the_scan(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *victim = app_new("b", 11, 1, 0);

	(void)state;
	app_mark(m, victim);
	assert_true(oom(GFP_KERNEL));
	assert_true(untouched(a));
	assert_int_equal(m->event[OOM_KILLS], 0);
	assert_int_equal(twin.sleeps, 0);
	assert_string_equal(console(), "");
}

static void test_7_4_victim_without_mm_still_blocks(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *victim = app_new("b", 11, 1, 0);

	(void)state;
	app_mark(m, victim);
	victim->mm = NULL;
	assert_true(oom(GFP_KERNEL));
	assert_true(untouched(a));
}

static void test_7_4_nobody_left_panics(void **state)
{
	(void)state;
	app_new("sshd", 11, 900, -1000);
	assert_panics("Out of memory and no killable processes...", oom(GFP_KERNEL));
	assert_printed("test invoked oom-killer");
	mutex_abandon(&m->oom_lock);
}

/* 7.2 */

static void test_7_2_without_fs_nobody_is_killed(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	assert_true(oom(GFP_NOFS));
	assert_true(oom(GFP_NOIO));
	assert_true(untouched(a));
	assert_string_equal(console(), "");
	assert_true(oom(GFP_NOFS | __GFP_NOFAIL));
	assert_true(is_victim(a));
}

static void test_7_2_dying_caller_marks_itself(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *self = app_new("self", 11, 1, 0);

	(void)state;
	app_kill(self);
	become(self);
	/* Also without __GFP_FS: this comes first. */
	assert_true(oom(GFP_NOFS));
	assert_true(self->memdie);
	assert_true(untouched(a));
	assert_int_equal(m->oom_victims, 1);
	assert_int_equal(m->event[OOM_KILLS], 0);
	assert_string_equal(console(), "");
	/* Marked once. */
	assert_true(oom(GFP_KERNEL));
	assert_int_equal(m->oom_victims, 1);
}

static void test_7_2_panic_on_oom(void **state)
{
	(void)state;
	app_new("a", 10, 900, 0);
	m->tunables.panic_on_oom = 1;
	assert_panics("Out of memory: system-wide panic_on_oom is enabled", oom(GFP_KERNEL));
	mutex_abandon(&m->oom_lock);
	m->tunables.panic_on_oom = 2;
	assert_panics("Out of memory: compulsory panic_on_oom is enabled", oom(GFP_KERNEL));
	mutex_abandon(&m->oom_lock);
	assert_int_equal(console_count("invoked oom-killer"), 2);
	/* NOFS returns before that. */
	assert_true(oom(GFP_NOFS));
}

/* Step 3 comes before step 6: with a task that is on its way out nothing is lost yet. */
static void test_7_2_a_dying_caller_is_no_reason_to_panic(void **state)
{
	struct task *a = app_new("a", 10, 100, 0);

	(void)state;
	app_kill(a);
	become(a);
	m->tunables.panic_on_oom = 1;
	assert_true(oom(GFP_KERNEL));
	assert_true(a->memdie);
	assert_string_equal(console(), "");
}

static void test_7_2_kill_allocating_task(void **state)
{
	struct task *big = app_new("big", 10, 900, 0), *self = app_new("self", 11, 5, 0);

	(void)state;
	m->tunables.oom_kill_allocating_task = 1;
	become(self);
	assert_true(oom(GFP_KERNEL));
	assert_true(is_victim(self));
	assert_true(untouched(big));
	assert_line("Out of memory (oom_kill_allocating_task): Kill process 11 (self) score 0 or "
		    "sacrifice child");
	assert_int_equal(twin.sleeps, 0);
}

static void test_7_2_allocating_task_that_cannot_be_killed(void **state)
{
	struct task *big = app_new("big", 10, 900, 0);

	(void)state;
	m->tunables.oom_kill_allocating_task = 1;
	assert_true(oom(GFP_KERNEL)); /* the kernel task that runs the test */
	assert_true(is_victim(big));
	app_leaves(m, big);
	become(app_new("sshd", 11, 5, -1000));
	app_new("other", 12, 5, 0);
	assert_true(oom(GFP_KERNEL));
	assert_line("Out of memory: Kill process 12 (other) score 0 or sacrifice child");
}

static void test_7_2_allocating_task_at_minus_1000_is_spared(void **state)
{
	struct task *other = app_new("other", 10, 5, 0), *sshd = app_new("sshd", 11, 900, -1000);

	(void)state;
	m->tunables.oom_kill_allocating_task = 1;
	become(sshd);
	assert_true(oom(GFP_KERNEL));
	assert_true(untouched(sshd));
	assert_true(is_victim(other));
}

static void test_7_2_allocating_init_is_spared(void **state)
{
	struct task *other = app_new("other", 10, 5, 0), *init = app_new("init2", 1, 900, 0);

	(void)state;
	m->tunables.oom_kill_allocating_task = 1;
	become(init);
	assert_true(oom(GFP_KERNEL));
	assert_true(untouched(init));
	assert_true(is_victim(other));
}

static void test_7_2_sleeps_a_tick_after_a_kill_with_the_lock_held(void **state)
{
	unsigned long before = jiffies;

	(void)state;
	app_new("a", 10, 900, 0);
	oom(GFP_KERNEL);
	assert_int_equal(twin.sleeps, 1);
	assert_int_equal(jiffies, before + 1);
}

static void test_7_2_killed_caller_does_not_sleep(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	become(a);
	oom(GFP_KERNEL);
	assert_true(is_victim(a));
	assert_int_equal(twin.sleeps, 0);
}

/* 7.7, 7.9 */

static void test_7_7_mark_and_exit_count(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	mark_oom_victim(m, a);
	mark_oom_victim(m, a);
	assert_int_equal(m->oom_victims, 1);
	exit_oom_victim(m); /* somebody else's exit */
	assert_int_equal(m->oom_victims, 1);
	become(a);
	exit_oom_victim(m);
	assert_int_equal(m->oom_victims, 0);
	assert_false(a->memdie);
	exit_oom_victim(m);
	assert_int_equal(m->oom_victims, 0);
}

/* The bystander's moment: the victim's memory is being freed, and it has left it already. */
static struct task *leaving, *bystander;

static void ask_for_a_kill(void)
{
	assert_null(leaving->mm);
	assert_true(leaving->memdie);
	assert_int_equal(m->oom_victims, 1);
	become(bystander);
	assert_true(oom(GFP_KERNEL));
	assert_true(untouched(bystander));
	twin.called++;
}

static void test_7_7_a_victim_until_its_memory_has_gone(void **state)
{
	(void)state;
	leaving = app_mapped(m, "a", 10, 20);
	bystander = app_new("b", 11, 5, 0);
	oom(GFP_KERNEL);
	assert_true(is_victim(leaving));
	twin.on_yield = ask_for_a_kill;
	app_leaves(m, leaving);
	twin.on_yield = NULL;
	assert_true(twin.called > 0);
	assert_int_equal(event_of(OOM_KILLS), 1);
	assert_false(leaving->memdie);
	assert_int_equal(m->oom_victims, 0);
	assert_true(oom(GFP_KERNEL));
	assert_true(is_victim(bystander));
}

static void test_7_9_page_fault(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	pagefault_out_of_memory(m);
	assert_true(is_victim(a));
	assert_null(m->oom_lock.info.owner);
	/* Linux's %#x prints a zero as 0x0, the C library's as 0. */
	assert_line("test invoked oom-killer: gfp_mask=0x0(), order=0, oom_score_adj=0");
}

static void test_7_9_page_fault_with_busy_lock(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *self = become(a);

	(void)state;
	assert_true(mutex_trylock(&m->oom_lock));
	become(self);
	pagefault_out_of_memory(m);
	assert_true(untouched(a));
	assert_int_equal(m->event[OOM_INVOCATIONS], 0);
	assert_ptr_equal(m->oom_lock.info.owner, a);
}

static const struct CMUnitTest tests[] = {
	TEST_ALL(test_7_5_badness_sums_what_dies_with_it),
	TEST_ALL(test_7_5_badness_of_counters_that_change),
	TEST_ALL(test_7_5_badness_adj),
	TEST_ALL(test_7_5_root_has_3_percent_less),
	TEST_ALL(test_7_5_a_user_dies_before_a_larger_root),
	TEST_ALL(test_7_5_badness_0_cannot_be_killed),
	TEST_ALL(test_7_4_worst_dies),
	TEST_ALL(test_7_4_equal_later_wins),
	TEST_ALL(test_7_4_init_kernel_and_minus_1000_are_skipped),
	TEST_ALL(test_7_4_adj_can_turn_the_choice),
	TEST_ALL(test_7_4_live_victim_aborts_the_scan),
	TEST_ALL(test_7_4_victim_without_mm_still_blocks),
	TEST_ALL(test_7_4_nobody_left_panics),
	TEST_ALL(test_7_2_without_fs_nobody_is_killed),
	TEST_ALL(test_7_2_dying_caller_marks_itself),
	TEST_ALL(test_7_2_panic_on_oom),
	TEST_ALL(test_7_2_a_dying_caller_is_no_reason_to_panic),
	TEST_ALL(test_7_2_kill_allocating_task),
	TEST_ALL(test_7_2_allocating_task_that_cannot_be_killed),
	TEST_ALL(test_7_2_allocating_task_at_minus_1000_is_spared),
	TEST_ALL(test_7_2_allocating_init_is_spared),
	TEST_ALL(test_7_2_sleeps_a_tick_after_a_kill_with_the_lock_held),
	TEST_ALL(test_7_2_killed_caller_does_not_sleep),
	TEST_ALL(test_7_7_mark_and_exit_count),
	TEST_ALL(test_7_7_a_victim_until_its_memory_has_gone),
	TEST_ALL(test_7_9_page_fault),
	TEST_ALL(test_7_9_page_fault_with_busy_lock),
};
TEST_GROUP(oom)
