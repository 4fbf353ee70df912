/*
 * file-map: an app maps a program's text and looks at all of it; once more, when it is in memory; and again when
 * memory of its own has pushed most of it out. Each page is what the runner put there (machine/images.py).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/task/scenario.h"
#include "tests/workloads/filework.h"

#define PAGE  4096l
#define WORDS (PAGE / 8)
#define TEXT  "bin/imklog"
#define PAGES 1536

static long pushed_out KERNEL_DATA = 1024;

static const struct param knobs[] = {
	{"out", "pages of text that the app's own memory is to push out", 0, PAGES, &pushed_out,
		NULL},
};

static int is_right(const uint64_t *word, uint64_t first)
{
	for (unsigned long i = 0; i < WORDS; i++)
		if (word[i] != (first ^ i))
			return 0;
	return 1;
}

/* Pages that are not what they should be. */
static long look_at(const uint64_t *text)
{
	uint64_t key = filework_key(TEXT);
	long wrong = 0;

	for (unsigned long page = 0; page < PAGES; page++)
		wrong += !is_right(text + page * WORDS, page << 32 ^ key);
	return wrong;
}

static long major_faults(const uint64_t *text, long *wrong)
{
	long before = lw_vmstat("pgmajfault");

	*wrong += look_at(text);
	return lw_vmstat("pgmajfault") - before;
}

static void push_out(void)
{
	struct lw_meminfo m;
	unsigned char *p;
	long pages;

	lw_meminfo(&m);
	pages = m.free + pushed_out;
	for (int i = 0; i < m.nr_zones; i++)
		pages -= m.zone[i].protection + m.zone[i].high;
	p = lw_map(pages * PAGE);
	if (!p)
		exit(LW_NO_MEMORY);
	for (long i = 0; i < pages; i++)
		p[i * PAGE] = 1;
}

static void file_map(long unused)
{
	int error = 0, missing = 0;
	long wrong = 0, first, cached, again;
	const uint64_t *text = lw_map_file(TEXT, 0, PAGES * PAGE, 1, &error);

	(void)unused;
	if (!text) {
		printf("%s: error %d\n", TEXT, error);
		exit(1);
	}
	lw_map_file("bin/none", 0, PAGE, 0, &missing);
	first = major_faults(text, &wrong);
	cached = major_faults(text, &wrong);
	push_out();
	again = major_faults(text, &wrong);
	lw_counter(COUNTER("file_pages_wrong"), wrong);
	lw_counter(COUNTER("file_map_missing"), missing == -ENOENT);
	lw_counter(COUNTER("file_map_first"), first);
	lw_counter(COUNTER("file_map_cached"), cached);
	lw_counter(COUNTER("file_map_again"), again);
	lw_counter(COUNTER("file_map_refaults"), lw_vmstat("workingset_refault"));
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"file_pages_wrong == 0", "file_map_missing == 1", "file_map_first > 0",
			"file_map_cached == 0", "file_map_again > 0", "file_map_refaults > 0",
			"oom_kills == 0"},
		.showed = "{file_map_first} major faults, {file_map_cached} when it is there, "
			  "{file_map_again} when it was pushed out"},
};

SCENARIO(file_map_scenario) = {
	.name = "file-map",
	.help = "a program's text, mapped, pushed out and read again",
	.group = "test",
	.app = file_map,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "root=vda",
	.mem_mib = 32,
	.devices = "disk=48:ext4:ro",
};
