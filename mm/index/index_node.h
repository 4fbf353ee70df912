/*
 * Nodes of index trees, and their memory (§26, §30c, §32.4, §41.2).
 *
 * A node is asked from the slab cache radix_tree_node with the tree's own mask, so swap-out and page cache
 * insertion take GFP_ATOMIC slabs of order 1 (1 to 3 CPUs) or 2; only when that fails, and not in an
 * interrupt, from what this CPU has preloaded. A preload that nobody used stays for the next one.
 *
 * A node that leaves a tree goes back when a grace period has ended, as by 4.8's RCU: here, where look-ups
 * hold the tree's lock, only so that its slab comes back as late, and as whose doing, as there (§41.2 item
 * 4). A period lasts from grace_begins() (mm/page/index_state.h) to index_grace_end() on the same CPU, and
 * covers what was removed before it began.
 */
#ifndef MM_INDEX_NODE_H
#define MM_INDEX_NODE_H

#include "mm/index/index.h"

#define INDEX_SHIFT   6
#define INDEX_SLOTS   (1u << INDEX_SHIFT)
#define INDEX_PRELOAD 21 /* 11 levels, twice, less the root they share */
#define INDEX_GRACE   3  /* ticks: one to begin, one in which all CPUs come by, one to give back */

/* 576 bytes, as 4.8's: a slab's object is 8 larger, since its constructor's work is kept. */
struct index_node {
	uint8_t shift;             /* of the index: which bits choose a slot here */
	uint8_t offset;            /* its slot in its parent */
	uint16_t used;             /* slots that are not empty ... */
	uint16_t shadows;          /* ... and, of those of a lowest node, that hold shadows */
	struct index_node *parent; /* NULL: it is the top. Or the next one, of nodes in no tree */
	struct index_root *root;
	struct list_head list; /* its user's: of nodes with nothing but shadows (§32.7) */
	void *slot[INDEX_SLOTS];
	uint64_t
		present; /* of a lowest node: a bit for each slot with an entry that is no shadow */
	uint64_t marks[2]; /* 4.8's other two tags, which swap has no use for (§20.6) */
};

_Static_assert(sizeof(struct index_node) == 576, "as many to a slab as in 4.8");

/* Nodes are told from entries by the lowest bit. */
static inline bool index_is_node(const void *entry)
{
	return (uintptr_t)entry & 1;
}

static inline bool index_is_entry(const void *entry)
{
	return entry && !index_is_node(entry) && !index_is_shadow(entry);
}

static inline struct index_node *index_to_node(const void *entry)
{
	return (struct index_node *)((uintptr_t)entry - 1);
}

static inline void *index_from_node(struct index_node *node)
{
	return (void *)((uintptr_t)node + 1);
}

/* The lowest node in which an index is, or would be; NULL: no node leads there. The tree's lock held. */
static inline struct index_node *index_leaf(const struct index_root *root, unsigned long index)
{
	const void *at = root->top;
	struct index_node *node;

	/* In two steps: of a tree of all indices the shift is 60, and 6 more. */
	if (!index_is_node(at) || index >> index_to_node(at)->shift >> INDEX_SHIFT)
		return NULL;
	for (node = index_to_node(at); node->shift; node = index_to_node(at)) {
		at = node->slot[index >> node->shift & (INDEX_SLOTS - 1)];
		if (!at)
			return NULL;
	}
	return node;
}

/* A lowest node that holds nothing but shadows loses them, and goes. The same. */
void index_drop_shadows(struct index_root *root, struct index_node *leaf);

/* A node of nothing for the tree, or NULL. The tree's lock held. */
struct index_node *index_node_new(struct index_root *root);
/* It has left its tree, and is as it came. The same. */
void index_node_free(struct index_root *root, struct index_node *node);

/*
 * Fill this CPU's pool with `gfp`, if that may sleep: 0, and the caller stays on this CPU until
 * index_preload_end(); or -ENOMEM, and it need not call that. Task context.
 */
int index_preload(struct memory *m, gfp_t gfp);
void index_preload_end(void);

/* This CPU's grace period has ended. Interrupts off. */
void index_grace_end(struct memory *m);
/*
 * Whatever CPUs hold for later, preloaded or in a grace period, is given back now: so that a run's end can
 * be compared with its start. Context as smp_call().
 */
void index_release_all(struct memory *m);

#endif
