/*
 * Runs every group, each in a process of its own: the checker of locks would take them for one machine. An
 * argument, a pattern as a shell has them, picks tests by name, and one that picks none is refused; further
 * ones name the groups to run, in that order and in this process. --groups lists the groups; --serve runs
 * those that standard input names.
 * CMOCKA_MESSAGE_OUTPUT=TAP in the environment gives TAP instead of cmocka's lines.
 */
#include "twin.h"

#include <fnmatch.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* clang-format off */
#define GROUPS(X) \
	X(gfp) X(watermark) X(seed_numbers) X(zones) X(boot_mem) X(multiboot1) X(multiboot2) \
	X(buddy) X(fallback) X(managed) X(pcp) X(page_alloc) X(highatomic) X(slowpath) \
	X(retry) X(reclaim) X(shrinker) X(oom) X(oom_report) X(oom_adj) X(rule) \
	X(fail_page_alloc) X(show_mem) X(vmstat_show) X(sample) X(page_map) X(vmscan_trace) \
	X(vma) X(fault) X(zero_page) X(fault_races) X(exit_mm) X(patch) X(param) X(lock) \
	X(lockdep) X(lockdep_random) X(validate) X(random) X(madt) X(madt_random) X(vmstat) \
	X(races) X(reserve_scenarios) X(reserve_walk) X(fibers) X(runs) X(verdict) \
	X(verdict_truth) X(trace) X(waits) X(device_place) X(play) X(nofail) X(scarce) \
	X(odd_maps) X(report_lock) X(sysrq_plan) X(mprotect) X(mlock) X(gather) X(zap) \
	X(anon_vma) X(shmem) X(shmem_swap) X(node_stat) X(scan_count) X(shrink_page) \
	X(shrink_shmem) X(shrink_list) X(shrink_node) X(kswapd) X(refused) X(reclaim_random) \
	X(throttle) X(end_states) X(entry) X(pagevec) X(release) X(isolate) X(lru_mlock) \
	X(munlock) X(rmap) X(unmap) X(tlb_batch) X(unmap_races) X(process) X(fair) X(work) \
	X(oom_kill) X(oom_threads) X(oom_smp) X(oom_manual) X(oom_sharers) X(oom_reaper) \
	X(oom_reaper_queue) X(oom_reaper_start) X(oom_reaper_exit) X(notifier) X(oom_notifier) \
	X(oom_allowed) X(reap_races) X(oom_watch) X(oom_swap) X(tasks) X(token) \
	X(slab_geometry) X(slab) X(index) X(index_random) X(swap_slots) X(swap_clusters) \
	X(swap_cache) X(swap_random) X(swap_param) X(swap_space) X(swap_off) X(swap_reserve) \
	X(kmalloc) X(failslab) X(slab_debug) X(slab_random) X(ring) X(ring_lies) \
	X(ring_random) X(virtio) X(interrupt) X(virtio_blk) X(balloon) X(balloon_trouble) \
	X(pci) X(pci_drivers) X(pci_irq) X(alarm) X(tags) X(block_merge) X(block_memory) \
	X(block) X(block_bio) X(block_random) X(swap_disk) X(fs) X(fs_read) X(fs_mount) \
	X(fs_damage) X(fs_random) X(readahead) X(replay_state) X(replay_layout) \
	X(replay_shape) X(replay) X(page_cache) X(file_fault) X(file_read) X(cache_random) \
	X(shrink_file)
/* clang-format on */

#define DECLARE(group) int host_##group(void);
GROUPS(DECLARE)

static const struct group {
	const char *name;
	int (*run)(void);
} groups[] = {
#define ENTRY(group) {#group, host_##group},
	GROUPS(ENTRY)};

static const char *pattern = "*";

/* Of all processes. */
struct outcome {
	unsigned int run, failed;
};
static struct outcome *outcome;

int twin_run_group(const char *name, const struct CMUnitTest *tests, size_t count)
{
	struct CMUnitTest picked[count];
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (!fnmatch(pattern, tests[i].name, 0))
			picked[n++] = tests[i];
	outcome->run += n;
	return n ? _cmocka_run_group_tests(name, picked, n, NULL, NULL) : 0;
}

static const struct group *find_group(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		if (!strcmp(groups[i].name, name))
			return &groups[i];
	fprintf(stderr, "host: no group of tests is called %s\n", name);
	exit(2);
}

static void run_here(const struct group *group)
{
	outcome->failed += group->run();
}

#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void);
#endif

/*
 * Run a group and end. The search for leaks at exit reads all static memory and takes longer than most
 * groups do: where everything allocated has been freed there is none.
 */
static _Noreturn void run_and_end(const struct group *group)
{
	struct outcome before = *outcome;
	int status;
#ifdef __SANITIZE_ADDRESS__
	size_t bytes = __sanitizer_get_current_allocated_bytes();
#endif

	run_here(group);
	status = outcome->failed > before.failed || outcome->run == before.run;
	fflush(stdout);
#ifdef __SANITIZE_ADDRESS__
	if (__sanitizer_get_current_allocated_bytes() == bytes)
		_exit(status);
#endif
	exit(status);
}

/* In a process of its own; how that ended, 0 and 1 as its tests did. */
static int run_apart(const struct group *group)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		run_and_end(group);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

static void run_named(char **name)
{
	for (; *name; name++)
		run_here(find_group(*name));
}

static void run_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		int status = run_apart(&groups[i]);

		if (status == 0 || status == 1)
			continue;
		printf("# %s ended with status %d\n", groups[i].name, status);
		outcome->failed++;
	}
}

static int list_groups(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++)
		puts(groups[i].name);
	return 0;
}

static int nothing_named(void)
{
	fprintf(stderr, "lowwater: no test of the host twin is named %s\n", pattern);
	return 2;
}

static int serve(void)
{
	char name[64];

	while (scanf("%63s", name) == 1)
		printf("\n# status %d\n", run_apart(find_group(name)));
	return 0;
}

int main(int argc, char **argv)
{
	static char line[BUFSIZ]; /* of its own it would be of the group that prints first */

	setvbuf(stdout, line, _IOLBF, sizeof(line));
	outcome = mmap(
		NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (outcome == MAP_FAILED)
		return 2;
	if (argc == 2 && !strcmp(argv[1], "--groups"))
		return list_groups();
	if (argc == 2 && !strcmp(argv[1], "--serve"))
		return serve();
	if (argc > 1)
		pattern = argv[1];
	if (argc > 2)
		run_named(argv + 2);
	else
		run_all();
	if (!outcome->run)
		return nothing_named();
	if (argc > 1)
		printf("# host: %u failed of %u that match %s\n", outcome->failed, outcome->run,
			pattern);
	else
		printf("# host: %u passed, %u failed\n", outcome->run - outcome->failed,
			outcome->failed);
	return outcome->failed ? 1 : 0;
}
