/*
 * A state replayed on the twin: a private machine that is just large enough is shaped to it, tasks that are
 * only numbers are its processes, and its request is made.
 *
 * The requester is the task of its name and pid, or the first of its name where no pid is said. One that no task
 * line names is a kernel task; but where there are no task lines at all, it is a process, of no size that is
 * known, and the only one.
 */
#ifndef HOST_REPLAY_H
#define HOST_REPLAY_H

#include "mm/replay/ask.h"

/* A machine that is shaped to the state, with its tasks. Those before it are thrown away. */
struct memory *replay_machine(const struct state *s, unsigned int patches);
/* Once for each machine. */
void replay_ask(
	struct memory *m, const struct state *s, enum remedy_kind remedy, struct outcome *o);

#endif
