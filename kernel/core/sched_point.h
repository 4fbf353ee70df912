/*
 * Points at which a schedule seed may end the CPU's turn, or let another task run: lock
 * operations, and places in mm/ where an interleaving matters. The host twin has its own version.
 */
#ifndef CORE_SCHED_POINT_H
#define CORE_SCHED_POINT_H

#include "kernel/core/types.h"

extern long sched_seed;

/* Out of line: draws, and acts on what was drawn. */
void sched_point_reached(void);

/* Any context. With sched=0 it is one test of a word that never changes. */
static inline void sched_point(void)
{
	if (unlikely(sched_seed))
		sched_point_reached();
}

#endif
