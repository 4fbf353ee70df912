/*
 * Work for a disk (see diskwork.h). A block's contents follow from its number and how often it was
 * written; of each page eight words are looked at, each time others.
 */
#include "kernel/core/rand.h"
#include "kernel/dev/block/plug.h"
#include "mm/alloc/page_alloc.h"
#include "mm/slab/kmalloc.h"
#include "tests/workloads/diskwork.h"

#define WORDS  (PAGE_SIZE / sizeof(uint64_t))
#define LOOKS  8
#define STRIDE (WORDS / LOOKS)

struct job {
	const struct diskwork *work;
	struct disk *disk;
	struct memory *m;
	struct rand rand;
	uint64_t blocks;
	uint32_t *version; /* of each block */
	struct page **pool;
	long pool_pages;
	long under_way;         /* atomic: bios */
	struct completion done; /* of a round */
	struct diskwork_result *r;
};

static uint64_t contents(const struct job *j, uint64_t block, uint32_t version, unsigned int word)
{
	if (!version && !j->work->patterned)
		return 0;
	return disk_pattern(block, word) + version * 0x632be59bd9b4e019ull;
}

/* Which words, differs from version to version. */
static unsigned int look(uint32_t version, unsigned int i)
{
	return i * STRIDE + version % STRIDE;
}

static uint64_t *page_words(const struct job *j, const struct bio *bio, unsigned int i)
{
	return page_address(j->m, bio->vecs[i].page);
}

static void fill(struct job *j, struct bio *bio, uint64_t block)
{
	for (unsigned int i = 0; i < bio->nr_vecs; i++, block++) {
		uint32_t version = ++j->version[block];

		for (unsigned int k = 0; k < LOOKS; k++)
			page_words(j, bio, i)[look(version, k)] =
				contents(j, block, version, look(version, k));
	}
	j->r->pages_written += bio->nr_vecs;
}

/* So that what is not read is not right by chance. */
static void spoil(struct job *j, struct bio *bio, uint64_t block)
{
	for (unsigned int i = 0; i < bio->nr_vecs; i++, block++)
		for (unsigned int k = 0; k < LOOKS; k++)
			page_words(j, bio, i)[look(j->version[block], k)] = ~0ull;
}

static void check(struct job *j, const struct bio *bio, uint64_t block)
{
	for (unsigned int i = 0; i < bio->nr_vecs; i++, block++) {
		uint32_t version = j->version[block];
		bool right = true;

		for (unsigned int k = 0; k < LOOKS; k++)
			right = right &&
				page_words(j, bio, i)[look(version, k)] ==
					contents(j, block, version, look(version, k));
		j->r->wrong += !right;
	}
	j->r->pages_read += bio->nr_vecs;
}

static void ended(struct bio *bio)
{
	struct job *j = bio->private;

	if (__atomic_sub_fetch(&j->under_way, 1, __ATOMIC_ACQ_REL) == 0)
		complete(&j->done);
}

/* From round to round the pages come in another order, of which some are neighbours in memory. */
static void shuffle(struct job *j)
{
	for (long n = j->pool_pages / 16 + 1; n > 0; n--) {
		unsigned int i = rand_below(&j->rand, j->pool_pages);
		unsigned int k = rand_below(&j->rand, j->pool_pages);
		struct page *page = j->pool[i];

		j->pool[i] = j->pool[k];
		j->pool[k] = page;
	}
}

/* Of pages of the pool from `from` on, in its order; some are neighbours in memory, by chance. */
static struct bio *make_bio(struct job *j, uint64_t block, unsigned int pages, long from)
{
	struct bio *bio = bio_alloc(GFP_KERNEL, pages);

	bio->disk = j->disk;
	bio->sector = block * SECTORS_OF_PAGE;
	bio->end = ended;
	bio->private = j;
	for (unsigned int i = 0; i < pages; i++)
		bio_add_page(bio, j->pool[from + i], PAGE_SIZE, 0);
	return bio;
}

/* A place of its own among those that are under way together: each has one part of the disk. */
static uint64_t choose_block(struct job *j, long nth, unsigned int pages)
{
	uint64_t part = j->blocks / j->work->together;

	return nth * part + rand_below(&j->rand, part - pages + 1);
}

static struct bio *start_one(struct job *j, long nth, uint64_t *block)
{
	bool write = (long)rand_below(&j->rand, 100) < j->work->writes;
	unsigned int pages = 1 +
		rand_below(&j->rand, MIN((uint64_t)j->work->pages, j->blocks / j->work->together));
	struct bio *bio;

	*block = choose_block(j, nth, pages);
	bio = make_bio(j, *block, pages, nth * j->work->pages);
	bio->op = write ? BIO_WRITE : BIO_READ;
	if (write)
		fill(j, bio, *block);
	else
		spoil(j, bio, *block);
	submit_bio(bio);
	return bio;
}

static void finish_one(struct job *j, struct bio *bio, uint64_t block)
{
	if (bio->error) {
		j->r->errors++;
		j->r->error = -bio->error;
	} else if (bio->op == BIO_READ) {
		check(j, bio, block);
	}
	bio_put(bio);
}

#define MOST_TOGETHER 16

static void one_round(struct job *j, long n)
{
	struct bio *bio[MOST_TOGETHER];
	uint64_t block[MOST_TOGETHER];
	struct blk_plug plug;

	j->under_way = n + 1;
	completion_init(&j->done, "diskwork");
	blk_start_plug(&plug);
	for (long i = 0; i < n; i++)
		bio[i] = start_one(j, i, &block[i]);
	blk_finish_plug(&plug);
	if (__atomic_sub_fetch(&j->under_way, 1, __ATOMIC_ACQ_REL))
		wait_for_completion(&j->done);
	for (long i = 0; i < n; i++)
		finish_one(j, bio[i], block[i]);
}

static void free_pool(struct job *j)
{
	for (long i = 0; j->pool && i < j->pool_pages; i++)
		if (j->pool[i])
			free_pages(j->m, j->pool[i], 0);
	kfree(j->m, j->pool);
	kfree(j->m, j->version);
}

static bool make_pool(struct job *j)
{
	j->pool_pages = j->work->pages * j->work->together;
	j->pool = kzalloc(j->m, j->pool_pages * sizeof(*j->pool), GFP_KERNEL);
	j->version = kzalloc(j->m, j->blocks * sizeof(*j->version), GFP_KERNEL);
	if (!j->pool || !j->version)
		return false;
	for (long i = 0; i < j->pool_pages; i++) {
		j->pool[i] = alloc_pages(j->m, GFP_KERNEL, 0);
		if (!j->pool[i])
			return false;
	}
	return true;
}

bool diskwork_run(struct disk *disk, const struct diskwork *work, struct diskwork_result *r)
{
	struct job j = {.work = work,
		.disk = disk,
		.m = disk->memory,
		.blocks = disk->capacity / SECTORS_OF_PAGE,
		.r = r};
	bool ok;

	BUG_ON(work->together > MOST_TOGETHER);
	*r = (struct diskwork_result){0};
	rand_seed(&j.rand, work->seed);
	ok = make_pool(&j);
	for (long left = work->requests; ok && left > 0; left -= work->together) {
		shuffle(&j);
		one_round(&j, MIN(left, work->together));
	}
	free_pool(&j);
	return ok;
}
