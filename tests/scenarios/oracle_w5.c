/*
 * oracle-w5: one process reads a file twice; then it writes to memory of its own, and for each MiB of
 * that reads four of the file, over and over; then the file twice more.
 */
#include <stdlib.h>

#include "tests/scenarios/app_test.h"
#include "tests/scenarios/oracle.h"
#include "tests/scenarios/oracle_file.h"

#define MIB_PAGES 256l

static long file_mib KERNEL_DATA = 100;
static long mib KERNEL_DATA = 200;
static long reread KERNEL_DATA = 4;
static long loops KERNEL_DATA = 2;

/* So many pages more, cyclic. */
static long read_on(const uint64_t *file, long *at, long pages)
{
	long wrong = 0;

	while (pages) {
		long n = file_mib * MIB_PAGES - *at;

		n = n < pages ? n : pages;
		wrong += oracle_look(file, *at, n);
		*at = (*at + n) % (file_mib * MIB_PAGES);
		pages -= n;
	}
	return wrong;
}

static void grower(long unused)
{
	const uint64_t *file = oracle_file(file_mib * MIB_PAGES);
	long at = 0, wrong = read_on(file, &at, 2 * file_mib * MIB_PAGES);

	(void)unused;
	lw_point("file-warm2");
	for (long i = 0; i < mib; i++) {
		oracle_touch(MIB_PAGES);
		wrong += read_on(file, &at, reread * MIB_PAGES);
	}
	lw_point("grown");
	at = 0;
	wrong += read_on(file, &at, loops * file_mib * MIB_PAGES);
	lw_point("end");
	report(!wrong, "every_page_is_what_was_put_there");
	report_end();
}

static void oracle_w5(long unused)
{
	(void)unused;
	oracle_before();
	report(oracle_run("grower", grower) == 0, "the_app_has_ended_well");
	report_end();
}

static const struct param knobs[] = {
	{"file_mib", "how much of the file it reads, in MiB", 1, 16384, &file_mib, NULL},
	{"mib", "memory of its own, in MiB", 1, 16384, &mib, NULL},
	{"reread", "MiB of the file that it reads for each", 0, 1024, &reread, NULL},
	{"loops", "how often it reads the file at the end", 0, 1024, &loops, NULL},
	ORACLE_OTHERS,
};

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"ktap_failed == 0", "pswpout > 0", "workingset_activate > 0",
			"oom_kills == 0"},
		.showed = "{pswpout} out, {workingset_refault} pages came back, "
			  "{workingset_activate} were "
			  "kept"},
};

SCENARIO(oracle_w5_scenario) = {
	.name = "oracle-w5",
	.help = "a file that is read over and over while memory is used up",
	.shift = 1,
	.group = "test",
	.app = oracle_w5,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "root=vda swap=vdb:65532",
	.mem_mib = 256,
	.devices = "disk=132:ext2:ro disk=64",
};
