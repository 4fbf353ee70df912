/*
 * The seed's OOM reaper (reference §8.1): the slot, what pins what, the attempts, what it
 * takes, and what it leaves.
 */
#include "reaper_case.h"

#include "mm/page/mm_trace.h"
#include "mm/slab/slab.h"
#include "mm/swap/swap_area.h"

/* The slot */

static void test_8_1_a_kill_fills_the_slot(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);
	struct mm *mm = a->mm;

	(void)state;
	assert_true(oom(GFP_KERNEL));
	assert_ptr_equal(m->reaper.mm_to_reap, mm);
	assert_int_equal(mm->count.n, 2); /* the struct, not the memory */
	assert_int_equal(mm->users.n, 1);
	run_reaper();
	assert_null(m->reaper.mm_to_reap);
	assert_int_equal(mm->count.n, 1);
}

static void test_8_1_a_second_victim_is_lost(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20), *b = app_mapped(m, "b", 11, 30);

	(void)state;
	assert_true(oom_manual_kill(m));
	assert_true(is_victim(b));
	app_leaves(m, b); /* and the slot is not empty yet */
	assert_true(oom_manual_kill(m));
	assert_true(is_victim(a));
	assert_int_equal(event_of(OOM_REAP_LOST), 1);
	assert_ptr_not_equal(m->reaper.mm_to_reap, a->mm);
	assert_int_equal(a->mm->count.n, 1);
	run_reaper();
	assert_int_equal(a->mm->anon_rss, 20);
	/* Nobody comes back for it. */
	assert_true(oom(GFP_KERNEL));
	assert_null(m->reaper.mm_to_reap);
	app_leaves(m, a);
	assert_all_gone();
}

/* One at a time: the slot is full until the whole of it has been worked on. */
static struct mm *in_the_slot;

static void look_at_the_slot(void)
{
	assert_ptr_equal(m->reaper.mm_to_reap, in_the_slot);
	twin.called++;
}

static void test_8_1_the_slot_is_full_while_it_is_reaped(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);

	(void)state;
	in_the_slot = a->mm;
	oom(GFP_KERNEL);
	twin.on_yield = look_at_the_slot;
	run_reaper();
	assert_int_equal(twin.called, 1);
	twin.called = 0;
	block(a->mm);
	wake_oom_reaper(m, a, a->mm);
	on_nap = look_at_the_slot;
	run_reaper();
	assert_int_equal(twin.called, MAX_OOM_REAP_RETRIES);
	assert_null(m->reaper.mm_to_reap);
}

/*
 * First a user more, then the semaphore by trylock: a victim that has gone is a race lost to it, even
 * while somebody still holds its mmap_sem.
 */
static void test_8_1_gone_comes_before_locked(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);
	struct mm *mm = a->mm;

	(void)state;
	oom(GFP_KERNEL);
	block(mm);
	a->mm = NULL;
	mm_pin(mm);
	assert_true(mm_put_user(mm));
	run_reaper();
	unblock(mm);
	mm_drop(mm);
	assert_int_equal(event_of(OOM_REAP_ATTEMPTS), 1);
	assert_int_equal(event_of(OOM_REAP_RACED), 1);
	assert_int_equal(event_of(OOM_REAP_FAILED), 0);
	assert_int_equal(naps, 0);
	assert_all_gone();
}

/* What is taken */

static const struct swap_device disk = {.name = "card", .pages = 10};

/* A slot, as a table has it. */
static swp_entry_t slot_in_swap(void)
{
	swp_entry_t e;

	assert_null(swap_on(m, &disk, 5, 0, 1));
	e = get_swap_page(m);
	assert_int_equal(swap_duplicate(m, e), 0);
	swapcache_free(m, e);
	return e;
}

