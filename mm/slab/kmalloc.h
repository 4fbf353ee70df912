/*
 * Memory of any size: from a cache up to 8192 bytes, from the page allocator above (§31.4, §31.8).
 *
 * Sizes in bytes. kmalloc() of 0 gives a place that is no memory and not NULL. What is given is aligned
 * to 8 bytes, and where the cache's size is a power of 2, but for debug builds, to that.
 */
#ifndef MM_KMALLOC_H
#define MM_KMALLOC_H

#include "mm/page/memory.h"

#define KMALLOC_MAX_CACHED 8192ul
#define ZERO_SIZE_PTR      ((void *)16)

/* Context as kmem_cache_alloc(); with GFP_DMA from the lowest 16 MiB. */
void *__kmalloc(struct memory *m, size_t size, gfp_t gfp); /* the name in call traces (§34.8) */
static inline void *kmalloc(struct memory *m, size_t size, gfp_t gfp)
{
	return __kmalloc(m, size, gfp);
}
static inline void *kzalloc(struct memory *m, size_t size, gfp_t gfp)
{
	return kmalloc(m, size, gfp | __GFP_ZERO);
}
/* What kmalloc() gave, or an object of any cache; NULL is nothing. Any context but NMI. */
void kfree(struct memory *m, void *p);

extern const uint8_t kmalloc_small_index[24];

/* Which of the caches serves `size`, from 1 to KMALLOC_MAX_CACHED. */
static inline unsigned int kmalloc_index(size_t size)
{
	if (size <= 192)
		return kmalloc_small_index[(size - 1) / 8];
	return 64 - __builtin_clzl(size - 1);
}

/* Boot: part of slab_init(). */
void kmalloc_init(struct memory *m);

#endif
