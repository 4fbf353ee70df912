/*
 * Schedules that are drawn. Both ways repeat with their seed.
 */
#ifndef EXPLORE_DRAW_H
#define EXPLORE_DRAW_H

#include "explore.h"

/* At one point in `odds` anybody who can goes on. */
void draw_at_random(uint64_t seed, unsigned int odds);
unsigned int choose_at_random(void);

/* PCT: fixed priorities that are drawn, `depth` - 1 of which fall at drawn points of `length`. */
void draw_priorities(uint64_t seed, unsigned int depth, unsigned int length);
unsigned int choose_by_priority(void);

#endif
