/*
 * Work for a disk, and proof that nothing of it is lost: random requests of random pieces, each block's
 * contents known. Kernel task.
 */
#ifndef WORKLOADS_DISKWORK_H
#define WORKLOADS_DISKWORK_H

#include "kernel/dev/block/disk.h"

struct diskwork {
	long requests;  /* bios */
	long pages;     /* of the largest */
	long together;  /* bios under one plug, then waited for */
	long writes;    /* percent of bios */
	bool patterned; /* the disk's blocks begin as disk_pattern() says, not as zeroes */
	uint64_t seed;
};

struct diskwork_result {
	long pages_read, pages_written;
	long wrong;  /* pages that were not what they should be */
	long errors; /* bios that failed */
	int error;   /* the last one's, an errno; 0: none failed */
};

/* False: no memory for it, *r unset. */
bool diskwork_run(struct disk *disk, const struct diskwork *work, struct diskwork_result *r);

/* What the runner (tests/run/machine/disks.py) writes into a patterned disk: a word of a block of 4096 bytes. */
static inline uint64_t disk_pattern(uint64_t block, unsigned int word)
{
	return (block << 32 | word) ^ 0x4c4f575741544552ull;
}

#endif
