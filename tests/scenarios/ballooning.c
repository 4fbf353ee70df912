/*
 * ballooning: the balloon goes where the host wants it (devices.md §35.13): it inflates and deflates by the
 * page; before a kill it gives back 256 pages at a time, and takes them again only when it is told to; out
 * of puff it says so, tries on, and lets everything go at the next target.
 *
 * 4.8: while it has pages nobody is killed. Notifiers outside of the killer: what it gives back is less than
 * the high watermark asks for, so that somebody dies at once (§9.4).
 */
#include <stdio.h>
#include <stdlib.h>

#include "kernel/dev/virtio/virtio_balloon.h"
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"

#define MIB_PAGES 256l
#define SIZE_MIB  16l
#define SPARE                                                                                      \
	256l /* pages: more than several CPUs' counters are off, or it would take what comes back, too */

static long need KERNEL_DATA = 1000;

static const struct param knobs[] = {
	{"need", "pages that an app wants when all are taken", 1, SIZE_MIB *MIB_PAGES, &need, NULL},
};

static volatile long ready KERNEL_DATA;
static long mib KERNEL_DATA, wrong KERNEL_DATA;

static void expect(int right, const char *what)
{
	if (right)
		return;
	wrong++;
	printf("wrong: %s; %ld pages of %ld\n", what, balloon_pages(), balloon_target_pages());
	fflush(stdout);
}

/* The host shall leave so much to us. */
static void go_to(long target)
{
	if (!balloon_ask_target(target)) {
		printf("no balloon; expected one (DEVICES=\"balloon=deflate\")\n");
		exit(LW_NO_MEMORY);
	}
	balloon_wait();
}

static void inflate_and_deflate(void)
{
	long free = free_pages_now();

	go_to(mib - 2 * SIZE_MIB);
	expect(balloon_pages() == 2 * SIZE_MIB * MIB_PAGES, "inflated");
	expect(free - free_pages_now() >= balloon_pages() * 99 / 100, "taken from what was free");
	go_to(mib - 2 * SIZE_MIB);
	expect(balloon_pages() == 2 * SIZE_MIB * MIB_PAGES, "the same target again");
	go_to(mib - SIZE_MIB);
	expect(balloon_pages() == SIZE_MIB * MIB_PAGES, "deflated by half");
}

static void hog(long unused)
{
	(void)unused;
	hog_until(SPARE, HOG_PLAIN);
	hog_pages(SPARE + need);
	ready = 1;
	lw_wake();
	sleep_for_ever();
}

/* What was given back before a kill stays so. */
static void in_need(void)
{
	long before = balloon_pages(), given;
	int pid = lw_spawn("hog", hog, 0), code;

	while (!ready && lw_alive(pid))
		lw_sleep_ms(4);
	given = before - balloon_pages();
	lw_counter(COUNTER("balloon_given"), given);
	expect(given > 0 && given % MIB_PAGES == 0, "256 pages at a time before a kill");
	lw_sleep_ms(100);
	expect(balloon_pages() == before - given, "not taken again");
	lw_kill(pid);
	lw_wait(&code);
	go_to(mib - SIZE_MIB - 1);
	expect(balloon_pages() == (SIZE_MIB + 1) * MIB_PAGES, "but at the next target");
}

/* More than there is. */
static void out_of_puff(void)
{
	struct balloon_counts before = balloon_counts(), after;

	go_to(1);
	lw_sleep_ms(500);
	after = balloon_counts();
	lw_counter(COUNTER("balloon_most"), balloon_pages());
	expect(after.puffs - before.puffs >= 2, "out of puff, and again");
	expect(balloon_pages() < balloon_target_pages(), "not all that was wanted");
	go_to(mib);
	expect(balloon_pages() == 0, "all given back");
}

static void ballooning(long unused)
{
	struct lw_meminfo info;

	(void)unused;
	lw_meminfo(&info);
	mib = info.mib;
	inflate_and_deflate();
	in_need();
	out_of_puff();
	lw_counter(COUNTER("balloon_wrong"), wrong);
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"balloon_wrong == 0", "oom_kills == 0", "balloon_given >= 768",
			"balloon_given <= 1280", "notifier_freed_pages == balloon_given",
			"balloon_puffs >= 2", "balloon_inflate == balloon_deflate"},
		.showed = "{balloon_given} pages before a kill, nobody killed"},
	{.patch = "oom-notifier-outside",
		.outcome = "oom-killed",
		.checks = {"balloon_wrong == 0", "oom_kills == 1", "victims == 'hog'",
			"balloon_given == 256", "notifier_kills_after_freed == 1",
			"balloon_puffs >= 2", "balloon_inflate == balloon_deflate"},
		.showed = "{balloon_given} pages before a kill, and a kill"},
};

SCENARIO(ballooning_scenario) = {
	.name = "ballooning",
	.help = "a balloon that the host inflates and deflates, in need and out of puff",
	.group = "test",
	.app = ballooning,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.mem_mib = 128,
	.args = "min_free_kbytes=4096",
	.mem = {128, 1024},
	.cpus = {1, 8},
	.devices = "balloon=deflate",
};
