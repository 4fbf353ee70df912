/*
 * Allocation masks of Linux 4.8: bits, composites, what they decode to (reference §1).
 * Pure functions, any context.
 */
#ifndef MM_GFP_H
#define MM_GFP_H

#include "kernel/core/types.h"

typedef unsigned int gfp_t;

#define __GFP_DMA            0x1u
#define __GFP_HIGHMEM        0x2u
#define __GFP_DMA32          0x4u
#define __GFP_MOVABLE        0x8u
#define __GFP_RECLAIMABLE    0x10u
#define __GFP_HIGH           0x20u
#define __GFP_IO             0x40u
#define __GFP_FS             0x80u
#define __GFP_COLD           0x100u
#define __GFP_NOWARN         0x200u
#define __GFP_REPEAT         0x400u
#define __GFP_NOFAIL         0x800u
#define __GFP_NORETRY        0x1000u
#define __GFP_MEMALLOC       0x2000u
#define __GFP_COMP           0x4000u
#define __GFP_ZERO           0x8000u
#define __GFP_NOMEMALLOC     0x10000u
#define __GFP_HARDWALL       0x20000u
#define __GFP_THISNODE       0x40000u
#define __GFP_ATOMIC         0x80000u
#define __GFP_ACCOUNT        0x100000u
#define __GFP_NOTRACK        0x200000u
#define __GFP_DIRECT_RECLAIM 0x400000u
#define __GFP_OTHER_NODE     0x800000u
#define __GFP_WRITE          0x1000000u
#define __GFP_KSWAPD_RECLAIM 0x2000000u
#define __GFP_RECLAIM        (__GFP_DIRECT_RECLAIM | __GFP_KSWAPD_RECLAIM)

#define GFP_NOWAIT           __GFP_KSWAPD_RECLAIM
#define GFP_ATOMIC           (__GFP_HIGH | __GFP_ATOMIC | __GFP_KSWAPD_RECLAIM)
#define GFP_NOIO             __GFP_RECLAIM
#define GFP_NOFS             (__GFP_RECLAIM | __GFP_IO)
#define GFP_KERNEL           (__GFP_RECLAIM | __GFP_IO | __GFP_FS)
#define GFP_TEMPORARY        (GFP_KERNEL | __GFP_RECLAIMABLE)
#define GFP_KERNEL_ACCOUNT   (GFP_KERNEL | __GFP_ACCOUNT)
#define GFP_USER             (GFP_KERNEL | __GFP_HARDWALL)
#define GFP_DMA              __GFP_DMA
#define GFP_DMA32            __GFP_DMA32
#define GFP_HIGHUSER         (GFP_USER | __GFP_HIGHMEM)
#define GFP_HIGHUSER_MOVABLE (GFP_HIGHUSER | __GFP_MOVABLE)
#define GFP_TRANSHUGE_LIGHT                                                                        \
	((GFP_HIGHUSER_MOVABLE | __GFP_COMP | __GFP_NOMEMALLOC | __GFP_NOWARN) & ~__GFP_RECLAIM)
#define GFP_TRANSHUGE (GFP_TRANSHUGE_LIGHT | __GFP_DIRECT_RECLAIM)

/* What 4.8 asks with for itself (§26): a table of the lowest or the highest level, a kernel stack. */
#define PGALLOC_GFP    (GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOTRACK)
#define THREADINFO_GFP (GFP_KERNEL_ACCOUNT | __GFP_NOTRACK)

enum zone_type { ZONE_DMA, ZONE_DMA32, ZONE_NORMAL, ZONE_MOVABLE, MAX_NR_ZONES };

enum migratetype {
	MIGRATE_UNMOVABLE,
	MIGRATE_MOVABLE,
	MIGRATE_RECLAIMABLE,
	MIGRATE_PCPTYPES,
	MIGRATE_HIGHATOMIC = MIGRATE_PCPTYPES,
	MIGRATE_CMA,
	MIGRATE_ISOLATE,
	MIGRATE_TYPES
};

extern const char *const migratetype_name[MIGRATE_TYPES];
extern const char migratetype_letter[MIGRATE_TYPES];

extern const signed char gfp_zone_table[16];

/* Highest zone that `gfp` allows (§1.4), or -1 for an invalid combination of zone bits. */
static inline int gfp_zone(gfp_t gfp)
{
	return gfp_zone_table[gfp & 0xf];
}

/* The mobility that `gfp` asks for (§1.5); with both bits the caller is wrong: MOVABLE. */
static inline enum migratetype gfp_migratetype(gfp_t gfp)
{
	return (gfp & __GFP_MOVABLE)      ? MIGRATE_MOVABLE :
		(gfp & __GFP_RECLAIMABLE) ? MIGRATE_RECLAIMABLE :
					    MIGRATE_UNMOVABLE;
}

/* "%pGg": names joined by '|' (§1.3). Returns `buf`; 512 bytes hold any mask. */
#define GFP_TEXT_LEN 512
const char *gfp_text(gfp_t gfp, char *buf, size_t size);

#endif
