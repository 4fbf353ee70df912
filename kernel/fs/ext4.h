/*
 * What lies on the disk (§38.1). All numbers are little-endian, as the processor's are.
 */
#ifndef FS_EXT4_H
#define FS_EXT4_H

#include "kernel/core/types.h"

#define FS_BLOCK_SIZE  4096u /* a page: others are refused */
#define FS_BLOCK_SHIFT 12
#define FS_ROOT_INO    2

#define EXT4_SUPER_AT    1024 /* byte of the disk */
#define EXT4_MAGIC       0xef53
#define EXT4_STATE_CLEAN 1
#define EXT4_REV_DYNAMIC 1

#define EXT4_INCOMPAT_64BIT 0x80u
#define EXT4_INCOMPAT_READ  0x2c2u /* filetype, extent, 64bit, flex_bg: what is understood here */

struct ext4_super {
	uint32_t inodes, blocks;
	uint32_t unused1[3];
	uint32_t first_data_block;
	uint32_t log_block_size; /* 1024 << it */
	uint32_t unused2;
	uint32_t blocks_per_group;
	uint32_t unused3;
	uint32_t inodes_per_group;
	uint32_t unused4[3];
	uint16_t magic, state;
	uint32_t unused5[4];
	uint32_t revision;
	uint32_t unused6[2];
	uint16_t inode_size;
	uint16_t unused7;
	uint32_t compat, incompat, ro_compat;
	uint8_t unused8[150];
	uint16_t desc_size; /* with 64bit */
	uint8_t unused9[80];
	uint32_t blocks_high; /* with 64bit */
};

_Static_assert(offsetof(struct ext4_super, magic) == 56, "superblock");
_Static_assert(offsetof(struct ext4_super, incompat) == 96, "superblock");
_Static_assert(offsetof(struct ext4_super, desc_size) == 254, "superblock");
_Static_assert(offsetof(struct ext4_super, blocks_high) == 336, "superblock");

#define EXT4_DESC_SIZE 32 /* without 64bit; with it 64 at least */

struct ext4_group_desc {
	uint32_t block_bitmap, inode_bitmap, inode_table;
	uint32_t unused[7];
	uint32_t inode_table_high; /* with 64bit */
};

_Static_assert(offsetof(struct ext4_group_desc, inode_table_high) == 40, "group descriptor");

#define EXT4_TYPE_MASK    0xf000
#define EXT4_TYPE_FILE    0x8000
#define EXT4_TYPE_DIR     0x4000
#define EXT4_TYPE_LINK    0xa000
#define EXT4_FLAG_EXTENTS 0x80000u

#define EXT4_MAP_BYTES 60
#define EXT4_DIRECT    12 /* blocks of an ext2 map; then one each by 1, 2, 3 levels */
#define EXT4_LEVELS    3
#define EXT4_POINTERS  (FS_BLOCK_SIZE / sizeof(uint32_t))

struct ext4_inode {
	uint16_t mode, uid;
	uint32_t size;
	uint32_t times[4];
	uint16_t gid, links;
	uint32_t sectors;
	uint32_t flags;
	uint32_t unused1;
	union {
		uint32_t block[EXT4_DIRECT + EXT4_LEVELS];
		uint8_t map[EXT4_MAP_BYTES];
	};
	uint32_t unused2[2];
	uint32_t size_high; /* of a file */
	uint32_t unused3[4];
};

_Static_assert(offsetof(struct ext4_inode, flags) == 32, "inode");
_Static_assert(offsetof(struct ext4_inode, map) == 40, "inode");
_Static_assert(offsetof(struct ext4_inode, size_high) == 108, "inode");
_Static_assert(sizeof(struct ext4_inode) == 128, "the part that all inodes have");

#define EXT4_EXTENT_MAGIC 0xf30a
#define EXT4_MOST_DEPTH   5
#define EXT4_WRITTEN                                                                               \
	32768 /* blocks at most; what is longer is so much longer for not being written */

struct ext4_extent_header {
	uint16_t magic, entries, max, depth;
	uint32_t generation;
};

struct ext4_extent {
	uint32_t logical;
	uint16_t length, start_high;
	uint32_t start;
};

struct ext4_extent_index {
	uint32_t logical, child;
	uint16_t child_high, unused;
};

_Static_assert(sizeof(struct ext4_extent_header) == 12 && sizeof(struct ext4_extent) == 12 &&
		sizeof(struct ext4_extent_index) == 12,
	"extents");

#define EXT4_NAME_MAX 255

struct ext4_dir_entry {
	uint32_t inode; /* 0: none */
	uint16_t length;
	uint8_t name_length, type;
	char name[];
};

#endif
