/*
 * Mount: the superblock and the groups' inode tables (§38.1).
 */
#include <errno.h>

#include "kernel/core/log/printk.h"
#include "kernel/fs/fs_ops.h"
#include "mm/slab/kmalloc.h"
#include "mm/slab/slab.h"

#define INODE_BYTES 1072 /* of 4.8's ext4_inode_cache (§31.5) */
#define BITMAP_BITS (8 * FS_BLOCK_SIZE)
#define SUPER_BLOCK 0

_Static_assert(sizeof(struct fs_inode) <= INODE_BYTES, "it fits 4.8's");

/* What a superblock must say; each is false after a line. */

#define SAY(fs, ...) (fs_fault(fs, FS_NO_INODE, SUPER_BLOCK, __VA_ARGS__), false)

static bool good_kind(const struct fs *fs, const struct ext4_super *sb)
{
	if (sb->magic != EXT4_MAGIC)
		return SAY(
			fs, "magic 0x%x; expected 0x%x: ext2, ext3 or ext4", sb->magic, EXT4_MAGIC);
	if (sb->revision > EXT4_REV_DYNAMIC)
		return SAY(fs, "revision %u; expected 0 or 1", sb->revision);
	if (sb->log_block_size != FS_BLOCK_SHIFT - 10)
		return SAY(fs, "blocks of 1024 << %u bytes; expected 1024 << 2, by mke2fs -b 4096",
			sb->log_block_size);
	if (sb->first_data_block)
		return SAY(fs, "first data block %u; expected 0", sb->first_data_block);
	return true;
}

/* As mke2fs names them, by their bits. */
static const char *const incompat_names[32] = {"compression", "filetype", "needs_recovery",
	"journal_dev", "meta_bg", NULL, "extent", "64bit", "mmp", "flex_bg", "ea_inode", NULL,
	"dirdata", "metadata_csum_seed", "large_dir", "inline_data", "encrypt", "casefold"};

static bool good_features(const struct fs *fs, const struct ext4_super *sb)
{
	uint32_t other = sb->incompat & ~EXT4_INCOMPAT_READ;
	unsigned int bit;

	if (!other || sb->revision < EXT4_REV_DYNAMIC)
		return true;
	bit = __builtin_ctz(other);
	return SAY(fs,
		"feature %s (incompat 0x%x); expected none besides filetype, extent, 64bit, "
		"flex_bg",
		incompat_names[bit] ? incompat_names[bit] : "without a name", 1u << bit);
}

static bool good_sizes(const struct fs *fs, const struct ext4_super *sb)
{
	uint64_t room = fs->disk->capacity / SECTORS_OF_PAGE;

	if (fs->blocks < 2 || fs->blocks > room)
		return SAY(fs, "%lu blocks; expected 2 to %lu, as the disk has",
			(unsigned long)fs->blocks, (unsigned long)room);
	if (!sb->blocks_per_group || sb->blocks_per_group > BITMAP_BITS)
		return SAY(fs, "%u blocks a group; expected 1 to %u", sb->blocks_per_group,
			BITMAP_BITS);
	if (!fs->inodes_per_group || fs->inodes_per_group > BITMAP_BITS)
		return SAY(fs, "%u inodes a group; expected 1 to %u", fs->inodes_per_group,
			BITMAP_BITS);
	if (fs->inode_size < sizeof(struct ext4_inode) || fs->inode_size > FS_BLOCK_SIZE ||
		(fs->inode_size & (fs->inode_size - 1)))
		return SAY(fs, "inodes of %u bytes; expected a power of two, 128 to 4096",
			fs->inode_size);
	return true;
}

static bool is_wide(const struct ext4_super *sb)
{
	return sb->revision >= EXT4_REV_DYNAMIC && sb->incompat & EXT4_INCOMPAT_64BIT;
}

static bool good_groups(const struct fs *fs, const struct ext4_super *sb)
{
	unsigned int least = is_wide(sb) ? 2 * EXT4_DESC_SIZE : EXT4_DESC_SIZE;

	if (fs->group_desc_size < least || fs->group_desc_size > FS_BLOCK_SIZE ||
		(fs->group_desc_size & (fs->group_desc_size - 1)))
		return SAY(fs, "group descriptors of %u bytes; expected a power of two, %u to 4096",
			fs->group_desc_size, least);
	if ((uint64_t)fs->groups * fs->inodes_per_group != fs->inodes)
		return SAY(fs, "%u inodes; expected %u groups of %u", fs->inodes, fs->groups,
			fs->inodes_per_group);
	return true;
}

static void take_sizes(struct fs *fs, const struct ext4_super *sb)
{
	bool old = sb->revision < EXT4_REV_DYNAMIC, wide = is_wide(sb);

	fs->blocks = sb->blocks | (wide ? (uint64_t)sb->blocks_high << 32 : 0);
	fs->inodes = sb->inodes;
	fs->inodes_per_group = sb->inodes_per_group;
	fs->inode_size = old ? sizeof(struct ext4_inode) : sb->inode_size;
	fs->group_desc_size = wide ? sb->desc_size : EXT4_DESC_SIZE;
}

static bool take_super(struct fs *fs, const struct ext4_super *sb)
{
	if (!good_kind(fs, sb) || !good_features(fs, sb))
		return false;
	take_sizes(fs, sb);
	if (!good_sizes(fs, sb))
		return false;
	fs->groups = (fs->blocks + sb->blocks_per_group - 1) / sb->blocks_per_group;
	if (!good_groups(fs, sb))
		return false;
	if (sb->state != EXT4_STATE_CLEAN)
		pr_warn("fs %s: block 0: state %u; expected 1: it was not closed, and may not be "
			"whole",
			fs->disk->name, sb->state);
	return true;
}

