/*
 * The room mm/page: page frames, zones, masks, patches and counters: what everything else in mm/ is
 * about. Nothing here allocates.
 *
 * In reading order: page.h (struct page), gfp.h (allocation masks), memory.h (this: the root object and
 * its zones), memory.c (names, sums, tunables), pageblock.h (types of pageblocks), vmstat.h (counters
 * on several CPUs), patch.h (the switches under study), mm_trace.h (trace points), oom_state.h,
 * slab_state.h, node_state.h, index_state.h, swap_state.h and cache_state.h (what those rooms keep in
 * the root), fail_state.h, node_stat.h, page_flags.h and page_lock.h (what several may do with a page
 * at once), io_plug.h (requests held back).
 *
 * Locks: a zone's `lock` guards what is marked (Z); this file says what guards the rest.
 */

/*
 * The root object of mm/: a machine's memory, its zones, counters and switches. The kernel has
 * one; a host test makes as many private ones as it likes (DESIGN §2).
 *
 * Units: pages, unless a name says _kbytes. What guards a field stands beside it: (B) set at
 * boot, (Z) the zone's lock, (C) its own CPU with interrupts off.
 */
#ifndef MM_MEMORY_H
#define MM_MEMORY_H

#include "kernel/core/lock/lock.h"
#include "kernel/core/lock/notifier.h"
#include "kernel/core/log/ratelimit.h"
#include "mm/page/cache_state.h"
#include "mm/page/fail_state.h"
#include "mm/page/gfp.h"
#include "mm/page/index_state.h"
#include "mm/page/node_state.h"
#include "mm/page/oom_state.h"
#include "mm/page/page.h"
#include "mm/page/slab_state.h"
#include "mm/page/swap_state.h"

#define MAX_ORDER               11
#define PAGE_ALLOC_COSTLY_ORDER 3

enum { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARK };

/* Counters of a zone. The anon and file ones are its shadow of the node's lists (§6.1). */
enum zone_stat {
	NR_FREE_PAGES,
	NR_ZONE_INACTIVE_ANON,
	NR_ZONE_ACTIVE_ANON,
	NR_ZONE_INACTIVE_FILE,
	NR_ZONE_ACTIVE_FILE,
	NR_ZONE_UNEVICTABLE,
	NR_ZONE_WRITE_PENDING,
	NR_MLOCK,
	NR_SLAB_RECLAIMABLE,
	NR_SLAB_UNRECLAIMABLE,
	NR_PAGETABLE,
	NR_KERNEL_STACK_KB,
	NR_BOUNCE,
	NR_FREE_CMA_PAGES,
	NR_ZONE_STATS
};
extern const char *const zone_stat_name[NR_ZONE_STATS];

/*
 * Events of the whole machine since boot: those of /proc/vmstat in 4.8's order (§22.5), of which some stand
 * for each type of zone; then our own. Counted in any context.
 */
