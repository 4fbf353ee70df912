/*
 * Objects that are kept back, so that whoever may wait gets one at last, when others have ended (§34.1).
 */
#ifndef DEV_BLOCK_MEMPOOL_H
#define DEV_BLOCK_MEMPOOL_H

#include "kernel/core/lock/lock.h"
#include "mm/slab/slab.h"

#define MEMPOOL_MAX 4

struct mempool {
	struct spinlock lock; /* the elements */
	struct kmem_cache *cache;
	void *element[MEMPOOL_MAX];
	unsigned int min, nr;
	struct wait_queue wait;
	long waits; /* atomic: how often somebody had to, for a report */
};

/* With `min` elements. False: no memory. Task context. */
bool mempool_init(
	struct mempool *pool, const char *name, struct kmem_cache *cache, unsigned int min);
/* All that it gave are back. */
void mempool_exit(struct mempool *pool);

/* §34.1: without reclaim, then what is kept back, then with, then sleep and again. Context as the mask. */
void *mempool_alloc(struct mempool *pool, gfp_t gfp);
/* Any context. */
void mempool_free(struct mempool *pool, void *element);

#endif
