/*
 * two-victims: a second kill while the reaper is busy (reference §8.6 W5).
 *
 * A reader holds the first victim's mmap_sem and the file's mutex, and allocates. The first victim is
 * chosen by the killer; a writer of its own waits for its mmap_sem, so the reaper tries for a second.
 * No second process dies by itself as long as the first one lives; somebody at the console presses
 * SysRq-f, and the second victim sleeps for the mutex. The seed's slot is taken: it is never reaped. Linux
 * 4.9 has a queue.
 *
 * So it was until Linux 4.6. two-victims-4.8 is the same where a kill ends the writer's wait: the first
 * victim leaves at once, so that the killer goes on to the second by itself, while the reader still keeps
 * the first's memory from being freed.
 */
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"
#include "tests/workloads/lockholder.h"

static volatile long first_pid KERNEL_DATA, second_pid KERNEL_DATA;
static volatile long first_ready KERNEL_DATA, all_taken KERNEL_DATA;
static long pages KERNEL_DATA; /* to be had at the start */

static void writer(long unused)
{
	(void)unused;
	map_and_unmap(&all_taken);
}

static void first(long unused)
{
	(void)unused;
	if (lw_clone("writer", LW_THREAD, writer, 0) < 0)
		fail("a thread could not be started");
	hog_until(pages * 45 / 100, HOG_PLAIN);
	first_ready = 1;
	lw_wake();
	sleep_for_ever();
}

static void second(long unused)
{
	(void)unused;
	hog_until(min_pages() / 2, HOG_PLAIN);
	all_taken = 1;
	lw_wake();
	lw_sleep_ms(20); /* the reader is faster */
	inode_append(1, DEMAND_KERNEL);
	sleep_for_ever(); /* who is chosen by hand shall be there */
}

static void reader(long unused)
{
	(void)unused;
	wait_until(&all_taken);
	if (proc_read(first_pid, 1, pages / 10, 1))
		fail("the first victim is not there");
}

/* At the console; it takes no memory. */
static void second_kill(void)
{
	while (lw_oom_kills() < 1 && (all_taken || lw_alive((int)second_pid)))
		lw_sleep_ms(4);
	if (lw_oom_kills() < 1)
		fail("an app ended before its time");
	lw_sleep_ms(60);
	lw_set_oom_score_adj(second_pid, 1000);
	lw_sysrq('f');
}

static void two_victims(long unused)
{
	int reader_pid = lw_spawn("reader", reader, 0);

	(void)unused;
	pages = pages_to_be_had();
	first_pid = lw_spawn("first", first, 0);
	wait_for_app((int)first_pid, &first_ready);
	second_pid = lw_spawn("second", second, 0);
	if (reader_pid < 0 || first_pid < 0 || second_pid < 0)
		fail("an app could not be started");
	second_kill();
	while (wait_for_child((int)second_pid, &all_taken) > 0)
		;
	lockholder_free();
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "lockup",
		.showed = "{oom_kills} victims, neither died",
		.checks = {"oom_kills == 2", "victims == 'first second'",
			"oom_kills_by_hand == 1"}},
	{.patch = "oom-reaper",
		.outcome = "lockup",
		.showed = "slot taken: second victim never reaped",
		.checks = {"oom_kills == 2", "victims == 'first second'", "oom_kills_by_hand == 1",
			"oom_reap_lost == 1", "oom_reaped == 0"}},
	{.patch = "all",
		.outcome = "oom-killed",
		.showed = "queued: both handled, holder served in {holder_ms} ms",
		.checks = {"oom_kills == 2", "victims == 'first second'", "oom_kills_by_hand == 1",
			"oom_reap_gave_up == 1", "oom_reaped == 1"}},
};

SCENARIO(two_victims_scenario) = {
	.name = "two-victims",
	.help = "a second victim, killed by hand while the reaper tries for the first",
	.source = "oom-reaper",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000 killable_mmap=0",
	.mem = {64, 4096},
	.cpus = {1, 8},
	.group = "study",
	.app = two_victims,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};

static const struct scenario_arm arms_of_4_8[] = {
	{.patch = "none",
		.outcome = "lockup",
		.showed = "first's reader keeps its memory, second stays",
		.checks = {"oom_kills == 2", "victims == 'first second'",
			"oom_kills_by_hand == 0"}},
	/* On a smaller machine the first is reaped in one turn, before the reader asks for a second kill. */
	{.patch = "oom-reaper",
		.outcome = "oom-killed",
		.mem = {128, 4096},
		.showed = "second chosen while the first is reaped: lost",
		.checks = {"oom_kills == 2", "victims == 'first second'",
			"oom_kills_by_hand == 0 or cpus > 1", "oom_reap_lost == 1",
			"oom_reap_gave_up == 0"}},
	{.patch = "all",
		.outcome = "oom-killed",
		.showed = "both handled at once, holder served in {holder_ms} ms",
		.checks = {"oom_kills == 2", "victims == 'first second'", "oom_kills_by_hand == 1",
			"oom_reap_lost == 0", "oom_reap_gave_up == 0"}},
};

SCENARIO(two_victims_4_8_scenario) = {
	.name = "two-victims-4.8",
	.help = "the same where a kill ends the writer's wait, as in Linux 4.8",
	.source = "oom-reaper",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000",
	.mem = {64, 4096},
	.cpus = {1, 8},
	.group = "study",
	.app = two_victims,
	.arms = arms_of_4_8,
	.nr_arms = ARRAY_SIZE(arms_of_4_8),
};
