/*
 * Shrinkers (§17.11): whoever has objects that can be given up registers a pair of functions, one that
 * counts them and one that gives some up. How many are asked for is in proportion to how much of the LRU
 * was looked at; what is too little to be worth a call is kept for later.
 *
 * Objects are no progress. Pages are, and two ways lead to the counter of the task that reclaims
 * (task.reclaimed_slab): the slab allocator adds the pages of each slab that it gives back while the task is
 * current (§30c), and a shrinker that drops pages by itself, as 4.8's of inodes drops a page cache, calls
 * shrinker_stole(). Whoever reclaims takes that counter after each node (§17.4).
 */
#ifndef MM_SHRINKER_H
#define MM_SHRINKER_H

#include "mm/page/memory.h"

#define DEFAULT_SEEKS 2
#define SHRINK_BATCH  128
#define SHRINK_STOP   (~0ul)

struct shrink_control {
	gfp_t gfp; /* of the request: without FS, for instance, some can do nothing */
	unsigned long nr_to_scan;
};

/* Both functions are called in task context with the list held for reading, and may sleep. */
struct shrinker {
	const char *name;
	/* Objects that could be given up, as it is willing to say; 0: it is not asked for any. */
	unsigned long (*count)(struct shrinker *s, const struct shrink_control *sc);
	/* Look at nr_to_scan of them: how many went, or SHRINK_STOP: no more in this pass. */
	unsigned long (*scan)(struct shrinker *s, const struct shrink_control *sc);
	long seeks;            /* what it costs to get an object again; DEFAULT_SEEKS */
	long batch;            /* objects for each call of scan; 0: SHRINK_BATCH */
	long deferred;         /* atomic: objects that should have been looked at */
	struct list_head node; /* in order of registration */
};

/* Task context that may sleep: not called by a shrinker. */
void register_shrinker(struct memory *m, struct shrinker *s);
void unregister_shrinker(struct memory *m, struct shrinker *s);

/*
 * `scanned` pages of an LRU of `eligible` ones have been looked at (0 counts as 32): all shrinkers are
 * asked for their part. Returns objects; 1 if the list is being changed. Task context, may sleep.
 */
unsigned long shrink_slab(
	struct memory *m, gfp_t gfp, unsigned long scanned, unsigned long eligible);

/* A shrinker has freed so many pages that were no slab's: progress of the current task (§30c). */
void shrinker_stole(struct memory *m, unsigned long pages);
/* Pages that slabs and shrinkers have freed since, which begins anew. */
unsigned long take_reclaimed_slab(void);

#endif
