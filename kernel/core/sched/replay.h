/*
 * A schedule that is replayed (`sched=@TOKEN`, token.h), in the debug build. Where a part of it says so,
 * the CPU stands still at that point, and goes on when the one that was given the turn comes to a point
 * where the token gives it back, has nothing left to do, or wants a lock that is held here.
 *
 * Points are those of sched_point.h and of replay_point.h, named after their place in the source as the
 * explorer names it; only those that the token names are armed. A CPU's passes are counted from the
 * scenario's start, those of its interrupt handlers are not. What the token names and this build has
 * not, and what did not come to pass, one line each says.
 */
#ifndef CORE_REPLAY_H
#define CORE_REPLAY_H

#include "kernel/core/lock/sched_point.h"
#include "kernel/core/replay_point.h"
#include "kernel/core/sched/task.h"

#ifdef LW_DEBUG

/* NULL, or what was expected. `text` is kept. Boot, the CPUs counted. */
const char *replay_set(const char *text);
/* There is a token. */
bool replay_is_on(void);
/* Arm the points that it names. Boot, one CPU, code writable. */
void replay_arm(void);
/* The scenario begins: passes count from here on. */
void replay_start(void);
/* From an armed point, whose call returns to this address. Any context. */
void replay_reached(uint64_t returns_to);
/* How many switches were made, and which were not. At the end of a run, however it ends. */
void replay_report(void);

#else

static inline const char *replay_set(const char *text)
{
	(void)text;
	return "a number: only a debug build replays a schedule (BUILD=debug)";
}
static inline bool replay_is_on(void)
{
	return false;
}
static inline void replay_arm(void)
{
}
static inline void replay_start(void)
{
}
static inline void replay_reached(uint64_t returns_to)
{
	(void)returns_to;
}
static inline void replay_report(void)
{
}

#endif

/* The point "sleep": the current task is about to give up its CPU. Named by toolchain/points.py. */
static point_inline void replay_sleep(void)
{
#ifdef LW_DEBUG
	if (current->state != TASK_RUNNING)
		replay_point();
#endif
}

#endif