static void test_8_1_private_memory_is_taken(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);
	swp_entry_t e = slot_in_swap();
	long free_with;

	(void)state;
	a->mm->swapents = 1;
	*pte_make(a->mm, AT(30)) = swp_entry_to_pte(e);
	free_with = all_free(m);
	assert_int_equal(mm_map_fixed(a->mm, AT(30), LEN(1), VM_WRITE, NULL, 0), 0);
	oom(GFP_KERNEL);
	console_clear();
	host_arch.full_flushes = 0;
	run_reaper();
	assert_int_equal(a->mm->anon_rss, 0);
	assert_int_equal(a->mm->swapents, 0);
	assert_int_equal(entry(a->mm, 30), 0);
	assert_int_equal(all_free(m), free_with + 20);
	assert_int_equal(host_arch.full_flushes, 1);
	assert_int_equal(event_of(OOM_REAPED), 1);
	assert_int_equal(event_of(OOM_REAPED_PAGES), 20);
	assert_int_equal(event_of(OOM_REAP_TEARDOWNS), 0);
	/* What is mapped is mapped still; and not a word. */
	assert_int_equal(a->mm->total_vm, 21);
	assert_string_equal(console(), "");
	assert_int_equal(m->swap.nr_swap_pages, 5);
	assert_int_equal(naps, 0);
	app_leaves(m, a);
	assert_null(swap_off_all(m));
	slab_shrink_all(m);
	assert_all_gone();
}

static void test_8_1_the_victim_is_one_still(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20), *b = app_new("b", 11, 5, 0);

	(void)state;
	oom(GFP_KERNEL);
	run_reaper();
	assert_true(is_victim(a));
	assert_int_equal(m->oom_victims, 1);
	assert_int_equal(a->mm->flags, 0);
	assert_true(oom(GFP_KERNEL));
	assert_true(untouched(b));
	assert_int_equal(event_of(OOM_SCANS_ABORTED), 1);
}

static void test_8_1_what_is_left_alone(void **state)
{
	static char initial[2 * PAGE_SIZE];
	struct task *a = app_mapped(m, "a", 10, 2);
	struct mm *mm = a->mm;

	(void)state;
	map_more(mm, 10, 2, VM_WRITE | VM_LOCKED);
	map_more(mm, 20, 2, VM_WRITE | VM_SHARED);
	map_more(mm, 30, 2, VM_WRITE | VM_HUGETLB);
	map_more(mm, 40, 2, VM_WRITE);
	assert_int_equal(mm_protect(mm, AT(40), LEN(2), false), 0);
	assert_int_equal(mm_map_fixed(mm, AT(50), LEN(2), VM_WRITE, initial, sizeof(initial)), 0);
	assert_int_equal(mm_fault(mm, AT(50), FAULT_WRITE), FAULT_OK);
	oom(GFP_KERNEL);
	run_reaper();
	assert_int_equal(entry(mm, 0) | entry(mm, 1), 0);
	assert_true(entry(mm, 10) && entry(mm, 11)); /* wants munlocking */
	assert_true(entry(mm, 20) && entry(mm, 21)); /* has other owners */
	assert_true(entry(mm, 30) && entry(mm, 31));
	assert_int_equal(entry(mm, 40) | entry(mm, 41) | entry(mm, 50), 0);
	assert_int_equal(mm->anon_rss, 4);
	assert_int_equal(mm->shmem_rss, 2);
	assert_int_equal(event_of(OOM_REAPED_PAGES), 5);
	app_leaves(m, a);
	assert_all_gone();
}

/* Races with the victim */

static void test_8_1_the_victim_has_left(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 20);

	(void)state;
	oom(GFP_KERNEL);
	app_leaves(m, a);
	/* Only the struct is left. */
	assert_int_equal(m->nr_mms, 1);
	assert_int_equal(all_free(m), before - 1);
	run_reaper();
	assert_int_equal(event_of(OOM_REAP_RACED), 1);
	assert_int_equal(event_of(OOM_REAP_ATTEMPTS), 1);
	assert_int_equal(event_of(OOM_REAPED), 0);
	assert_int_equal(naps, 0);
	assert_null(m->reaper.mm_to_reap);
	assert_all_gone();
}

static struct task *leaver;

static void leave_meanwhile(void)
{
	if (!leaver)
		return;
	assert_int_equal(leaver->mm->users.n, 2);
	app_leaves(m, leaver);
	assert_int_equal(m->oom_victims, 0);
	leaver = NULL;
}

static void test_8_1_the_reaper_is_the_last_user(void **state)
{
	leaver = app_mapped(m, "a", 10, 20);
	map_more(leaver->mm, 100, 5, VM_WRITE | VM_LOCKED);
	(void)state;
	oom(GFP_KERNEL);
	twin.on_yield = leave_meanwhile;
	run_reaper();
	assert_null(leaver);
	assert_int_equal(event_of(OOM_REAP_TEARDOWNS), 1);
	assert_all_gone();
}