enum mm_event {
	PGPGIN,  /* sectors of 512 bytes read from disks ... */
	PGPGOUT, /* ... and written */
	PSWPIN,
	PSWPOUT,
	PGALLOC,                                 /* + zone */
	ALLOCSTALL = PGALLOC + MAX_NR_ZONES,     /* + highest zone that may be reclaimed from */
	PGSCAN_SKIP = ALLOCSTALL + MAX_NR_ZONES, /* + zone */
	PGFREE = PGSCAN_SKIP + MAX_NR_ZONES,
	PGACTIVATE,
	PGDEACTIVATE,
	PGFAULT,
	PGMAJFAULT,
	PGLAZYFREED,
	PGREFILL,
	PGSTEAL_KSWAPD,
	PGSTEAL_DIRECT,
	PGSCAN_KSWAPD,
	PGSCAN_DIRECT,
	PGSCAN_DIRECT_THROTTLE,
	PGINODESTEAL,
	SLABS_SCANNED, /* objects */
	KSWAPD_INODESTEAL,
	KSWAPD_LOW_WMARK_HIT_QUICKLY,
	KSWAPD_HIGH_WMARK_HIT_QUICKLY,
	PAGEOUTRUN,
	PGROTATED,
	DROP_PAGECACHE,
	DROP_SLAB,
	PGMIGRATE_SUCCESS,
	PGMIGRATE_FAIL,
	UNEVICTABLE_PGCULLED,
	UNEVICTABLE_PGSCANNED,
	UNEVICTABLE_PGRESCUED,
	UNEVICTABLE_PGMLOCKED,
	UNEVICTABLE_PGMUNLOCKED,
	UNEVICTABLE_PGCLEARED,
	UNEVICTABLE_PGSTRANDED,
	BALLOON_INFLATE, /* pages that a balloon took from the allocator ... */
	BALLOON_DEFLATE, /* ... and gave back */
	NR_VM_EVENTS,
	ALLOC_FAILURES = NR_VM_EVENTS,
	OOM_KILLS,
	OOM_KILLS_BY_HAND,
	OOM_SHARERS_KILLED, /* processes that died because they used a victim's memory */
	OOM_INVOCATIONS,
	OOM_STEPS,          /* requests that came to §5.8 ... */
	OOM_TRYLOCK_FAILED, /* ... and found oom_lock taken */
	OOM_SCANS_ABORTED,  /* by a victim that lives */
	OOM_MARKED_DYING,   /* got reserves because they were on their way out already */
	OOM_REAP_ATTEMPTS,
	OOM_REAP_FAILED, /* mmap_sem was not to be had */
	OOM_REAP_RACED,  /* the victim was gone */
	OOM_REAPED,
	OOM_REAPED_PAGES,
	OOM_REAP_LOST, /* the slot was taken */
	OOM_REAP_GAVE_UP,
	OOM_REAP_TEARDOWNS,      /* the reaper was the address space's last user */
	NOTIFIER_CALLS,          /* of the chain ... */
	NOTIFIER_CALLS_LOCKED,   /* ... with oom_lock held */
	NOTIFIER_CALLS_BY_HAND,  /* ... for SysRq-f */
	NOTIFIER_CALLS_FAULT,    /* ... for a page fault's killer */
	NOTIFIER_CALLS_DISABLED, /* ... with the killer disabled */
	NOTIFIER_KILLED_EARLY, /* the caller was killed before or meanwhile, and goes on at once */
	NOTIFIER_FREED_PAGES,
	NOTIFIER_NS,                /* spent in it */
	NOTIFIER_KILLS_AFTER_FREED, /* though it had freed something */
	HIGHATOMIC_RESERVED_BLOCKS,
	HIGHATOMIC_RELEASED_BLOCKS,
	HIGHATOMIC_RELEASED_PAGES,
	HIGHATOMIC_RESERVED_MAX, /* pages, highest sum over zones */
	ZONE_LOCK_REFILLS,       /* acquisitions: each takes a batch from the buddy lists ... */
	ZONE_LOCK_BULK_FREES,    /* ... or gives one back */
	KSWAPD_WAKEUPS,
	FAULTS_INJECTED, /* requests refused on purpose (fail_page_alloc.h) */
	OBJECTS_REFUSED, /* the same of slabs' objects (failslab.h) */
	NR_MM_EVENTS
};
extern const char *const mm_event_name[NR_MM_EVENTS];

struct free_area {
	struct list_head free_list[MIGRATE_TYPES];
	uint32_t nr_free[MIGRATE_TYPES]; /* blocks */
} __attribute__((aligned(128)));

struct per_cpu_pages {
	struct list_head lists[MIGRATE_PCPTYPES];
	int count, high, batch;
	short stat_diff[NR_ZONE_STATS]; /* not yet in the zone's counters (§2.9) */
} __attribute__((aligned(128)));

_Static_assert(sizeof(struct per_cpu_pages) == CPU_SLOT, "this_cpu_slot() finds this CPU's");

struct memory;

struct zone {
	unsigned long watermark[NR_WMARK]; /* (B) */
	long lowmem_reserve[MAX_NR_ZONES]; /* (B) */
	long stat[NR_ZONE_STATS]; /* without what CPUs have gathered: read by zone_stat() */
	int stat_threshold;       /* §2.9; 0: nothing is gathered. Switched by kswapd (§25.3) */
	long percpu_drift_mark;   /* (B) §25.2 */
	unsigned long nr_reserved_highatomic; /* (Z), read without it */
	struct memory *memory;                /* (B) */
	enum zone_type type;                  /* (B) */
	const char *name;                     /* (B) */
	unsigned long start_pfn;              /* (B) */
	unsigned long spanned, present;       /* (B) */
	unsigned long allocated;              /* atomic: the event PGALLOC of this zone */
	unsigned long managed; /* atomic: a balloon may take pages away, and give them back */
	/* (B) the page structs of its whole top-order blocks, in bytes: no buddy is outside */
	unsigned long inner_start, inner_len;
	/* (Z), read without it: one byte a pageblock, from the one of start_pfn on. */
	uint8_t *pageblock_type;
	/* (B) the same, moved so that a page struct's address >> pageblock_page_shift indexes */
	uint8_t *pageblock_type_of_null;
	unsigned long nr_pageblocks;        /* (B) */
	struct per_cpu_pages pcp[MAX_CPUS]; /* (C) */
	struct spinlock lock;
	uint16_t free_mask[MIGRATE_TYPES]; /* (Z) a bit for each order whose list is not empty */
	struct free_area free_area[MAX_ORDER]; /* (Z) */
};

