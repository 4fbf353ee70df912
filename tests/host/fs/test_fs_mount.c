/*
 * Superblocks and groups that are not as they should be (kernel/fs/mount.c, §38.1): each is one line.
 */
#include "fs/fs_case.h"

static const struct {
	unsigned int byte, bytes; /* of the superblock */
	uint64_t value;
	const char *line; /* what is said behind "fs vda: block 0: " */
} wrong[] = {
	{56, 2, 0x1234, "magic 0x1234; expected 0xef53: ext2, ext3 or ext4"},
	{76, 4, 2, "revision 2; expected 0 or 1"},
	{24, 4, 0, "blocks of 1024 << 0 bytes; expected 1024 << 2, by mke2fs -b 4096"},
	{24, 4, 0xffffffff,
		"blocks of 1024 << 4294967295 bytes; expected 1024 << 2, by mke2fs -b 4096"},
	{20, 4, 1, "first data block 1; expected 0"},
	{4, 4, 0, "0 blocks; expected 2 to 8192, as the disk has"},
	{4, 4, 8193, "8193 blocks; expected 2 to 8192, as the disk has"},
	{4, 4, 0xffffffff, "4294967295 blocks; expected 2 to 8192, as the disk has"},
	{32, 4, 0, "0 blocks a group; expected 1 to 32768"},
	{32, 4, 32769, "32769 blocks a group; expected 1 to 32768"},
	{40, 4, 0, "0 inodes a group; expected 1 to 32768"},
	{40, 4, 0x80000000, "2147483648 inodes a group; expected 1 to 32768"},
	{40, 4, 511, "512 inodes; expected 1 groups of 511"},
	{0, 4, 0, "0 inodes; expected 1 groups of 512"},
	{88, 2, 0, "inodes of 0 bytes; expected a power of two, 128 to 4096"},
	{88, 2, 192, "inodes of 192 bytes; expected a power of two, 128 to 4096"},
	{88, 2, 8192, "inodes of 8192 bytes; expected a power of two, 128 to 4096"},
};

static void assert_refused(const char *line)
{
	console_clear();
	assert_null(fs_mount(&image_disk.disk, page_ended));
	assert_line("fs vda: %s", line);
	assert_int_equal(console_count("fs vda"), 1);
	assert_nothing_lost();
}

static int setup(void **state)
{
	int err = twin_setup(state);

	image_machine(IMAGE_EXT4);
	return err;
}

static void test_38_wrong_superblocks(void **state)
{
	char line[160];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong); i++) {
		image_spoil(&image_disk, 0, 1024 + wrong[i].byte, wrong[i].value, wrong[i].bytes);
		snprintf(line, sizeof(line), "block 0: %s", wrong[i].line);
		assert_refused(line);
		image_mend(&image_disk);
	}
}

/* By the names that mke2fs has for them. */
static void test_38_features_are_refused_by_name(void **state)
{
	static const struct {
		unsigned int bit;
		const char *name;
	} other[] = {{0, "compression"}, {2, "needs_recovery"}, {3, "journal_dev"}, {4, "meta_bg"},
		{8, "mmp"}, {10, "ea_inode"}, {12, "dirdata"}, {13, "metadata_csum_seed"},
		{14, "large_dir"}, {15, "inline_data"}, {16, "encrypt"}, {17, "casefold"},
		{5, "without a name"}, {31, "without a name"}};
	char line[160];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(other); i++) {
		image_spoil(&image_disk, 0, 1024 + 96, 0x242 | 1ull << other[i].bit, 4);
		snprintf(line, sizeof(line),
			"block 0: feature %s (incompat 0x%x); expected none besides filetype, "
			"extent, "
			"64bit, flex_bg",
			other[i].name, 1u << other[i].bit);
		assert_refused(line);
		image_mend(&image_disk);
	}
	image_spoil(&image_disk, 0, 1024 + 92, ~0u, 4);  /* compat */
	image_spoil(&image_disk, 0, 1024 + 100, ~0u, 4); /* ro-compat: read-only it is */
	mount_again();
	assert_non_null(fs);
}

/* 64bit: descriptors have a size of their own. */
static void test_38_wide_descriptors(void **state)
{
	(void)state;
	image_spoil(&image_disk, 0, 1024 + 96, 0x2c2, 4);
	assert_refused(
		"block 0: group descriptors of 0 bytes; expected a power of two, 64 to 4096");
	image_spoil(&image_disk, 0, 1024 + 254, 64, 2);
	mount_again();
	assert_non_null(fs);
	assert_int_equal(error_of("bin/imklog"), 0);
	fs_unmount(fs);
	fs = NULL;
	image_spoil(&image_disk, 1, 40, 1, 4); /* the table's high half */
	console_clear();
	assert_null(fs_mount(&image_disk.disk, page_ended));
	assert_printed("fs vda: block 1: group 0: inode table of 32 blocks from block 42949");
	image_spoil(&image_disk, 0, 1024 + 336, 1, 4); /* the size's high half */
	assert_refused("block 0: 4294975488 blocks; expected 2 to 8192, as the disk has");
}

