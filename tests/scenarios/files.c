/*
 * files: every file of every disk's file system, read page by page, in windows and at random; each page is
 * what the runner put there. Which disks: DEVICES=, or what is declared here.
 */
#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/machine.h"
#include "kernel/task/scenario.h"
#include "tests/workloads/filework.h"

static long window KERNEL_DATA = 32;
static long at_random KERNEL_DATA = 4;

static const struct param knobs[] = {
	{"window", "pages a read", 1, 256, &window, NULL},
	{"random", "single pages of each file besides", 0, 10000, &at_random, NULL},
};

static void work(struct disk *disk, unsigned int n, struct filework_result *sum)
{
	struct filework w = {.window = window, .random = at_random, .seed = workload_seed + n};
	struct filework_result r;
	struct fs *fs = fs_mount(disk, filework_page_end);

	if (!fs)
		machine_refuse("machine: no file system that can be read on %s; expected one, as "
			       "with DEVICES=\"disk=64:ext4\"",
			disk->name);
	if (!filework_run(fs, &w, &r))
		machine_refuse("machine: no memory for the work on %s", disk->name);
	fs_unmount(fs);
	pr_info("%s: %ld files in %ld runs, %ld missing; %ld pages read, %ld of zeroes, %ld wrong, "
		"%ld errors; %ld bios, %ld requests",
		disk->name, r.files, r.runs, r.missing, r.pages, r.zeroes, r.wrong, r.errors,
		disk->counts.bios, disk->counts.requests);
	sum->files += r.files;
	sum->pages += r.pages;
	sum->zeroes += r.zeroes;
	sum->wrong += r.wrong;
	sum->missing += r.missing;
	sum->errors += r.errors;
}

static void files(void)
{
	struct filework_result sum = {0};
	struct disk *d;
	unsigned int n = 0;

	for (; (d = disk_nth(n)); n++)
		work(d, n, &sum);
	if (!n)
		machine_refuse(
			"machine: no disk; expected one at least (DEVICES=\"disk=64:ext4\")");
	event_counter(COUNTER("files"), sum.files);
	event_counter(COUNTER("files_missing"), sum.missing);
	event_counter(COUNTER("file_pages"), sum.pages);
	event_counter(COUNTER("file_pages_of_zeroes"), sum.zeroes);
	event_counter(COUNTER("file_pages_wrong"), sum.wrong);
	event_counter(COUNTER("file_errors"), sum.errors);
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"files == 421", "files_missing == 0", "file_pages_wrong == 0",
			"file_errors == 0", "file_pages_of_zeroes > 2000"},
		.showed = "{file_pages} pages of {files} files read, all right"},
};

SCENARIO(files_scenario) = {
	.name = "files",
	.help = "every file of every file system; each page is what it should be",
	.group = "test",
	.kernel = files,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.mem_mib = 128,
	.devices = "disk=48:ext4:ro disk=32:ext2:ro:legacy",
};
