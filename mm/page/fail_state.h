/*
 * Faults on purpose: what the command line says, and what is left of it (mm/alloc/fail_attr.h).
 */
#ifndef MM_FAIL_STATE_H
#define MM_FAIL_STATE_H

#include "kernel/core/types.h"

/* As mm/alloc/fail_page_alloc.h and mm/slab/failslab.h describe them. */
struct fail_attr {
	bool on;    /* it was given */
	long nth;   /* fail_nth=; 0: not given */
	long trace; /* trace_page_alloc= */
	long interval, probability, times, space, min_order, ignore_wait, ignore_highmem, gfp;
	unsigned long seed;
};

/* What is left of it, and how many requests were looked at. */
struct fail_state {
	bool on;
	long times, space;
	unsigned long seen;
};

#endif
