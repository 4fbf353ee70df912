/*
 * victim-reserves: what a victim of the OOM killer gets, and what it does not (reference §7.8).
 *
 * An app asks for memory until it is killed, and goes on asking, as a victim may that needs memory in
 * order to die: no watermark holds it back now. For the second one a receive ring has filled the
 * high-order atomic reserve and given its chunks back: what is free is (H), and no victim takes that. It
 * is refused, with more than min free. On a large machine a lower zone's protection, which no app could
 * have, is more than that zone's reserve: of that the second victim gets something, and a handful of its own
 * zone's.
 */
#include "kernel/task/scenario.h"
#include "tests/scenarios/hog.h"
#include "tests/workloads/rxring.h"
#include "tests/workloads/victim.h"

#define BURSTS 32

static struct lw_zone preferred(void)
{
	struct lw_meminfo m;

	lw_meminfo(&m);
	return m.zone[0];
}

static void fill_reserve(void)
{
	rxring_start(64);
	for (int i = 0; i < BURSTS; i++) {
		struct lw_zone z = preferred();

		if (z.reserved_highatomic >= z.reserve_max)
			break;
		rxring_fill(free_pages_now());
		rxring_empty();
	}
	rxring_stop();
}

static void victim(long n)
{
	lw_bind(0);
	hog_until(preferred().low - preferred().min + 128, HOG_PLAIN);
	if (n == 2)
		fill_reserve();
	victim_demand((int)n);
}

static void victim_reserves(long unused)
{
	int code;

	(void)unused;
	for (long n = 1; n <= 2; n++) {
		if (lw_spawn("victim", victim, n) < 0)
			fail("a victim could not be started");
		lw_wait(&code);
	}
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "oom-killed",
		.showed = "victim refused with {victim2_free_pages} pages free, all (H)",
		.checks = {"oom_kills == 2", "victims == 'victim victim'",
			"victim1_reserve_pages > 128", "victim1_free_pages == 0",
			"victim2_reserve_pages < victim1_reserve_pages",
			"victim2_preferred_pages < 32 or cpus > 1", "victim2_free_highatomic > 256",
			"victim2_free_pages == victim2_free_highatomic"}},
	/* What another CPU reaps of it lies in part where the reserve was. */
	{.patch = "all",
		.outcome = "oom-killed",
		.showed = "(H) released: victim got {victim2_reserve_pages} pages",
		.checks = {"oom_kills == 2", "victims == 'victim victim'",
			"victim1_reserve_pages > 128", "highatomic_released_pages > 0",
			"victim2_reserve_pages > 0", "victim2_free_highatomic == 0 or cpus > 1"}},
};

SCENARIO(victim_reserves_scenario) = {
	.name = "victim-reserves",
	.help = "a victim that needs memory while all that is free is (H)",
	.source = "highatomic",
	.mem_mib = 128,
	.shift = 4,
	.args = "watchdog_ms=3000",
	.mem = {64, 4096},
	.cpus = {1, 8},
	.group = "study",
	.app = victim_reserves,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
