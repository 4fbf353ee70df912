/*
 * Pages that come back (§21): where a page of a file was evicted a shadow stays, with the node's age
 * then. If so few pages left since that it would still be there, had the active pages not been, it
 * begins as an active one. Anonymous pages leave none.
 *
 * A lowest node of an index that holds nothing but shadows is listed, and goes when there are too many
 * of them (mm/reclaim asks). Units: pages, nodes.
 */
#ifndef MM_WORKINGSET_H
#define MM_WORKINGSET_H

#include "mm/index/index.h"

struct index_node;

/* Linux's boot line: of how many pages a shadow tells. Boot, zones are there. */
void workingset_report(const struct memory *m);

/* A page leaves by reclaim: the shadow for its place. */
void *workingset_eviction(struct memory *m);
/* A page comes where a shadow was: counted; does it begin as an active one? */
bool workingset_refault(struct memory *m, const void *shadow);
/* A page of a file has become active because it was used. */
void workingset_activation(struct memory *m);

/*
 * What a lowest node (NULL: there is none) holds has changed: it is listed, or not any more. tree_lock
 * held.
 */
void workingset_leaf_changed(struct memory *m, struct index_node *leaf);
/* It is about to go. */
void workingset_forget_leaf(struct memory *m, struct index_node *leaf);

/* §21.5: nodes that are too many. */
unsigned long shadow_nodes_freeable(struct memory *m);
/* Up to `n` of the oldest go: how many did. Task context. */
unsigned long shadow_nodes_shrink(struct memory *m, unsigned long n);

#endif
