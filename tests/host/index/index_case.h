/*
 * Machines and trees for the tests of mm/index, and what many of them ask.
 */
#ifndef HOST_INDEX_CASE_H
#define HOST_INDEX_CASE_H

#include <errno.h>

#include "../slab/slab_case.h"
#include "mm/index/index_node.h"

/* An entry that tells its number. */
#define ENTRY(n) ((void *)((unsigned long)(n) << 3 | 4))
/* A shadow that does. */
#define SHADOW(n) ((void *)((unsigned long)(n) << 2 | 2))

#define SWAP_TREE_GFP (GFP_ATOMIC | __GFP_NOWARN)

static inline unsigned long index_valid(const struct index_root *root)
{
	unsigned long nodes;
	const char *err = index_validate(root, &nodes);

	if (err)
		fail_msg("index_validate: %s", err);
	return nodes;
}

/* Grace periods of every CPU end, until nothing waits. */
static inline void grace(struct memory *m)
{
	for (unsigned int id = 0; id < nr_cpus; id++) {
		become_cpu(id);
		while (m->index.cpu[id].waiting)
			index_grace_end(m);
	}
	become_cpu(0);
}

/* Nodes that are in nobody's hands: the cache's objects are all free. */
static inline void assert_no_nodes(struct memory *m, long before)
{
	grace(m);
	index_release_all(m);
	assert_nothing_left(m, before);
}

#endif