#define MAX_SWAP_SPECS 4

/* An area that swap= asks for (mm/swap/swap_param.h). */
struct swap_spec {
	char name[16]; /* of its disk; "": none */
	long kbytes, prio;
};

/* What managed= gives a zone (mm/setup/managed.h): all, if pages is 0. */
struct managed_spec {
	long pages, first;
};

struct mm_tunables {
	long pageblock_order;
	long min_free_kbytes; /* 0: by the formula */
	long watermark_scale_factor;
	long lowmem_reserve_ratio;
	long panic_on_oom, oom_kill_allocating_task, oom_dump_tasks;
	/* Rules of their time; 1: 4.8's (see rule.h). */
	long killable_mmap;      /* a kill ends the wait for mmap_sem as a writer (§8.6 W2') */
	long oom_notifier_mutex; /* oom-notifier-outside's form: the mail's, or 0, the review's */
	long shared_oom_adj;     /* oom_score_adj goes to all who share the memory (§7.5) */
	struct fail_attr fail_page_alloc, failslab;
	long swappiness; /* 0 to 100: how much rather anonymous pages are taken than files' (§17.6) */
	long page_cluster; /* §20.11: log2 of the largest window; -1: by the size of memory */
	long slub_max_order;
	struct swap_spec swap[MAX_SWAP_SPECS];
	struct managed_spec managed[MAX_NR_ZONES];
};
extern struct mm_tunables mm_tunables; /* what the command line says */

/*
 * Where a request tries first: the preferred zone, the mobility it asks for here (§1.5), and the list
 * of CPU 0 that has it there.
 */
struct route {
	struct zone *zone;
	struct list_head *list;
	enum migratetype type;
};

#define PAGE_WAIT_QUEUES 16

#define ROUTE_BITS 0x1f /* of a mask: zone and mobility */

struct io_plug_ops;

struct memory {
	struct page *mem_map;   /* (B) indexed by pfn; holes may be unmapped */
	char *virt_base;        /* (B) page frame 0's address */
	unsigned long zero_pfn; /* (B) of zeroes that nobody writes; no zone's, and nobody's */
	unsigned long max_pfn;  /* (B) one past the last usable page frame */
	unsigned long zone_end[MAX_NR_ZONES];    /* (B) pfn limits of the zone types */
	struct page *zone_end_page[ZONE_NORMAL]; /* (B) the same as places in mem_map */
	unsigned int pageblock_order;            /* (B) */
	unsigned int pageblock_page_shift;       /* (B) log2 of the bytes of its page structs */
	unsigned long pageblock_nr_pages;        /* (B) */
	bool mobility_grouping;                  /* (B) by memory_set_grouping() */
	unsigned int patches;                    /* (B) PATCH_* bits */
	struct zone zone[MAX_NR_ZONES];
	struct zone *zonelist[MAX_NR_ZONES + 1]; /* (B) highest first, NULL-terminated */
	unsigned int first_zone[MAX_NR_ZONES];   /* (B) zonelist index for a high_zoneidx */
	/*
	 * (B) no_zone where there is none, or invalid; and everywhere where requests are refused on
	 * purpose (fail_page_alloc.h): then the zonelist walk decides.
	 */
	struct route route[ROUTE_BITS + 1];
	struct zone no_zone; /* (B) never above its watermarks */
	struct fail_state fail;
	unsigned long min_free_kbytes; /* (B) */
	unsigned long totalram_pages;  /* atomic, as zone.managed */
	long kernel_tables;            /* pages of the kernel's own page tables, which stay */
	unsigned long total_swap_pages;
	struct node_state node;
	long nr_mms;                       /* address spaces, also those that are only pinned */
	unsigned long event[NR_MM_EVENTS]; /* read by mm_event() */
	struct mm_tunables tunables;       /* (B) */
	struct list_head shrinkers;        /* (shrinker_rwsem) of mm/reclaim */
	struct rwsem shrinker_rwsem;
	struct mutex oom_lock;
	int oom_victims; /* tasks with memdie; under tasks_lock() */
	/* Under oom_lock: who it was, once that is printed; for a floor above to which that is the end. Or NULL. */
	void (*after_kill)(struct memory *m, const struct task *victim);
	void (*noticed)(struct memory *m, const char *what); /* by memory_notice(); or NULL */
	bool oom_killer_disabled;                            /* set under oom_lock */
	bool storage_suspended;             /* IO and FS are out of reach for everybody */
	struct wait_queue oom_victims_wait; /* until there are none */
	struct notifier_chain oom_reclaim_list;
	struct mutex oom_notifier_lock;
	struct oom_reaper reaper;
	struct oom_watch watch;
	struct oom_row oom_rows[OOM_ROWS]; /* under oom_lock */
	struct ratelimit oom_ratelimit, failure_ratelimit;
	unsigned long moved_before_report; /* under output_lock() */
	struct slab_state slab;
	struct kmem_cache vma_cache, mm_cache; /* (B) mm/space's ... */
	struct kmem_cache anon_vma_cache, anon_vma_chain_cache;
	struct spinlock rmap_lock; /* ... see mm/space/anon_vma.h ... */
	struct kmem_cache shmem_cache;
	struct spinlock shmems_lock;
	struct list_head shmems; /* ... and mm/space/shmem.h */
	struct index_state index;
	struct swap_state swap;
	struct cache_state cache;
	const struct io_plug_ops *io_plug; /* (B) of the floor above (io_plug.h); NULL: no disks */
	struct wait_queue page_waits[PAGE_WAIT_QUEUES];
	long page_waiters; /* in all of them; atomically */
	bool warned_atomic_reclaim, warned_refused, warned_nofail, warned_nofail_kill;
};

