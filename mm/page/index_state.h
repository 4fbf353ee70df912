/*
 * What mm/index keeps in struct memory: the cache of its nodes, and those that a CPU holds for later. The
 * functions are in mm/index.
 */
#ifndef MM_INDEX_STATE_H
#define MM_INDEX_STATE_H

#include "mm/page/slab_state.h"

struct index_node;

/* (C) What one CPU has. */
struct index_cpu {
	struct index_node *pool; /* preloaded (§32.4): linked by their parents */
	unsigned int pooled;
	/* Removed from a tree, and not yet given back: in the grace period that runs, and after it. */
	struct index_node *waiting, *later;
};

struct index_state {
	struct kmem_cache nodes; /* "radix_tree_node" */
	struct index_cpu cpu[MAX_CPUS];
	/*
	 * Called upwards: a grace period begins on this CPU, at whose end index_grace_end() is to be called
	 * here. Any context, interrupts off. NULL: whoever tests it ends it.
	 */
	void (*grace_begins)(struct memory *m);
};

#endif
