/*
 * All schedules of a scenario with at most `bound` preemptions, depth first. Of several shards each
 * runs its part of the tree: the ways to leave the very first run are dealt out in turn.
 */
#ifndef EXPLORE_SEARCH_H
#define EXPLORE_SEARCH_H

#include "turns.h"

/* False: nothing is cut, to compare. */
extern bool search_cuts;
/* False: all that leads to a node is repeated, to compare. */
extern bool search_keeps;
void search_begin(unsigned int bound, unsigned int shard, unsigned int shards);
/* The next schedule; `watch` it as learn.h does. */
enum end search_run(bool watch);
/* The next one to run; false: that was the last. */
bool search_advance(void);
/* The schedule of the run that has just ended. */
void search_turns(struct turns *t);
/* Does it count here, and not in another shard? */
bool search_is_ours(void);
/* How much of the tree is behind, from 0 to 1: a guess that takes all branches for equal. */
double search_done(void);

#endif
