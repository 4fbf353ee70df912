/*
 * Files, read and looked at (see filework.h). Every word of a page tells its file and its place.
 */
#include <string.h>

#include "kernel/core/log/printk.h"
#include "kernel/core/rand.h"
#include "kernel/dev/block/plug.h"
#include "mm/alloc/page_alloc.h"
#include "mm/slab/kmalloc.h"
#include "tests/workloads/filework.h"

#define WORDS       (PAGE_SIZE / sizeof(uint64_t))
#define MANY        200
#define LONG_PIECES 51

/* What is there of it: all, or of each `step` pages the first, or of `pages` the first and the last ones. */
struct file {
	const char *path;
	unsigned long size;
	unsigned int step;
	unsigned int first, last; /* pages, if not all are there */
};

static const struct file files[] = {
	{.path = "bin/imklog", .size = 6ul << 20},
	{.path = "data/empty"},
	{.path = "data/short", .size = 1000},
	{.path = "data/odd", .size = 20 * PAGE_SIZE + 4001},
	{.path = "data/holes", .size = 64 * PAGE_SIZE, .first = 16, .last = 16},
	{.path = "data/behind", .size = 40 * PAGE_SIZE, .first = 8},
	{.path = "data/pieces", .size = 60 * PAGE_SIZE, .step = 3},
	{.path = "data/comb", .size = 2800 * PAGE_SIZE, .step = 2},
	{.path = "data/a/b/c/deep", .size = 3 * PAGE_SIZE},
};

/* One that is as large as the disk has room. */
#define FILL "data/fill"

struct job {
	const struct filework *work;
	struct fs *fs;
	struct memory *m;
	struct rand rand;
	struct page **pages; /* work->window */
	long under_way;      /* atomic: pages */
	struct completion done;
	struct filework_result *r;
};

/* The page tells whose it is. */
void filework_page_end(struct memory *m, struct page *page, int error)
{
	struct job *j = (struct job *)page->private;

	(void)m;
	if (error)
		__atomic_fetch_add(&j->r->errors, 1, __ATOMIC_RELAXED);
	if (__atomic_sub_fetch(&j->under_way, 1, __ATOMIC_ACQ_REL) == 0)
		complete(&j->done);
}

/* FNV-1a. */
uint64_t filework_key(const char *path)
{
	uint64_t found = 0xcbf29ce484222325ull;

	while (*path)
		found = (found ^ (unsigned char)*path++) * 0x100000001b3ull;
	return found;
}

static bool is_there(const struct file *f, unsigned long index)
{
	unsigned long pages = (f->size + PAGE_SIZE - 1) / PAGE_SIZE;

	if (f->step)
		return index % f->step == 0;
	return !f->first || index < f->first || index >= pages - f->last;
}

/* As it should be: words that tell their place, up to the file's end, or zeroes. */
static bool is_right(
	const struct file *f, uint64_t of_file, unsigned long index, const uint64_t *word)
{
	unsigned long bytes = is_there(f, index) ? MIN(f->size - index * PAGE_SIZE, PAGE_SIZE) : 0;
	uint64_t first = index << 32 ^ of_file, expected;
	unsigned long i = 0;

	for (; i < bytes / sizeof(*word); i++)
		if (word[i] != (first ^ i))
			return false;
	if (bytes % sizeof(*word)) {
		expected = (first ^ i) & ((1ull << 8 * (bytes % sizeof(*word))) - 1);
		if (word[i++] != expected)
			return false;
	}
	for (; i < WORDS; i++)
		if (word[i])
			return false;
	return true;
}

static void check(
	struct job *j, const struct file *f, const struct fs_inode *inode, struct page *page)
{
	unsigned long run;
	uint64_t sector;
	bool there = fs_map(inode, page->index, &sector, &run);

	j->r->pages++;
	j->r->zeroes += !there;
	j->r->wrong += there != is_there(f, page->index) ||
		!is_right(f, filework_key(f->path), page->index, page_address(j->m, page));
}

