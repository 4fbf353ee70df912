/*
 * Runs every group. An argument, a pattern with * and ?, picks tests by name.
 * CMOCKA_MESSAGE_OUTPUT=TAP in the environment gives TAP instead of cmocka's lines.
 */
#include "twin.h"

/* clang-format off */
#define GROUPS(X)                                                                                  \
	X(gfp) X(watermark) X(seed_numbers) X(zones) X(boot_mem) X(bootinfo) X(buddy) X(fallback)  \
	X(pcp) X(page_alloc) X(highatomic) X(slowpath) X(retry) X(reclaim) X(oom) X(oom_report)    \
	X(oom_adj) X(rule) \
	X(show_mem) X(vma) X(fault) X(patch) X(param) X(lock) X(lockdep) X(lockdep_random)         \
	X(validate) X(random) X(madt) X(madt_random) X(vmstat) X(races) X(reserve_scenarios)       \
	X(reserve_walk) X(fibers) X(runs) X(verdict) X(verdict_truth) X(trace) X(waits)               \
	X(play) X(nofail) X(scarce) X(odd_maps) X(report_lock) X(sysrq_plan) X(mprotect) \
	X(mlock) X(gather) X(zap) X(process) X(work) X(oom_kill) X(oom_threads) X(oom_smp) \
	X(oom_manual) X(oom_sharers) X(oom_reaper) X(oom_reaper_queue) X(oom_reaper_start) \
	X(oom_reaper_exit) X(notifier) X(oom_notifier) X(oom_allowed) X(reap_races) X(oom_watch)
/* clang-format on */

#define DECLARE(group) int host_##group(void);
GROUPS(DECLARE)

int main(int argc, char **argv)
{
	int failed = 0;

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
#define RUN(group) failed += host_##group();
	GROUPS(RUN)
	if (argc > 1)
		printf("# host: %d failed of those that match %s\n", failed, argv[1]);
	else
		printf("# host: %u passed, %d failed\n", tests_run - failed, failed);
	return failed ? 1 : 0;
}
