/*
 * Machines with a disk and a file system on it, for the tests of kernel/fs.
 */
#ifndef HOST_FS_CASE_H
#define HOST_FS_CASE_H

#include <errno.h>

#include "dev/block_case.h"
#include "fs/image.h"
#include "kernel/fs/fs_ops.h"
#include "tests/workloads/filework.h"

#define READ_MOST 512

static struct image_disk image_disk;
static struct fs *fs;
static long free_before;
/* What ended, in that order. */
static struct {
	struct page *page;
	int error;
} ended_page[READ_MOST];
static unsigned int nr_ended;

static inline void page_ended(struct memory *of, struct page *page, int error)
{
	assert_ptr_equal(of, m);
	assert_true(nr_ended < READ_MOST);
	ended_page[nr_ended].page = page;
	ended_page[nr_ended++].error = error;
}

static inline void image_machine(enum image_kind kind)
{
	block_machine(1);
	image_disk_add(&image_disk, m, kind);
	slab_shrink_all(m);
	free_before = all_free(m);
	console_clear();
}

/* Nothing of the machine's memory is lost, whatever was damaged. */
static inline void assert_nothing_lost(void)
{
	slab_shrink_all(m);
	assert_int_equal(all_free(m), free_before);
}

static inline void mount_again(void)
{
	if (fs)
		fs_unmount(fs);
	fs = fs_mount(&image_disk.disk, page_ended);
	image_disk.log[0] = '\0';
}

static inline int setup_ext4(void **state)
{
	int err = twin_setup(state);

	image_machine(IMAGE_EXT4);
	mount_again();
	assert_non_null(fs);
	return err;
}

static inline int setup_ext2(void **state)
{
	int err = twin_setup(state);

	image_machine(IMAGE_EXT2);
	mount_again();
	assert_non_null(fs);
	return err;
}

/* What a failed test has left open. */
static inline void close_all(void)
{
	struct fs_inode *inode, *next;

	list_for_each_entry_safe(inode, next, &fs->open, node) {
		inode->users.n = 1;
		if (inode != fs->root)
			fs_inode_put(inode);
	}
}

static inline int teardown(void **state)
{
	if (fs) {
		close_all();
		fs_unmount(fs);
	}
	fs = NULL;
	assert_nothing_lost();
	image_disk_remove(&image_disk);
	return twin_teardown(state);
}

static inline struct fs_inode *open_file(const char *path)
{
	struct fs_inode *inode;
	int error = fs_open(fs, path, &inode);

	if (error)
		fail_msg("/%s: error %d", path, error);
	return inode;
}

static inline int error_of(const char *path)
{
	struct fs_inode *inode;
	int error = fs_open(fs, path, &inode);

	if (!error)
		fs_inode_put(inode);
	else
		assert_null(inode);
	return error;
}

/* Pages of the pool, asked for in one call. */
static inline void read_pages(struct fs_inode *inode, unsigned long first, unsigned int n)
{
	struct page *pages[READ_MOST];

	nr_ended = 0;
	image_disk.log[0] = '\0';
	for (unsigned int i = 0; i < n; i++) {
		pages[i] = pool + i;
		pages[i]->index = first + i;
		memset(page_address(m, pages[i]), 0xa5, PAGE_SIZE);
	}
	fs_readpages(inode, pages, n);
	assert_int_equal(nr_ended, n);
}

static inline void assert_reads(const char *expected)
{
	assert_string_equal(image_disk.log, expected);
	image_disk.log[0] = '\0';
}

/* Where an inode stands: its block, and *byte in it. */
static inline unsigned long place_of(uint32_t ino, unsigned int *byte)
{
	unsigned int at = (ino - 1) * fs->inode_size;

	*byte = at % PAGE_SIZE;
	return fs->inode_table[0] + at / PAGE_SIZE;
}

/* The same of a path; it is not open then. */
static inline unsigned long place_of_path(const char *path, unsigned int *byte)
{
	struct fs_inode *inode = open_file(path);
	unsigned long block = place_of(inode->ino, byte);

	fs_inode_put(inode);
	return block;
}

static inline struct ext4_inode *raw_inode(const char *path)
{
	unsigned int byte;
	unsigned long block = place_of_path(path, &byte);

	return image_at(&image_disk, block, byte);
}

#endif
