/*
 * Pages of files (kernel/fs/read.c): which bios (§34.1), zeroes, errors; and every page of every file.
 */
#include "fs/fs_case.h"

/* A bio's pages are neighbours on the disk, in blocks: "R100+8 " for page `index` and what follows. */
static const char *bio_of(const struct fs_inode *inode, unsigned long index, unsigned int pages)
{
	static char text[64];
	unsigned long run;
	uint64_t sector;

	assert_true(fs_map(inode, index, &sector, &run));
	snprintf(text, sizeof(text), "R%lu+%u ", (unsigned long)sector / SECTORS_OF_PAGE, pages);
	return text;
}

static void assert_ended_well(unsigned int n)
{
	assert_int_equal(nr_ended, n);
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(ended_page[i].error, 0);
}

static bool is_zero(const struct page *page)
{
	const unsigned char *p = page_address(m, page);

	return !p[0] && !memcmp(p, p + 1, PAGE_SIZE - 1);
}

static void test_34_1_a_window_is_one_bio(void **state)
{
	struct fs_inode *inode = open_file("bin/imklog");
	unsigned long in = m->event[PGPGIN];

	(void)state;
	read_pages(inode, 100, 32);
	assert_reads(bio_of(inode, 100, 32));
	assert_ended_well(32);
	assert_int_equal(ended_page[0].page - pool, 0);
	assert_int_equal(m->event[PGPGIN] - in, 32 * SECTORS_OF_PAGE);
	read_pages(inode, 1535, 1);
	assert_reads(bio_of(inode, 1535, 1));
	fs_inode_put(inode);
}

/* §34.1(3): 256 pages at most. */
static void test_34_1_a_long_read(void **state)
{
	struct fs_inode *inode = open_file("bin/imklog");
	char expected[128] = "";

	(void)state;
	read_pages(inode, 200, 500);
	strcat(expected, bio_of(inode, 200, 256));
	strcat(expected, bio_of(inode, 456, 244));
	assert_reads(expected);
	assert_ended_well(500);
	fs_inode_put(inode);
}

/* Where a run ends a bio does, and where pages are left out that are cached. */
static void test_34_1_what_is_no_neighbour(void **state)
{
	struct fs_inode *inode = open_file("bin/imklog");
	struct page *pages[] = {pool, pool + 1, pool + 2, pool + 3};
	uint32_t first = inode->runs[0].pages;
	char expected[128] = "";

	(void)state;
	assert_true(inode->nr_runs > 1);
	read_pages(inode, first - 2, 5);
	strcat(expected, bio_of(inode, first - 2, 2));
	strcat(expected, bio_of(inode, first, 3));
	assert_reads(expected);
	for (unsigned int i = 0; i < 4; i++)
		pages[i]->index = 1000 + i + (i > 1);
	nr_ended = 0;
	fs_readpages(inode, pages, 4);
	expected[0] = '\0';
	strcat(expected, bio_of(inode, 1000, 2));
	strcat(expected, bio_of(inode, 1003, 2));
	assert_reads(expected);
	assert_ended_well(4);
	fs_inode_put(inode);
}

/* §38.2: blocks of pointers lie between an ext2 file's blocks. */
static void test_38_2_an_ext2_window_breaks(void **state)
{
	struct fs_inode *inode = open_file("bin/imklog");
	char expected[128] = "";

	(void)state;
	read_pages(inode, 1030, 10); /* 1036 is the first by way of two levels */
	strcat(expected, bio_of(inode, 1030, 6));
	strcat(expected, bio_of(inode, 1036, 4));
	assert_reads(expected);
	assert_ended_well(10);
	fs_inode_put(inode);
}

/* No I/O for a hole; a bio goes on behind it where the blocks do. */
static void test_holes(void **state)
{
	struct fs_inode *inode = open_file("data/holes");

	(void)state;
	read_pages(inode, 20, 8);
	assert_reads("");
	assert_ended_well(8);
	for (unsigned int i = 0; i < 8; i++)
		assert_true(is_zero(pool + i));
	read_pages(inode, 14, 36);
	assert_reads(bio_of(inode, 14, 4));
	assert_ended_well(36);
	assert_false(is_zero(pool + 1));
	assert_true(is_zero(pool + 2) && is_zero(pool + 33));
	assert_false(is_zero(pool + 34));
	assert_ptr_equal(ended_page[0].page, pool + 2); /* at once */
	assert_ptr_equal(ended_page[32].page, pool);
	fs_inode_put(inode);
}

