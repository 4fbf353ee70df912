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

/* As many of the first pieces as make up to `most` segments; *segments: how many they make. */
static unsigned int count(const struct bio *bio, unsigned int most, unsigned int *segments)
{
	const struct bio_vec *v = first_vec(bio);

	*segments = 0;
	for (unsigned int i = 0; i < bio->nr_vecs; i++) {
		if (i && adjacent(bio->disk, &v[i - 1], &v[i]))
			continue;
		if (*segments == most)
			return i;
		(*segments)++;
	}
	return bio->nr_vecs;
}

void blk_recount_segments(struct bio *bio)
{
	unsigned int segments;

	count(bio, ~0u, &segments);
	bio->segments = segments;
}

unsigned int blk_fitting_vecs(const struct disk *disk, const struct bio *bio)
{
	const struct bio_vec *v = first_vec(bio);
	unsigned int segments, vecs = count(bio, disk->max_segments, &segments);
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < vecs; i++) {
		bytes += v[i].len;
		if (bytes > (uint64_t)BLK_MAX_SECTORS << SECTOR_SHIFT)
			return i;
	}
	return vecs;
}

static bool may_merge(const struct request *rq, const struct bio *bio)
{
	return rq->disk == bio->disk && rq->op == bio->op && bio->op != BIO_FLUSH &&
		!rq->no_merge && !bio->no_merge &&
		rq->sectors + bio_sectors(bio) <= BLK_MAX_SECTORS &&
		rq->segments + bio->segments <= rq->disk->max_segments;
}

static void merged(struct request *rq, const struct bio *bio)
{
	rq->sectors += bio_sectors(bio);
	rq->segments += bio->segments;
	rq->sync = rq->sync || bio->sync;
	atomic_add(&rq->disk->counts.merges, 1);
}

bool blk_attempt_merge(struct request *rq, struct bio *bio)
{
	if (!may_merge(rq, bio))
		return false;
	if (rq->sector + rq->sectors == bio->sector) {
		rq->last_bio->next = bio;
		rq->last_bio = bio;
	} else if (bio->sector + bio_sectors(bio) == rq->sector) {
		bio->next = rq->bio;
		rq->bio = bio;
		rq->sector = bio->sector;
	} else {
		return false;
	}
	merged(rq, bio);
	return true;
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
