/*
 * Lines that could come too often: 10 in 5 seconds for each state (§0.4). Any context.
 */
#ifndef CORE_RATELIMIT_H
#define CORE_RATELIMIT_H

#include "kernel/core/types.h"

struct ratelimit {
	unsigned long begin; /* jiffies; start of the window */
	unsigned int printed;
	int missed; /* not printed in this window */
	bool started, busy;
};

/*
 * True when this one may be printed. The first of a new window says, in the name of its caller, how
 * many the last one did not print.
 */
bool ratelimit(struct ratelimit *r, const char *caller);

#endif
