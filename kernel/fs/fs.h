/*
 * The room kernel/fs: a file system that is read and never written, on a disk: ext4's extents and ext2's
 * block maps, of blocks as large as a page (§38).
 *
 * In reading order: fs.h (this: mount, open, read), ext4.h (what lies on the disk), fs_ops.h (between the
 * files), mount.c (superblock and groups), meta.c (blocks of metadata, and the line of a fault), inode.c
 * (files that are open), extents.c and block_map.c (where a file's pages lie), runs.c (the same, as it is
 * kept), dir.c (names), read.c (pages).
 *
 * All that is known of where a file lies is read when it is opened, so that reading its pages asks for no
 * metadata (§38.4).
 *
 * What is on the disk is not believed: each number is held against the size of the file system, and that
 * against the disk's. What does not fit is one line, with disk, inode, block, what is there and what was
 * expected, and ends as -EIO.
 *
 * Locks: a file system's mutex, for its open inodes and while a path is walked; bios are waited for in it.
 * Where a file lies does not change while it is open, and is read without a lock.
 */

/*
 * Files. Sizes in bytes where nothing else is said, pages of 4096 bytes; sectors of 512. Errors are 0 or a
 * negative errno.
 */
#ifndef FS_H
#define FS_H

#include "kernel/core/lock/lock.h"
#include "kernel/core/refcount.h"
#include "kernel/dev/block/disk.h"

/* One page of fs_readpages() is there, or has failed. Any context; the page's lock is the reader's affair. */
typedef void (*fs_page_end)(struct memory *m, struct page *page, int error);

struct fs {
	struct disk *disk;
	struct memory *memory;
	fs_page_end page_end;
	struct kmem_cache *inode_cache;
	uint64_t blocks;
	uint32_t inodes, inodes_per_group, groups;
	unsigned int inode_size, group_desc_size;
	uint64_t *inode_table; /* its first block, of each group */
	struct mutex mutex;
	struct list_head open; /* struct fs_inode */
	struct fs_inode *root;
};

/* Pages that lie one after another on the disk. */
struct fs_run {
	uint32_t index, pages; /* of the file */
	uint64_t block;        /* the first one's */
};

#define FS_INLINE_RUNS 4 /* what an inode has room for itself (§38.1) */

/* A file or folder that is open. Its size is what it will always be. */
struct fs_inode {
	struct fs *fs;
	uint32_t ino;
	uint16_t mode;
	uint64_t size;
	unsigned long pages; /* size, rounded up */
	struct refcount users;
	struct list_head node; /* fs->open */
	/* Ascending; what lies between them is zeroes (a hole, or never written). */
	struct fs_run *runs;
	unsigned int nr_runs, max_runs;
	uint64_t blocks_seen; /* so far, of data and metadata: no more than there are */
	struct fs_run inline_runs[FS_INLINE_RUNS];
};

/*
 * The file system on a disk, whose pages end in page_end(); NULL after a line. The disk stays until it is
 * unmounted. Task context, sleeps.
 */
struct fs *fs_mount(struct disk *disk, fs_page_end page_end);
/* Nobody has a file open. Task context. */
void fs_unmount(struct fs *fs);

/*
 * A file by its path from the root, with a reference for the caller: -ENOENT, -ENOTDIR, -EISDIR,
 * -ENAMETOOLONG; after a line -EIO (damage, or an error of the disk), -ELOOP (a symbolic link, which is not
 * followed), -EINVAL (a device, a socket); -ENOMEM. Twice the same file is the same inode, as long as one
 * reference is there. Task context, sleeps.
 */
int fs_open(struct fs *fs, const char *path, struct fs_inode **inode);
/* One more reference, of a caller who has one. Any context. */
void fs_inode_get(struct fs_inode *inode);
/* No page of the caller's is being read any more. Task context, sleeps. */
void fs_inode_put(struct fs_inode *inode);

/*
 * Where page `index` lies: its first sector; false: it is zeroes. *run: so many pages from it on are alike,
 * at least 1; zeroes behind the last block run to the file's end. Any context, no I/O.
 */
bool fs_map(
	const struct fs_inode *inode, unsigned long index, uint64_t *sector, unsigned long *run);

/*
 * Read pages of a file, each into the page of memory whose `index` says which it is, ascending: zeroes at
 * once, all others by bios for neighbouring blocks (§34.1), under the caller's plug if there is one. Each
 * page's end is fs->page_end()'s, perhaps before this returns. What is behind the file's size in its last
 * block is as the disk has it (§41.1). The caller has the inode open until the last page has ended. Task
 * context, sleeps for memory only.
 */
void fs_readpages(struct fs_inode *inode, struct page **pages, unsigned int n);

#endif