/* Attempts */

static struct mm *blocked;
static unsigned int naps_to_wait;
static unsigned long started, last;

static void watch_naps(void)
{
	assert_int_equal(current->state, TASK_UNINTERRUPTIBLE);
	assert_int_equal(jiffies - last, hz / 10);
	last = jiffies;
	if (naps == naps_to_wait)
		unblock(blocked);
}

static struct task *reap_blocked(unsigned int naps_until_free)
{
	struct task *a = app_mapped(m, "a", 10, 20);

	blocked = a->mm;
	block(blocked);
	naps_to_wait = naps_until_free;
	oom(GFP_KERNEL);
	console_clear();
	last = started = jiffies;
	on_nap = watch_naps;
	run_reaper();
	assert_int_equal(event_of(OOM_REAP_ATTEMPTS), naps + event_of(OOM_REAPED));
	assert_int_equal(event_of(OOM_REAP_FAILED), naps);
	assert_null(m->reaper.mm_to_reap);
	assert_int_equal(blocked->users.n, 1);
	assert_int_equal(blocked->count.n, 1);
	assert_string_equal(console(), "");
	return a;
}

/* Ten attempts, each with a sleep behind it; then silence, and the next victim may come. */
static void test_8_1_gives_up_after_ten_attempts(void **state)
{
	struct task *a = reap_blocked(~0u);

	(void)state;
	assert_int_equal(naps, 10);
	assert_int_equal(last - started, 10 * (hz / 10));
	assert_int_equal(event_of(OOM_REAP_GAVE_UP), 1);
	assert_int_equal(event_of(OOM_REAPED), 0);
	assert_int_equal(blocked->anon_rss, 20);
	assert_true(is_victim(a));
	wake_oom_reaper(m, a, blocked);
	assert_ptr_equal(m->reaper.mm_to_reap, blocked);
}

static void test_8_1_succeeds_at_a_later_attempt(void **state)
{
	(void)state;
	reap_blocked(3);
	assert_int_equal(naps, 3);
	assert_int_equal(event_of(OOM_REAPED), 1);
	assert_int_equal(event_of(OOM_REAP_GAVE_UP), 0);
	assert_int_equal(blocked->anon_rss, 0);
}

static void test_8_1_succeeds_at_the_last_attempt(void **state)
{
	(void)state;
	reap_blocked(9);
	assert_int_equal(event_of(OOM_REAPED), 1);
	assert_int_equal(event_of(OOM_REAP_GAVE_UP), 0);
}

static void test_8_1_free_after_the_last_attempt_is_too_late(void **state)
{
	(void)state;
	reap_blocked(10);
	assert_int_equal(event_of(OOM_REAPED), 0);
	assert_int_equal(event_of(OOM_REAP_GAVE_UP), 1);
}

/* Memory that came meanwhile is not counted against what was reaped. */
static void more_faults(void)
{
	twin.on_yield = NULL;
	become(task_new("thread", 62, NULL));
	for (int i = 0; i < 4; i++)
		assert_int_equal(mm_fault(blocked, AT(100 + i), FAULT_WRITE), FAULT_OK);
}

static void test_8_1_reaped_pages_are_never_below_none(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 1);

	(void)state;
	blocked = a->mm;
	assert_int_equal(mm_map_fixed(blocked, AT(100), LEN(4), VM_WRITE | VM_LOCKED, NULL, 0), 0);
	oom(GFP_KERNEL);
	twin.on_yield = more_faults;
	run_reaper();
	assert_int_equal(blocked->anon_rss, 4);
	assert_int_equal(event_of(OOM_REAPED_PAGES), 0);
	/* Nor is nothing something. */
	wake_oom_reaper(m, a, blocked);
	run_reaper();
	assert_int_equal(event_of(OOM_REAPED), 2);
	assert_int_equal(event_of(OOM_REAPED_PAGES), 0);
}

