/*
 * What everybody knows of a machine's memory (see memory.h): tunables, the names of its counters, and
 * sums over zones.
 */
#include "kernel/core/param.h"
#include "mm/page/memory.h"

struct mm_tunables mm_tunables = {
	.pageblock_order = 10,
	.watermark_scale_factor = 10,
	.lowmem_reserve_ratio = 256,
	.oom_dump_tasks = 1,
	.swappiness = 60,
	.page_cluster = -1,
	.slub_max_order = 3,
	.killable_mmap = 1,
	.shared_oom_adj = 1,
	.fail_page_alloc = {.interval = 1,
		.probability = 100,
		.times = 1,
		.min_order = 1,
		.ignore_wait = 1,
		.ignore_highmem = 1},
	.failslab = {.interval = 1, .probability = 100, .times = 1, .ignore_wait = 1},
};

PARAM_INT("pageblock_order", mm_tunables.pageblock_order, 9, 10,
	"log2 of a pageblock's pages: 10 as in the seed reports, 9 as with hugetlb");

const char *const zone_stat_name[NR_ZONE_STATS] = {
	[NR_FREE_PAGES] = "nr_free_pages",
	[NR_ZONE_INACTIVE_ANON] = "nr_zone_inactive_anon",
	[NR_ZONE_ACTIVE_ANON] = "nr_zone_active_anon",
	[NR_ZONE_INACTIVE_FILE] = "nr_zone_inactive_file",
	[NR_ZONE_ACTIVE_FILE] = "nr_zone_active_file",
	[NR_ZONE_UNEVICTABLE] = "nr_zone_unevictable",
	[NR_ZONE_WRITE_PENDING] = "nr_zone_write_pending",
	[NR_MLOCK] = "nr_mlock",
	[NR_SLAB_RECLAIMABLE] = "nr_slab_reclaimable",
	[NR_SLAB_UNRECLAIMABLE] = "nr_slab_unreclaimable",
	[NR_PAGETABLE] = "nr_page_table_pages",
	[NR_KERNEL_STACK_KB] = "nr_kernel_stack",
	[NR_BOUNCE] = "nr_bounce",
	[NR_FREE_CMA_PAGES] = "nr_free_cma",
};

const char *const node_stat_name[NR_NODE_STATS] = {
	[NR_INACTIVE_ANON] = "nr_inactive_anon",
	[NR_ACTIVE_ANON] = "nr_active_anon",
	[NR_INACTIVE_FILE] = "nr_inactive_file",
	[NR_ACTIVE_FILE] = "nr_active_file",
	[NR_UNEVICTABLE] = "nr_unevictable",
	[NR_ISOLATED_ANON] = "nr_isolated_anon",
	[NR_ISOLATED_FILE] = "nr_isolated_file",
	[NR_PAGES_SCANNED] = "nr_pages_scanned",
	[WORKINGSET_REFAULT] = "workingset_refault",
	[WORKINGSET_ACTIVATE] = "workingset_activate",
	[WORKINGSET_NODERECLAIM] = "workingset_nodereclaim",
	[NR_ANON_MAPPED] = "nr_anon_pages",
	[NR_FILE_MAPPED] = "nr_mapped",
	[NR_FILE_PAGES] = "nr_file_pages",
	[NR_FILE_DIRTY] = "nr_dirty",
	[NR_WRITEBACK] = "nr_writeback",
	[NR_WRITEBACK_TEMP] = "nr_writeback_temp",
	[NR_SHMEM] = "nr_shmem",
	[NR_SHMEM_THPS] = "nr_shmem_hugepages",
	[NR_SHMEM_PMDMAPPED] = "nr_shmem_pmdmapped",
	[NR_ANON_THPS] = "nr_anon_transparent_hugepages",
	[NR_UNSTABLE_NFS] = "nr_unstable",
	[NR_VMSCAN_WRITE] = "nr_vmscan_write",
	[NR_VMSCAN_IMMEDIATE] = "nr_vmscan_immediate_reclaim",
	[NR_DIRTIED] = "nr_dirtied",
	[NR_WRITTEN] = "nr_written",
};

#define OF_EACH_ZONE(event, text)                                                                  \
	[event + ZONE_DMA] = text "_dma", [event + ZONE_DMA32] = text "_dma32",                    \
		 [event + ZONE_NORMAL] = text "_normal", [event + ZONE_MOVABLE] = text "_movable"

