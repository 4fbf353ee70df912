/*
 * A tree of extents, read as a whole (§38.1). It ends: a node says how deep it is, has at least one entry,
 * and what its entries cover lies within what its parent says of it, so none is met twice.
 */
#include <errno.h>

#include "kernel/fs/fs_ops.h"

#define LOGICAL_END (1ull << 32)

/* A node, and what it may cover: from the first page to before the last. */
struct node {
	const struct ext4_extent_header *header;
	uint64_t at;              /* its block */
	unsigned int room, depth; /* entries that have room, levels below it */
	uint64_t from, end;
};

#define SAY(inode, node, ...) (fs_fault((inode)->fs, (inode)->ino, (node)->at, __VA_ARGS__), -EIO)

static int check_header(const struct fs_inode *inode, const struct node *node)
{
	const struct ext4_extent_header *h = node->header;

	if (h->magic != EXT4_EXTENT_MAGIC)
		return SAY(inode, node, "extents with magic 0x%x; expected 0x%x", h->magic,
			EXT4_EXTENT_MAGIC);
	if (h->depth != node->depth)
		return SAY(inode, node, "extents of depth %u; expected %u", h->depth, node->depth);
	if (h->max > node->room || h->entries > h->max)
		return SAY(inode, node, "%u extents of %u; expected at most %u", h->entries, h->max,
			node->room);
	return 0;
}

static int add_extent(struct fs_inode *inode, struct node *node, const struct ext4_extent *e)
{
	bool written = e->length <= EXT4_WRITTEN;
	uint32_t length = written ? e->length : e->length - EXT4_WRITTEN;
	uint64_t start = e->start | (uint64_t)e->start_high << 32;
	int error;

	if (!length || e->logical < node->from || e->logical + (uint64_t)length > node->end)
		return SAY(inode, node,
			"an extent of %u pages from page %u on; expected within %lu to %lu", length,
			e->logical, (unsigned long)node->from, (unsigned long)node->end - 1);
	node->from = e->logical + (uint64_t)length;
	error = fs_count_blocks(inode, node->at, "an extent", start, length);
	if (error || !written)
		return error;
	return fs_add_run(inode, e->logical, length, start);
}

static int read_leaf(struct fs_inode *inode, struct node *node)
{
	const struct ext4_extent *e = (const void *)(node->header + 1);
	int error = 0;

	for (unsigned int i = 0; i < node->header->entries && !error; i++)
		error = add_extent(inode, node, &e[i]);
	return error;
}

static int read_node(struct fs_inode *inode, struct node *node);

static int read_child(struct fs_inode *inode, const struct node *parent, uint64_t block,
	uint64_t from, uint64_t end)
{
	struct fs *fs = inode->fs;
	struct node child = {.at = block,
		.room = (FS_BLOCK_SIZE - sizeof(*child.header)) / sizeof(struct ext4_extent),
		.depth = parent->depth - 1,
		.from = from,
		.end = end};
	struct page *page;
	int error = fs_count_blocks(inode, parent->at, "a node of extents", block, 1);

	if (!error)
		error = fs_read_block(fs, inode->ino, block, &page);
	if (error)
		return error;
	child.header = page_address(fs->memory, page);
	error = child.header->entries ? read_node(inode, &child) :
					SAY(inode, &child, "no extents; expected at least 1");
	fs_put_block(fs, page);
	return error;
}

static int read_index(struct fs_inode *inode, const struct node *node)
{
	const struct ext4_extent_index *x = (const void *)(node->header + 1);
	unsigned int n = node->header->entries;
	uint64_t least = node->from;
	int error = 0;

	for (unsigned int i = 0; i < n && !error; i++) {
		uint64_t end = i + 1 < n ? x[i + 1].logical : node->end;

		if (x[i].logical < least || x[i].logical >= end || end > node->end)
			return SAY(inode, node,
				"extents %u from page %u on; expected ascending, within %lu to %lu",
				i, x[i].logical, (unsigned long)least,
				(unsigned long)node->end - 1);
		error = read_child(inode, node, x[i].child | (uint64_t)x[i].child_high << 32,
			x[i].logical, end);
		least = end;
	}
	return error;
}

static int read_node(struct fs_inode *inode, struct node *node)
{
	int error = check_header(inode, node);

	if (error)
		return error;
	return node->depth ? read_index(inode, node) : read_leaf(inode, node);
}

int fs_read_extents(struct fs_inode *inode, const struct ext4_inode *raw, uint64_t at)
{
	struct node root = {.header = (const void *)raw->map,
		.at = at,
		.room = (EXT4_MAP_BYTES - sizeof(*root.header)) / sizeof(struct ext4_extent),
		.depth = ((const struct ext4_extent_header *)raw->map)->depth,
		.end = LOGICAL_END};

	if (root.depth > EXT4_MOST_DEPTH)
		return SAY(inode, &root, "extents of depth %u; expected at most %u", root.depth,
			EXT4_MOST_DEPTH);
	if (root.depth && !root.header->entries)
		return SAY(inode, &root, "no extents of depth %u; expected at least 1", root.depth);
	return read_node(inode, &root);
}
