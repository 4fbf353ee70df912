/*
 * One bound of a scenario, its tree split over processes. Which part is whose depends on their number
 * alone, so that the same number gives the same counts and the same first failure.
 */
#ifndef EXPLORE_SHARDS_H
#define EXPLORE_SHARDS_H

#include "scenarios/scenario.h"
#include "turns.h"

struct shown {
	unsigned long runs; /* that have shown it */
	unsigned int points;
	struct turns turns; /* of the shortest of them */
};

struct bound_result {
	unsigned int bound, longest;
	unsigned long runs, cut, states;
	double cpu_seconds, reset_us;
	bool exhausted;
	bool failed;
	unsigned long failed_at; /* run number in its shard */
	struct turns turns;
	char message[512];
	struct shown shown[MOST_RESULTS];
	unsigned int learned; /* words that were found late: the bound was begun anew */
};

/* `seconds` 0: to the end. `live` is told of progress a few times a second. */
typedef void (*live_fn)(const struct bound_result *so_far, double done, double seconds);
void search_bound(unsigned int bound, unsigned int jobs, double seconds, live_fn live,
	struct bound_result *result);

#endif
