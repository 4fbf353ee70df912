/*
 * The room kernel/dev/block: requests to disks, as Linux 4.8's single-queue blk-mq makes them (§34).
 *
 * In reading order: bio.h (this: what is to be read or written), mempool.h (that asking for it does not
 * fail), disk.h (disks and their requests), merge.c (segments, limits, merging), plug.h (requests held
 * back), tag.h (how many at once), blk_mq.c (submission), hw_queue.c (dispatch), complete.c (the end),
 * kblockd.h (workers).
 *
 * A bio is made of pages; bios of neighbouring sectors become one request; a request has a tag and goes to
 * the driver, which knows it by its place among the tags.
 *
 * Locks, interrupts off: a software queue's, then a hardware queue's; the driver's own inside neither.
 */

/*
 * Bios. A page is whole or in part; sectors are 512 bytes. Whoever makes a bio gives its pages, which it
 * does not count references of: that they are locked is what keeps them (§32.3).
 */
#ifndef DEV_BLOCK_BIO_H
#define DEV_BLOCK_BIO_H

#include "mm/page/memory.h"

#define SECTOR_SHIFT    9
#define SECTORS_OF_PAGE (PAGE_SIZE >> SECTOR_SHIFT)
#define BIO_INLINE_VECS 4
#define BIO_MAX_VECS    256

struct bio_vec {
	struct page *page;
	uint32_t len, offset; /* bytes */
};

enum bio_op { BIO_READ, BIO_WRITE, BIO_FLUSH };

struct disk;

struct bio {
	struct bio *next; /* in a request, or of those that wait to be submitted */
	struct disk *disk;
	uint64_t sector;             /* first */
	uint32_t size;               /* bytes */
	uint16_t first_vec, nr_vecs; /* of vecs[]: what is to be done, from the first on */
	uint16_t max_vecs;
	uint16_t segments;  /* physically contiguous pieces, of a bio that was submitted */
	uint8_t op;         /* enum bio_op */
	uint8_t vec_pool;   /* which cache its vecs are from */
	bool no_merge;      /* one part of another bio */
	bool sync;          /* somebody waits: dispatched at once */
	int error;          /* 0, or a negative errno, at its end */
	long parts;         /* atomic: of a bio that was split, those that have not ended */
	struct bio *parent; /* of a part */
	struct bio_vec *vecs;
	void (*end)(struct bio *bio); /* any context; it gives the bio back */
	void *private;                /* the caller's */
	struct bio_vec inline_vecs[BIO_INLINE_VECS];
};

/* Caches and reserves. Task context, before the first disk. False: no memory. */
bool bio_start(struct memory *m);
void bio_stop(struct memory *m);

/*
 * An empty bio for up to `vecs` pieces, as 4.8 asks for it (§34.1, §41.2 item 15): does not fail where the
 * mask allows direct reclaim, but sleeps. NULL otherwise, or for too many pieces.
 */
struct bio *bio_alloc(gfp_t gfp, unsigned int vecs);
/* Its last user's. Any context. */
void bio_put(struct bio *bio);

/* One piece more, behind the last: whole sectors, within the page. False: it is full. */
bool bio_add_page(struct bio *bio, struct page *page, unsigned int len, unsigned int offset);

static inline uint64_t bio_sectors(const struct bio *bio)
{
	return bio->size >> SECTOR_SHIFT;
}

/*
 * Give it to its disk, once. It has pieces, unless it is a flush. Its end() may be called before this
 * returns, and finds sector, size and pieces as they are here, whatever was split. Task context.
 */
void submit_bio(struct bio *bio);
/* The same, and sleep until its end: its error. The bio stays the caller's. */
int submit_bio_wait(struct bio *bio);
/* It, or one part of it, has ended; of several errors it keeps the first. Any context. */
void bio_endio(struct bio *bio, int error);

/* The first `vecs` pieces as a bio of their own; the rest stays (§34.2). Sleeps for memory. */
struct bio *bio_split(struct bio *bio, unsigned int vecs);

#endif
