/*
 * States that a search has been to, with the fewest preemptions that led there: what follows from
 * one has been run, or will be.
 */
#ifndef EXPLORE_CACHE_H
#define EXPLORE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

/* Empty; `most_bytes` is as large as it may grow. Full, it forgets nothing and learns nothing. */
void cache_clear(unsigned long most_bytes);
/* Been there with as few preemptions? If not, it counts as been to from now on. */
bool cache_seen(uint64_t state, unsigned int preemptions);
unsigned long cache_states(void);

#endif
