/*
 * Runs that stand still: a search keeps each run as it is at a node, and a later run goes on from there
 * instead of repeating what led there.
 *
 * What is kept: the actors and their stacks (actors.h), the words' histories, and how many writes are
 * noted to be undone. What an earlier run has written after that is undone first.
 */
#ifndef EXPLORE_KEEP_H
#define EXPLORE_KEEP_H

#include <stddef.h>

void keep_init(void);
/*
 * Keeps the run of the actor that calls, from byte `at` of the room for that. Returns where what is kept
 * ends; at once, and once more in every run that goes on from there. `at`: there is no room.
 */
size_t keep_run(size_t at);
/* From the engine: all is as it was in the run that is kept from `at` on. */
void keep_load(size_t at);

#endif
