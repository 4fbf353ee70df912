/*
 * The schedule seed (`sched=`): which CPU has a slice of time, and where a turn ends early. Seed 0
 * is the plain round; every other seed is another interleaving, the same one each time in exact
 * mode.
 */
#ifndef CORE_TURN_H
#define CORE_TURN_H

#include "kernel/core/lock/sched_point.h"

extern long sched_seed;

/* The CPU that owns a slice under -icount. Any context. */
unsigned int turn_owner(uint64_t slice);

/* Arm the points of sched_point.h if there is a seed. Boot, one CPU, interrupts off. */
void sched_points_init(void);

/* From an armed point: draw, and act on what was drawn. */
void sched_point_reached(void);

/* Turns ended early on all CPUs since boot. */
unsigned long forced_switches(void);

#endif
