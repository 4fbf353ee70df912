/*
 * Inodes, trees and folders that are not as they should be (§38.1): each is one line, and -EIO.
 */
#include <stdarg.h>

#include "fs/fs_case.h"

/* What was opened, and where it stands. */
static unsigned int inode_byte;
static unsigned long inode_block;
static uint32_t ino;

static void find(const char *path)
{
	struct fs_inode *inode = open_file(path);

	ino = inode->ino;
	inode_block = place_of(ino, &inode_byte);
	fs_inode_put(inode);
}

static void spoil(unsigned int byte, uint64_t value, unsigned int bytes)
{
	image_spoil(&image_disk, inode_block, inode_byte + byte, value, bytes);
}

/* Opening it fails with one line, of this inode at this block; and the image is whole again. */
__attribute__((format(printf, 4, 5))) static void assert_fault(
	const char *path, int error, unsigned long block, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	console_clear();
	assert_int_equal(error_of(path), error);
	assert_line("fs vda: inode %u, block %lu: %s", ino, block, text);
	assert_int_equal(console_count("fs vda"), 1);
	image_mend(&image_disk);
	assert_int_equal(error_of(path), 0);
}

#define AT(field) offsetof(struct ext4_inode, field)
#define TREE      AT(map) /* its header */
#define ENTRY(n)  (TREE + 12 + 12 * (n))

/* A block that the disk does not give. */
static void assert_unreadable(const char *file, uint32_t block)
{
	image_disk.fail_block = block;
	console_clear();
	assert_int_equal(error_of(file), -EIO);
	assert_line("fs vda: inode %u, block %u: cannot be read (error 5); expected metadata", ino,
		block);
	image_disk.fail_block = -1;
}

static void test_inodes(void **state)
{
	const char *file = "bin/imklog";

	(void)state;
	find(file);
	spoil(AT(links), 0, 2);
	assert_fault(file, -EIO, inode_block, "no links; expected an inode in use");
	spoil(AT(mode), 0x21a4, 2);
	assert_fault(file, -EINVAL, inode_block, "mode 0x21a4; expected a file or folder");
	spoil(AT(mode), 0xa1ff, 2);
	assert_fault(file, -ELOOP, inode_block, "a symbolic link; expected a file or folder");
	spoil(AT(size_high), 0x80000000, 4);
	assert_fault(file, -EIO, inode_block,
		"size 9223372036861067264; expected a file of at most 4294967295 blocks");
	find("data/a/../short");
}

static void test_folders(void **state)
{
	const char *file = "many/one-of-many-files-with-a-name-that-takes-room-000";
	struct fs_inode *dir;
	uint32_t many;
	unsigned long block;

	(void)state;
	mutex_lock(&fs->mutex);
	assert_int_equal(fs_lookup(fs->root, "many", 4, &many), 0);
	assert_int_equal(fs_iget(fs, many, &dir), 0);
	mutex_unlock(&fs->mutex);
	block = dir->runs[0].block;
	ino = many;
	inode_block = place_of(ino, &inode_byte);
	fs_inode_put(dir);
	spoil(AT(size), 4097, 4);
	assert_fault(
		file, -EIO, inode_block, "size 4097; expected whole blocks of at most 8192 blocks");
	spoil(AT(size), 0x80000000, 4);
	assert_fault(file, -EIO, inode_block,
		"size 2147483648; expected whole blocks of at most 8192 blocks");
	image_spoil(&image_disk, block, 4, 0, 2);
	assert_fault(file, -EIO, block,
		"an entry of 0 bytes with a name of 1, at byte 0; expected whole, up to 4096 "
		"bytes");
	image_spoil(&image_disk, block, 4, 13, 2);
	assert_fault(file, -EIO, block,
		"an entry of 13 bytes with a name of 1, at byte 0; expected whole, up to 4096 "
		"bytes");
	image_spoil(&image_disk, block, 4, 4100, 2);
	assert_fault(file, -EIO, block,
		"an entry of 4100 bytes with a name of 1, at byte 0; expected whole, up to 4096 "
		"bytes");
	image_spoil(&image_disk, block, 4, 4092, 2);
	assert_int_equal(*(uint32_t *)image_at(&image_disk, block, 4092), 0);
	assert_fault(file, -EIO, block,
		"an entry of 4 bytes with a name of 0, at byte 4092; expected whole, up to 4 "
		"bytes");
	image_spoil(&image_disk, block, 6, 9, 1);
	assert_fault(file, -EIO, block,
		"an entry of 12 bytes with a name of 9, at byte 0; expected whole, up to 4096 "
		"bytes");
	image_spoil(&image_disk, block, 24, 513, 4);
	assert_fault(file, -EIO, block, "an entry for inode 513, at byte 24; expected 1 to 512");
	image_spoil(&image_disk, inode_block, inode_byte + TREE + 2, 0, 2); /* no extents */
	console_clear();
	assert_int_equal(error_of(file), -EIO);
	assert_line("fs vda: inode %u: page 0 of a folder is a hole; expected a block", many);
}

