/*
 * The floor kernel/core: the machine, tasks and time, on which mm/ stands; it allocates no memory.
 *
 * Its rooms, lowest first: cpu/ (processor, interrupts, firmware tables), time/ (clock, timers), log/
 * (printk, events, trace, symbols), lock/, sched/ (tasks, CPUs, the tick), guard/ (watchdog, panic, SysRq).
 * Here: types.h, list.h, refcount.h, rand.h, replay_point.h (no code behind them), param.h (the command
 * line) with nearest.h, machine.h (how a run ends).
 */

/*
 * Words that every floor uses. Pure C.
 */
#ifndef CORE_TYPES_H
#define CORE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/layout.h"

#define ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))
#define likely(x)                       __builtin_expect(!!(x), 1)
#define unlikely(x)                     __builtin_expect(!!(x), 0)
#define noinline                        __attribute__((noinline))
#define always_inline                   inline __attribute__((always_inline))
#define __printf(f, a)                  __attribute__((format(printf, f, a)))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define READ_ONCE(x)                    (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)                (*(volatile __typeof__(x) *)&(x) = (v))
/* Here `v` is in a register, and the compiler does not know how it came there. */
#define keep_in_register(v) asm("" : "+r"(v))
#define barrier()           asm volatile("" : : : "memory")

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))

#define MAX_CPUS 8

#endif
