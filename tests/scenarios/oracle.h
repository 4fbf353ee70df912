/*
 * The workloads that a real Linux 4.8.15 ran on the same emulator (oracle-w1 to oracle-w5), for `make
 * oracle`. What its machine had besides the workload, an init whose pages nobody looks at, is here.
 */
#ifndef SCENARIOS_ORACLE_H
#define SCENARIOS_ORACLE_H

#include "kernel/task/scenario.h"

#define PAGE 4096l

extern long oracle_others; /* pages of the others */

#define ORACLE_OTHERS                                                                              \
	{                                                                                          \
		"others", "pages that somebody else has, and does not look at", 0, 65536,          \
			&oracle_others, NULL                                                       \
	}

/* The others' pages, then the point `before`. By the scenario's first app. */
void oracle_before(void);
/*
 * The others look at a few pages of theirs that are far from each other, as Linux's init did while
 * pages went to swap: read-ahead has seen that before it sees the workload.
 */
void oracle_wake_others(void);
/* An app that does it is started, and waited for; then, a moment later, the point `final`. Its exit code. */
int oracle_run(const char *name, void (*fn)(long));
/* Maps so many pages and writes a byte to each, in order. */
unsigned char *oracle_touch(long pages);

#endif