static void test_extents_in_the_inode(void **state)
{
	const char *file = "bin/imklog";

	(void)state;
	find(file);
	spoil(TREE, 0, 2);
	assert_fault(file, -EIO, inode_block, "extents with magic 0x0; expected 0xf30a");
	spoil(TREE + 2, 5, 2);
	assert_fault(file, -EIO, inode_block, "5 extents of 4; expected at most 4");
	spoil(TREE + 4, 340, 2);
	assert_fault(file, -EIO, inode_block, "%u extents of 340; expected at most 4",
		((struct ext4_extent_header *)image_at(&image_disk, inode_block, inode_byte + TREE))
			->entries);
	spoil(TREE + 6, 6, 2);
	assert_fault(file, -EIO, inode_block, "extents of depth 6; expected at most 5");
	spoil(ENTRY(0) + 4, 0, 2);
	assert_fault(file, -EIO, inode_block,
		"an extent of 0 pages from page 0 on; expected within 0 to 4294967295");
	spoil(ENTRY(1), 0, 4);
	console_clear();
	assert_int_equal(error_of(file), -EIO);
	assert_printed("from page 0 on; expected within ");
	image_mend(&image_disk);
	spoil(ENTRY(0), 0xffffffff, 4);
	console_clear();
	assert_int_equal(error_of(file), -EIO);
	assert_printed("from page 4294967295 on; expected within 0 to 4294967295");
	image_mend(&image_disk);
	spoil(ENTRY(0) + 8, 0, 4);
	console_clear();
	assert_int_equal(error_of(file), -EIO);
	assert_printed("from block 0 on; expected within 1 to 8191");
	image_mend(&image_disk);
	spoil(ENTRY(0) + 6, 1, 2);
	console_clear();
	assert_int_equal(error_of(file), -EIO);
	assert_printed("from block 42949");
	image_mend(&image_disk);
	spoil(ENTRY(0) + 8, 8191, 4);
	console_clear();
	assert_int_equal(error_of(file), -EIO);
	assert_printed("from block 8191 on; expected within 1 to 8191");
}

/* Nodes that lead nowhere, to others, and in circles. */
static void test_extents_in_nodes(void **state)
{
	const char *file = "data/pieces";
	uint32_t node, other;

	(void)state;
	find("data/comb");
	other = *(uint32_t *)image_at(&image_disk, inode_block, inode_byte + ENTRY(0) + 4);
	find(file);
	node = *(uint32_t *)image_at(&image_disk, inode_block, inode_byte + ENTRY(0) + 4);
	spoil(ENTRY(0) + 4, 0, 4);
	assert_fault(file, -EIO, inode_block,
		"a node of extents: 1 from block 0 on; expected within 1 to 8191");
	spoil(ENTRY(0) + 4, 8192, 4);
	assert_fault(file, -EIO, inode_block,
		"a node of extents: 1 from block 8192 on; expected within 1 to 8191");
	spoil(ENTRY(0) + 8, 1, 2);
	assert_fault(file, -EIO, inode_block,
		"a node of extents: 1 from block %lu on; expected within 1 to 8191",
		(1ul << 32) + node);
	spoil(ENTRY(0), 1, 4);
	assert_fault(file, -EIO, node,
		"an extent of 1 pages from page 0 on; expected within 1 to 4294967295");
	spoil(ENTRY(0) + 4, other, 4);
	assert_fault(file, -EIO, other, "extents of depth 1; expected 0");
	spoil(TREE + 2, 0, 2);
	assert_fault(file, -EIO, inode_block, "no extents of depth 1; expected at least 1");
	image_spoil(&image_disk, node, 2, 0, 2);
	assert_fault(file, -EIO, node, "no extents; expected at least 1");
	image_spoil(&image_disk, node, 4, 341, 2);
	assert_fault(file, -EIO, node, "20 extents of 341; expected at most 340");
	assert_unreadable(file, node);
}

