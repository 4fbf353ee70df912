/*
 * A scenario: what is set up once, what each CPU does, and what must hold in the end.
 *
 * The set-up makes a machine, tasks and their address spaces; everything it leaves is what each run
 * starts from. A check returns NULL or what is wrong, and may undo what the CPUs left (give back
 * pages, drop references): the next run does not see it.
 *
 * A behaviour that is documented is a named result. A check calls see() when the run has shown it. The
 * arm declares which of the names it shows: the search must see each of those, and no other but those
 * that it may show.
 */
#ifndef EXPLORE_SCENARIO_H
#define EXPLORE_SCENARIO_H

#include "../explore.h"
#include "../model/model.h"
#include "kernel/core/lock/lock.h"
#include "mm/page/patch.h"

#define MOST_RESULTS 8

struct scenario {
	const char *name, *title;
	const char *arm; /* the patches, in words */
	unsigned int patches;
	unsigned int cpus;
	unsigned int daemons; /* CPUs, by bits, whose main line need not end */
	void (*setup)(void);
	void (*cpu[MOST_CPUS])(void *unused);
	const char *(*check)(void);
	/* A panic, deadlock or livelock that is documented, too: true, after see(). */
	bool (*documented)(const char *message);
	const char *results[MOST_RESULTS]; /* names that the check knows */
	unsigned int shows;                /* those of them that this arm shows, by bits ... */
	unsigned int may;                  /* ... and those that it may show */
	unsigned int bound;                /* that is exhausted by hand ... */
	unsigned int quick;                /* ... and in `make test` */
	unsigned int patience;             /* points before it is a livelock; 0: as usual */
};

/* All of them; ends with a name of NULL. */
extern const struct scenario *const all_scenarios[];
/* The one that runs. */
extern const struct scenario *this_scenario;

/* Result number `n` of the scenario has been shown by this run. */
void see(unsigned int n);
/* What is wrong, formatted; for a check to return. */
const char *wrong(const char *fmt, ...) __printf(1, 2);

#endif
