/*
 * Where a file's pages lie: runs of them, and zeroes between (see fs.h).
 */
#include <errno.h>
#include <string.h>

#include "kernel/fs/fs_ops.h"
#include "mm/slab/kmalloc.h"

static int make_room(struct fs_inode *inode)
{
	struct memory *m = inode->fs->memory;
	struct fs_run *more;

	if (inode->nr_runs < inode->max_runs)
		return 0;
	more = kmalloc(m, 2 * inode->max_runs * sizeof(*more), GFP_NOFS | __GFP_NOWARN);
	if (!more)
		return -ENOMEM;
	memcpy(more, inode->runs, inode->nr_runs * sizeof(*more));
	fs_free_runs(inode);
	inode->runs = more;
	inode->max_runs *= 2;
	return 0;
}

int fs_add_run(struct fs_inode *inode, uint32_t index, uint32_t pages, uint64_t block)
{
	struct fs_run *last = inode->nr_runs ? &inode->runs[inode->nr_runs - 1] : NULL;
	int error;

	if (last && last->index + last->pages == index && last->block + last->pages == block) {
		last->pages += pages;
		return 0;
	}
	error = make_room(inode);
	if (!error)
		inode->runs[inode->nr_runs++] =
			(struct fs_run){.index = index, .pages = pages, .block = block};
	return error;
}

void fs_free_runs(struct fs_inode *inode)
{
	if (inode->runs != inode->inline_runs)
		kfree(inode->fs->memory, inode->runs);
}

/* The first run that ends behind a page, or one behind the last. */
static unsigned int first_behind(const struct fs_inode *inode, unsigned long index)
{
	unsigned int low = 0, high = inode->nr_runs;

	while (low < high) {
		unsigned int middle = (low + high) / 2;
		const struct fs_run *run = &inode->runs[middle];

		if ((unsigned long)run->index + run->pages > index)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool fs_map(const struct fs_inode *inode, unsigned long index, uint64_t *sector, unsigned long *run)
{
	unsigned int i = first_behind(inode, index);
	const struct fs_run *r = &inode->runs[i];
	unsigned long end = i < inode->nr_runs ? r->index : MAX(inode->pages, index + 1);

	if (i == inode->nr_runs || index < r->index) {
		*run = end - index;
		return false;
	}
	*sector = (r->block + (index - r->index)) * SECTORS_OF_PAGE;
	*run = r->pages - (index - r->index);
	return true;
}
