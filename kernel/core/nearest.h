/*
 * The nearest of several names to one that nobody knows: what a person who mistyped it meant. One that
 * shares next to nothing with it is none. Pure.
 */
#ifndef CORE_NEAREST_H
#define CORE_NEAREST_H

#include "kernel/core/types.h"

#define NEAREST_LEN 64 /* of names, with the final 0; what is longer is cut */

struct nearest {
	const char *want;
	char name[NEAREST_LEN]; /* the best so far; "": none */
	unsigned int distance;
};

/* `want` lives on. */
void nearest_init(struct nearest *n, const char *want);

/*
 * Offer a name. It is taken when it is nearer than those before it, and when less than half of the
 * longer of the two texts would have to be typed again. True: it was taken.
 */
bool nearest_offer(struct nearest *n, const char *name);

#endif
