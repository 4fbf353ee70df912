/*
 * disk: every disk of the machine at work, and nothing of it lost. Random requests of 1 to 254 pages
 * that need not be neighbours in memory; each block read is what was written last, or what the disk began
 * with. Which devices: DEVICES=, or what is declared here.
 */
#include <stdio.h>

#include "kernel/core/log/event.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/machine.h"
#include "kernel/dev/virtio/virtio_blk.h"
#include "kernel/task/scenario.h"
#include "tests/workloads/diskwork.h"

static long requests KERNEL_DATA = 400;
static long pages KERNEL_DATA = 254;
static long together KERNEL_DATA = 8;
static long writes KERNEL_DATA = 50;
static long patterned KERNEL_DATA;

static const struct param knobs[] = {
	{"requests", "bios to each disk", 1, 100000, &requests, NULL},
	{"pages", "pages of the largest", 1, 256, &pages, NULL},
	{"together", "bios under one plug, then waited for", 1, 16, &together, NULL},
	{"writes", "percent of bios that write; of a read-only disk none do", 0, 100, &writes,
		NULL},
	{"patterned", "1: what the disk begins with is the runner's pattern, not zeroes", 0, 1,
		&patterned, NULL},
};

static void report(const struct disk *disk, const struct diskwork_result *r)
{
	const struct blk_counts *c = &disk->counts;

	pr_info("%s: %ld pages read, %ld written, %ld wrong, %ld errors", disk->name, r->pages_read,
		r->pages_written, r->wrong, r->errors);
	if (!disk->ops->transfer)
		pr_info("%s: %ld bios, %ld requests, %ld merges, %ld splits, %ld busy, %ld waits "
			"for "
			"a tag",
			disk->name, c->bios, c->requests, c->merges, c->splits, c->busy,
			c->tag_waits);
}

/* How its requests went to a virtio device: by a table, by none since that was refused, as none needs one. */
static void add_tables(const struct disk *disk, struct vring_counts *sum, long *messages)
{
	const struct virtio_device *vdev = virtio_blk_device(disk);
	const struct vring_counts *c = vdev ? &vdev->vq[0]->counts : NULL;

	if (!c)
		return;
	sum->indirect += c->indirect;
	sum->direct_fallback += c->direct_fallback;
	sum->no_space += c->no_space;
	*messages += vdev->nr_messages;
}

static void work(struct disk *disk, unsigned int n, struct diskwork_result *sum)
{
	struct diskwork w = {.requests = requests,
		.pages = pages,
		.together = together,
		.writes = disk->read_only ? 0 : writes,
		.patterned = patterned,
		.seed = workload_seed + n};
	struct diskwork_result r;

	if (!diskwork_run(disk, &w, &r))
		machine_refuse("machine: no memory for the work on %s", disk->name);
	report(disk, &r);
	sum->pages_read += r.pages_read;
	sum->pages_written += r.pages_written;
	sum->wrong += r.wrong;
	sum->errors += r.errors;
	sum->error = r.error ? r.error : sum->error;
}

static void disk(void)
{
	struct diskwork_result sum = {0};
	struct vring_counts tables = {0};
	long messages = 0;
	struct disk *d;
	unsigned int n = 0;

	for (; (d = disk_nth(n)); n++) {
		work(d, n, &sum);
		add_tables(d, &tables, &messages);
	}
	if (!n)
		machine_refuse(
			"machine: no disk; expected one at least (DEVICES=\"disk=64 card=32\")");
	event_counter(COUNTER("disks"), n);
	event_counter(COUNTER("disk_pages_read"), sum.pages_read);
	event_counter(COUNTER("disk_pages_written"), sum.pages_written);
	event_counter(COUNTER("disk_pages_wrong"), sum.wrong);
	event_counter(COUNTER("disk_errors"), sum.errors);
	event_counter(COUNTER("disk_errno"), sum.error);
	event_counter(COUNTER("virtio_tables"), tables.indirect);
	event_counter(COUNTER("virtio_tables_refused"), tables.direct_fallback);
	event_counter(COUNTER("virtio_rings_full"), tables.no_space);
	event_counter(COUNTER("virtio_messages"), messages);
}

static const struct scenario_arm arms[] = {
	{.patch = "none",
		.outcome = "completed",
		.checks = {"disks == 3", "disk_pages_wrong == 0", "disk_errors == 0",
			"disk_pages_read > 0", "disk_pages_written > 0"},
		.showed = "{disk_pages_read} pages read, {disk_pages_written} written, all right"},
};

SCENARIO(disk_scenario) = {
	.name = "disk",
	.help = "random requests to every disk; each block read is what it should be",
	.group = "test",
	.kernel = disk,
	.knobs = knobs,
	.nr_knobs = ARRAY_SIZE(knobs),
	.arms = arms,
	.nr_arms = ARRAY_SIZE(arms),
	.mem_mib = 256,
	.devices = "disk=64 disk=32:legacy card=32",
};
