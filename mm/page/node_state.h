/*
 * What the node keeps in struct memory: its counters, and its lists of pages that may be reclaimed. A PC
 * has one node. The functions are in node_stat.h, in mm/lru and in mm/reclaim.
 */
#ifndef MM_NODE_STATE_H
#define MM_NODE_STATE_H

#include "kernel/core/lock/lock.h"
#include "mm/page/page.h"

/* §16.1. A list of active pages follows the one of inactive pages of its class. */
enum lru_list {
	LRU_INACTIVE_ANON,
	LRU_ACTIVE_ANON,
	LRU_INACTIVE_FILE,
	LRU_ACTIVE_FILE,
	LRU_UNEVICTABLE,
	NR_LRU_LISTS
};

enum lru_class { LRU_ANON, LRU_FILE, NR_LRU_CLASSES };

/* Counters of the node, in pages, in /proc/vmstat's order (§22.4); the first are the lists'. */
enum node_stat {
	NR_INACTIVE_ANON,
	NR_ACTIVE_ANON,
	NR_INACTIVE_FILE,
	NR_ACTIVE_FILE,
	NR_UNEVICTABLE,
	NR_ISOLATED_ANON,
	NR_ISOLATED_FILE,
	NR_PAGES_SCANNED,
	WORKINGSET_REFAULT,
	WORKINGSET_ACTIVATE,
	WORKINGSET_NODERECLAIM,
	NR_ANON_MAPPED,
	NR_FILE_MAPPED,
	NR_FILE_PAGES,
	NR_FILE_DIRTY,
	NR_WRITEBACK,
	NR_WRITEBACK_TEMP,
	NR_SHMEM,
	NR_SHMEM_THPS,
	NR_SHMEM_PMDMAPPED,
	NR_ANON_THPS,
	NR_UNSTABLE_NFS,
	NR_VMSCAN_WRITE,
	NR_VMSCAN_IMMEDIATE,
	NR_DIRTIED,
	NR_WRITTEN,
	NR_NODE_STATS
};
extern const char *const node_stat_name[NR_NODE_STATS];

struct lruvec {
	struct list_head list[NR_LRU_LISTS];
	/* §17.6: how many of each class were looked at of late, and how many of those were still used. */
	unsigned long recent_scanned[NR_LRU_CLASSES], recent_rotated[NR_LRU_CLASSES];
	long inactive_age; /* atomic: pages of files that left the cache or became active (§21) */
};

/* Pages that wait until there are enough for one acquisition of lru_lock (§16.4); a reference each. */
#define PAGEVEC_SIZE 14

enum pagevec_kind {
	PAGEVEC_ADD,
	PAGEVEC_ROTATE,
	PAGEVEC_DEACTIVATE_FILE,
	PAGEVEC_ACTIVATE,
	NR_PAGEVECS
};

struct pagevec {
	unsigned long nr;
	struct page *page[PAGEVEC_SIZE];
} __attribute__((aligned(CPU_SLOT)));

struct node_cpu {
	short stat_diff[NR_NODE_STATS]; /* not yet in the node's counters (§22.2) */
} __attribute__((aligned(CPU_SLOT)));

_Static_assert(sizeof(struct pagevec) == CPU_SLOT, "this_cpu_slot() finds this CPU's");
_Static_assert(sizeof(struct node_cpu) == CPU_SLOT, "this_cpu_slot() finds this CPU's");

struct node_state {
	long stat[NR_NODE_STATS]; /* without what CPUs have gathered: read by node_stat() */
	int stat_threshold;       /* (B) the largest of its zones' */
	unsigned int flags;       /* NODE_*, atomically (mm/reclaim/node_flags.h) */
	/* What those who wake kswapd want of it: the maximum, written without a lock (§18.2). */
	int kswapd_order, kswapd_classzone;
	struct wait_queue kswapd_wait, pfmemalloc_wait;
	unsigned long dirty_limit; /* (B) pages (§23.5) */
	struct spinlock lru_lock;  /* interrupts off; guards the lists, PG_LRU and what is recent */
	struct lruvec lru;
	struct node_cpu cpu[MAX_CPUS];                 /* (C) */
	struct pagevec pagevec[NR_PAGEVECS][MAX_CPUS]; /* (C) */
};

#endif