static void test_behind_the_end(void **state)
{
	struct fs_inode *inode = open_file("data/empty");

	(void)state;
	read_pages(inode, 0, 2);
	assert_reads("");
	assert_true(is_zero(pool) && is_zero(pool + 1));
	fs_inode_put(inode);
	inode = open_file("data/short");
	read_pages(inode, 0, 2);
	assert_reads(bio_of(inode, 0, 1));
	assert_true(is_zero(pool + 1));
	fs_inode_put(inode);
}

/* §38.1: blocks that are there but were never written. */
static void test_38_unwritten_extents_are_zeroes(void **state)
{
	unsigned int byte;
	unsigned long block = place_of_path("data/holes", &byte);
	struct fs_inode *inode;

	(void)state;
	byte += offsetof(struct ext4_inode, map) + 12 + offsetof(struct ext4_extent, length);
	assert_int_equal(*(uint16_t *)image_at(&image_disk, block, byte), 16);
	image_spoil(&image_disk, block, byte, 32768 + 16, 2);
	inode = open_file("data/holes");
	assert_int_equal(inode->nr_runs, 1);
	read_pages(inode, 0, 16);
	assert_reads("");
	assert_true(is_zero(pool) && is_zero(pool + 15));
	fs_inode_put(inode);
}

static void test_an_error_is_its_bios(void **state)
{
	struct fs_inode *inode = open_file("bin/imklog");
	uint32_t first = inode->runs[0].pages;

	(void)state;
	image_disk.fail_block = inode->runs[0].block;
	read_pages(inode, 0, 32);
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(ended_page[i].error, i < first ? -EIO : 0);
	assert_line("fs vda: inode %u, block %ld: cannot be read (error 5); expected %u pages of a "
		    "file, "
		    "from page 0 on",
		inode->ino, image_disk.fail_block, first);
	assert_int_equal(console_count("fs vda"), 2); /* mounted, and this */
	image_disk.fail_block = -1;
	read_pages(inode, 0, 32);
	assert_ended_well(32);
	fs_inode_put(inode);
}

/* Every page of every file of the image is what was put there. */
static void test_every_file(void **state)
{
	static const struct filework work = {.window = 32, .random = 3, .seed = 1};
	struct filework_result r;

	(void)state;
	fs_unmount(fs);
	fs = fs_mount(&image_disk.disk, filework_page_end);
	assert_true(filework_run(fs, &work, &r));
	assert_int_equal(r.files, 210);
	assert_int_equal(r.missing, 0);
	assert_int_equal(r.wrong, 0);
	assert_int_equal(r.errors, 0);
	assert_in_range(r.zeroes, 1400 + 40 + 32 + 32, 1400 + 40 + 32 + 32 + 30);
}

/* The workload sees a wrong word, wherever it is. */
static void test_a_wrong_word_is_seen(void **state)
{
	static const struct filework work = {.window = 256, .seed = 1};
	struct fs_inode *inode = open_file("data/odd");
	unsigned long block =
		inode->runs[inode->nr_runs - 1].block + inode->runs[inode->nr_runs - 1].pages - 1;
	static const unsigned int at[] = {0, 2048, 3999, 4001, 4095};
	struct filework_result r;

	(void)state;
	fs_inode_put(inode);
	fs_unmount(fs);
	fs = fs_mount(&image_disk.disk, filework_page_end);
	for (unsigned int i = 0; i < ARRAY_SIZE(at); i++) {
		image_spoil(&image_disk, block, at[i], 0xee, 1);
		assert_true(filework_run(fs, &work, &r));
		assert_int_equal(r.wrong, 1);
		image_mend(&image_disk);
	}
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup_ext4, teardown)
#define TEST2(fn)                                                                                  \
	{                                                                                          \
#fn "_of_ext2", fn, setup_ext2, teardown, NULL                                     \
	}
static const struct CMUnitTest tests[] = {
	TEST(test_34_1_a_window_is_one_bio),
	TEST(test_34_1_a_long_read),
	TEST(test_34_1_what_is_no_neighbour),
	TEST2(test_38_2_an_ext2_window_breaks),
	TEST(test_holes),
	TEST2(test_holes),
	TEST(test_behind_the_end),
	TEST(test_38_unwritten_extents_are_zeroes),
	TEST(test_an_error_is_its_bios),
	TEST(test_every_file),
	TEST2(test_every_file),
	TEST(test_a_wrong_word_is_seen),
};
TEST_GROUP(fs_read)
