/*
 * The OOM killer by hand (reference §7.10), for page faults (§7.9), and disabled (§7.7).
 */
#include "oom_case.h"

#include "kernel/core/lock/lock.h"

/* 7.10 */

static void test_7_10_by_hand(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	assert_true(oom_manual_kill(m));
	assert_true(is_victim(a));
	assert_line("test invoked oom-killer: gfp_mask=0x24000c0(GFP_KERNEL), order=-1, "
		    "oom_score_adj=0");
	assert_int_equal(event_of(OOM_KILLS), 1);
	assert_int_equal(event_of(OOM_KILLS_BY_HAND), 1);
	assert_null(m->oom_lock.info.owner);
}

static void test_7_10_does_not_mind_victims_that_live(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *victim = app_new("b", 11, 1, 0);

	(void)state;
	app_mark(m, victim);
	assert_true(oom_manual_kill(m));
	assert_true(is_victim(a));
	assert_int_equal(event_of(OOM_SCANS_ABORTED), 0);
	assert_int_equal(m->oom_victims, 2);
}

/* The worst may be one of them: it is on its way out. */
static void test_7_10_chooses_a_victim_again(void **state)
{
	struct task *a = app_new("a", 10, 1, 0), *victim = app_new("b", 11, 900, 0);

	(void)state;
	app_mark(m, victim);
	assert_true(oom_manual_kill(m));
	assert_true(untouched(a));
	assert_int_equal(event_of(OOM_KILLS), 0);
	assert_string_equal(console(), "");
}

static void test_7_10_never_panics(void **state)
{
	(void)state;
	m->tunables.panic_on_oom = 2;
	app_new("sshd", 10, 900, -1000);
	assert_true(oom_manual_kill(m)); /* nobody is found */
	assert_string_equal(console(), "");
	app_new("a", 11, 900, 0);
	assert_true(oom_manual_kill(m));
	assert_int_equal(event_of(OOM_KILLS), 1);
}

static void test_7_10_kill_allocating_task_means_nothing(void **state)
{
	struct task *big = app_new("big", 10, 900, 0), *self = app_new("self", 11, 5, 0);

	(void)state;
	m->tunables.oom_kill_allocating_task = 1;
	become(self);
	assert_true(oom_manual_kill(m));
	assert_true(is_victim(big));
	assert_true(untouched(self));
}

static struct task *holder;

static void holder_lets_go(void)
{
	assert_int_equal(current->state, TASK_UNINTERRUPTIBLE);
	assert_int_equal(event_of(OOM_INVOCATIONS), 0);
	twin.on_sleep = NULL;
	become(holder);
	mutex_unlock(&m->oom_lock);
}

static void somebody_holds_oom_lock(void (*when_waited_for)(void))
{
	struct task *self;

	holder = task_new("holder", 40, NULL);
	self = become(holder);
	assert_true(mutex_trylock(&m->oom_lock));
	become(self);
	twin.on_sleep = when_waited_for;
}

static void test_7_10_waits_for_oom_lock(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	somebody_holds_oom_lock(holder_lets_go);
	assert_true(oom_manual_kill(m));
	assert_true(is_victim(a));
}

static void test_7_10_when_the_killer_is_disabled(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	assert_int_equal(oom_killer_disable(m), 0);
	assert_false(oom_manual_kill(m));
	assert_true(untouched(a));
	assert_string_equal(console(), "OOM request ignored because killer is disabled\n");
}

/* Whoever calls it: the killer works with oom_lock held. */
static void look_for_the_lock(struct task *t)
{
	(void)t;
	assert_ptr_equal(m->oom_lock.info.owner, current);
	twin.called++;
}

static void test_7_1_kills_with_oom_lock_held(void **state)
{
	(void)state;
	app_new("a", 10, 900, 0);
	twin.on_kill = look_for_the_lock;
	assert_true(oom_manual_kill(m));
	assert_int_equal(twin.called, 1);
	assert_null(m->oom_lock.info.owner);
}

static void test_7_1_kills_with_oom_lock_held_for_a_fault(void **state)
{
	(void)state;
	app_new("a", 10, 900, 0);
	twin.on_kill = look_for_the_lock;
	pagefault_out_of_memory(m);
	assert_int_equal(twin.called, 1);
	assert_null(m->oom_lock.info.owner);
}

/* 7.9 */

static void test_7_9_panic_on_oom_is_for_faults_too(void **state)
{
	(void)state;
	app_new("a", 10, 900, 0);
	m->tunables.panic_on_oom = 1;
	assert_panics("system-wide panic_on_oom", pagefault_out_of_memory(m));
	assert_printed("order=0");
	mutex_abandon(&m->oom_lock);
}

static void test_7_9_a_killed_task_s_fault(void **state)
{
	struct task *a = app_new("a", 10, 900, 0), *self = app_new("self", 11, 1, 0);

	(void)state;
	app_kill(self);
	become(self);
	pagefault_out_of_memory(m);
	assert_true(self->memdie);
	assert_true(untouched(a));
	assert_string_equal(console(), "");
}

static void test_7_9_when_the_killer_is_disabled(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	assert_int_equal(oom_killer_disable(m), 0);
	pagefault_out_of_memory(m);
	assert_true(untouched(a));
	assert_string_equal(console(), "");
	assert_null(m->oom_lock.info.owner);
}

