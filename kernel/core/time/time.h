/*
 * The room kernel/core/time: time.h (this: the clock), hpet.h (the counter behind it, and the
 * watchdog's alarm), timer.h (timers).
 *
 * Locks: one spinlock over all timers, innermost.
 */

/*
 * Time. The clock is the HPET's counter, whose frequency it states itself, or under QEMU's
 * -icount the TSC, one count a virtual nanosecond whatever an instruction takes. Nothing is
 * calibrated: ticks (sched/tick.h) come from the local APIC timer, which QEMU's PC counts at 1 GHz.
 */
#ifndef CORE_TIME_H
#define CORE_TIME_H

#include "kernel/core/types.h"

extern long hz;                        /* ticks a second */
extern volatile unsigned long jiffies; /* ticks since boot */

/* Nanoseconds since kernel entry; 0 until the clock is found. Any context. */
uint64_t clock_ns(void);
/*
 * Exact mode: it is `ns` now, whatever QEMU's clock did in a frozen wait (sched/still.h). All CPUs but
 * this one are halted, interrupts off.
 */
void clock_set(uint64_t ns);
/* log2 of the nanoseconds that an instruction takes, or -1 without -icount. */
long clock_shift(void);
/*
 * Guest instructions of all CPUs since kernel entry: time, less the time in which every CPU was
 * halted; -1 when the TSC does not count them (no icount= parameter).
 */
long instructions_since_boot(void);
/*
 * How many instructions a span of the TSC is in which no CPU was halted. With -icount shift=n one
 * takes 2^n ns; without -icount a count of the TSC stands for one.
 */
long tsc_to_instructions(uint64_t counts);

/* Halt until the next interrupt, which is taken before this returns. Interrupts off, and after. */
void cpu_halt(void);
struct cpu;
/* One that has not been started counts as halted, until halt_is_over(). Boot. */
void cpu_absent(struct cpu *cpu);
/* From the first interrupt after a halt. */
void halt_is_over(struct cpu *cpu);

#endif
