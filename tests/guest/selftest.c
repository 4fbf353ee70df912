/*
 * selftest: runs every in-guest test and reports in KTAP. The order is shuffled by seed=.
 */
#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/rand.h"
#include "kernel/task/scenario.h"
#include "tests/guest/ktest.h"

#define MAX_TESTS 256

extern const struct ktest *const _ktests[], *const _ktests_end[];

static void shuffle(const struct ktest **tests, unsigned int n)
{
	struct rand r;

	rand_seed(&r, workload_seed);
	for (unsigned int i = n - 1; i > 0; i--) {
		unsigned int k = rand_below(&r, i + 1);
		const struct ktest *t = tests[i];

		tests[i] = tests[k];
		tests[k] = t;
	}
}

static void selftest(void)
{
	static const struct ktest *tests[MAX_TESTS];
	unsigned int n = MIN(_ktests_end - _ktests, MAX_TESTS), failed = 0;

	for (unsigned int i = 0; i < n; i++)
		tests[i] = _ktests[i];
	shuffle(tests, n);
	pr_info("KTAP version 1");
	pr_info("1..%u", n);
	for (unsigned int i = 0; i < n; i++) {
		const char *error = tests[i]->fn();

		if (error)
			pr_info("# %s", error);
		pr_info("%s %u %s", error ? "not ok" : "ok", i + 1, tests[i]->name);
		failed += error != NULL;
	}
	event_counter(COUNTER("ktap_passed"), n - failed);
	event_counter(COUNTER("ktap_failed"), failed);
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"ktap_failed == 0", "ktap_passed > 0"}},
};

SCENARIO(selftest_scenario) = {
	.name = "selftest",
	.help = "the in-guest tests of the kernel",
	.group = "test",
	.kernel = selftest,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