static int read_super(struct fs *fs)
{
	struct page *page;
	int error;

	if (fs->disk->capacity < 2 * SECTORS_OF_PAGE) {
		fs_fault(fs, FS_NO_INODE, SUPER_BLOCK,
			"a disk of %lu sectors; expected 16 at least",
			(unsigned long)fs->disk->capacity);
		return -EIO;
	}
	error = fs_read_block(fs, FS_NO_INODE, SUPER_BLOCK, &page);
	if (error)
		return error;
	if (!take_super(fs, (void *)((char *)page_address(fs->memory, page) + EXT4_SUPER_AT)))
		error = -EIO;
	fs_put_block(fs, page);
	return error;
}

/* Groups */

static uint32_t table_blocks(const struct fs *fs)
{
	return (fs->inodes_per_group * fs->inode_size + FS_BLOCK_SIZE - 1) / FS_BLOCK_SIZE;
}

static int take_group(
	struct fs *fs, uint32_t group, const struct ext4_group_desc *d, uint64_t block)
{
	uint64_t table = d->inode_table;

	if (fs->group_desc_size > EXT4_DESC_SIZE)
		table |= (uint64_t)d->inode_table_high << 32;
	if (table == 0 || table >= fs->blocks || table_blocks(fs) > fs->blocks - table) {
		fs_fault(fs, FS_NO_INODE, block,
			"group %u: inode table of %u blocks from block %lu on; expected within 1 "
			"to %lu",
			group, table_blocks(fs), (unsigned long)table,
			(unsigned long)fs->blocks - 1);
		return -EIO;
	}
	fs->inode_table[group] = table;
	return 0;
}

/* Those of one block of descriptors, `first` the first of them. */
static int read_some_groups(struct fs *fs, uint32_t first, uint32_t n, uint64_t block)
{
	struct page *page;
	int error = fs_read_block(fs, FS_NO_INODE, block, &page);

	if (error)
		return error;
	for (uint32_t i = 0; i < n && !error; i++)
		error = take_group(fs, first + i,
			(void *)((char *)page_address(fs->memory, page) + i * fs->group_desc_size),
			block);
	fs_put_block(fs, page);
	return error;
}

static int read_groups(struct fs *fs)
{
	uint32_t a_block = FS_BLOCK_SIZE / fs->group_desc_size;
	uint64_t block = SUPER_BLOCK + 1;
	int error = 0;

	if ((fs->groups + a_block - 1) / a_block > fs->blocks - block) {
		fs_fault(fs, FS_NO_INODE, SUPER_BLOCK,
			"%u groups; expected as many as %lu blocks can describe", fs->groups,
			(unsigned long)fs->blocks);
		return -EIO;
	}
	fs->inode_table = kmalloc(
		fs->memory, fs->groups * sizeof(*fs->inode_table), GFP_KERNEL | __GFP_NOWARN);
	if (!fs->inode_table)
		return -ENOMEM;
	for (uint32_t i = 0; i < fs->groups && !error; i += a_block)
		error = read_some_groups(fs, i, MIN(a_block, fs->groups - i), block++);
	return error;
}

/* Mount */

static int open_root(struct fs *fs)
{
	int error;

	fs->inode_cache = kmem_cache_create(fs->memory, "ext4_inode_cache", INODE_BYTES, 0,
		SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, NULL);
	if (!fs->inode_cache)
		return -ENOMEM;
	error = fs_iget(fs, FS_ROOT_INO, &fs->root);
	if (error || fs_is_dir(fs->root))
		return error;
	fs_fault(fs, FS_ROOT_INO, fs->inode_table[0], "mode 0x%x; expected a folder, 0x%x",
		fs->root->mode, EXT4_TYPE_DIR);
	return -EIO;
}

/* Of what was made as far as it was. */
static void take_apart(struct fs *fs)
{
	if (fs->root)
		fs_iput(fs->root);
	if (fs->inode_cache)
		kmem_cache_destroy(fs->inode_cache);
	kfree(fs->memory, fs->inode_table);
	lock_forget(&fs->mutex.info);
	kfree(fs->memory, fs);
}

struct fs *fs_mount(struct disk *disk, fs_page_end page_end)
{
	struct fs *fs = kzalloc(disk->memory, sizeof(*fs), GFP_KERNEL);
	int error;

	if (!fs) {
		pr_err("fs %s: no memory to mount it", disk->name);
		return NULL;
	}
	fs->disk = disk;
	fs->memory = disk->memory;
	fs->page_end = page_end;
	list_init(&fs->open);
	mutex_init(&fs->mutex, "fs");
	error = read_super(fs);
	if (!error)
		error = read_groups(fs);
	if (!error)
		error = open_root(fs);
	if (!error) {
		pr_info("fs %s: mounted, %lu blocks, %u inodes in %u groups", disk->name,
			(unsigned long)fs->blocks, fs->inodes, fs->groups);
		return fs;
	}
	if (error == -ENOMEM)
		pr_err("fs %s: no memory to mount it", disk->name);
	take_apart(fs);
	return NULL;
}

void fs_unmount(struct fs *fs)
{
	BUG_ON(fs->root->users.n != 1 || fs->open.next != fs->open.prev);
	take_apart(fs);
}
