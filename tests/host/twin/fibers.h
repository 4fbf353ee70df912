/*
 * CPUs as fibers: each has a stack of its own, and the one thread goes from one to another at the
 * points of the schedule (sched_point.h), at every wait and at the end of interrupts-off parts.
 * Which one goes on is the test's choice, so an interleaving can be repeated, drawn or enumerated.
 *
 * A call to another CPU (smp_call) is a request that its fiber answers as soon as it comes by with
 * interrupts on; a CPU whose fiber has returned is idle and answers at once.
 */
#ifndef HOST_FIBERS_H
#define HOST_FIBERS_H

#include "twin.h"

/* Who goes on at a point? Any CPU number; the one that asks goes on if that one has returned. */
typedef unsigned int (*turn_fn)(unsigned int self);

/* Run fn[i](arg) on CPU i, all of them until they return. Sets nr_cpus to n. CPU 0 begins. */
void run_on_cpus(unsigned int n, void (*const fn[])(void *), void *arg, turn_fn turn);

/*
 * This CPU's task serves the others and never returns: when they have, and all that serve sleep, the run is over,
 * and these are left where they are. They had better hold nothing but a place in a queue.
 */
void fiber_serves(void);

/* Ways to choose. A seeded draw: one point in `odds` is a change. */
turn_fn turns_drawn(uint64_t seed, unsigned int odds);
/* CPU 0 passes `points` points, then CPU 1 and the others run until they return or wait. */
turn_fn turns_switch_once(unsigned long points);

/* What the shims do with the CPUs while fibers run. */
void fiber_sleep(void);
void fiber_yield(void);
void fiber_call(unsigned int mask, void (*fn)(void *arg), void *arg);
void fiber_freeze(void);
void fiber_thaw(void);
/* A panic is about to jump out of a fiber, back to the test; and has. */
void fibers_leave(void);
void fibers_left(void);

/* Points that a CPU has come to in this run, or did in the last one. */
unsigned long points_passed(unsigned int cpu);

#endif
