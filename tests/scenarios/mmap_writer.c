/*
 * mmap-writer and mmap-writer-4.8: the lock that the reaper itself needs (reference §8.6 W2, W2').
 *
 * Threads of a big process map and unmap a page in a loop; each wants mmap_sem for writing. Another
 * app reads that process's /proc file: it holds mmap_sem for reading and allocates. Memory runs out and
 * the big process is killed; its writers wait behind the reader, its other threads behind the writers,
 * and the reaper's trylock fails as long as a writer waits. The seed gives up after ten attempts. Linux
 * 4.9 then lets the killer choose somebody else. So it was until Linux 4.6. In 4.8 a kill ends the wait of
 * a writer: the writers die, and the first attempt succeeds. A spare app stays for 4.9 to kill.
 */
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"
#include "tests/workloads/lockholder.h"

#define MOST_WRITERS 16

static long writers KERNEL_DATA = 4;
static long share_percent KERNEL_DATA = 60;
static long demand_percent KERNEL_DATA = 10;

static const struct param knobs[] = {
	{"writers", "threads of the victim that map and unmap", 1, MOST_WRITERS, &writers, NULL},
	{"share", "the victim's part of memory in percent; the rest is a bystander's", 51, 90,
		&share_percent, NULL},
	{"demand", "what the reader allocates, in percent of memory", 1, 90, &demand_percent, NULL},
};

static volatile long victim_ready KERNEL_DATA, victim_pid KERNEL_DATA, all_taken KERNEL_DATA;
static long pages KERNEL_DATA; /* to be had at the start */

static void writer(long unused)
{
	(void)unused;
	map_and_unmap(&all_taken);
}

static void victim(long unused)
{
	(void)unused;
	for (long i = 0; i < writers; i++)
		if (lw_clone("writer", LW_THREAD, writer, i) < 0)
			fail("a thread could not be started");
	hog_until(pages * (100 - share_percent) / 100, HOG_PLAIN);
	victim_ready = 1;
	lw_wake();
	sleep_for_ever();
}

static void bystander(long unused)
{
	(void)unused;
	take_the_rest(&all_taken);
}

/* So that there is somebody to be killed when all others are dying: else 4.9 panics. */
static void spare(long unused)
{
	(void)unused;
	sleep_for_ever();
}

static void reader(long unused)
{
	(void)unused;
	wait_until(&all_taken);
	if (proc_read(victim_pid, 1, pages * demand_percent / 100, 0))
		fail("the victim is not there");
}

static void mmap_writer(long unused)
{
	int pid, bystander_pid, reader_pid, spare_pid;

	(void)unused;
	pages = pages_to_be_had();
	reader_pid = lw_spawn("reader", reader, 0);
	victim_pid = lw_spawn("victim", victim, 0);
	wait_for_app((int)victim_pid, &victim_ready);
	bystander_pid = lw_spawn("bystander", bystander, 0);
	spare_pid = lw_spawn("spare", spare, 0);
	if (reader_pid < 0 || victim_pid < 0 || bystander_pid < 0 || spare_pid < 0)
		fail("an app could not be started");
	while ((pid = wait_for_child(bystander_pid, &all_taken)) != reader_pid && pid > 0)
		;
	lw_kill(victim_pid);
	lw_kill(bystander_pid);
	lw_kill(spare_pid);
	while (wait_for_child(bystander_pid, &all_taken) > 0)
		;
	lockholder_free();
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "lockup",
		.showed = "writers wait for mmap_sem behind the reader",
		.checks = {"oom_kills == 1", "victims == 'victim'"}},
	{.patch = "oom-reaper",
		.outcome = "lockup",
		.showed = "{oom_reap_attempts} attempts failed, given up, still stuck",
		.checks = {"oom_kills == 1", "victims == 'victim'", "oom_reap_attempts == 10",
			"oom_reap_gave_up == 1"}},
	{.patch = "all",
		.outcome = "oom-killed",
		.showed = "given up after {oom_reap_failed} attempts, {oom_kills} kills in all",
		/* The bystander leaves while the reaper comes: then others die as well (see exit-race). */
		.checks = {"oom_reap_gave_up == 1", "oom_kills >= 2 and oom_kills <= 4",
			"victims == 'victim bystander' or victims == 'victim bystander spare' or "
			"victims == 'victim bystander spare reader'"}},
};

SCENARIO(mmap_writer_scenario) = {
	.name = "mmap-writer",
	.help = "the victim's threads wait for mmap_sem as writers, so that the reaper cannot have "
		"it",
	.source = "oom-reaper",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000 killable_mmap=0",
	.mem = {64, 4096},
	.cpus = {1, 8},
	.group = "study",
	.app = mmap_writer,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};

static const struct scenario_arm arms_of_4_8[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.showed = "reader keeps the victim's memory: {oom_kills} kills",
		.checks = {"oom_kills == 2", "victims == 'victim bystander'"}},
	{.patch = "oom-reaper",
		.outcome = "oom-killed",
		.showed = "reaped; {oom_kills} kills, reader served in {holder_ms} ms",
		/* A victim that has left before it is reaped is none any more: the next one dies. */
		.checks = {"oom_reap_gave_up == 0", "oom_reap_lost == oom_kills - 1",
			"victims == 'victim' or victims == 'victim bystander'"}},
	{.patch = "all",
		.outcome = "oom-killed",
		.showed = "reaped at attempt {oom_reap_attempts}, reader served in {holder_ms} ms",
		.checks = {"oom_kills == 1", "victims == 'victim'", "oom_reap_attempts == 1",
			"oom_reaped == 1"}},
};

SCENARIO(mmap_writer_4_8_scenario) = {
	.name = "mmap-writer-4.8",
	.help = "the same where a kill ends such a wait, as in Linux 4.8",
	.source = "oom-reaper",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000",
	.mem = {64, 4096},
	.cpus = {1, 8},
	.group = "study",
	.app = mmap_writer,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms_of_4_8,
	.nr_arms = ARRAY_SIZE(arms_of_4_8),
};
