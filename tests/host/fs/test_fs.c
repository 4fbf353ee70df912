/*
 * Names and inodes of a file system (kernel/fs/fs.h, §38.1).
 */
#include "fs/fs_case.h"

#include "mm/page/vmstat.h"

static const struct ext4_extent_header *tree_of(const char *path)
{
	return (const void *)raw_inode(path)->map;
}

static void test_38_paths(void **state)
{
	static const char *const same[] = {"bin/imklog", "/bin/imklog", "//bin///imklog",
		"./bin/../bin/./imklog", "data/a/b/../../../bin/imklog"};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(same); i++) {
		struct fs_inode *inode = open_file(same[i]);

		assert_int_equal(inode->size, 6 << 20);
		assert_int_equal(inode->pages, 1536);
		fs_inode_put(inode);
	}
	assert_int_equal(error_of("data/a/b/c/deep"), 0);
	assert_int_equal(error_of("data/a/b/c/dee"), -ENOENT);
	assert_int_equal(error_of("data/a/b/c/deep2"), -ENOENT);
	assert_int_equal(error_of("nothing/imklog"), -ENOENT);
	assert_int_equal(error_of("bin/imklog/x"), -ENOTDIR);
	assert_int_equal(error_of("bin/imklog/"), -ENOTDIR);
	assert_int_equal(error_of("bin/"), -EISDIR);
	assert_int_equal(error_of("bin"), -EISDIR);
	assert_int_equal(error_of("/"), -EISDIR);
	assert_int_equal(error_of(""), -EISDIR);
	assert_not_printed("expected"); /* a name that is not there is no fault */
}

/* 255 bytes is the longest name. */
static void test_38_long_names(void **state)
{
	char path[5 + 257] = "data/";

	(void)state;
	for (int i = 0; i < 51; i++)
		memcpy(path + 5 + 5 * i, "long-", 5);
	assert_int_equal(error_of(path), 0);
	path[5 + 254] = '\0';
	assert_int_equal(error_of(path), -ENOENT);
	memset(path + 5, 'x', 256);
	assert_int_equal(error_of(path), -ENAMETOOLONG);
}

/* A folder of several blocks: each is read until the name is found. */
static void test_38_a_large_folder(void **state)
{
	struct fs_inode *inode =
		open_file("many/one-of-many-files-with-a-name-that-takes-room-199");
	unsigned int reads = 0;

	(void)state;
	fs_inode_put(inode);
	image_disk.log[0] = '\0';
	assert_int_equal(
		error_of("many/one-of-many-files-with-a-name-that-takes-room-200"), -ENOENT);
	for (const char *p = image_disk.log; (p = strchr(p, 'R')); p++)
		reads++;
	assert_int_equal(reads, 2 + 3); /* the root's block, the folder's inode, and its blocks */
}

static void test_an_inode_is_one_for_all(void **state)
{
	struct fs_inode *a = open_file("data/short"), *b;

	(void)state;
	image_disk.log[0] = '\0';
	b = open_file("data/short");
	assert_ptr_equal(a, b);
	assert_int_equal(a->users.n, 2);
	fs_inode_get(a);
	fs_inode_put(b);
	fs_inode_put(a);
	assert_int_equal(a->users.n, 1);
	fs_inode_put(a);
	assert_int_equal(fs->open.next == fs->open.prev, true); /* the root alone */
}

static void test_31_5_inodes_are_slab_objects(void **state)
{
	long before = memory_stat_exact(m, NR_SLAB_RECLAIMABLE);
	struct fs_inode *inode[40];

	(void)state;
	assert_string_equal(fs->inode_cache->name, "ext4_inode_cache");
	assert_int_equal(fs->inode_cache->object_size, 1072);
	for (int i = 0; i < 40; i++) {
		char path[80];

		snprintf(path, sizeof(path),
			"many/one-of-many-files-with-a-name-that-takes-room-%03d", i);
		inode[i] = open_file(path);
	}
	assert_true(memory_stat_exact(m, NR_SLAB_RECLAIMABLE) > before);
	for (int i = 0; i < 40; i++)
		fs_inode_put(inode[i]);
}

static int setup_refused(void **state)
{
	int err = twin_setup(state);

	set_parameters("failslab=times:0,ignore-gfp-wait:0 "
		       "fail_page_alloc=times:0,ignore-gfp-wait:0,min-order:0");
	image_machine(IMAGE_EXT4);
	return err;
}

/* The nth object and the nth page from here on are refused, once; 0: none is. */
static void refuse(long object, long page)
{
	m->slab.fail.seen = m->fail.seen = 0;
	m->tunables.failslab.interval = object ? object : 1;
	m->tunables.fail_page_alloc.interval = page ? page : 1;
	m->slab.fail.times = !!object;
	m->fail.times = !!page;
}

