/*
 * Bios: their memory and their end (see bio.h).
 */
#include <errno.h>
#include <string.h>

#include "kernel/dev/block/bio.h"
#include "kernel/dev/block/mempool.h"

#define POOLED       2 /* bios, and arrays of BIO_MAX_VECS, kept back (§34.1) */
#define SPLIT_POOLED 4
#define BIO_BYTES    256 /* of 4.8's bio-0 (§31.5) */

enum { VECS_INLINE, VECS_16, VECS_64, VECS_128, VECS_256, NR_VEC_POOLS };

static const struct {
	const char *name;
	unsigned int vecs;
} sizes[NR_VEC_POOLS] = {
	[VECS_INLINE] = {NULL, BIO_INLINE_VECS},
	[VECS_16] = {"biovec-16", 16},
	[VECS_64] = {"biovec-64", 64},
	[VECS_128] = {"biovec-128", 128},
	[VECS_256] = {"biovec-256", BIO_MAX_VECS},
};

static struct {
	struct kmem_cache *bios, *vecs[NR_VEC_POOLS];
	struct mempool bio_pool, split_pool, vec_pool;
} bio_memory;

_Static_assert(sizeof(struct bio) <= BIO_BYTES, "it fits 4.8's");
_Static_assert(sizeof(struct bio_vec) == 16, "4.8's biovec caches");

static bool make_caches(struct memory *m)
{
	bio_memory.bios = kmem_cache_create(m, "bio-0", BIO_BYTES, 64, 0, NULL);
	if (!bio_memory.bios)
		return false;
	for (int i = VECS_16; i < NR_VEC_POOLS; i++) {
		bio_memory.vecs[i] = kmem_cache_create(
			m, sizes[i].name, sizes[i].vecs * sizeof(struct bio_vec), 64, 0, NULL);
		if (!bio_memory.vecs[i])
			return false;
	}
	return true;
}

static bool make_pools(void)
{
	struct kmem_cache *bios = bio_memory.bios;

	if (!mempool_init(&bio_memory.bio_pool, "bio_pool", bios, POOLED))
		return false;
	if (!mempool_init(&bio_memory.split_pool, "bio_split", bios, SPLIT_POOLED))
		goto no_split;
	if (mempool_init(&bio_memory.vec_pool, "bvec_pool", bio_memory.vecs[VECS_256], POOLED))
		return true;
	mempool_exit(&bio_memory.split_pool);
no_split:
	mempool_exit(&bio_memory.bio_pool);
	return false;
}

static void destroy_caches(void)
{
	for (int i = NR_VEC_POOLS - 1; i >= VECS_16; i--)
		if (bio_memory.vecs[i])
			kmem_cache_destroy(bio_memory.vecs[i]);
	if (bio_memory.bios)
		kmem_cache_destroy(bio_memory.bios);
	memset(&bio_memory, 0, sizeof(bio_memory));
}

bool bio_start(struct memory *m)
{
	if (make_caches(m) && make_pools())
		return true;
	destroy_caches();
	return false;
}

void bio_stop(struct memory *m)
{
	(void)m;
	mempool_exit(&bio_memory.vec_pool);
	mempool_exit(&bio_memory.split_pool);
	mempool_exit(&bio_memory.bio_pool);
	destroy_caches();
}

static unsigned int pool_for(unsigned int vecs)
{
	unsigned int i = VECS_INLINE;

	while (sizes[i].vecs < vecs)
		i++;
	return i;
}

/* §34.1: without reclaim from its own cache; then an array of the largest that is kept back. */
static struct bio_vec *alloc_vecs(gfp_t gfp, unsigned int *pool)
{
	gfp_t first = (gfp & ~(__GFP_DIRECT_RECLAIM | __GFP_IO)) | __GFP_NOMEMALLOC |
		__GFP_NORETRY | __GFP_NOWARN;
	struct bio_vec *vecs = NULL;

