/*
 * What tasks of one priority owe each other, as in 4.8's fair class, without its tree: queues stay round robin.
 *
 * A task that sleeps is owed the time, up to half a latency (3 ms on one CPU), and runs it down. When it wakes it goes
 * before its like, and the one that runs gives way to it, if that one is owed a wake-up granularity (1 ms) less. A
 * turn ends at a tick, when it has lasted for its part of the latency. sched_lock() held, but for the last one.
 */
#ifndef CORE_FAIR_H
#define CORE_FAIR_H

#include "kernel/core/cpu/cpu.h"
#include "kernel/core/sched/task.h"

/* `from` has run and stops, `to` begins. */
void fair_switch(struct task *from, struct task *to);
/* `t` has slept, and is to run on this CPU: before all others, and instead of the one that runs? */
bool fair_goes_first(const struct cpu *cpu, struct task *t);
/* Has the task that runs on this CPU had its turn, while others wait? Interrupts off. */
bool fair_turn_is_over(const struct cpu *cpu);

#endif
