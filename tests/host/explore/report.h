/*
 * What a scenario's search came to: a live line on a terminal, one line of JSON in the end.
 */
#ifndef EXPLORE_REPORT_H
#define EXPLORE_REPORT_H

#include "shards.h"

/* A line of JSON for each scenario: name, title, arm, bounds. */
void report_list(void);
/* Bounds 0 to `bound`, up to the first that fails. 0, or 1: it failed, or missed what it must show. */
int report_scenario(
	const struct scenario *s, unsigned int bound, unsigned int jobs, unsigned int seconds);

#endif
