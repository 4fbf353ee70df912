/*
 * Schedules that are drawn (see draw.h).
 */
#include "draw.h"
#include "run.h"

#include "kernel/core/rand.h"

#define MOST_FALLS 8

static struct rand rng;
static unsigned int stay_odds;
static uint64_t priority[MOST_ACTORS];
static unsigned int falls[MOST_FALLS], nr_falls;

void draw_at_random(uint64_t seed, unsigned int odds)
{
	rand_seed(&rng, seed);
	stay_odds = odds;
}

static unsigned int one_of(uint32_t set)
{
	for (unsigned int n = rand_below(&rng, __builtin_popcount(set)); n; n--)
		set &= set - 1;
	return __builtin_ctz(set);
}

unsigned int choose_at_random(void)
{
	uint32_t can = actors_enabled();

	if (!can)
		run_over();
	if ((can & 1u << self->id) && rand_below(&rng, stay_odds))
		return self->id;
	return one_of(can);
}

void draw_priorities(uint64_t seed, unsigned int depth, unsigned int length)
{
	rand_seed(&rng, seed);
	for (unsigned int id = 0; id < MOST_ACTORS; id++)
		priority[id] = MOST_FALLS + rand_next(&rng) % (1u << 30);
	nr_falls = MIN(depth - 1, MOST_FALLS);
	for (unsigned int i = 0; i < nr_falls; i++)
		falls[i] = 1 + rand_below(&rng, length);
}

static unsigned int highest(uint32_t set)
{
	unsigned int best = __builtin_ctz(set);

	for (uint32_t left = set; left; left &= left - 1)
		if (priority[__builtin_ctz(left)] > priority[best])
			best = __builtin_ctz(left);
	return best;
}

unsigned int choose_by_priority(void)
{
	uint32_t can = actors_enabled();

	if (!can)
		run_over();
	for (unsigned int i = 0; i < nr_falls; i++)
		if (falls[i] == points && self->id < MOST_ACTORS)
			priority[self->id] = i;
	return highest(can);
}
