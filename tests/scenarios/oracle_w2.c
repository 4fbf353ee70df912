/*
 * oracle-w2: without swap, one process maps 8 GiB and touches them until it is killed.
 */
#include <stdio.h>

#include "tests/scenarios/oracle.h"

#define PAGES (2l << 20) /* 8 GiB */

static void touch(long unused)
{
	(void)unused;
	oracle_touch(PAGES);
}

static void oracle_w2(long unused)
{
	(void)unused;
	oracle_before();
	printf("ended with %d\n", oracle_run("touch", touch));
}

static const struct param knobs[] = {ORACLE_OTHERS};

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.checks = {"oom_kills == 1", "victims == 'touch'", "pgscan_kswapd == 0",
			"pgscan_direct == 0"},
		.showed = "{kswapd_low_wmark_hit_quickly} of {pageoutrun} kswapd runs woken early, "
			  "{allocstall} stalls"},
};

SCENARIO(oracle_w2_scenario) = {
	.name = "oracle-w2",
	.help = "8 GiB of memory that there is not, touched until the killer comes",
	.shift = 1,
	.group = "test",
	.app = oracle_w2,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.mem_mib = 256,
	.mem = {64, 4096},
	.cpus = {1, 4},
};
