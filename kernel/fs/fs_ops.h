/*
 * Between the files of this room. The file system's mutex is held, or it is being mounted; errors are as in
 * fs.h, and where they are -EIO a line was said.
 */
#ifndef FS_OPS_H
#define FS_OPS_H

#include "kernel/fs/ext4.h"
#include "kernel/fs/fs.h"

/* meta.c */
#define FS_NO_INODE 0
#define FS_NO_BLOCK (~0ull)
/* The line of a fault: "fs vda: inode 13, block 77: ..."; says what is there and what was expected. Any context. */
void fs_fault(const struct fs *fs, uint32_t ino, uint64_t block, const char *fmt, ...)
	__printf(4, 5);
/* A block of this inode's as a page of the caller's, who gives it back. */
int fs_read_block(struct fs *fs, uint32_t ino, uint64_t block, struct page **page);
void fs_put_block(struct fs *fs, struct page *page);
/*
 * So many blocks from that one on are the file system's, and not its first one, which has the superblock; and
 * the inode has no more of them than there are. `what` they are, and `at` which block that stands.
 */
int fs_count_blocks(
	struct fs_inode *inode, uint64_t at, const char *what, uint64_t block, uint64_t n);

/* inode.c: with a reference for the caller. */
int fs_iget(struct fs *fs, uint32_t ino, struct fs_inode **inode);
void fs_iput(struct fs_inode *inode);
static inline bool fs_is_dir(const struct fs_inode *inode)
{
	return (inode->mode & EXT4_TYPE_MASK) == EXT4_TYPE_DIR;
}

/* extents.c, block_map.c: the runs of an inode, whose own block is `at`. */
int fs_read_extents(struct fs_inode *inode, const struct ext4_inode *raw, uint64_t at);
int fs_read_block_map(struct fs_inode *inode, const struct ext4_inode *raw, uint64_t at);

/* runs.c: behind the last one, or longer than that. -ENOMEM. */
int fs_add_run(struct fs_inode *inode, uint32_t index, uint32_t pages, uint64_t block);
void fs_free_runs(struct fs_inode *inode);

/* dir.c: the inode of a name, -ENOENT. */
int fs_lookup(struct fs_inode *dir, const char *name, unsigned int length, uint32_t *ino);

#endif