/* 7.7: disabled */

static void test_7_7_disable_without_victims(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	assert_int_equal(oom_killer_disable(m), 0);
	assert_int_equal(twin.sleeps, 0);
	assert_null(m->oom_lock.info.owner);
	assert_false(oom(GFP_KERNEL));
	assert_true(untouched(a));
	oom_killer_enable(m);
	assert_true(oom(GFP_KERNEL));
	assert_true(is_victim(a));
}

static struct task *victims[2];

static void a_victim_leaves(void)
{
	assert_int_equal(current->state, TASK_UNINTERRUPTIBLE);
	assert_true(m->oom_killer_disabled);
	app_leaves(m, victims[--m->watch.steps]);
}

static void test_7_7_disable_waits_for_all_victims(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		victims[i] = app_new("victim", 10 + i, 100, 0);
		app_mark(m, victims[i]);
	}
	m->watch.steps = 2; /* a count for the hook */
	twin.on_sleep = a_victim_leaves;
	assert_int_equal(oom_killer_disable(m), 0);
	assert_int_equal(twin.sleeps, 2);
	assert_int_equal(m->oom_victims, 0);
	assert_true(m->oom_killer_disabled);
}

static void kill_self(void)
{
	app_kill(current);
}

static void test_7_7_killed_while_it_waits_for_oom_lock(void **state)
{
	(void)state;
	become(app_new("freezer", 11, 1, 0));
	somebody_holds_oom_lock(kill_self);
	assert_int_equal(oom_killer_disable(m), -1);
	assert_false(m->oom_killer_disabled);
	assert_ptr_equal(m->oom_lock.info.owner, holder);
}

/* The last victim that leaves wakes; the first does not. */
static void test_7_7_the_last_exit_wakes(void **state)
{
	struct task *waiter = task_new("waiter", 40, NULL), *self = become(waiter);
	struct waiter w;

	(void)state;
	for (int i = 0; i < 2; i++) {
		victims[i] = app_new("victim", 10 + i, 100, 0);
		app_mark(m, victims[i]);
	}
	wait_prepare(&m->oom_victims_wait, &w, TASK_KILLABLE);
	become(self);
	app_leaves(m, victims[0]);
	assert_int_equal(waiter->state, TASK_KILLABLE);
	app_leaves(m, victims[1]);
	assert_int_equal(waiter->state, TASK_RUNNING);
	become(waiter);
	wait_finish(&m->oom_victims_wait, &w);
}

/* 5.8: what a request gets then */

static void starve(void)
{
	memory_empty(m);
	memory_no_marks(m);
	assert_int_equal(oom_killer_disable(m), 0);
}

static void test_5_8_requests_fail_while_the_killer_is_disabled(void **state)
{
	struct task *a = app_new("a", 10, 900, 0);

	(void)state;
	starve();
	assert_null(alloc_pages(m, GFP_KERNEL, 0));
	assert_true(untouched(a));
	assert_int_equal(event_of(ALLOC_FAILURES), 1);
	assert_printed("page allocation failure: order:0");
	assert_not_printed("invoked oom-killer");
}

static void test_5_8_nofail_is_warned_of_once_and_goes_on(void **state)
{
	(void)state;
	starve();
	zone_marks(dma32(m), 1000, 1000, 1000);
	for (unsigned long pfn = 9500; pfn < 9504; pfn += 2)
		zone_put(dma32(m), pfn, 0, MIGRATE_UNMOVABLE);
	assert_non_null(alloc_pages(m, GFP_KERNEL | __GFP_NOFAIL, 0));
	assert_line("WARNING: gfp_mask=0x24008c0 must not fail, and nobody may be killed for it");
	console_clear();
	assert_non_null(alloc_pages(m, GFP_KERNEL | __GFP_NOFAIL, 0));
	assert_string_equal(console(), "");
}

static const struct CMUnitTest tests[] = {
	TEST_ALL(test_7_10_by_hand),
	TEST_ALL(test_7_10_does_not_mind_victims_that_live),
	TEST_ALL(test_7_10_chooses_a_victim_again),
	TEST(test_7_10_never_panics),
	TEST(test_7_10_kill_allocating_task_means_nothing),
	TEST(test_7_10_waits_for_oom_lock),
	TEST(test_7_10_when_the_killer_is_disabled),
	TEST(test_7_1_kills_with_oom_lock_held),
	TEST(test_7_1_kills_with_oom_lock_held_for_a_fault),
	TEST(test_7_9_panic_on_oom_is_for_faults_too),
	TEST(test_7_9_a_killed_task_s_fault),
	TEST(test_7_9_when_the_killer_is_disabled),
	TEST(test_7_7_disable_without_victims),
	TEST_ALL(test_7_7_disable_waits_for_all_victims),
	TEST(test_7_7_killed_while_it_waits_for_oom_lock),
	TEST(test_7_7_the_last_exit_wakes),
	TEST(test_5_8_requests_fail_while_the_killer_is_disabled),
	TEST(test_5_8_nofail_is_warned_of_once_and_goes_on),
};
TEST_GROUP(oom_manual)
