/*
 * Pages of files (§34.1): neighbouring blocks in one bio, holes without any.
 */
#include <string.h>

#include "kernel/fs/fs_ops.h"

static void read_ended(struct bio *bio)
{
	struct fs_inode *inode = bio->private;
	struct fs *fs = inode->fs;

	if (bio->error)
		fs_fault(fs, inode->ino, bio->sector / SECTORS_OF_PAGE,
			"cannot be read (error %d); expected %u pages of a file, from page %lu on",
			-bio->error, bio->nr_vecs, bio->vecs[0].page->index);
	for (unsigned int i = 0; i < bio->nr_vecs; i++)
		fs->page_end(fs->memory, bio->vecs[i].page, bio->error);
	bio_put(bio);
}

static struct bio *new_bio(struct fs_inode *inode, uint64_t sector, unsigned int pages)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, MIN(pages, (unsigned int)BIO_MAX_VECS));

	bio->disk = inode->fs->disk;
	bio->sector = sector;
	bio->end = read_ended;
	bio->private = inode;
	return bio;
}

/* Behind what the open bio has, or else in a new one; `left` pages are to come, with this one. */
static struct bio *add_page(struct fs_inode *inode, struct bio *bio, struct page *page,
	uint64_t sector, unsigned int left)
{
	if (bio && bio->sector + bio_sectors(bio) == sector &&
		bio_add_page(bio, page, PAGE_SIZE, 0))
		return bio;
	if (bio)
		submit_bio(bio);
	bio = new_bio(inode, sector, left);
	bio_add_page(bio, page, PAGE_SIZE, 0);
	return bio;
}

static void zero_page(struct fs *fs, struct page *page)
{
	memset(page_address(fs->memory, page), 0, PAGE_SIZE);
	fs->page_end(fs->memory, page, 0);
}

void fs_readpages(struct fs_inode *inode, struct page **pages, unsigned int n)
{
	struct bio *bio = NULL;

	for (unsigned int i = 0; i < n; i++) {
		unsigned long run;
		uint64_t sector;

		if (fs_map(inode, pages[i]->index, &sector, &run))
			bio = add_page(inode, bio, pages[i], sector, n - i);
		else
			zero_page(inode->fs, pages[i]);
	}
	if (bio)
		submit_bio(bio);
}
