/*
 * What reclaim remembers of the node (§23.4). Any context.
 */
#ifndef MM_NODE_FLAGS_H
#define MM_NODE_FLAGS_H

#include "mm/page/memory.h"

#define NODE_CONGESTED 0x1u /* all dirty pages of a batch were waiting for a busy disk */
#define NODE_DIRTY     0x2u /* all pages of a batch were dirty, and nobody had begun to write them */
#define NODE_WRITEBACK 0x4u /* all pages of a batch were being written; in 4.8 nothing clears it */

static inline bool node_has(const struct memory *m, unsigned int flag)
{
	return READ_ONCE(m->node.flags) & flag;
}

static inline void node_set(struct memory *m, unsigned int flag)
{
	__atomic_or_fetch(&m->node.flags, flag, __ATOMIC_RELAXED);
}

static inline void node_clear(struct memory *m, unsigned int flags)
{
	if (node_has(m, flags))
		__atomic_and_fetch(&m->node.flags, ~flags, __ATOMIC_RELAXED);
}

#endif
