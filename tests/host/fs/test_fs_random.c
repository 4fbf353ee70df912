/*
 * Images with a few wrong bytes where it matters (kernel/fs): whatever they are, nothing crashes or is lost,
 * and what cannot be read is a line.
 */
#include "fs/fs_case.h"
#include "fs/walk.h"

#include "kernel/core/rand.h"

#define TRIALS 1500

static unsigned long meta[IMAGE_BLOCKS];
static unsigned int nr_meta;
static struct walk walk;

/* What a mount and the opens read, of an image that is whole. */
static void learn(void)
{
	struct fs_inode *inode;

	nr_meta = 0;
	memset(image_disk.read, 0, sizeof(image_disk.read));
	fs = fs_mount(&image_disk.disk, page_ended);
	inode = open_file("bin/imklog");
	fs_inode_put(inode);
	fs_inode_put(open_file("data/pieces"));
	fs_inode_put(open_file("data/comb"));
	fs_inode_put(open_file("data/a/b/c/deep"));
	fs_inode_put(open_file("many/one-of-many-files-with-a-name-that-takes-room-199"));
	fs_unmount(fs);
	fs = NULL;
	for (unsigned long block = 0; block < IMAGE_BLOCKS; block++)
		if (image_disk.read[block])
			meta[nr_meta++] = block;
}

static uint64_t wrong_value(struct rand *r)
{
	static const uint64_t often[] = {
		0, 1, 0xff, 0xffff, 0x7fffffff, 0xffffffff, 8191, 8192, 32768};

	return rand_below(r, 2) ? rand_next(r) : often[rand_below(r, ARRAY_SIZE(often))];
}

/* Of the parts that mean something rather than of those that are zeroes: superblock, groups, inodes. */
static void spoil_one(struct rand *r)
{
	unsigned long block = meta[rand_below(r, rand_below(r, 2) ? 4 : nr_meta)];
	unsigned int bytes = 1u << rand_below(r, 3), byte;

	if (block == 0)
		byte = 1024 + rand_below(r, 128) * 2;
	else
		byte = rand_below(r, rand_below(r, 2) ? 128 : PAGE_SIZE / 4) * 4;
	image_spoil(&image_disk, block, byte, wrong_value(r), bytes);
}

static void spoil_and_walk(enum image_kind kind)
{
	unsigned int not_mounted = 0, refused = 0, whole = 0;
	struct rand r;

	image_machine(kind);
	learn();
	fs_walk(&image_disk, pool, &walk);
	assert_int_equal(walk.opened, 9);
	assert_int_equal(walk.failed, 0);
	rand_seed(&r, 1);
	for (unsigned int i = 0; i < TRIALS; i++) {
		for (unsigned long n = 1 + rand_below(&r, 3); n; n--)
			spoil_one(&r);
		if (rand_below(&r, 8) == 0)
			image_disk.fail_block = meta[rand_below(&r, nr_meta)];
		fs_walk(&image_disk, pool, &walk);
		image_mend(&image_disk);
		image_disk.fail_block = -1;
		not_mounted += !walk.mounted;
		refused += walk.mounted && walk.opened < 9;
		whole += walk.opened == 9;
		if (i % 50 == 0)
			assert_nothing_lost();
	}
	assert_true(not_mounted > TRIALS / 20 && refused > TRIALS / 20 && whole > TRIALS / 20);
}

static int setup(void **state)
{
	return twin_setup(state);
}

static void test_wrong_bytes_of_ext4(void **state)
{
	(void)state;
	spoil_and_walk(IMAGE_EXT4);
}

static void test_wrong_bytes_of_ext2(void **state)
{
	(void)state;
	spoil_and_walk(IMAGE_EXT2);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_wrong_bytes_of_ext4),
	TEST(test_wrong_bytes_of_ext2),
};
TEST_GROUP(fs_random)
