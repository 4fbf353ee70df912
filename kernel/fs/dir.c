/*
 * Names: folders are read from their first block to their last, whatever index they have, and paths from
 * the root on (§38.1).
 */
#include <errno.h>
#include <string.h>

#include "kernel/fs/fs_ops.h"

#define ENTRY_HEAD  offsetof(struct ext4_dir_entry, name)
#define ENTRY_ALIGN 4

/* The entry at a byte of a block, or NULL after a line. */
static const struct ext4_dir_entry *entry_at(
	const struct fs_inode *dir, const char *data, unsigned int byte, uint64_t block)
{
	const struct ext4_dir_entry *e = (const void *)(data + byte);
	unsigned int left = FS_BLOCK_SIZE - byte;

	if (left < ENTRY_HEAD || e->length < ENTRY_HEAD || e->length > left ||
		e->length % ENTRY_ALIGN || e->name_length > e->length - ENTRY_HEAD)
		fs_fault(dir->fs, dir->ino, block,
			"an entry of %u bytes with a name of %u, at byte %u; expected whole, up to "
			"%u "
			"bytes",
			left < ENTRY_HEAD ? left : e->length,
			left < ENTRY_HEAD ? 0 : e->name_length, byte, left);
	else if (e->inode > dir->fs->inodes)
		fs_fault(dir->fs, dir->ino, block,
			"an entry for inode %u, at byte %u; expected 1 to %u", e->inode, byte,
			dir->fs->inodes);
	else
		return e;
	return NULL;
}

/* In one block: -ENOENT, -EIO. */
static int search(const struct fs_inode *dir, const char *data, uint64_t block, const char *name,
	unsigned int length, uint32_t *ino)
{
	const struct ext4_dir_entry *e;

	for (unsigned int byte = 0; byte < FS_BLOCK_SIZE; byte += e->length) {
		e = entry_at(dir, data, byte, block);
		if (!e)
			return -EIO;
		if (e->inode && e->name_length == length && !memcmp(e->name, name, length)) {
			*ino = e->inode;
			return 0;
		}
	}
	return -ENOENT;
}

static int search_page(struct fs_inode *dir, unsigned long index, const char *name,
	unsigned int length, uint32_t *ino)
{
	struct fs *fs = dir->fs;
	unsigned long run;
	uint64_t sector;
	struct page *page;
	int error;

	if (!fs_map(dir, index, &sector, &run)) {
		fs_fault(fs, dir->ino, FS_NO_BLOCK,
			"page %lu of a folder is a hole; expected a block", index);
		return -EIO;
	}
	error = fs_read_block(fs, dir->ino, sector / SECTORS_OF_PAGE, &page);
	if (error)
		return error;
	error = search(
		dir, page_address(fs->memory, page), sector / SECTORS_OF_PAGE, name, length, ino);
	fs_put_block(fs, page);
	return error;
}

int fs_lookup(struct fs_inode *dir, const char *name, unsigned int length, uint32_t *ino)
{
	int error = -ENOENT;

	for (unsigned long index = 0; index < dir->pages && error == -ENOENT; index++)
		error = search_page(dir, index, name, length, ino);
	return error;
}

/* From *inode on to what a name in it stands for; its reference goes, unless there is an error. */
static int step(struct fs_inode **inode, const char *name, unsigned int length)
{
	struct fs_inode *dir = *inode, *next;
	uint32_t ino;
	int error;

	if (length > EXT4_NAME_MAX)
		return -ENAMETOOLONG;
	error = fs_lookup(dir, name, length, &ino);
	if (!error)
		error = fs_iget(dir->fs, ino, &next);
	if (error)
		return error;
	fs_iput(dir);
	*inode = next;
	return 0;
}

static int walk(struct fs_inode **inode, const char *path)
{
	int error = 0;

	path += strspn(path, "/");
	while (*path && !error) {
		unsigned int length = strcspn(path, "/");

		error = step(inode, path, length);
		path += length;
		if (!error && *path && !fs_is_dir(*inode))
			error = -ENOTDIR;
		path += strspn(path, "/");
	}
	return error;
}

int fs_open(struct fs *fs, const char *path, struct fs_inode **found)
{
	struct fs_inode *inode = fs->root;
	int error;

	*found = NULL;
	mutex_lock(&fs->mutex);
	refcount_get(&inode->users);
	error = walk(&inode, path);
	if (!error && fs_is_dir(inode))
		error = -EISDIR;
	if (error)
		fs_iput(inode);
	else
		*found = inode;
	mutex_unlock(&fs->mutex);
	return error;
}