/* Pages of what was there before: what is not read is not right by chance. */
static void read_window(struct job *j, const struct file *f, struct fs_inode *inode,
	unsigned long first, unsigned int n)
{
	struct blk_plug plug;

	for (unsigned int i = 0; i < n; i++) {
		memset(page_address(j->m, j->pages[i]), 0xa5, PAGE_SIZE);
		j->pages[i]->index = first + i;
		j->pages[i]->private = (unsigned long)j;
	}
	j->under_way = n + 1;
	completion_init(&j->done, "filework");
	blk_start_plug(&plug);
	fs_readpages(inode, j->pages, n);
	blk_finish_plug(&plug);
	if (__atomic_sub_fetch(&j->under_way, 1, __ATOMIC_ACQ_REL))
		wait_for_completion(&j->done);
	for (unsigned int i = 0; i < n; i++)
		check(j, f, inode, j->pages[i]);
}

static void read_file(struct job *j, const struct file *f, struct fs_inode *inode)
{
	unsigned long pages = inode->pages;

	for (unsigned long at = 0; at < pages; at += j->work->window)
		read_window(j, f, inode, at, MIN(pages - at, j->work->window));
	for (unsigned int i = 0; i < j->work->random && pages; i++)
		read_window(j, f, inode, rand_below(&j->rand, pages), 1);
}

/* `grows`: its size is the disk's affair. */
static void one_file(struct job *j, struct file f, bool grows)
{
	struct fs_inode *inode;
	int error = fs_open(j->fs, f.path, &inode);

	if (error && grows)
		return;
	if (!error && grows)
		f.size = inode->size;
	if (error || inode->size != f.size) {
		pr_err("%s: /%s: %s (%ld); expected a file of %lu bytes", j->fs->disk->name, f.path,
			error ? "error" : "bytes", error ? -(long)error : (long)inode->size,
			f.size);
		j->r->missing++;
	}
	if (error)
		return;
	if (inode->size == f.size) {
		j->r->files++;
		j->r->runs += inode->nr_runs;
		read_file(j, &f, inode);
	}
	fs_inode_put(inode);
}

static void many_files(struct job *j)
{
	char path[80];

	for (int i = 0; i < MANY; i++) {
		ksnprintf(path, sizeof(path),
			"many/one-of-many-files-with-a-name-that-takes-room-%03d", i);
		one_file(j, (struct file){.path = path, .size = PAGE_SIZE}, false);
	}
}

static void long_name(struct job *j)
{
	char path[5 + 5 * LONG_PIECES + 1] = "data/";

	for (int i = 0; i < LONG_PIECES; i++)
		memcpy(path + 5 + 5 * i, "long-", 5);
	path[sizeof(path) - 1] = '\0';
	one_file(j, (struct file){.path = path, .size = PAGE_SIZE}, false);
}

static bool make_pages(struct job *j)
{
	j->pages = kzalloc(j->m, j->work->window * sizeof(*j->pages), GFP_KERNEL);
	if (!j->pages)
		return false;
	for (unsigned int i = 0; i < j->work->window; i++) {
		j->pages[i] = alloc_pages(j->m, GFP_KERNEL, 0);
		if (!j->pages[i])
			return false;
	}
	return true;
}

static void free_all_pages(struct job *j)
{
	for (unsigned int i = 0; j->pages && i < j->work->window; i++)
		if (j->pages[i])
			free_pages(j->m, j->pages[i], 0);
	kfree(j->m, j->pages);
}

bool filework_run(struct fs *fs, const struct filework *work, struct filework_result *r)
{
	struct job j = {.work = work, .fs = fs, .m = fs->memory, .r = r};
	bool ok;

	*r = (struct filework_result){0};
	rand_seed(&j.rand, work->seed);
	ok = make_pages(&j);
	if (ok) {
		for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
			one_file(&j, files[i], false);
		many_files(&j);
		long_name(&j);
		one_file(&j, (struct file){.path = FILL}, true);
	}
	free_all_pages(&j);
	return ok;
}
