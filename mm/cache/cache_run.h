/*
 * The pages of a file in a row, without a reference each: a run is looked at with tree_lock held, and none of
 * its pages leaves the cache meanwhile. Inline, since a fault maps sixteen of them at once (§32.5).
 */
#ifndef MM_CACHE_RUN_H
#define MM_CACHE_RUN_H

#include "mm/cache/address_space.h"
#include "mm/index/index_node.h"

struct cache_run {
	void *const *slot; /* of the run's first place; a page is ... */
	uint64_t present;  /* ... where the bit says so */
};

/*
 * Of `n` places (fewer than INDEX_SLOTS) from `first` on, those that lie in one lowest node: at most
 * cache_run_most(). tree_lock held. A page may be locked if nobody has it locked, and be given a reference.
 */
static always_inline struct cache_run cache_run(
	const struct address_space *as, unsigned long first, unsigned long n)
{
	const struct index_node *leaf = index_leaf(&as->tree, first);
	unsigned long slot = first & (INDEX_SLOTS - 1);

	if (likely(leaf))
		return (struct cache_run){
			&leaf->slot[slot], leaf->present >> slot & ((1ull << n) - 1)};
	/* An only entry at 0 needs no node. */
	return (struct cache_run){&as->tree.top, !first && index_is_entry(as->tree.top)};
}

/* How many places, from `first` on, one lowest node has at most. */
static inline unsigned long cache_run_most(unsigned long first)
{
	return INDEX_SLOTS - (first & (INDEX_SLOTS - 1));
}

/* Do all of them lie in one? */
static inline bool cache_run_one(unsigned long first, unsigned long n)
{
	return (first & (INDEX_SLOTS - 1)) + n <= INDEX_SLOTS;
}

#endif
