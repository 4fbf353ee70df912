/*
 * swapped-victim: a victim of which half is in swap, and which cannot die (reference §28.1).
 *
 * It waits for a file's mutex whatever signals come. Without a reaper its slots stay in use until it ends; the
 * reaper gives them back with its pages, though nobody reads them.
 */
#include <stdio.h>
#include <string.h>

#include "kernel/task/scenario.h"
#include "mm/page/memory.h"
#include "tests/scenarios/hog.h"
#include "tests/workloads/lockholder.h"

#define PAGES 512

static volatile long holds KERNEL_DATA, swapped KERNEL_DATA;

static long free_swap(void)
{
	return system_memory.swap.nr_swap_pages;
}

/* Until two wait for the mutex: the victim, and then whoever has seen enough. */
static void holder(long unused)
{
	(void)unused;
	holds = 1;
	lw_wake();
	inode_append_contended(2, 1, DEMAND_KERNEL);
}

static void victim(long unused)
{
	unsigned char *p = lw_map(PAGES * PAGE);
	long out = 0;

	(void)unused;
	if (!p)
		fail("memory was refused");
	memset(p, 1, PAGES * PAGE);
	for (long i = 0; i < PAGES; i += 2)
		out += lw_swap_out(p + i * PAGE) == 0;
	swapped = out;
	lw_wake();
	inode_append(1, DEMAND_KERNEL);
}

static void until_victim_waits(int pid)
{
	while (inode_waiters() < 1) {
		if (!lw_alive(pid))
			fail("an app ended before its time");
		lw_sleep_ms(1);
	}
}

static void swapped_victim(long unused)
{
	int holder_pid = lw_spawn("holder", holder, 0), pid, code = 0;
	long before, slots = free_swap();

	(void)unused;
	wait_for_app(holder_pid, &holds);
	pid = lw_spawn("victim", victim, 0);
	wait_for_app(pid, &swapped);
	until_victim_waits(pid);
	before = free_swap();
	lw_set_oom_score_adj(pid, 1000);
	lw_sysrq('f');
	lw_sysrq_wait();
	lw_sleep_ms(20); /* the reaper's */
	lw_counter(COUNTER("slots_before"), slots - before);
	lw_counter(COUNTER("slots_reaped"), free_swap() - before);
	inode_append(1, DEMAND_KERNEL);
	while (lw_wait(&code) > 0)
		;
	lw_counter(COUNTER("slots_left"), slots - free_swap());
	lockholder_free();
}

#define KILLED_ONE                                                                                 \
	"oom_kills == 1", "oom_kills_by_hand == 1", "victims == 'victim'", "slots_before == 256",  \
		"slots_left == 0", "pswpin == 0"

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.checks = {KILLED_ONE, "slots_reaped == 0", "oom_reaped == 0"},
		.showed = "{slots_before} slots stay until the victim ends"},
	{.patch = "oom-reaper",
		.outcome = "oom-killed",
		.checks = {KILLED_ONE, "slots_reaped == 256", "oom_reaped == 1"},
		.showed = "{oom_reaped_pages} pages and {slots_reaped} slots reaped"},
	{.patch = "all",
		.outcome = "oom-killed",
		.checks = {KILLED_ONE, "slots_reaped == 256", "oom_reaped == 1"},
		.showed = "{oom_reaped_pages} pages and {slots_reaped} slots reaped"},
};

SCENARIO(swapped_victim_scenario) = {
	.name = "swapped-victim",
	.help = "a victim, half of it in swap, that waits for a mutex",
	.group = "test",
	.app = swapped_victim,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "swap=card:4092",
	.mem_mib = 64,
	.devices = "card=8",
	.cpus = {1, 4},
};
