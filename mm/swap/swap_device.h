/*
 * A disk, as swap sees it: what the floor above registers, since mm/ knows no devices (DESIGN §2). A place
 * is counted in pages from the disk's first byte on.
 */
#ifndef MM_SWAP_DEVICE_H
#define MM_SWAP_DEVICE_H

#include "mm/page/memory.h"

struct swap_device;

/* One of the two. */
struct swap_device_ops {
	/* A synchronous device (§34.10): the page at once. 0, or a negative errno. Task context. */
	int (*transfer)(const struct swap_device *dev, uint64_t at, struct page *page, bool write);
	/*
	 * Any other: begin. At the end, in any context and perhaps before this returns, swap_io_end() is
	 * called. Does not fail; may sleep for its bio (§26: GFP_NOIO to write, GFP_KERNEL to read).
	 */
	void (*submit)(const struct swap_device *dev, uint64_t at, struct page *page, bool write);
};

struct swap_device {
	const struct swap_device_ops *ops;
	void *disk;                /* the floor above's */
	char name[16];             /* as in /dev */
	uint64_t pages;            /* its size */
	bool rotational;           /* chooses between §20.4 and §20.5 */
	unsigned int major, minor; /* for the lines of §20.7 and §20.10 */
};

/* The transfer has ended. Any context. */
void swap_io_end(struct memory *m, struct page *page, bool write, int error);

#endif
