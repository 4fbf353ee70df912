/*
 * Which pageblocks a zone needs for its free blocks: units (layout.h) that hold blocks of one migratetype,
 * which is also their pageblocks'. Pure.
 *
 * (H): there are as many such pageblocks as the reserve's counter says, those that hold no free block being
 * in use; more, where the free ones need more: then the counter is too low, as §4.9 has it. A page on a
 * per-CPU list is one of order 0 that is not free: given back by a drain it stays single.
 *
 * Where a zone has too few units, U, M and E share theirs, which are of the type with the most pages: blocks
 * on the lists of another type than their pageblock's, as fallback leaves them (§3.7).
 */
#ifndef MM_REPLAY_PLAN_H
#define MM_REPLAY_PLAN_H

#include "mm/replay/layout.h"
#include "mm/replay/state.h"

struct plan_group {
	unsigned int types; /* of free blocks, a bit each */
	enum migratetype tag;
	unsigned long pages; /* of its pageblocks */
};

struct plan {
	unsigned int nr_groups;
	struct plan_group group[STATE_FREE_TYPES];
	unsigned long units; /* of all */
};

void plan_zone(struct plan *p, const struct state *s, enum zone_type zone, bool shared);

/* Blocks of one order and type that are placed: free ones, and single pages on per-CPU lists. */
long plan_blocks(const struct state_zone *z, unsigned int order, enum migratetype type);

#endif
