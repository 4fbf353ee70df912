/*
 * Trace points: what happened, when, on which CPU, in which task, with up to TRACE_ARGS numbers.
 * The last TRACE_RECORDS stay in a ring that GDB's lw-events prints at any stop and in a core; with
 * trace=on all of them leave by the second channel as well (event.h), for the runner's trace.txt
 * and trace.json.
 *
 * For paths that are taken seldom: a record costs about a hundred instructions. Sending it costs some
 * three thousand more, which a traced run spends in the midst of what it is about: the runner says so. Any
 * context but NMI.
 */
#ifndef CORE_TRACE_H
#define CORE_TRACE_H

#include "kernel/core/types.h"

#define TRACE_ARGS    8
#define TRACE_RECORDS 1024 /* a power of 2 */

/*
 * A kind of record. A field's name ends in ":s" when its number is a string that lives for ever, and in
 * ":x" when it is a pointer.
 */
struct trace_event {
	const char *name;
	const char *field[TRACE_ARGS]; /* as many as there are, then NULL */
};

struct trace_record {
	uint64_t ns;
	const struct trace_event *event; /* NULL: nothing was recorded here yet */
	uint32_t cpu;
	int32_t pid;
	char comm[16];
	long arg[TRACE_ARGS];
};

struct trace_ring {
	uint64_t total; /* records since boot: number n is in slot n % TRACE_RECORDS */
	struct trace_record record[TRACE_RECORDS];
};

extern struct trace_ring trace_ring;

/* Fields that the event does not have are 0. */
void trace_record(const struct trace_event *event, const long arg[TRACE_ARGS]);

#define trace(event, ...) trace_record(&(event), (const long[TRACE_ARGS]){__VA_ARGS__})

/*
 * The same for what happens so often that the ring would hold nothing else: with trace=on alone. Else it is one
 * test, and its arguments are not evaluated.
 */
extern bool trace_all;
#define trace_often(event, ...)                                                                    \
	do {                                                                                       \
		if (unlikely(trace_all))                                                           \
			trace(event, __VA_ARGS__);                                                 \
	} while (0)

#endif
