/*
 * An ext2 map of blocks, read as a whole (§38.1). It ends: an inode has no more blocks than there are.
 */
#include "kernel/fs/fs_ops.h"

/* What block `block` stands for, `levels` of pointers above the data; page *index is its first. */
static int read_tree(
	struct fs_inode *inode, uint64_t at, uint32_t block, unsigned int levels, uint32_t index)
{
	uint32_t each = 1;
	const uint32_t *pointer;
	struct page *page;
	int error;

	if (!block)
		return 0;
	error = fs_count_blocks(inode, at, levels ? "pointers to blocks" : "a block", block, 1);
	if (error)
		return error;
	if (!levels)
		return fs_add_run(inode, index, 1, block);
	error = fs_read_block(inode->fs, inode->ino, block, &page);
	if (error)
		return error;
	for (unsigned int i = 1; i < levels; i++)
		each *= EXT4_POINTERS;
	pointer = page_address(inode->fs->memory, page);
	for (unsigned int i = 0; i < EXT4_POINTERS && !error; i++)
		error = read_tree(inode, block, pointer[i], levels - 1, index + i * each);
	fs_put_block(inode->fs, page);
	return error;
}

int fs_read_block_map(struct fs_inode *inode, const struct ext4_inode *raw, uint64_t at)
{
	uint32_t index = 0, covered = 1;
	int error = 0;

	for (; index < EXT4_DIRECT && !error; index++)
		error = read_tree(inode, at, raw->block[index], 0, index);
	for (unsigned int levels = 1; levels <= EXT4_LEVELS && !error; levels++) {
		error = read_tree(inode, at, raw->block[EXT4_DIRECT + levels - 1], levels, index);
		covered *= EXT4_POINTERS;
		index += covered;
	}
	return error;
}
