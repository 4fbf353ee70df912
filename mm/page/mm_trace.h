/*
 * The trace points of mm/. Where Linux has one for it, its name and its fields' names are used.
 * Pages; "before" and "after" are a zone's counters.
 */
#ifndef MM_MM_TRACE_H
#define MM_MM_TRACE_H

#include "kernel/core/log/trace.h"

/* A request for pages, before its first attempt: with trace_page_alloc=1 (fail_page_alloc.h). */
extern const struct trace_event mm_page_alloc;
/* A request was served from another type (§3.7). `moved`: pages that changed lists with it. */
extern const struct trace_event mm_page_alloc_extfrag;
/* A pageblock became, or no longer is, high-order atomic reserve (§4). */
extern const struct trace_event mm_highatomic_reserve;
extern const struct trace_event mm_highatomic_unreserve;
/* A CPU's list went back to the buddy lists by a drain (§3.9). */
extern const struct trace_event mm_page_pcpu_drain;
/* A request's first attempt failed (§5.2). */
extern const struct trace_event mm_page_alloc_slowpath;
extern const struct trace_event mm_vmscan_wakeup_kswapd;
extern const struct trace_event mm_vmscan_direct_reclaim_begin;
extern const struct trace_event mm_vmscan_direct_reclaim_end;
/* One zone's part in the retry decision (§5.6). */
extern const struct trace_event reclaim_retry_zone;
extern const struct trace_event mark_victim;
/* The OOM reaper (§8): a victim is handed over; one attempt at its address space. */
extern const struct trace_event wake_reaper;
extern const struct trace_event start_task_reaping;
extern const struct trace_event finish_task_reaping;

#endif
