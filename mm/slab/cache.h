/*
 * Caches that lie in struct memory. Boot, one CPU; sizes in bytes.
 */
#ifndef MM_SLAB_CACHE_H
#define MM_SLAB_CACHE_H

#include "mm/page/memory.h"

/* A cache in memory of zeroes. False: no block of pages holds one object. Or with slab_state.mutex. */
bool cache_init(struct kmem_cache *s, struct memory *m, const char *name, unsigned int size,
	unsigned int align, unsigned int flags, void (*ctor)(void *object));

#endif
