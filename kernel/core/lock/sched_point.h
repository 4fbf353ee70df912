/*
 * Points at which a schedule seed may end the CPU's turn, or let another task run: lock
 * operations, and places in mm/ where an interleaving matters. The host twin has its own version.
 *
 * With sched=0 a point is an instruction that the code has anyway, or a no-op. With a seed, boot
 * replaces it by a call: every site is in a table.
 */
#ifndef CORE_SCHED_POINT_H
#define CORE_SCHED_POINT_H

#include "kernel/core/types.h"

/* An instruction of at least 5 bytes, and the thunk (entry.S) that also does its work. */
struct sched_point_site {
	uint64_t insn, thunk;
	uint64_t len;
};

#define NOP5 ".byte 0x0f, 0x1f, 0x44, 0, 0"

#define SCHED_POINT_SITE(insn, thunk)                                                              \
	"771: " insn "\n772:\n"                                                                    \
	".pushsection .sched_points, \"a\"\n"                                                      \
	".quad 771b, " thunk ", 772b - 771b\n"                                                     \
	".popsection"

struct spinlock;

/* spin_wait() as an instruction that changes no register: who takes a lock saves none for it. */
static inline void call_spin_wait(struct spinlock *lock)
{
	asm volatile("call spin_wait_thunk" : : "D"(lock) : "memory", "cc");
}

/* A point by itself. Any context. */
static always_inline void sched_point(void)
{
	asm volatile(SCHED_POINT_SITE(NOP5, "sched_point_thunk") : : : "memory", "cc");
}

/* A point, and then preemption is off. */
static always_inline void preempt_disable_point(void)
{
	asm volatile(SCHED_POINT_SITE("incl %%gs:20", "preempt_disable_thunk")
		     :
		     :
		     : "memory", "cc");
}

/* Preemption is on again, and then a point. */
static always_inline void preempt_enable_point(void)
{
	asm volatile(SCHED_POINT_SITE("decl %%gs:20", "preempt_enable_thunk") : : : "memory", "cc");
}

#endif
