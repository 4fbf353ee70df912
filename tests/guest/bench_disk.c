/*
 * What a request to a disk costs: a read of one page, from submission to the moment at which the driver
 * tells the device. Each is waited for, so that the next finds the queue empty.
 */
#include "kernel/core/time/time.h"
#include "kernel/dev/block/disk.h"
#include "tests/guest/bench.h"

#define READS 100

static struct completion done;

static void ended(struct bio *bio)
{
	(void)bio;
	complete(&done);
}

/* Instructions until the device was told of it. */
static long read_page(struct disk *disk, struct page *page, unsigned int nth)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, 1);
	uint64_t start;
	long insns;

	bio->disk = disk;
	bio->sector = nth * SECTORS_OF_PAGE;
	bio->sync = true;
	bio->end = ended;
	bio_add_page(bio, page, PAGE_SIZE, 0);
	completion_init(&done, "bench");
	start = rdtsc();
	submit_bio(bio);
	insns = tsc_to_instructions(disk->told - start);
	wait_for_completion(&done);
	bio_put(bio);
	return insns;
}

/* A tick between would be counted: the least is what the request costs. */
static long least_of(struct disk *disk, struct page *page)
{
	long least = read_page(disk, page, 0);

	for (unsigned int i = 1; i < READS; i++)
		least = MIN(least, read_page(disk, page, i));
	return least;
}

void bench_disk(void)
{
	struct disk *disk = disk_nth(0);
	struct page *page;

	if (!disk || disk->ops->transfer)
		return;
	page = alloc_pages(&system_memory, GFP_KERNEL, 0);
	if (page) {
		bench_report("disk", "read of a page, to the kick", least_of(disk, page), 1);
		free_pages(&system_memory, page, 0);
	}
}
