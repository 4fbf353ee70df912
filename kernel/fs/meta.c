/*
 * Blocks of metadata: read one at a time, into a page that nobody keeps (see fs_ops.h).
 */
#include <errno.h>

#include "kernel/core/log/printk.h"
#include "kernel/fs/fs_ops.h"
#include "mm/alloc/page_alloc.h"

void fs_fault(const struct fs *fs, uint32_t ino, uint64_t block, const char *fmt, ...)
{
	struct line line;
	char text[256];
	va_list ap;

	line_init(&line);
	line_add(&line, "fs %s: ", fs->disk->name);
	if (ino != FS_NO_INODE)
		line_add(&line, "inode %u%s", ino, block == FS_NO_BLOCK ? ": " : ", ");
	if (block != FS_NO_BLOCK)
		line_add(&line, "block %lu: ", (unsigned long)block);
	va_start(ap, fmt);
	kvsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	pr_err("%s%s", line.text, text);
}

static int read_page(struct fs *fs, uint64_t block, struct page *page)
{
	struct bio *bio = bio_alloc(GFP_NOIO, 1);
	int error;

	bio->disk = fs->disk;
	bio->sector = block * SECTORS_OF_PAGE;
	bio_add_page(bio, page, PAGE_SIZE, 0);
	error = submit_bio_wait(bio);
	bio_put(bio);
	return error;
}

int fs_read_block(struct fs *fs, uint32_t ino, uint64_t block, struct page **page)
{
	int error;

	*page = alloc_pages(fs->memory, GFP_NOFS, 0);
	if (!*page)
		return -ENOMEM;
	error = read_page(fs, block, *page);
	if (!error)
		return 0;
	fs_fault(fs, ino, block, "cannot be read (error %d); expected metadata", -error);
	fs_put_block(fs, *page);
	return -EIO;
}

void fs_put_block(struct fs *fs, struct page *page)
{
	free_pages(fs->memory, page, 0);
}

int fs_count_blocks(
	struct fs_inode *inode, uint64_t at, const char *what, uint64_t block, uint64_t n)
{
	const struct fs *fs = inode->fs;

	if (block == 0 || block >= fs->blocks || n > fs->blocks - block) {
		fs_fault(fs, inode->ino, at, "%s: %lu from block %lu on; expected within 1 to %lu",
			what, (unsigned long)n, (unsigned long)block,
			(unsigned long)fs->blocks - 1);
		return -EIO;
	}
	inode->blocks_seen += n;
	if (inode->blocks_seen <= fs->blocks)
		return 0;
	fs_fault(fs, inode->ino, at, "%s: %lu blocks so far; expected at most the disk's %lu", what,
		(unsigned long)inode->blocks_seen, (unsigned long)fs->blocks);
	return -EIO;
}