/* The kernel's own memory. mm/ itself never names it. */
extern struct memory system_memory;

/* How often an event has happened. */
static inline unsigned long mm_event(const struct memory *m, int item)
{
	bool by_zone = item >= PGALLOC && item < PGALLOC + MAX_NR_ZONES;

	return by_zone ? m->zone[item - PGALLOC].allocated : m->event[item];
}

/* The same as /proc/vmstat tells it: sectors as KiB (§22.5). */
static inline unsigned long mm_event_told(const struct memory *m, int item)
{
	return mm_event(m, item) / (item == PGPGIN || item == PGPGOUT ? 2 : 1);
}

/* The same of events that are counted by zone, over all zones. */
static inline unsigned long mm_event_sum(const struct memory *m, enum mm_event first)
{
	unsigned long sum = 0;

	for (int i = 0; i < MAX_NR_ZONES; i++)
		sum += mm_event(m, first + i);
	return sum;
}

#define for_each_zone(m, z) for (z = (m)->zone; z < (m)->zone + MAX_NR_ZONES; z++)
#define for_each_populated_zone(m, z)                                                              \
	for_each_zone(m, z)                                                                        \
		if ((z)->present)

static inline unsigned long page_to_pfn(const struct memory *m, const struct page *page)
{
	return page - m->mem_map;
}

static inline struct page *pfn_to_page(const struct memory *m, unsigned long pfn)
{
	return m->mem_map + pfn;
}

/* The physical address: as many bytes of memory for each of the page array's. */
static inline uint64_t page_to_phys(const struct memory *m, const struct page *page)
{
	uint64_t bytes = (const char *)page - (const char *)m->mem_map;

	return bytes << (PAGE_SHIFT - PAGE_STRUCT_SHIFT);
}

static inline struct page *phys_to_page(const struct memory *m, uint64_t phys)
{
	return (struct page *)((char *)m->mem_map + (phys >> (PAGE_SHIFT - PAGE_STRUCT_SHIFT)));
}

static inline void *page_address(const struct memory *m, const struct page *page)
{
	return m->virt_base + page_to_phys(m, page);
}

static inline struct page *virt_to_page(const struct memory *m, const void *addr)
{
	return pfn_to_page(m, ((const char *)addr - m->virt_base) >> PAGE_SHIFT);
}

static inline struct zone *page_zone(struct memory *m, const struct page *page)
{
	if (page >= m->zone_end_page[ZONE_DMA32])
		return &m->zone[ZONE_NORMAL];
	return likely(page >= m->zone_end_page[ZONE_DMA]) ? &m->zone[ZONE_DMA32] :
							    &m->zone[ZONE_DMA];
}

static inline struct zone *pfn_zone(struct memory *m, unsigned long pfn)
{
	return page_zone(m, pfn_to_page(m, pfn));
}

