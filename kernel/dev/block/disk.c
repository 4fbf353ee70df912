/*
 * Disks: coming and going (see disk.h).
 */
#include <string.h>

#include "kernel/core/log/printk.h"
#include "kernel/core/time/time.h"
#include "kernel/dev/block/blk_mq.h"
#include "mm/alloc/page_alloc.h"

static struct list_head disks = LIST_HEAD_INIT(disks);

static void init_queues(struct disk *disk)
{
	for (unsigned int i = 0; i < nr_cpus; i++) {
		spin_lock_init(&disk->ctx[i].lock, "blk_mq_ctx");
		list_init(&disk->ctx[i].requests);
		disk->ctx[i].last_tag = 0;
	}
	spin_lock_init(&disk->dispatch_lock, "blk_mq_dispatch");
	list_init(&disk->dispatch);
	disk->stopped = false;
	kblockd_work_init(&disk->run_work, blk_mq_run_work_fn);
}

static void forget_queues(struct disk *disk)
{
	for (unsigned int i = 0; i < nr_cpus; i++)
		lock_forget(&disk->ctx[i].lock.info);
	lock_forget(&disk->dispatch_lock.info);
}

/* What all disks have in common comes with the first. */
static const char *start_layer(struct memory *m)
{
	if (!list_empty(&disks))
		return NULL;
	if (!kblockd_start())
		return "no memory for the block layer's workers";
	if (bio_start(m))
		return NULL;
	kblockd_stop();
	return "no memory for bios";
}

static void stop_layer(struct memory *m)
{
	if (!list_empty(&disks))
		return;
	kblockd_stop();
	bio_stop(m);
}

/*
 * 4.8 looks for partitions, which there are none of here. In exact mode this request, which is alone, is
 * also what primes the device's queue: its first completion interrupts whatever was agreed (§37.2).
 */
static void look_for_partitions(struct disk *disk)
{
	struct page *page = alloc_pages(disk->memory, GFP_KERNEL, 0);
	struct bio *bio = bio_alloc(GFP_KERNEL, 1);

	if (page && bio) {
		bio->disk = disk;
		bio_add_page(bio, page, PAGE_SIZE, 0);
		if (submit_bio_wait(bio))
			pr_err("%s: unable to read partition table", disk->name);
	}
	if (bio)
		bio_put(bio);
	if (page)
		free_pages(disk->memory, page, 0);
}

const char *disk_add(struct disk *disk, unsigned int depth)
{
	const char *error = start_layer(disk->memory);

	if (error)
		return error;
	memset(&disk->counts, 0, sizeof(disk->counts));
	if (depth) {
		BUG_ON(!disk->max_segments);
		error = blk_alloc_requests(disk, depth);
		if (error) {
			stop_layer(disk->memory);
			return error;
		}
		init_queues(disk);
	}
	list_add_tail(&disk->node, &disks);
	pr_info("%s: %lu sectors%s", disk->name, (unsigned long)disk->capacity,
		disk->read_only ? ", read-only" : "");
	if (depth)
		look_for_partitions(disk);
	return NULL;
}

/* Whoever ended the last bio has a tag to give back yet, on another CPU. */
static void wait_for_tags(struct disk *disk)
{
	for (long ticks = hz; ticks && __atomic_load_n(&disk->tags.in_use, __ATOMIC_ACQUIRE);
		ticks--)
		schedule_timeout(TASK_UNINTERRUPTIBLE, 1);
	BUG_ON(disk->tags.in_use);
}

void disk_remove(struct disk *disk)
{
	if (!disk->ops->transfer) {
		wait_for_tags(disk);
		kblockd_flush();
		blk_free_requests(disk);
		forget_queues(disk);
	}
	list_del(&disk->node);
	stop_layer(disk->memory);
}

struct disk *disk_find(const char *name)
{
	struct disk *disk;

	list_for_each_entry(disk, &disks, node)
		if (!strcmp(disk->name, name))
			return disk;
	return NULL;
}

struct disk *disk_nth(unsigned int n)
{
	struct disk *disk;

	list_for_each_entry(disk, &disks, node)
		if (n-- == 0)
			return disk;
	return NULL;
}
