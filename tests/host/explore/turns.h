/*
 * A schedule, as this build of the program can repeat it: where another actor went on than the
 * first choice, which is the one that runs if it can, else the one with the lowest number.
 */
#ifndef EXPLORE_TURNS_H
#define EXPLORE_TURNS_H

#include "actors.h"

#define MOST_TURNS 64

struct turns {
	unsigned int nr;
	struct turn {
		unsigned int point;
		unsigned int to;
	} turn[MOST_TURNS];
};

static inline unsigned int first_choice(uint32_t can)
{
	return (can & 1u << self->id) ? self->id : (unsigned int)__builtin_ctz(can);
}

#endif