/* The mobility that a request asks for here (§1.5). */
static inline enum migratetype request_type(const struct memory *m, gfp_t gfp)
{
	return m->route[gfp & ROUTE_BITS].type;
}

/* Blocks of an order on all lists. */
static inline unsigned long nr_free_blocks(const struct free_area *area)
{
	unsigned long sum = 0;

	for (int t = 0; t < MIGRATE_TYPES; t++)
		sum += area->nr_free[t];
	return sum;
}

static inline unsigned long zone_end_pfn(const struct zone *z)
{
	return z->start_pfn + z->spanned;
}

/* What `p` points to of CPU 0's part, of the CPU whose slot this is. */
#define in_slot(p, slot) ((__typeof__(&*(p)))((char *)(p) + (slot)))

/* This CPU's part of a zone. */
static inline struct per_cpu_pages *this_cpu_pages(struct zone *z)
{
	return in_slot(z->pcp, this_cpu_slot());
}

/* What this CPU has gathered goes to the zone's counter. Interrupts off. */
static inline void zone_stat_spill(struct zone *z, enum zone_stat item, short *gathered)
{
	atomic_add(&z->stat[item], READ_ONCE(*gathered));
	*gathered = 0;
}

/*
 * By `n` up, or down, with interrupts off: what this CPU gathers, up to the threshold (§2.9), changes in
 * one instruction.
 */
static inline void zone_stat_raise(struct zone *z, enum zone_stat item, long n)
{
	int most = z->stat_threshold;
	short *gathered;

	if (likely(most == 0)) {
		atomic_add(&z->stat[item], n);
		return;
	}
	gathered = &this_cpu_pages(z)->stat_diff[item];
	add_in_place(gathered, n);
	if (unlikely(*gathered > (short)most))
		zone_stat_spill(z, item, gathered);
}

static inline void zone_stat_lower(struct zone *z, enum zone_stat item, long n)
{
	int most = z->stat_threshold;
	short *gathered;

	if (likely(most == 0)) {
		atomic_sub(&z->stat[item], n);
		return;
	}
	gathered = &this_cpu_pages(z)->stat_diff[item];
	sub_in_place(gathered, n);
	if (unlikely(*gathered < (short)-most))
		zone_stat_spill(z, item, gathered);
}

/* By `n`, whatever its sign, with interrupts off. */
static inline void zone_stat_mod(struct zone *z, enum zone_stat item, long n)
{
	if (n > 0)
		zone_stat_raise(z, item, n);
	else
		zone_stat_lower(z, item, -n);
}

/* Any context. */
static inline void zone_stat_add(struct zone *z, enum zone_stat item, long delta)
{
	int most = z->stat_threshold;
	unsigned long flags;

	if (likely(most == 0)) {
		atomic_add(&z->stat[item], delta);
		return;
	}
	flags = irq_save();
	if (delta > 0)
		zone_stat_raise(z, item, delta);
	else
		zone_stat_lower(z, item, -delta);
	irq_restore(flags);
}

/* Near enough: see vmstat.h. What CPUs have gathered can make a small counter negative. */
static inline long zone_stat(const struct zone *z, enum zone_stat item)
{
	long n = READ_ONCE(z->stat[item]);

	return MAX(n, 0l);
}

static inline void mm_event_add(struct memory *m, enum mm_event item, unsigned long delta)
{
	atomic_add((long *)&m->event[item], delta);
}

/*
 * A moment that a picture of the run shows has come: "oom" (a report is out), "kill", "reap" (one has come to
 * its end), "failure" (the report of one is out), "release" (of a pageblock of the reserve, with free pages). For
 * a floor above, which is told only if it asks. Any context, not with a zone's lock or the output's.
 */
static inline void memory_notice(struct memory *m, const char *what)
{
	if (unlikely(m->noticed))
		m->noticed(m, what);
}

/* MiB that the machine has: the firmware's map lacks a few pages of the last one. */
unsigned long memory_mib(const struct memory *m);

/*
 * A page is no memory any more, or is again: by -1, or 1. Watermarks stay as boot has set them (§2.2). Any
 * context.
 */
void adjust_managed_page_count(struct memory *m, const struct page *page, long by);

/* Sum of one counter over all zones: the node's, or the whole machine's, figure. */
long memory_stat(const struct memory *m, enum zone_stat item);
/* Pages on per-CPU lists: of one zone over all CPUs. */
long zone_free_pcp(const struct zone *z);

#endif