/* Traces of a kill and of one attempt, in their order. */
static void test_8_1_what_is_traced(void **state)
{
	static const struct trace_event *const order[] = {
		&mark_victim, &wake_reaper, &start_task_reaping, &finish_task_reaping};
	struct task *a = app_mapped(m, "a", 10, 1);
	long args[] = {10, 10, (long)a->mm, (long)a->mm};

	(void)state;
	memset(&trace_ring, 0, sizeof(trace_ring));
	oom(GFP_KERNEL);
	run_reaper();
	assert_int_equal(trace_ring.total, ARRAY_SIZE(order));
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		assert_ptr_equal(trace_ring.record[i].event, order[i]);
		assert_int_equal(trace_ring.record[i].arg[0], args[i]);
	}
	assert_int_equal(trace_ring.record[3].arg[1], true);
}

/* Waiting for it */

static void kill_one(void)
{
	oom(GFP_KERNEL);
}

static void test_a_kill_wakes_it_and_its_end_who_waits(void **state)
{
	(void)state;
	app_mapped(m, "a", 10, 1);
	assert_true(wakes_waiters(kill_one));
	assert_true(wakes_waiters(run_reaper));
}

static void test_its_lock_has_a_name(void **state)
{
	(void)state;
	assert_string_equal(m->reaper.lock.info.name, "oom_reaper queue");
	assert_string_equal(m->reaper.wait.name, "oom_reaper");
}

static void idle_at_last(void)
{
	assert_string_equal(current->waiting_for, "oom_reaper");
	m->reaper.mm_to_reap = NULL;
	m->reaper.busy = false;
	twin.called++;
}

static void wait_for_it(void)
{
	void (*on_sleep)(void) = twin.on_sleep;

	become(task_new("waiter", 61, NULL));
	twin.on_yield = NULL;
	twin.on_sleep = idle_at_last;
	oom_reaper_wait_idle(m);
	twin.on_sleep = on_sleep;
}

/* Nothing waits for it any more, but it still works; afterwards it is idle. */
static void test_it_is_not_idle_while_it_reaps(void **state)
{
	struct task *a = app_mapped(m, "a", 10, 1);

	(void)state;
	oom(GFP_KERNEL);
	twin.on_yield = wait_for_it;
	run_reaper();
	assert_int_equal(twin.called, 1);
	wake_oom_reaper(m, a, a->mm);
	run_reaper();
	twin.on_sleep = idle_at_last;
	oom_reaper_wait_idle(m);
	assert_int_equal(twin.called, 1);
}

static void a_slot_becomes_empty(void)
{
	assert_string_equal(current->waiting_for, "oom_reaper");
	m->reaper.mm_to_reap = NULL;
}

static void test_wait_until_it_is_idle(void **state)
{
	struct mm mm;

	(void)state;
	oom_reaper_wait_idle(m);
	assert_int_equal(twin.sleeps, 0);
	m->reaper.mm_to_reap = &mm;
	twin.on_sleep = a_slot_becomes_empty;
	oom_reaper_wait_idle(m);
	assert_int_equal(twin.sleeps, 1);
}

static const struct CMUnitTest tests[] = {
	TEST_SEED(test_8_1_a_kill_fills_the_slot),
	TEST_SEED(test_8_1_a_second_victim_is_lost),
	TEST_SEED(test_8_1_the_slot_is_full_while_it_is_reaped),
	TEST_SEED(test_8_1_gone_comes_before_locked),
	TEST_SEED(test_8_1_private_memory_is_taken),
	TEST_SEED(test_8_1_the_victim_is_one_still),
	TEST_SEED(test_8_1_what_is_left_alone),
	TEST_SEED(test_8_1_the_victim_has_left),
	TEST_SEED(test_8_1_the_reaper_is_the_last_user),
	TEST_SEED(test_8_1_gives_up_after_ten_attempts),
	TEST_SEED(test_8_1_succeeds_at_a_later_attempt),
	TEST_SEED(test_8_1_succeeds_at_the_last_attempt),
	TEST_SEED(test_8_1_free_after_the_last_attempt_is_too_late),
	TEST_SEED(test_8_1_reaped_pages_are_never_below_none),
	TEST_SEED(test_8_1_what_is_traced),
	TEST_49(test_8_1_what_is_traced),
	TEST_SEED(test_a_kill_wakes_it_and_its_end_who_waits),
	TEST_49(test_a_kill_wakes_it_and_its_end_who_waits),
	TEST(test_its_lock_has_a_name),
	TEST_SEED(test_it_is_not_idle_while_it_reaps),
	TEST_49(test_it_is_not_idle_while_it_reaps),
	TEST(test_wait_until_it_is_idle),
};
TEST_GROUP(oom_reaper)
