/*
 * Inodes that are open, and the way to one (see fs.h).
 */
#include <errno.h>
#include <string.h>

#include "kernel/fs/fs_ops.h"
#include "mm/slab/slab.h"

#define MOST_PAGES 0xffffffffull /* their numbers have 32 bits */

static uint64_t size_of(const struct fs_inode *inode, const struct ext4_inode *raw)
{
	return fs_is_dir(inode) ? raw->size : raw->size | (uint64_t)raw->size_high << 32;
}

static int take_size(struct fs_inode *inode, const struct ext4_inode *raw, uint64_t at)
{
	uint64_t size = size_of(inode, raw), most = MOST_PAGES;

	if (fs_is_dir(inode))
		most = inode->fs->blocks;
	if (size > most << FS_BLOCK_SHIFT || (fs_is_dir(inode) && size % FS_BLOCK_SIZE)) {
		fs_fault(inode->fs, inode->ino, at, "size %lu; expected %s of at most %lu blocks",
			(unsigned long)size, fs_is_dir(inode) ? "whole blocks" : "a file",
			(unsigned long)most);
		return -EIO;
	}
	inode->size = size;
	inode->pages = (size + FS_BLOCK_SIZE - 1) >> FS_BLOCK_SHIFT;
	return 0;
}

static int take_type(struct fs_inode *inode, const struct ext4_inode *raw, uint64_t at)
{
	unsigned int type = raw->mode & EXT4_TYPE_MASK;

	inode->mode = raw->mode;
	if (!raw->links) {
		fs_fault(inode->fs, inode->ino, at, "no links; expected an inode in use");
		return -EIO;
	}
	if (type == EXT4_TYPE_FILE || type == EXT4_TYPE_DIR)
		return 0;
	if (type == EXT4_TYPE_LINK) {
		fs_fault(inode->fs, inode->ino, at, "a symbolic link; expected a file or folder");
		return -ELOOP;
	}
	fs_fault(inode->fs, inode->ino, at, "mode 0x%x; expected a file or folder", raw->mode);
	return -EINVAL;
}

static int take_inode(struct fs_inode *inode, const struct ext4_inode *raw, uint64_t at)
{
	int error = take_type(inode, raw, at);

	if (!error)
		error = take_size(inode, raw, at);
	if (error)
		return error;
	if (raw->flags & EXT4_FLAG_EXTENTS)
		return fs_read_extents(inode, raw, at);
	return fs_read_block_map(inode, raw, at);
}

static int read_inode(struct fs_inode *inode)
{
	struct fs *fs = inode->fs;
	uint32_t group = (inode->ino - 1) / fs->inodes_per_group;
	uint32_t byte = (inode->ino - 1) % fs->inodes_per_group * fs->inode_size;
	uint64_t block = fs->inode_table[group] + byte / FS_BLOCK_SIZE;
	struct ext4_inode raw;
	struct page *page;
	int error = fs_read_block(fs, inode->ino, block, &page);

	if (error)
		return error;
	memcpy(&raw, (char *)page_address(fs->memory, page) + byte % FS_BLOCK_SIZE, sizeof(raw));
	fs_put_block(fs, page);
	return take_inode(inode, &raw, block);
}

static void free_inode(struct fs_inode *inode)
{
	fs_free_runs(inode);
	kmem_cache_free(inode->fs->inode_cache, inode);
}

static void init(struct fs_inode *inode, struct fs *fs, uint32_t ino)
{
	memset(inode, 0, sizeof(*inode));
	inode->fs = fs;
	inode->ino = ino;
	refcount_init(&inode->users);
	inode->runs = inode->inline_runs;
	inode->max_runs = FS_INLINE_RUNS;
}

/* One that is on its way out is left alone. */
static struct fs_inode *find(struct fs *fs, uint32_t ino)
{
	struct fs_inode *inode;

	list_for_each_entry(inode, &fs->open, node)
		if (inode->ino == ino && refcount_get_live(&inode->users))
			return inode;
	return NULL;
}

int fs_iget(struct fs *fs, uint32_t ino, struct fs_inode **found)
{
	struct fs_inode *inode = find(fs, ino);
	int error;

	*found = inode;
	if (inode)
		return 0;
	inode = kmem_cache_alloc(fs->inode_cache, GFP_NOFS);
	if (!inode)
		return -ENOMEM;
	init(inode, fs, ino);
	error = read_inode(inode);
	if (error) {
		free_inode(inode);
		return error;
	}
	list_add_tail(&inode->node, &fs->open);
	*found = inode;
	return 0;
}

void fs_iput(struct fs_inode *inode)
{
	if (!refcount_put(&inode->users))
		return;
	list_del(&inode->node);
	free_inode(inode);
}

void fs_inode_get(struct fs_inode *inode)
{
	refcount_get(&inode->users);
}

void fs_inode_put(struct fs_inode *inode)
{
	struct fs *fs = inode->fs;

	mutex_lock(&fs->mutex);
	fs_iput(inode);
	mutex_unlock(&fs->mutex);
}
