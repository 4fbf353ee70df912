/*
 * All that can be done with a file system, whatever is on its disk: mount, open files of each kind, ask where
 * their pages are and read some, unmount.
 */
#ifndef HOST_FS_WALK_H
#define HOST_FS_WALK_H

#include "fs/image.h"

/* Who fails must have said a line; memory that is not given back, or a page that has not ended, is a panic. */
struct walk {
	unsigned int opened, refused; /* files, with a line */
	unsigned int pages, failed;   /* that were read, or not */
	bool mounted;
};

/* `pool`: WALK_PAGES pages to read to. */
#define WALK_PAGES 32
void fs_walk(struct image_disk *d, struct page *pool, struct walk *w);

#endif
