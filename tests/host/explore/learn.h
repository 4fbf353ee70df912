/*
 * Learning which words are raced for, before a search: drawn runs in which every access is a point,
 * watched until so many in a row have shown nothing new.
 */
#ifndef EXPLORE_LEARN_H
#define EXPLORE_LEARN_H

#include "explore.h"

/* How many runs that took. A run that fails is kept, too: RUN_FAILED, and its seed. */
unsigned int learn(void);
/* One run, watched: clocks_learn() tells what it showed. */
enum end run_watched(choose_fn choose);

#endif