const char *const mm_event_name[NR_MM_EVENTS] = {
	[PGPGIN] = "pgpgin",
	[PGPGOUT] = "pgpgout",
	[PSWPIN] = "pswpin",
	[PSWPOUT] = "pswpout",
	OF_EACH_ZONE(PGALLOC, "pgalloc"),
	OF_EACH_ZONE(ALLOCSTALL, "allocstall"),
	OF_EACH_ZONE(PGSCAN_SKIP, "pgskip"),
	[PGFREE] = "pgfree",
	[PGACTIVATE] = "pgactivate",
	[PGDEACTIVATE] = "pgdeactivate",
	[PGFAULT] = "pgfault",
	[PGMAJFAULT] = "pgmajfault",
	[PGLAZYFREED] = "pglazyfreed",
	[PGREFILL] = "pgrefill",
	[PGSTEAL_KSWAPD] = "pgsteal_kswapd",
	[PGSTEAL_DIRECT] = "pgsteal_direct",
	[PGSCAN_KSWAPD] = "pgscan_kswapd",
	[PGSCAN_DIRECT] = "pgscan_direct",
	[PGSCAN_DIRECT_THROTTLE] = "pgscan_direct_throttle",
	[PGINODESTEAL] = "pginodesteal",
	[SLABS_SCANNED] = "slabs_scanned",
	[KSWAPD_INODESTEAL] = "kswapd_inodesteal",
	[KSWAPD_LOW_WMARK_HIT_QUICKLY] = "kswapd_low_wmark_hit_quickly",
	[KSWAPD_HIGH_WMARK_HIT_QUICKLY] = "kswapd_high_wmark_hit_quickly",
	[PAGEOUTRUN] = "pageoutrun",
	[PGROTATED] = "pgrotated",
	[DROP_PAGECACHE] = "drop_pagecache",
	[DROP_SLAB] = "drop_slab",
	[PGMIGRATE_SUCCESS] = "pgmigrate_success",
	[PGMIGRATE_FAIL] = "pgmigrate_fail",
	[UNEVICTABLE_PGCULLED] = "unevictable_pgs_culled",
	[UNEVICTABLE_PGSCANNED] = "unevictable_pgs_scanned",
	[UNEVICTABLE_PGRESCUED] = "unevictable_pgs_rescued",
	[UNEVICTABLE_PGMLOCKED] = "unevictable_pgs_mlocked",
	[UNEVICTABLE_PGMUNLOCKED] = "unevictable_pgs_munlocked",
	[UNEVICTABLE_PGCLEARED] = "unevictable_pgs_cleared",
	[UNEVICTABLE_PGSTRANDED] = "unevictable_pgs_stranded",
	[BALLOON_INFLATE] = "balloon_inflate",
	[BALLOON_DEFLATE] = "balloon_deflate",
	[ALLOC_FAILURES] = "alloc_failures",
	[OOM_KILLS] = "oom_kills",
	[OOM_INVOCATIONS] = "oom_invocations",
	[OOM_KILLS_BY_HAND] = "oom_kills_by_hand",
	[OOM_SHARERS_KILLED] = "oom_sharers_killed",
	[OOM_STEPS] = "oom_steps",
	[OOM_TRYLOCK_FAILED] = "oom_trylock_failed",
	[OOM_SCANS_ABORTED] = "oom_scans_aborted",
	[OOM_MARKED_DYING] = "oom_marked_dying",
	[OOM_REAP_ATTEMPTS] = "oom_reap_attempts",
	[OOM_REAP_FAILED] = "oom_reap_failed",
	[OOM_REAP_RACED] = "oom_reap_raced",
	[OOM_REAPED] = "oom_reaped",
	[OOM_REAPED_PAGES] = "oom_reaped_pages",
	[OOM_REAP_LOST] = "oom_reap_lost",
	[OOM_REAP_GAVE_UP] = "oom_reap_gave_up",
	[OOM_REAP_TEARDOWNS] = "oom_reap_teardowns",
	[NOTIFIER_CALLS] = "notifier_calls",
	[NOTIFIER_CALLS_LOCKED] = "notifier_calls_locked",
	[NOTIFIER_CALLS_BY_HAND] = "notifier_calls_by_hand",
	[NOTIFIER_CALLS_FAULT] = "notifier_calls_fault",
	[NOTIFIER_CALLS_DISABLED] = "notifier_calls_disabled",
	[NOTIFIER_KILLED_EARLY] = "notifier_killed_early",
	[NOTIFIER_FREED_PAGES] = "notifier_freed_pages",
	[NOTIFIER_NS] = "notifier_ns",
	[NOTIFIER_KILLS_AFTER_FREED] = "notifier_kills_after_freed",
	[HIGHATOMIC_RESERVED_BLOCKS] = "highatomic_reserved_blocks",
	[HIGHATOMIC_RELEASED_BLOCKS] = "highatomic_released_blocks",
	[HIGHATOMIC_RELEASED_PAGES] = "highatomic_released_pages",
	[HIGHATOMIC_RESERVED_MAX] = "highatomic_reserved_max",
	[ZONE_LOCK_REFILLS] = "zone_lock_refills",
	[ZONE_LOCK_BULK_FREES] = "zone_lock_bulk_frees",
	[KSWAPD_WAKEUPS] = "kswapd_wakeups",
	[FAULTS_INJECTED] = "faults_injected",
	[OBJECTS_REFUSED] = "objects_refused",
};

unsigned long memory_mib(const struct memory *m)
{
	unsigned long pages = 0;
	const struct zone *z;

	for_each_populated_zone(m, z)
		pages += z->present;
	return (pages * PAGE_SIZE + (1ul << 20) - 1) >> 20;
}

void adjust_managed_page_count(struct memory *m, const struct page *page, long by)
{
	atomic_add((long *)&page_zone(m, page)->managed, by);
	atomic_add((long *)&m->totalram_pages, by);
}

long memory_stat(const struct memory *m, enum zone_stat item)
{
	const struct zone *z;
	long sum = 0;

	for_each_zone(m, z)
		sum += zone_stat(z, item);
	return sum;
}

long zone_free_pcp(const struct zone *z)
{
	long sum = 0;

	for (unsigned int cpu = 0; cpu < nr_cpus; cpu++)
		sum += z->pcp[cpu].count;
	return sum;
}
