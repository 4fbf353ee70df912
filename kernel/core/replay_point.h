/*
 * Points of a replayed schedule (kernel/core/sched/replay.h) that the code has for that alone, on cold
 * paths where an interleaving matters. Each stands on a line of its own, right before the line that it is
 * named after. In the debug build it is a no-op until a token names it; in the release build, nothing.
 */
#ifndef CORE_REPLAY_POINT_H
#define CORE_REPLAY_POINT_H

#include "kernel/core/types.h"

#ifdef LW_DEBUG
/* An entry as sched_point.h's; the thunk is that of a point by itself. */
#define replay_point()                                                                             \
	asm volatile("771: .byte 0x0f, 0x1f, 0x44, 0, 0\n772:\n"                                   \
		     ".pushsection .replay_points, \"a\"\n"                                        \
		     ".quad 771b, 0, 772b - 771b\n"                                                \
		     ".popsection"                                                                 \
		     :                                                                             \
		     :                                                                             \
		     : "memory", "cc")
/* What holds points is expanded in its callers, after whom these are named, in every build. */
#define point_inline always_inline
#else
#define replay_point() ((void)0)
#define point_inline   inline
#endif

#endif
