/*
 * What the tests of apps share: KTAP lines, and waiting for what other threads and processes do.
 */
#ifndef SCENARIOS_APP_TEST_H
#define SCENARIOS_APP_TEST_H

#include <stdio.h>

#include "kernel/task/scenario.h"

static volatile long passed KERNEL_DATA, failed KERNEL_DATA;

/* By one thread at a time. */
static inline void report(int ok, const char *name)
{
	if (!passed && !failed)
		printf("KTAP version 1\n");
	if (ok)
		passed++;
	else
		failed++;
	printf("%s %ld %s\n", ok ? "ok" : "not ok", passed + failed, name);
}

static inline void report_end(void)
{
	printf("1..%ld\n", passed + failed);
	lw_counter(COUNTER("ktap_passed"), passed);
	lw_counter(COUNTER("ktap_failed"), failed);
}

#define REPORT_CHECKS                                                                              \
	{                                                                                          \
		"ktap_failed == 0", "ktap_passed > 0"                                              \
	}

/* Whoever makes it true calls lw_wake(), or ends. */
#define wait_until(cond)                                                                           \
	do {                                                                                       \
		long seen_ = lw_event_count();                                                     \
		if (cond)                                                                          \
			break;                                                                     \
		lw_wait_event(seen_);                                                              \
	} while (1)

/* A thread, or a process with all its threads, has ended; it need not be a child. */
static inline void wait_gone(int pid)
{
	wait_until(!lw_alive(pid));
}

#endif
