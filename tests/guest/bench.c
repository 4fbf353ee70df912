/*
 * bench: what the allocator's operations cost, in exact instructions (see bench.h). The runner
 * prints the table (tests/run/campaign/bench.py) and compares with the stored baseline.
 */
#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/time/time.h"
#include "kernel/task/scenario.h"
#include "tests/guest/bench.h"

static noinline void empty_loop(long n)
{
	while (n--)
		barrier();
}

static noinline long count_once(bench_fn fn, long n)
{
	uint64_t start = rdtsc();

	fn(n);
	return tsc_to_instructions(rdtsc() - start);
}

long bench_count(bench_fn fn, long n)
{
	unsigned long flags = irq_save();
	long insns = count_once(fn, n) - count_once(empty_loop, n);

	irq_restore(flags);
	return insns;
}

long bench_count_open(bench_fn fn, long n)
{
	schedule_timeout(TASK_UNINTERRUPTIBLE, 1); /* to right behind a tick */
	return count_once(fn, n) - count_once(empty_loop, n);
}

void bench_report(const char *group, const char *name, long insns, long ops)
{
	long tenths = (insns * 10 + ops / 2) / ops;

	pr_info("%-10s %-32s %6ld.%ld", group, name, tenths / 10, tenths % 10);
	event("{\"event\":\"bench\",\"group\":\"%s\",\"name\":\"%s\",\"insns\":%ld,\"ops\":%ld}",
		group, name, insns, ops);
}

void bench_run(const char *group, const char *name, bench_fn fn, long n)
{
	bench_count(fn, 1);
	bench_report(group, name, bench_count(fn, n), n);
}

static void bench(void)
{
	bench_primitives();
	bench_patterns();
	bench_paths();
	bench_fault();
	bench_file_faults();
	bench_slab();
	bench_disk();
	bench_swap();
}

static const struct scenario_arm arms[] = {
	{.patch = "none", .outcome = "completed"},
};

SCENARIO(bench_scenario) = {
	.name = "bench",
	.help = "instructions of the allocator's operations",
	.group = "bench",
	.devices = "disk=8 card=16",
	.args = "swap=card:16380",
	.kernel = bench,
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
};