/* The same child twice: its pages are not what the second entry says. A node that is its own child: no leaf. */
static void test_circles(void **state)
{
	const char *file = "data/comb";
	uint32_t node, leaf;

	(void)state;
	find(file);
	node = *(uint32_t *)image_at(&image_disk, inode_block, inode_byte + ENTRY(0) + 4);
	leaf = *(uint32_t *)image_at(&image_disk, node, 12 + 4);
	image_spoil(&image_disk, node, 24 + 4, leaf, 4);
	assert_fault(file, -EIO, leaf,
		"an extent of 1 pages from page 0 on; expected within 678 to 1355");
	image_spoil(&image_disk, node, 12 + 4, node, 4);
	assert_fault(file, -EIO, node, "extents of depth 1; expected 0");
	image_spoil(&image_disk, node, 24, 0, 4);
	assert_fault(file, -EIO, node,
		"extents 0 from page 0 on; expected ascending, within 0 to 4294967295");
}

/* Of one inode; where files share blocks nothing is read that is not there. */
static void test_more_blocks_than_there_are(void **state)
{
	const char *file = "bin/imklog";

	(void)state;
	find(file);
	spoil(ENTRY(0) + 4, 8000, 2);
	spoil(ENTRY(0) + 8, 1, 4);
	spoil(ENTRY(1), 8000, 4);
	spoil(ENTRY(1) + 4, 8000, 2);
	spoil(ENTRY(1) + 8, 2, 4);
	assert_fault(file, -EIO, inode_block,
		"an extent: 16000 blocks so far; expected at most the disk's 8192");
}

static void test_block_maps(void **state)
{
	const char *file = "bin/imklog";
	uint32_t two;

	(void)state;
	find(file);
	spoil(AT(block[3]), 8192, 4);
	assert_fault(file, -EIO, inode_block,
		"a block: 1 from block 8192 on; expected within 1 to 8191");
	spoil(AT(block[12]), 0xffffffff, 4);
	assert_fault(file, -EIO, inode_block,
		"pointers to blocks: 1 from block 4294967295 on; expected within 1 to 8191");
	two = *(uint32_t *)image_at(&image_disk, inode_block, inode_byte + AT(block[13]));
	spoil(AT(block[14]), two, 4); /* another way to the same blocks */
	console_clear();
	assert_int_equal(error_of(file), -EIO);
	assert_printed("expected within 1 to 8191"); /* its words are data */
	image_mend(&image_disk);
	assert_unreadable(file, two);
}

/* Pointers to the very block that they stand in: a thousand ways at each level. */
static void test_circles_of_pointers(void **state)
{
	uint32_t two;

	(void)state;
	find("bin/imklog");
	two = *(uint32_t *)image_at(&image_disk, inode_block, inode_byte + AT(block[13]));
	for (unsigned int i = 0; i < 1000; i++)
		image_spoil(&image_disk, two, 4 * i, two, 4);
	spoil(AT(block[14]), two, 4);
	assert_fault("bin/imklog", -EIO, two,
		"a block: 8193 blocks so far; expected at most the disk's 8192");
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup_ext4, teardown)
#define TEST2(fn)                                                                                  \
	{                                                                                          \
#fn "_of_ext2", fn, setup_ext2, teardown, NULL                                     \
	}
static const struct CMUnitTest tests[] = {
	TEST(test_inodes),
	TEST(test_folders),
	TEST(test_extents_in_the_inode),
	TEST(test_extents_in_nodes),
	TEST(test_circles),
	TEST(test_more_blocks_than_there_are),
	TEST2(test_block_maps),
	TEST2(test_circles_of_pointers),
};
TEST_GROUP(fs_damage)
