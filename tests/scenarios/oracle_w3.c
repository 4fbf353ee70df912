/*
 * oracle-w3: four processes write 700 MiB each, twice, and end: one is killed on the way.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/scenarios/oracle.h"

static long apps KERNEL_DATA = 4;
static long mib KERNEL_DATA = 700;

/* Linux balances the load of its CPUs: here each has as many as the other from the start. */
static void spike(long nth)
{
	long pages = mib << 8;
	unsigned char *p;

	lw_bind((int)(nth % lw_nr_cpus()));
	p = oracle_touch(pages);
	for (long i = 0; i < pages; i++)
		p[i * PAGE] = (unsigned char)i;
}

static void spikes(long unused)
{
	long well = 0;

	(void)unused;
	for (long i = 0; i < apps; i++) {
		char name[16];

		snprintf(name, sizeof(name), "spike%ld", i + 1);
		if (lw_spawn(name, spike, i) < 0)
			exit(LW_NO_MEMORY);
	}
	for (long i = 0; i < apps; i++) {
		int code;

		lw_wait(&code);
		well += code == 0;
	}
	lw_counter(COUNTER("oracle_ended_well"), well);
}

static void oracle_w3(long unused)
{
	(void)unused;
	oracle_before();
	oracle_run("spikes", spikes);
}

static const struct param knobs[] = {
	{"apps", "processes", 1, 64, &apps, NULL},
	{"mib", "memory of each, in MiB", 1, 16384, &mib, NULL},
	ORACLE_OTHERS,
};

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.checks = {"oom_kills == 1", "oracle_ended_well == 3", "victims == worst.name"},
		.showed = "{pswpout} out, {pswpin} in; {victims} killed, {oracle_ended_well} end "
			  "well"},
};

SCENARIO(oracle_w3_scenario) = {
	.name = "oracle-w3",
	.help = "four processes write more than memory and swap hold, twice",
	.shift = 1,
	.group = "test",
	.app = oracle_w3,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.args = "swap=vda:255996 disk.latency_us=40 disk.us_per_page=2",
	.mem_mib = 2048,
	.nr_cpus = 2,
	.mem = {2048, 2048},
	.cpus = {1, 4},
	.devices = "disk=256",
};
