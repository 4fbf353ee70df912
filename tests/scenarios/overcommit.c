/*
 * overcommit: one app writes a byte to each page of more memory than there is, in order, then reads them all, in
 * order: the oracle's W1.
 */
#include <stdlib.h>

#include "kernel/task/scenario.h"
#include "tests/scenarios/app_test.h"

#define PAGE 4096

static long mib KERNEL_DATA = 280;

static void overcommit(long unused)
{
	long pages = mib << 8;
	unsigned char *p = lw_map(pages * PAGE);
	long wrong = 0;

	(void)unused;
	for (long i = 0; i < pages; i++)
		p[i * PAGE] = (unsigned char)(i * 7 + 1);
	for (long i = 0; i < pages; i++)
		wrong += p[i * PAGE] != (unsigned char)(i * 7 + 1);
	report(wrong == 0, "every_page_is_what_was_written");
	report_end();
}

static const struct param knobs[] = {
	{"mib", "memory that the app uses, in MiB", 1, 16384, &mib, NULL},
};

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"ktap_failed == 0", "pswpout > 0"},
		.showed = "{pswpout} out, {pswpin} in"},
};

SCENARIO(overcommit_scenario) = {
	.name = "overcommit",
	.help = "more memory than there is, written and read again",
	.group = "test",
	.app = overcommit,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "swap=card:65532",
	.mem_mib = 256,
	.devices = "card=64",
};
