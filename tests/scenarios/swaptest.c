/*
 * swaptest: pages of apps that are taken out to swap one by one, on a card and on a disk in turn, are what
 * they were when they come back, and leave nothing behind when their app ends.
 */
#include <stdlib.h>
#include <string.h>

#include "kernel/dev/block/disk.h"
#include "tests/scenarios/app_test.h"

#define PAGES 96
#define PAGE  4096

static unsigned char *map_filled(int seed)
{
	unsigned char *p = lw_map(PAGES * PAGE);

	for (int i = 0; p && i < PAGES; i++)
		memset(p + i * PAGE, seed + i, PAGE);
	return p;
}

static int all_out(unsigned char *p)
{
	int bad = 0;

	for (int i = 0; i < PAGES; i++)
		bad += lw_swap_out(p + i * PAGE) != 0;
	return bad;
}

static int differ(const unsigned char *p, int seed)
{
	int bad = 0;

	for (int i = 0; i < PAGES; i++)
		for (int at = 0; at < PAGE; at += 511)
			bad += p[i * PAGE + at] != (unsigned char)(seed + i);
	return bad;
}

static void test_read_back(unsigned char *p)
{
	report(all_out(p) == 0, "every_page_goes_out");
	report(differ(p, 1) == 0, "every_page_comes_back_as_it_was");
	report(all_out(p) == 0 && differ(p, 1) == 0, "and_once_more_without_being_written");
}

static void test_write_back(unsigned char *p)
{
	all_out(p);
	for (int i = 0; i < PAGES; i++) /* by writes that are the first access, and by later ones */
		memset(p + i * PAGE + (i & 1), 50 + i, PAGE - (i & 1));
	for (int i = 1; i < PAGES; i += 2)
		p[i * PAGE] = (unsigned char)(50 + i);
	report(all_out(p) == 0 && differ(p, 50) == 0, "what_was_written_since_comes_back");
}

static void test_which_can_go(unsigned char *p)
{
	unsigned char *shared = lw_map_shared(PAGE);

	shared[0] = 1;
	report(lw_swap_out(shared) == 0 && shared[0] == 1, "a_shared_page_goes_and_comes_back");
	lw_mlock(p, PAGE);
	report(lw_swap_out(p) != 0, "a_locked_one_does_not_go");
	lw_munlock(p, PAGE);
	report(lw_swap_out(p) == 0, "but_it_does_when_it_is_not_locked_any_more");
	report(lw_swap_out(p) != 0, "a_page_goes_once");
	lw_mlock(p, PAGE);
	report(lw_swap_out(p) != 0 && p[0] == 50, "to_lock_it_brings_it_back");
	lw_munlock(p, PAGE);
}

static void leave_in_swap(long killed)
{
	unsigned char *p = map_filled(7);

	all_out(p);
	if (differ(p, 7))
		exit(1);
	all_out(p);
	(void)*(volatile unsigned char *)p;
	lw_wake();
	while (killed)
		lw_sleep_ms(1000);
	exit(3);
}

static void test_ends(void)
{
	long seen = lw_event_count();
	int code = 0, pid;

	lw_spawn("leaver", leave_in_swap, 0);
	lw_wait(&code);
	report(code == 3, "an_app_may_end_with_its_pages_in_swap");
	seen = lw_event_count();
	pid = lw_spawn("victim", leave_in_swap, 1);
	lw_wait_event(seen);
	lw_kill(pid);
	lw_wait(&code);
	report(code == -9, "and_be_killed");
}

static volatile long looked KERNEL_DATA;

static void keep_in_swap(long unused)
{
	unsigned char *p = map_filled(9);

	(void)unused;
	all_out(p);
	lw_wake();
	while (!looked)
		lw_sleep_ms(1);
	exit(differ(p, 9) ? 1 : 4);
}

/* swapoff brings the pages of both apps back; from the disk to the card first. */
static void test_swapoff(void)
{
	unsigned char *p = map_filled(3);
	long seen = lw_event_count();
	int code = 0;

	lw_spawn("keeper", keep_in_swap, 0);
	lw_wait_event(seen);
	report(all_out(p) == 0, "both_areas_have_pages");
	report(lw_swapoff("vdz") != 0, "there_is_no_such_area");
	report(lw_swapoff("vda") == 0, "the_disk_s_pages_come_back");
	report(lw_swapoff("vda") != 0, "and_it_is_no_area_any_more");
	report(differ(p, 3) == 0 && all_out(p) == 0, "there_is_the_card_yet");
	report(lw_swapoff("card") == 0 && differ(p, 3) == 0, "the_card_s_pages_come_back");
	report(lw_swap_out(p) != 0, "nothing_is_left_to_swap_to");
	looked = 1;
	lw_wait(&code);
	report(code == 4, "another_app_s_pages_are_what_they_were");
	lw_unmap(p, PAGES * PAGE);
}

/* Reading ahead is done under a plug: neighbours on the disk are one request. */
static void count_requests(void)
{
	const struct disk *disk = disk_find("vda");

	lw_counter(COUNTER("disk_bios"), disk->counts.bios);
	lw_counter(COUNTER("disk_requests"), disk->counts.requests);
}

static void swaptest(long unused)
{
	unsigned char *p = map_filled(1);

	(void)unused;
	test_read_back(p);
	test_write_back(p);
	test_which_can_go(p);
	all_out(p);
	report(lw_unmap(p, PAGES * PAGE) == 0, "unmapping_frees_slots");
	test_ends();
	count_requests();
	test_swapoff();
	report_end();
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"ktap_failed == 0", "ktap_passed > 0", "pswpout > 300", "pswpin > 500",
			"pgmajfault > 50", "pswpin > 2 * pgmajfault",
			"disk_bios > disk_requests + 100"},
		.showed = "{pswpout} pages written, {pswpin} read by {pgmajfault} faults, "
			  "{disk_bios} bios in "
			  "{disk_requests} requests"},
};

SCENARIO(swaptest_scenario) = {
	.name = "swaptest",
	.help = "pages out to swap, and back",
	.group = "test",
	.app = swaptest,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "swap=card:4092:5,disk:4092:5",
	.mem_mib = 128,
	.devices = "disk=16 card=8",
};
