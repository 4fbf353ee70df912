/*
 * One run of the scenario: begun, chosen point by point, ended, checked, undone.
 */
#ifndef EXPLORE_RUN_H
#define EXPLORE_RUN_H

#include "actors.h"

/* At a point: who goes on. */
unsigned int run_choose(void);
/* Nobody can go on: the run is done, or stuck. */
void run_over(void) __attribute__((noreturn));

/* The scenario, once, before its first run; what is then is what every run begins with. */
struct scenario;
void run_prepare(const struct scenario *s);

/* A check has seen a named result (scenario.h) in this run; bits of the scenario's list. */
extern unsigned int results_seen;

/* What setting the world back takes on average. */
double run_reset_us(void);

void run_init(void);

#endif
