/*
 * A machine becomes the one that a state describes: managed counts, watermarks, lowmem_reserve, the
 * reserve's counter and free lists, per-CPU lists, counters of LRU lists and of swap.
 *
 * The material is what is free: each zone's whole free top-order blocks, lowest first. All other pages, also
 * free ones that the state does not want, are in use from here on, by nobody. So a zone may count more pages
 * than are there: only those that the state has free, or in the reserve, must exist (plan.h).
 *
 * Within a list of free blocks the lowest address comes first, as if it had been freed last; per-CPU lists are
 * in the order of placing. LRU lists stay as they are, empty on a machine of its own: reclaim finds nothing,
 * however much the counters say. pages_scanned says that all of it has been looked at, so that it is not looked
 * for sixteen times over at each priority; so the report says "all_unreclaimable? yes". Swap has slots, and no
 * area. So the free lists agree with each other (zones_validate()), and the rest does not.
 *
 * One CPU, no other task in mm/, interrupts on: per-CPU lists of all are drained. Nothing brings back what
 * the machine was before.
 */
#ifndef MM_REPLAY_SHAPE_H
#define MM_REPLAY_SHAPE_H

#include "mm/replay/state.h"

/* NULL; or, with the machine as it was, what it lacks, and what was expected. */
const char *shape_machine(struct memory *m, const struct state *s);

#endif
