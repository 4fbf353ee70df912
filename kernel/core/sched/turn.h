/*
 * The schedule seed (`sched=`): which CPU has a slice of time, and where a turn ends early. Seed 0
 * is the plain round; every other seed is another interleaving, the same one each time in exact
 * mode. What a token says instead, replay.h does.
 */
#ifndef CORE_TURN_H
#define CORE_TURN_H

#include "kernel/core/cpu/cpu.h"
#include "kernel/core/lock/sched_point.h"

extern long sched_seed;

/* The CPU that owns a slice under -icount. Any context. */
unsigned int turn_owner(uint64_t slice);

/* Arm the points of sched_point.h if there is a seed, or those of a token. Boot, one CPU, interrupts off. */
void sched_points_init(void);
/* Let a point call this thunk; the call is as long as SCHED_POINT_CALL. Boot, code writable. */
#define SCHED_POINT_CALL 5
void sched_point_arm(const struct sched_point_site *s, uint64_t thunk);

/* From an armed point: draw, and act on what was drawn. */
void sched_point_reached(void);

/* It runs a task, or is about to. */
bool cpu_is_busy(const struct cpu *cpu);

/* Turns ended early on all CPUs since boot. */
unsigned long forced_switches(void);

#endif