/* Mount and open; was anything refused on the way? */
static bool mounts_or_not(long object, long page, unsigned int *failed)
{
	struct fs_inode *inode;
	bool refused;
	int error;

	console_clear();
	refuse(object, page);
	fs = fs_mount(&image_disk.disk, page_ended);
	if (fs) {
		error = fs_open(fs, "data/comb", &inode);
		assert_true(!error || error == -ENOMEM);
		*failed += !!error;
		if (!error)
			fs_inode_put(inode);
		fs_unmount(fs);
	} else {
		assert_line("fs vda: no memory to mount it");
		++*failed;
	}
	fs = NULL;
	refused = m->slab.fail.times == 0 && m->fail.times == 0;
	refuse(0, 0);
	assert_nothing_lost();
	return refused;
}

static void test_no_memory(void **state)
{
	unsigned int failed = 0;
	long n = 1;

	(void)state;
	while (mounts_or_not(n, 0, &failed))
		n++;
	assert_true(
		n > 10 && failed >= 5); /* two objects to mount, its table, three inodes, runs */
	failed = 0;
	n = 1;
	while (mounts_or_not(0, n, &failed))
		n++;
	assert_true(n > 10 && failed > 10); /* blocks of metadata */
}

/* §38.1: where the trees of the image's files are. */
static void test_38_depths(void **state)
{
	(void)state;
	assert_int_equal(tree_of("bin/imklog")->depth, 0);
	assert_in_range(tree_of("bin/imklog")->entries, 2, 4);
	assert_int_equal(tree_of("data/pieces")->depth, 1);
	assert_int_equal(tree_of("data/comb")->depth, 2);
}

/* §38.4: up to four extents cost no I/O but the inode; deeper trees are read now, and never again. */
static void test_38_4_what_open_reads(void **state)
{
	unsigned int byte, reads = 0;
	unsigned long block = place_of_path("data/holes", &byte);
	struct fs_inode *inode;
	char expected[32];

	(void)state;
	image_disk.log[0] = '\0';
	inode = open_file("data/holes");
	snprintf(expected, sizeof(expected), "R%lu+1 ", block);
	assert_string_equal(image_disk.log + strlen(image_disk.log) - strlen(expected), expected);
	assert_int_equal(inode->nr_runs, 2);
	assert_ptr_equal(inode->runs, inode->inline_runs);
	fs_inode_put(inode);
	image_disk.log[0] = '\0';
	inode = open_file("data/comb");
	for (const char *p = image_disk.log; (p = strchr(p, 'R')); p++)
		reads++;
	assert_in_range(
		reads, 10, 12); /* two folders and their inode, the inode, 1 node and 5 below it */
	assert_int_equal(inode->nr_runs, 1400);
	read_pages(inode, 0, 3);
	assert_null(strchr(strchr(image_disk.log, ' ') + 1, ' ')); /* one bio */
	fs_inode_put(inode);
}

static void assert_run(struct fs_inode *inode, unsigned long index, bool there, unsigned long pages)
{
	unsigned long run;
	uint64_t sector;

	assert_int_equal(fs_map(inode, index, &sector, &run), there);
	assert_int_equal(run, pages);
}

static void test_map(void **state)
{
	struct fs_inode *inode = open_file("data/holes");
	unsigned long run;
	uint64_t first, sector;

	(void)state;
	assert_run(inode, 0, true, 16);
	assert_run(inode, 15, true, 1);
	assert_run(inode, 16, false, 32);
	assert_run(inode, 47, false, 1);
	assert_run(inode, 48, true, 16);
	assert_run(inode, 64, false, 1); /* behind its end */
	assert_true(fs_map(inode, 48, &first, &run));
	assert_true(fs_map(inode, 50, &sector, &run));
	assert_int_equal(sector, first + 2 * SECTORS_OF_PAGE);
	assert_int_equal(first % SECTORS_OF_PAGE, 0);
	fs_inode_put(inode);
	inode = open_file("data/behind");
	assert_run(inode, 8, false, 32);
	fs_inode_put(inode);
	inode = open_file("data/empty");
	assert_int_equal(inode->pages, 0);
	assert_int_equal(inode->nr_runs, 0);
	assert_run(inode, 0, false, 1);
	fs_inode_put(inode);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup_ext4, teardown)
#define TEST2(fn)                                                                                  \
	{                                                                                          \
#fn "_of_ext2", fn, setup_ext2, teardown, NULL                                     \
	}
static const struct CMUnitTest tests[] = {
	TEST(test_38_paths),
	TEST2(test_38_paths),
	TEST(test_38_long_names),
	TEST(test_38_a_large_folder),
	TEST(test_an_inode_is_one_for_all),
	TEST(test_31_5_inodes_are_slab_objects),
	cmocka_unit_test_setup_teardown(test_no_memory, setup_refused, teardown),
	TEST(test_38_depths),
	TEST(test_38_4_what_open_reads),
	TEST(test_map),
};
TEST_GROUP(fs)
