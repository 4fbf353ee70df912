/*
 * The trace points of mm/ (see mm_trace.h).
 */
#include "mm/page/mm_trace.h"

const struct trace_event mm_page_alloc = {"mm_page_alloc", {"order", "gfp_flags"}};

const struct trace_event mm_page_alloc_extfrag = {"mm_page_alloc_extfrag",
	{"zone:s", "pfn", "alloc_order", "fallback_order", "alloc_migratetype",
		"fallback_migratetype", "change_ownership", "moved"}};

const struct trace_event mm_highatomic_reserve = {"mm_highatomic_reserve",
	{"zone:s", "pfn", "migratetype", "moved", "reserved_before", "reserved_after"}};

const struct trace_event mm_highatomic_unreserve = {"mm_highatomic_unreserve",
	{"zone:s", "pfn", "old_migratetype", "migratetype", "moved", "reserved_before",
		"reserved_after"}};

const struct trace_event mm_page_pcpu_drain = {
	"mm_page_pcpu_drain", {"zone:s", "pages", "free_before", "free_after"}};

const struct trace_event mm_page_alloc_slowpath = {"mm_page_alloc_slowpath",
	{"zone:s", "order", "gfp_flags", "migratetype", "free", "min", "reserved"}};

const struct trace_event mm_vmscan_wakeup_kswapd = {
	"mm_vmscan_wakeup_kswapd", {"zone:s", "order", "free", "high"}};

const struct trace_event mm_vmscan_direct_reclaim_begin = {
	"mm_vmscan_direct_reclaim_begin", {"order", "gfp_flags"}};

const struct trace_event mm_vmscan_direct_reclaim_end = {
	"mm_vmscan_direct_reclaim_end", {"nr_reclaimed"}};

const struct trace_event mm_vmscan_kswapd_wake = {"mm_vmscan_kswapd_wake", {"nid", "zid", "order"}};

const struct trace_event mm_vmscan_kswapd_sleep = {"mm_vmscan_kswapd_sleep", {"nid"}};

const struct trace_event mm_vmscan_lru_isolate = {"mm_vmscan_lru_isolate",
	{"isolate_mode", "classzone_idx", "order", "nr_requested", "nr_scanned", "nr_skipped",
		"nr_taken", "file"}};

const struct trace_event mm_vmscan_lru_shrink_inactive = {"mm_vmscan_lru_shrink_inactive",
	{"nid", "nr_scanned", "nr_reclaimed", "priority", "flags:s"}};

const struct trace_event mm_vmscan_writepage = {"mm_vmscan_writepage", {"pfn", "flags:s"}};

const struct trace_event mm_shrink_slab_start = {"mm_shrink_slab_start",
	{"shrink:s", "nr_objects_to_shrink", "gfp_flags", "pgs_scanned", "lru_pgs", "cache_items",
		"delta", "total_scan"}};

const struct trace_event mm_shrink_slab_end = {"mm_shrink_slab_end",
	{"shrink:s", "nid", "unused_scan", "new_scan", "total_scan", "retval"}};

const struct trace_event reclaim_retry_zone = {"reclaim_retry_zone",
	{"zone:s", "order", "reclaimable", "available", "min_wmark", "no_progress_loops",
		"wmark_check"}};

const struct trace_event mark_victim = {"mark_victim", {"pid"}};
const struct trace_event wake_reaper = {"wake_reaper", {"pid"}};
const struct trace_event start_task_reaping = {"start_task_reaping", {"mm:x"}};
const struct trace_event finish_task_reaping = {"finish_task_reaping", {"mm:x", "done"}};
