/*
 * Segments, and what fits into a request (§34.2).
 */
#include "kernel/dev/block/blk_mq.h"
#include "kernel/dev/block/scatterlist.h"

/* No segment crosses a multiple of 4 GiB. */
#define BOUNDARY(phys) ((phys) >> 32)

static uint64_t vec_phys(const struct disk *disk, const struct bio_vec *v)
{
	return ((uint64_t)page_to_pfn(disk->memory, v->page) << PAGE_SHIFT) + v->offset;
}

/* Is `v` right behind `before`, in one segment? */
static bool adjacent(const struct disk *disk, const struct bio_vec *before, const struct bio_vec *v)
{
	uint64_t end = vec_phys(disk, before) + before->len, start = vec_phys(disk, v);

	return end == start && BOUNDARY(start + v->len - 1) == BOUNDARY(vec_phys(disk, before));
}

static const struct bio_vec *first_vec(const struct bio *bio)
{
	return bio->vecs + bio->first_vec;
}

/* Of sectors no bio has too many. */
_Static_assert(BIO_MAX_VECS *SECTORS_OF_PAGE <= BLK_MAX_SECTORS, "split by segments alone");

unsigned int blk_fitting_vecs(struct bio *bio)
{
	const struct bio_vec *v = first_vec(bio);
	unsigned int i;

	bio->segments = 0;
	for (i = 0; i < bio->nr_vecs; i++) {
		if (i && adjacent(bio->disk, &v[i - 1], &v[i]))
			continue;
		if (bio->segments == bio->disk->max_segments)
			break;
		bio->segments++;
	}
	return i;
}

static bool is_alike(const struct request *rq, const struct bio *bio)
{
	return rq->disk == bio->disk && rq->op == bio->op && bio->op != BIO_FLUSH &&
		!rq->no_merge && !bio->no_merge;
}

static bool is_behind(const struct request *rq, const struct bio *bio)
{
	return rq->sector + rq->sectors == bio->sector;
}

static bool is_before(const struct request *rq, const struct bio *bio)
{
	return bio->sector + bio_sectors(bio) == rq->sector;
}

/* A bio's own segments are counted: none of them is one with another bio's (§41.2 item 10). */
static bool fits(const struct request *rq, const struct bio *bio)
{
	return rq->sectors + bio_sectors(bio) <= BLK_MAX_SECTORS &&
		rq->segments + bio->segments <= rq->disk->max_segments;
}

static void merge(struct request *rq, struct bio *bio, bool behind)
{
	if (behind) {
		rq->last_bio->next = bio;
		rq->last_bio = bio;
	} else {
		bio->next = rq->bio;
		rq->bio = bio;
		rq->sector = bio->sector;
	}
	rq->sectors += bio_sectors(bio);
	rq->segments += bio->segments;
	atomic_add(&rq->disk->counts.merges, 1);
}

enum blk_merge blk_attempt_merge(struct request *rq, struct bio *bio)
{
	bool behind = is_behind(rq, bio);

	if (!is_alike(rq, bio) || !(behind || is_before(rq, bio)))
		return BLK_APART;
	if (!fits(rq, bio)) {
		rq->no_merge = true;
		return BLK_FULL;
	}
	merge(rq, bio, behind);
	return BLK_MERGED;
}

unsigned int blk_rq_map_sg(const struct request *rq, struct scatterlist *sg)
{
	const struct bio_vec *before = NULL;
	unsigned int n = 0;

	for (const struct bio *bio = rq->bio; bio; bio = bio->next) {
		const struct bio_vec *v = first_vec(bio);

		for (unsigned int i = 0; i < bio->nr_vecs; i++, before = v++) {
			if (before && adjacent(rq->disk, before, v))
				sg[n - 1].len += v->len;
			else
				sg[n++] = (struct scatterlist){vec_phys(rq->disk, v), v->len};
		}
	}
	BUG_ON(n > rq->segments);
	return n;
}
