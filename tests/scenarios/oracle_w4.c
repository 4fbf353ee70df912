/*
 * oracle-w4: one process maps a file that is larger than memory and reads a byte of each page, in
 * order, twice; then pages at random.
 */
#include <stdlib.h>

#include "tests/scenarios/app_test.h"
#include "tests/scenarios/oracle.h"
#include "tests/scenarios/oracle_file.h"

static long mib KERNEL_DATA = 300;
static long at_random KERNEL_DATA = 20000;

static uint64_t next(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

static long look_at_random(const uint64_t *file)
{
	uint64_t x = 88172645463325252ull;
	long wrong = 0;

	for (long i = 0; i < at_random; i++) {
		x = next(x);
		wrong += oracle_look(file, x % (mib << 8), 1);
	}
	return wrong;
}

static void reader(long unused)
{
	const uint64_t *file = oracle_file(mib << 8);
	long wrong;

	(void)unused;
	wrong = oracle_look(file, 0, mib << 8);
	lw_point("after-pass0");
	wrong += oracle_look(file, 0, mib << 8);
	lw_point("after-pass1");
	wrong += look_at_random(file);
	lw_point("after-rand");
	report(!wrong, "every_page_is_what_was_put_there");
	report_end();
}

static void oracle_w4(long unused)
{
	(void)unused;
	oracle_before();
	report(oracle_run("reader", reader) == 0, "the_app_has_ended_well");
	report_end();
}

static const struct param knobs[] = {
	{"mib", "how much of the file it reads, in MiB", 1, 16384, &mib, NULL},
	{"random", "pages that it reads at random then", 0, 1000000, &at_random, NULL},
	ORACLE_OTHERS,
};

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"ktap_failed == 0", "workingset_refault > 0", "oom_kills == 0"},
		.showed = "{workingset_refault} pages came back, {workingset_activate} were kept"},
};

SCENARIO(oracle_w4_scenario) = {
	.name = "oracle-w4",
	.help = "a file larger than memory, read in order and at random",
	.shift = 1,
	.group = "test",
	.app = oracle_w4,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "root=vda",
	.mem_mib = 256,
	.devices = "disk=332:ext2:ro",
};
