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
#include "mm/page/shrinker_state.h"

/* mm's own: nodes of file indices that hold nothing but shadows (§21.5). Boot, the list there. */
void shadow_shrinker_init(struct memory *m);

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
