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
/* kswapd begins to balance, or sleeps until it is woken (§18.3, §18.5); somebody wakes it (§18.2). */
extern const struct trace_event mm_vmscan_kswapd_wake;
extern const struct trace_event mm_vmscan_kswapd_sleep;
extern const struct trace_event mm_vmscan_wakeup_kswapd;
extern const struct trace_event mm_vmscan_direct_reclaim_begin;
extern const struct trace_event mm_vmscan_direct_reclaim_end;
/* These five by trace_often(). A batch leaves a list (§17.8); inactive ones were looked at (§17.9). */
extern const struct trace_event mm_vmscan_lru_isolate;
extern const struct trace_event mm_vmscan_lru_shrink_inactive;
/* A page is on its way to its slot (§17.10a, step 11). */
extern const struct trace_event mm_vmscan_writepage;
/* One shrinker was asked (§17.11): by name, where 4.8 has two addresses. */
extern const struct trace_event mm_shrink_slab_start;
extern const struct trace_event mm_shrink_slab_end;
/* What was written, as 4.8 names it: pages of apps, and nobody waits for them. */
#define RECLAIM_WB_ANON_ASYNC "RECLAIM_WB_ANON|RECLAIM_WB_ASYNC"
/* One zone's part in the retry decision (§5.6). */
extern const struct trace_event reclaim_retry_zone;
extern const struct trace_event mark_victim;
/* The OOM reaper (§8): a victim is handed over; one attempt at its address space. */
extern const struct trace_event wake_reaper;
extern const struct trace_event start_task_reaping;
extern const struct trace_event finish_task_reaping;

#endif