	if (*pool != VECS_256)
		vecs = kmem_cache_alloc(bio_memory.vecs[*pool], first);
	if (vecs || (*pool != VECS_256 && !(gfp & __GFP_DIRECT_RECLAIM)))
		return vecs;
	*pool = VECS_256;
	return mempool_alloc(&bio_memory.vec_pool, gfp);
}

static void free_vecs(struct bio *bio)
{
	if (bio->parent || bio->vec_pool == VECS_INLINE)
		return;
	if (bio->vec_pool == VECS_256)
		mempool_free(&bio_memory.vec_pool, bio->vecs);
	else
		kmem_cache_free(bio_memory.vecs[bio->vec_pool], bio->vecs);
}

static void init(struct bio *bio)
{
	memset(bio, 0, sizeof(*bio));
	bio->parts = 1;
	bio->vecs = bio->inline_vecs;
	bio->max_vecs = BIO_INLINE_VECS;
}

struct bio *bio_alloc(gfp_t gfp, unsigned int vecs)
{
	unsigned int pool = vecs <= BIO_MAX_VECS ? pool_for(vecs) : 0;
	struct bio *bio;

	if (vecs > BIO_MAX_VECS)
		return NULL;
	bio = mempool_alloc(&bio_memory.bio_pool, gfp);
	if (!bio)
		return NULL;
	init(bio);
	if (pool != VECS_INLINE) {
		bio->vecs = alloc_vecs(gfp, &pool);
		if (!bio->vecs) {
			mempool_free(&bio_memory.bio_pool, bio);
			return NULL;
		}
		bio->max_vecs = sizes[pool].vecs;
	}
	bio->vec_pool = pool;
	return bio;
}

void bio_put(struct bio *bio)
{
	free_vecs(bio);
	mempool_free(bio->parent ? &bio_memory.split_pool : &bio_memory.bio_pool, bio);
}

bool bio_add_page(struct bio *bio, struct page *page, unsigned int len, unsigned int offset)
{
	if (bio->nr_vecs == bio->max_vecs)
		return false;
	bio->vecs[bio->nr_vecs++] = (struct bio_vec){page, len, offset};
	bio->size += len;
	return true;
}

static uint32_t bytes_of(const struct bio_vec *v, unsigned int vecs)
{
	uint32_t bytes = 0;

	while (vecs--)
		bytes += v++->len;
	return bytes;
}

static void end_of_part(struct bio *part)
{
	struct bio *whole = part->parent;
	int error = part->error;

	bio_put(part);
	bio_endio(whole, error);
}

struct bio *bio_split(struct bio *bio, unsigned int vecs)
{
	struct bio *part = mempool_alloc(&bio_memory.split_pool, GFP_NOIO);

	*part = *bio;
	part->parts = 1;
	part->parent = bio;
	part->nr_vecs = vecs;
	part->size = bytes_of(bio->vecs + bio->first_vec, vecs);
	part->end = end_of_part;
	part->no_merge = true;
	bio->first_vec += vecs;
	bio->nr_vecs -= vecs;
	bio->size -= part->size;
	bio->sector += bio_sectors(part);
	atomic_add(&bio->parts, 1);
	return part;
}

/* What was split off is its own again, for end(), which looks at all pages. */
static void make_whole(struct bio *bio)
{
	uint32_t bytes = bytes_of(bio->vecs, bio->first_vec);

	bio->sector -= bytes >> SECTOR_SHIFT;
	bio->size += bytes;
	bio->nr_vecs += bio->first_vec;
	bio->first_vec = 0;
}

static void note_error(struct bio *bio, int error)
{
	int none = 0;

	__atomic_compare_exchange_n(
		&bio->error, &none, error, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void bio_endio(struct bio *bio, int error)
{
	if (error)
		note_error(bio, error);
	if (__atomic_sub_fetch(&bio->parts, 1, __ATOMIC_ACQ_REL))
		return;
	if (!bio->parent)
		make_whole(bio);
	bio->end(bio);
}
