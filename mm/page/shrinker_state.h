/*
 * A shrinker (§17.11): somebody who has objects that can be given up. What is done with it is in mm/reclaim
 * (shrinker.h); it is here so that mm's own can be a part of struct memory.
 */
#ifndef MM_SHRINKER_STATE_H
#define MM_SHRINKER_STATE_H

#include "kernel/core/list.h"
#include "mm/page/gfp.h"

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

#endif
