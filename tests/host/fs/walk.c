/*
 * A walk through a file system (see walk.h).
 */
#include <errno.h>

#include "fs/walk.h"
#include "kernel/fs/fs.h"

static const char *const paths[] = {"bin/imklog", "data/empty", "data/odd", "data/holes",
	"data/behind", "data/pieces", "data/comb", "data/a/b/c/deep", "data/a/../short/", "nothing",
	"many/one-of-many-files-with-a-name-that-takes-room-199"};

static struct walk *walk;
static unsigned int under_way;

static void page_end(struct memory *m, struct page *page, int error)
{
	(void)m;
	(void)page;
	under_way--;
	walk->pages++;
	walk->failed += !!error;
}

/* A read of neighbours, if there are as many. */
static void read_some(struct fs_inode *inode, unsigned long first, struct page *pool)
{
	struct page *pages[WALK_PAGES];

	for (unsigned int i = 0; i < WALK_PAGES; i++) {
		pages[i] = pool + i;
		pages[i]->index = first + i;
	}
	under_way = WALK_PAGES;
	fs_readpages(inode, pages, WALK_PAGES);
	if (under_way)
		panic("fs: %u pages of %u have not ended", under_way, WALK_PAGES);
}

/* Every run of it, within the disk, and in order. */
static void map_all(const struct fs_inode *inode)
{
	unsigned long run;
	uint64_t sector;

	for (unsigned long index = 0; index < inode->pages; index += run) {
		bool there = fs_map(inode, index, &sector, &run);

		if (!run)
			panic("fs: a run of no pages at page %lu", index);
		if (there && sector + run * SECTORS_OF_PAGE > inode->fs->disk->capacity)
			panic("fs: page %lu, of a run of %lu, lies behind the disk", index, run);
	}
}

static void one_path(struct fs *fs, const char *path, struct page *pool)
{
	unsigned int lines = console_count("expected");
	struct fs_inode *inode;
	int error = fs_open(fs, path, &inode);

	if (error) {
		walk->refused++;
		if (error != -ENOENT && error != -ENOTDIR && error != -EISDIR && error != -ENOMEM &&
			console_count("expected") != lines + 1)
			panic("fs: %s: error %d, and %u lines", path, error,
				console_count("expected") - lines);
		return;
	}
	walk->opened++;
	map_all(inode);
	read_some(inode, 0, pool);
	read_some(inode, inode->pages / 2, pool);
	fs_inode_put(inode);
}

void fs_walk(struct image_disk *d, struct page *pool, struct walk *w)
{
	struct fs *fs;

	memset(w, 0, sizeof(*w));
	walk = w;
	console_clear();
	d->log[0] = '\0';
	fs = fs_mount(&d->disk, page_end);
	w->mounted = fs;
	if (!fs && !console_count("expected") && !console_count("no memory"))
		panic("fs: not mounted, and no line says why");
	if (!fs)
		return;
	for (unsigned int i = 0; i < ARRAY_SIZE(paths); i++)
		one_path(fs, paths[i], pool);
	fs_unmount(fs);
}
