/*
 * A kill on one CPU while the victim runs, and ends, on another: every place at which it can come in
 * between (reference §7.6, §7.7).
 */
#include "fibers.h"
#include "oom_case.h"

#include "kernel/core/lock/lock.h"
#include "mm/page/vmstat.h"

#define PAGES 20

static struct task *victim;
static long before;

/* CPU 0 is a kernel task's, CPU 1 the victim's; nobody is left of an earlier case. */
static void two_cpus(unsigned int patches, unsigned int pages)
{
	struct task *killer;

	tasks_reset();
	apps_reset();
	become_cpu(0);
	killer = task_new("killer", 100, NULL);
	killer->flags = PF_KTHREAD;
	become(killer);
	nr_cpus = 2;
	m = machine_with(10, patches);
	console_clear();
	before = all_free(m);
	become_cpu(1);
	victim = pages ? app_mapped(m, "victim", 10, pages) : app_new("victim", 10, 20, 0);
	become(victim);
	become_cpu(0);
	become(killer);
}

static void kill_somebody(void *unused)
{
	(void)unused;
	assert_true(oom(GFP_KERNEL));
}

static void leave_when_killed(void *unused)
{
	(void)unused;
	while (!fatal_signal_pending(current))
		cond_resched();
	app_leaves(m, current);
}

/* For each point of CPU 0, until there are no more. Without pages the victim leaves in one go. */
static unsigned long each_point(unsigned int patches, unsigned int pages, void (*look)(void))
{
	unsigned long alone = 0, k;

	for (k = 0; k <= alone; k++) {
		two_cpus(patches, pages);
		run_on_cpus(2, (void (*const[])(void *)){kill_somebody, leave_when_killed}, NULL,
			turns_switch_once(k));
		if (k == 0)
			alone = points_passed(0);
		look();
	}
	return k;
}

static void look_at_the_end(void)
{
	assert_int_equal(event_of(OOM_KILLS), 1);
	assert_int_equal(m->oom_victims, 0);
	assert_int_equal(m->nr_mms, m->patches & PATCH_OOM_REAPER_SKIP ? 1 : 0);
	/* 4.9 keeps the struct until the process is collected. */
	if (victim->process->oom_mm)
		mm_drop(victim->process->oom_mm);
	assert_int_equal(all_free(m), before);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_ACTIVE_ANON), 0);
	/* What it had when it was killed, though it may have gone before this was printed. */
	assert_line("Killed process 10 (victim) total-vm:80kB, anon-rss:80kB, file-rss:0kB, "
		    "shmem-rss:0kB");
	assert_valid(m);
}

static void test_7_6_the_victim_leaves_at_any_time(void **state)
{
	(void)state;
	assert_true(each_point((uintptr_t)*state, PAGES, look_at_the_end) > 10);
}

/* The first kill's figures are complete: it was killed, and then it left. */
static void look_at_the_watch(void)
{
	const char *killed = strstr(events(), "\"what\":\"killed\""),
		   *exited = strstr(events(), "\"what\":\"exited\"");

	assert_int_equal(m->watch.pid, 10);
	assert_true(m->watch.exited_ns >= m->watch.killed_ns);
	assert_true(killed && exited && killed < exited);
}

static void test_8_6_the_watch_sees_every_exit(void **state)
{
	(void)state;
	each_point((uintptr_t)*state, 0, look_at_the_watch);
}

/* The chosen one leaves by itself before it can be killed: nothing is said, and nobody dies for it. */
static unsigned int quiet, killed, late;

static void leave(void *unused)
{
	(void)unused;
	app_leaves(m, current);
}

static void test_7_6_the_chosen_one_leaves_by_itself(void **state)
{
	struct task *other;
	unsigned long alone = 0;

	quiet = killed = late = 0;
	for (unsigned long k = 0; k <= alone; k++) {
		two_cpus((uintptr_t)*state, 0);
		other = app_new("other", 11, 1, 0);
		run_on_cpus(2, (void (*const[])(void *)){kill_somebody, leave}, NULL,
			turns_switch_once(k));
		if (k == 0)
			alone = points_passed(0);
		late += is_victim(other);
		killed += is_killed_only(victim); /* its reserves went with it */
		quiet += untouched(victim) && untouched(other);
		assert_int_equal(event_of(OOM_KILLS), console_count("Killed process"));
		assert_true(event_of(OOM_KILLS) + quiet > 0);
		assert_int_equal(m->oom_victims, is_victim(other));
	}
	assert_true(late > 0 && killed > 0 && quiet > 0);
}

static const struct CMUnitTest tests[] = {
	TEST_ALL(test_7_6_the_chosen_one_leaves_by_itself),
	TEST_ALL(test_7_6_the_victim_leaves_at_any_time),
	TEST_ALL(test_8_6_the_watch_sees_every_exit),
};
TEST_GROUP(oom_smp)
