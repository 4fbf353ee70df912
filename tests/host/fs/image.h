/*
 * The room tests/host/fs: a disk with an image of the runner's (image.h, this), machines with one (fs_case.h),
 * and the tests.
 */

/*
 * Images, made by tests/run/machine/images.py when the first test asks for one, and a synchronous disk that has
 * one: it may be spoilt, cut short, and fail to read. From the repository's root.
 */
#ifndef HOST_FS_IMAGE_H
#define HOST_FS_IMAGE_H

#include "twin.h"

#include "kernel/dev/block/disk.h"

#define IMAGE_MIB    32
#define IMAGE_BLOCKS (IMAGE_MIB << 8)
#define IMAGE_LOG    2048

enum image_kind { IMAGE_EXT4, IMAGE_EXT2, NR_IMAGES };

struct image_disk {
	struct disk disk;
	char *bytes;         /* the image, of which there is one of each kind in a process */
	long fail_block;     /* reading it fails; -1: none does */
	char log[IMAGE_LOG]; /* of bios, as they came, in blocks: "R8+2 " */
	unsigned char read[IMAGE_BLOCKS]; /* which were, since the disk came */
};

/* The disk comes, whole. */
void image_disk_add(struct image_disk *d, struct memory *m, enum image_kind kind);
void image_disk_remove(struct image_disk *d);

/* A place of the image, of a block and byte; what is written to it stays until image_mend(). */
void *image_at(struct image_disk *d, unsigned long block, unsigned int byte);
/* Write n bytes of a number there, to be mended. */
void image_spoil(struct image_disk *d, unsigned long block, unsigned int byte, uint64_t value,
	unsigned int n);
/* All that was spoilt is as it was. */
void image_mend(struct image_disk *d);

#endif