static void test_38_no_revision(void **state)
{
	(void)state;
	image_spoil(&image_disk, 0, 1024 + 76, 0, 4);
	image_spoil(&image_disk, 0, 1024 + 96, ~0u, 4); /* which had no features, */
	console_clear();
	fs = fs_mount(&image_disk.disk, page_ended);
	assert_null(fs); /* and inodes of 128 bytes, so that the root is another one's half here */
	assert_not_printed("feature");
	assert_int_equal(console_count("fs vda"), 1);
}

static void test_an_unclean_one_is_mounted(void **state)
{
	(void)state;
	image_spoil(&image_disk, 0, 1024 + 58, 0, 2);
	mount_again();
	assert_line(
		"fs vda: block 0: state 0; expected 1: it was not closed, and may not be whole");
	assert_non_null(fs);
}

static void test_inode_tables_elsewhere(void **state)
{
	static const uint32_t table[] = {0, 8192 - 31, 8192, 0xffffffff};
	char line[160];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(table); i++) {
		image_spoil(&image_disk, 1, 8, table[i], 4);
		snprintf(line, sizeof(line),
			"block 1: group 0: inode table of 32 blocks from block %u on; expected "
			"within 1 "
			"to 8191",
			table[i]);
		assert_refused(line);
		image_mend(&image_disk);
	}
}

/* As many groups as there are blocks: more descriptors than a block has, most of them nothing. */
static void test_more_groups(void **state)
{
	(void)state;
	image_spoil(&image_disk, 0, 1024 + 32, 1, 4);
	image_spoil(&image_disk, 0, 1024 + 40, 1, 4);
	image_spoil(&image_disk, 0, 1024 + 0, 8192, 4);
	assert_refused(
		"block 1: group 1: inode table of 1 blocks from block 0 on; expected within 1 to "
		"8191");
}

static void test_a_root_that_is_none(void **state)
{
	unsigned int byte = fs ? 0 : 256;
	uint32_t table = *(uint32_t *)image_at(&image_disk, 1, 8);
	char line[160];

	(void)state;
	image_spoil(&image_disk, table, byte, 0x81a4, 2);
	snprintf(line, sizeof(line), "inode 2, block %u: mode 0x81a4; expected a folder, 0x4000",
		table);
	assert_refused(line);
	image_spoil(&image_disk, table, byte + 26, 0, 2);
	snprintf(
		line, sizeof(line), "inode 2, block %u: no links; expected an inode in use", table);
	assert_refused(line);
}

static void test_a_disk_that_is_cut_short(void **state)
{
	(void)state;
	image_disk.disk.capacity = 4000 * SECTORS_OF_PAGE;
	assert_refused("block 0: 8192 blocks; expected 2 to 4000, as the disk has");
	image_disk.disk.capacity = SECTORS_OF_PAGE;
	assert_refused("block 0: a disk of 8 sectors; expected 16 at least");
	image_disk.disk.capacity = 0;
	assert_refused("block 0: a disk of 0 sectors; expected 16 at least");
}

static void test_a_disk_that_fails(void **state)
{
	uint32_t table = *(uint32_t *)image_at(&image_disk, 1, 8);
	char line[160];

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		image_disk.fail_block = i;
		snprintf(line, sizeof(line),
			"block %u: cannot be read (error 5); expected metadata", i);
		assert_refused(line);
	}
	image_disk.fail_block = table;
	snprintf(line, sizeof(line),
		"inode 2, block %u: cannot be read (error 5); expected metadata", table);
	assert_refused(line);
}

/* Who unmounts while a file is open has a fault. */
static void test_unmount_with_an_open_file(void **state)
{
	struct fs_inode *inode;

	(void)state;
	mount_again();
	inode = open_file("data/short");
	assert_panics("BUG: fs->root->users.n", fs_unmount(fs));
	fs_inode_put(inode);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_38_wrong_superblocks),
	TEST(test_38_features_are_refused_by_name),
	TEST(test_38_wide_descriptors),
	TEST(test_38_no_revision),
	TEST(test_an_unclean_one_is_mounted),
	TEST(test_inode_tables_elsewhere),
	TEST(test_more_groups),
	TEST(test_a_root_that_is_none),
	TEST(test_a_disk_that_is_cut_short),
	TEST(test_a_disk_that_fails),
	TEST(test_unmount_with_an_open_file),
};
TEST_GROUP(fs_mount)
