/*
 * For tests that go through the block layer step by step: one disk of 64 tags and 16 segments on two CPUs,
 * and bios whose ends are counted.
 */
#ifndef HOST_BLOCK_STEPS_H
#define HOST_BLOCK_STEPS_H

#include <errno.h>

#include "dev/block_case.h"

static struct rand rng;
static struct fake_job job;
static unsigned int ends;
static int last_error;

static inline int setup(void **state)
{
	int err = twin_setup(state);

	block_machine(2);
	add_disk(0, 64, 16);
	rand_seed(&rng, 1);
	disk[0].rand = &rng;
	ends = 0;
	last_error = 1;
	job.expected = 0;
	return err;
}

static inline int teardown(void **state)
{
	while (fake_interrupt(&disk[0], 1) || workers_run())
		;
	fake_disk_remove(&disk[0]);
	return twin_teardown(state);
}

static inline struct blk_counts *counts(void)
{
	return &disk[0].disk.counts;
}

static inline void ended(struct bio *bio)
{
	ends++;
	last_error = bio->error;
	bio_put(bio);
}

static inline struct bio *a_bio(enum bio_op op, uint64_t sector, unsigned int pages)
{
	struct bio *bio = pool_bio(0, op, sector, sector % 512, pages, 1);

	bio->end = ended;
	bio->private = &job;
	return bio;
}

static inline void submit(enum bio_op op, uint64_t sector)
{
	submit_bio(a_bio(op, sector, 1));
}

static inline void assert_log(const char *expected)
{
	assert_string_equal(disk[0].log, expected);
	disk[0].log[0] = '\0';
}

#endif
