/*
 * oracle-w1: one process writes a byte to each page of more memory than there is, in order; reads the
 * first pages and notes how many came from swap with each; then reads all, in order.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/scenarios/app_test.h"
#include "tests/scenarios/oracle.h"

#define PROBE_PAGES  300
#define MOST_WINDOWS 16
#define ALIGN        8 /* slots of the largest window */

/* So that no window of the others' pages, or of the process's own, reaches into what it probes. */
#define SPARE_PAGES 16

static long mib KERNEL_DATA = 280;
static long reread KERNEL_DATA;
static long probe KERNEL_DATA = PROBE_PAGES;
static long step KERNEL_DATA;

static long windows KERNEL_DATA, window[MOST_WINDOWS] KERNEL_DATA;
static char counter[] KERNEL_DATA = "pswpin";

/* Is a page's slot the one behind that of the page before it? */
static void count_slots(unsigned char *p, long pages)
{
	long swapped = 0, ascending = 0, last = -2, lowest = -1;

	for (long i = 0; i < pages; i++) {
		long slot = lw_swap_slot(p + i * PAGE);

		if (slot >= 0) {
			swapped++;
			ascending += slot == last + 1;
			lowest = lowest < 0 || slot < lowest ? slot : lowest;
		}
		last = slot;
	}
	lw_counter(COUNTER("oracle_swapped"), swapped);
	lw_counter(COUNTER("oracle_ascending"), ascending);
	lw_counter(COUNTER("oracle_lowest_slot"), lowest);
	lw_counter(COUNTER("oracle_first_slot"), lw_swap_slot(p));
}

/*
 * Windows are blocks of slots: the oracle's first page had slot 77, and ours is to lie in its block as
 * that did.
 */
static volatile unsigned char *as_slot_77(unsigned char *p)
{
	for (long i = 0; i < ALIGN; i++)
		if (lw_swap_slot(p + i * PAGE) % ALIGN == 77 % ALIGN)
			return p + i * PAGE;
	return p;
}

/* W6: the first read-ahead windows. What is needed for it is not in swap: nothing else is read meanwhile. */
static void look_at_first(volatile unsigned char *p)
{
	long in = lw_vmstat(counter), now;

	for (long i = 0; i < probe && windows < MOST_WINDOWS; i++, in = now) {
		(void)p[i * PAGE];
		now = lw_vmstat(counter);
		if (now != in)
			window[windows++] = now - in;
	}
}

static void tell_windows(void)
{
	(void)COUNTER("oracle_window_%d");
	for (long i = 0; i < windows; i++) {
		char name[32];

		snprintf(name, sizeof(name), "oracle_window_%ld", i + 1);
		lw_counter(name, window[i]);
	}
}

/* The oracle's r64, r128 ...: so many MiB have been read again. */
static void tell_point(long page)
{
	char name[24];

	snprintf(name, sizeof(name), "r%ld", page >> 8);
	lw_point(name);
}

static long look_at_all(const unsigned char *p, long pages)
{
	long wrong = 0;

	for (long i = 0; i < pages; i++) {
		if (step && i && i % (step << 8) == 0)
			tell_point(i);
		wrong += p[i * PAGE] != (unsigned char)(i * 7 + 1);
	}
	return wrong;
}

static void overcommit(long unused)
{
	long pages = mib << 8;
	unsigned char *p;

	(void)unused;
	oracle_touch(SPARE_PAGES);
	p = oracle_touch(pages);
	lw_point("after-touch");
	count_slots(p, pages);
	oracle_wake_others();
	look_at_first(as_slot_77(p));
	report(look_at_all(p, reread ? reread << 8 : pages) == 0, "every_page_is_what_was_written");
	lw_point("after-reread");
	tell_windows();
	report_end();
}

static void oracle_w1(long unused)
{
	(void)unused;
	oracle_before();
	report(oracle_run("overcommit", overcommit) == 0, "the_app_has_ended_well");
	report_end();
}

static const struct param knobs[] = {
	{"mib", "memory that the app uses, in MiB", 1, 16384, &mib, NULL},
	{"probe", "pages that it looks at one by one before it reads all", 0, 65536, &probe, NULL},
	{"reread", "how much of it it reads again, in MiB; 0: all", 0, 16384, &reread, NULL},
	{"step", "MiB that it reads again between two points of result.json; 0: none are told", 0,
		16384, &step, NULL},
	ORACLE_OTHERS,
};

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"ktap_failed == 0", "pswpout > 0", "oom_kills == 0"},
		.showed = "{pswpout} out, {pswpin} in"},
};

SCENARIO(oracle_w1_scenario) = {
	.name = "oracle-w1",
	.help = "more memory than there is, written and read again",
	.shift = 1,
	.group = "test",
	.app = oracle_w1,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "swap=vda:65532",
	.mem_mib = 256,
	.devices = "disk=64",
};
