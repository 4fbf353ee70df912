/*
 * Faults on purpose: requests for pages that are refused at the allocator's entry, in the manner of
 * Linux's fault injection (CONFIG_FAIL_PAGE_ALLOC), whose attributes and defaults these are.
 *
 *   fail_page_alloc=KEY:N,KEY:N,...   with any of
 *     interval:1          every interval-th request
 *     probability:100     percent, drawn by `seed=`
 *     times:1             so many refusals; -1: no end
 *     space:0             pages that are given out before the first one
 *     min-order:1         smaller requests are let through,
 *     ignore-gfp-wait:1      and those that may reclaim (__GFP_DIRECT_RECLAIM), unless 0,
 *     ignore-gfp-highmem:1   and those for the highest zone (__GFP_HIGHMEM), unless 0,
 *     gfp:0               and those without all of these bits
 *   fail_nth=N            the N-th request since boot that may be refused: alone, each request of any
 *                         order and mask; with fail_page_alloc=, those which that does not let through
 *
 *   trace_page_alloc=1    each request leaves a trace event, mm_page_alloc (with trace=on, for the runner)
 *
 * A request with __GFP_NOFAIL is never refused. One that is has no first attempt and no slow path: NULL,
 * as where Linux's should_fail_alloc_page() stands.
 */
#ifndef MM_FAIL_PAGE_ALLOC_H
#define MM_FAIL_PAGE_ALLOC_H

#include "mm/page/memory.h"

/*
 * From here on requests are looked at, if the tunables ask for it: none of them takes the fast path any
 * more, which therefore does not know of this. Boot.
 */
void fail_page_alloc_start(struct memory *m);

/* Whether this request, now traced if asked for, is refused: logged with its call trace, and counted. Any context. */
bool should_fail_alloc_page(struct memory *m, gfp_t gfp, unsigned int order);

#endif
