/*
 * What mm/cache keeps in struct memory: all mappings, and index nodes that hold nothing but shadows. The
 * functions are in mm/cache.
 */
#ifndef MM_CACHE_STATE_H
#define MM_CACHE_STATE_H

#include "mm/page/shrinker_state.h"
#include "mm/page/slab_state.h"

struct cache_state {
	struct spinlock lock;
	struct list_head mappings; /* (lock) every address_space */
	struct kmem_cache files;   /* (B) "filp": open files */
	/* Inside a mapping's tree_lock, interrupts off. */
	struct spinlock shadow_lock;
	struct list_head shadow_nodes; /* (shadow_lock) the oldest first */
	unsigned long nr_shadow_nodes; /* (shadow_lock), read without it */
	struct shrinker shadow_shrinker;
};

#endif
