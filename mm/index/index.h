/*
 * The room mm/index: what is at which index of a large, mostly empty range, as page cache and swap cache
 * have it (§26, §32.4): Linux 4.8's radix tree.
 *
 * In reading order: index.h (this: trees), index_node.h (nodes, and where their memory comes from), index.c
 * (insert, look up, delete), index_walk.c (several entries, checks, the end), index_node.c.
 *
 * Locks: none of its own. A tree's owner has a lock for it (4.8: tree_lock, interrupts off), held around
 * every function that takes a root, so that look-ups do not go beside changes, as they may in 4.8.
 */

/*
 * Trees. An entry is a pointer to something aligned to 4 bytes, or a shadow: a value whose lowest two bits
 * are 10, left where an entry was (§21), or of a page of shmem the slot that it is in (§30c). Each level of
 * nodes resolves 6 bits of the index. The tree is no higher than its highest index needs; an entry at index 0,
 * if there is no other, needs no node.
 */
#ifndef MM_INDEX_H
#define MM_INDEX_H

#include "mm/page/memory.h"

struct index_root {
	struct memory *memory;
	gfp_t gfp;             /* with which nodes are asked for (§26: GFP_ATOMIC|__GFP_NOWARN) */
	void *top;             /* NULL, the entry at index 0, or a node (index_node.h) */
	unsigned long entries; /* that are no shadows */
	unsigned long shadows;
};

static inline bool index_is_shadow(const void *entry)
{
	return ((uintptr_t)entry & 3) == 2;
}

static inline void index_root_init(struct index_root *root, struct memory *m, gfp_t gfp)
{
	*root = (struct index_root){.memory = m, .gfp = gfp};
}

/*
 * 0; -EEXIST: an entry is there; -ENOMEM: no node. Nodes that a refused insertion has made stay in the tree,
 * for the next one that comes by. A shadow is replaced, and put into *shadow (NULL if there was none).
 */
int index_insert(struct index_root *root, unsigned long index, void *entry, void **shadow);
/*
 * What is there, entry or shadow, makes room for `entry`, either of the two: what was there; NULL: nothing was,
 * and nothing is. No node comes or goes: this takes no memory, and what comes is there even where it needs no
 * node, a shadow as well.
 */
void *index_replace(struct index_root *root, unsigned long index, void *entry);
/* NULL: nothing there. */
void *index_lookup(const struct index_root *root, unsigned long index);
/*
 * What was there, or NULL. In its place comes `shadow`, if it is not NULL and the entry lies in a node
 * (§21.2); else a node without entries goes, and the tree is no higher than it must be.
 */
void *index_delete(struct index_root *root, unsigned long index, void *shadow);
/* Up to `most` entries and shadows from index `first` on, in order, with their indices: how many. */
unsigned int index_gang(const struct index_root *root, unsigned long first, void **entry,
	unsigned long *index, unsigned int most);
/* Its user goes, and has taken out all that it put in: empty nodes go as well. */
void index_destroy(struct index_root *root);

/* NULL, or a line that says what is wrong with the tree. *nodes: how many it has. */
const char *index_validate(const struct index_root *root, unsigned long *nodes);

/* Boot, the slabs there. */
void index_init(struct memory *m);

#endif
