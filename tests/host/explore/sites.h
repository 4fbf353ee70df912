/*
 * Places in the subject's code: "function+line", the line counted from the function's first. A place
 * outlives a rebuild that does not touch its function. Names come from the program's own debug
 * information, by addr2line; of code that is inlined from kernel/core's headers (spin_lock()), the
 * place is where it was called.
 */
#ifndef EXPLORE_SITES_H
#define EXPLORE_SITES_H

#include <stdint.h>

#define MOST_SITES 4096

/* The number of the place that this return address stands for; -1: not looked up yet. */
int site_of(uintptr_t address);
/* Look up all that were asked for in vain: how many. */
unsigned int sites_look_up(void);
/* The number of a name, which is new if need be. */
int site_named(const char *name);
const char *site_name(int site);

#endif
