/*
 * How large a cache's slabs are: the formulas of §31.2, §31.3. Pure functions, any context.
 *
 * Sizes in bytes, from one object to the next; orders as the page allocator's.
 */
#ifndef MM_SLAB_GEOMETRY_H
#define MM_SLAB_GEOMETRY_H

#include "kernel/core/types.h"

#define SLAB_MAX_ORDER 3 /* but for objects that need more */
#define CACHE_LINE     64u

/*
 * The order that a slab has by default on so many CPUs: at most `max_order` (slub_max_order=), where
 * that holds an object. -1: no order does.
 */
int slab_order(unsigned long size, unsigned int ncpu, unsigned int max_order);
/* The smallest that holds one object, or -1. */
int slab_min_order(unsigned long size);
unsigned int slab_objects(unsigned long size, unsigned int order);

/* Slabs without an object in use that a node keeps. */
unsigned long slab_min_partial(unsigned long size);
/* Free objects on a CPU's list of partial slabs before the next free moves it to the node's. */
unsigned int slab_cpu_partial(unsigned long size);

/* The alignment of objects: at least 8; a cache line's with `hwcache`, halved for small ones (§31.1). */
unsigned int slab_align(unsigned long object_size, unsigned int align, bool hwcache);

#endif
