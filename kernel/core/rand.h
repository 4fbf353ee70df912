/*
 * A small seeded generator (xorshift64*): the same seed, the same numbers, on every run.
 * Any context; a generator belongs to one user.
 */
#ifndef CORE_RAND_H
#define CORE_RAND_H

#include "kernel/core/types.h"

struct rand {
	uint64_t state;
};

static inline void rand_seed(struct rand *r, uint64_t seed)
{
	r->state = seed * 0x9e3779b97f4a7c15ull + 0x2545f4914f6cdd1dull;
	if (r->state == 0)
		r->state = 1;
}

static inline uint64_t rand_next(struct rand *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1dull;
}

/* 0 <= result < n, n > 0. */
static inline unsigned int rand_below(struct rand *r, unsigned int n)
{
	return (rand_next(r) >> 32) % n;
}

#endif
