/*
 * Watermarks: the formulas of §2.4 and §2.5, and the tests of §2.6 to §2.8.
 *
 * Units: pages, except where a name says kbytes. The setup functions run at boot; the tests in
 * any context, on approximate counters, without a lock.
 */
#ifndef MM_WATERMARK_H
#define MM_WATERMARK_H

#include "mm/page/memory.h"

/* Bits of alloc_flags (§1.6); the two lowest name a watermark. */
#define ALLOC_WMARK_MASK    0x03u
#define ALLOC_NO_WATERMARKS 0x04u
#define ALLOC_HARDER        0x10u
#define ALLOC_HIGH          0x20u
#define ALLOC_CPUSET        0x40u
#define ALLOC_CMA           0x80u

/* Those of a request in the slow path, in this context (§1.7). Any context. */
unsigned int gfp_to_alloc_flags(gfp_t gfp);
/* May a request ignore them, in this context? (§1.7) */
bool may_use_reserves(gfp_t gfp);

/* min_free_kbytes for the managed pages of zones up to NORMAL (§2.5 step 2, with its clamp). */
unsigned long min_free_kbytes_default(unsigned long lowmem_kbytes);

/* m->min_free_kbytes: the formula's value for the managed pages, or the tunable if larger. */
void setup_min_free_kbytes(struct memory *m);
/* Every zone's min, low, high, from m->min_free_kbytes. */
void setup_watermarks(struct memory *m);
/* Every zone's lowmem_reserve, from the managed pages above it. */
void setup_lowmem_reserve(struct memory *m);

/* The mark below which what CPUs have gathered could hide that min is breached (§25.2); 0: it could not. */
void setup_drift_mark(struct zone *z);
/* What all zones keep back, at most all they have (§2.5). */
unsigned long totalreserve_pages(const struct memory *m);

/* Some list at `order` or above can serve the request (§2.6 step 7); any list, for HARDER. */
static inline bool zone_has_block(
	const struct zone *z, unsigned int order, unsigned int alloc_flags)
{
	const uint16_t *mask = z->free_mask;
	unsigned int orders =
		mask[MIGRATE_UNMOVABLE] | mask[MIGRATE_MOVABLE] | mask[MIGRATE_RECLAIMABLE];

	if (alloc_flags & (ALLOC_HARDER | ALLOC_CMA))
		orders |= mask[MIGRATE_CMA];
	if (alloc_flags & ALLOC_HARDER)
		orders |= mask[MIGRATE_HIGHATOMIC] | mask[MIGRATE_ISOLATE];
	return orders >> order;
}

/* The mark that these flags leave of `mark` (§2.6 steps 2, 3). */
static inline long watermark_for(long mark, unsigned int alloc_flags)
{
	if (alloc_flags & ALLOC_HIGH)
		mark -= mark / 2;
	if (alloc_flags & ALLOC_HARDER)
		mark -= mark / 4;
	return mark;
}

/* The same test for callers whose flags the compiler knows: what they lack costs nothing. */
static inline bool zone_watermark_test_inline(const struct zone *z, unsigned int order,
	unsigned long mark, unsigned int classzone, unsigned int alloc_flags, long free)
{
	long min = watermark_for(mark, alloc_flags);

	free -= (1l << order) - 1;
	if (!(alloc_flags & ALLOC_HARDER))
		free -= z->nr_reserved_highatomic; /* blocks, free or in use: the whole reserve */
	if (!(alloc_flags & ALLOC_CMA))
		free -= z->stat[NR_FREE_CMA_PAGES];
	if (free <= min + z->lowmem_reserve[classzone])
		return false;
	return order == 0 || zone_has_block(z, order, alloc_flags);
}

/* Full test of §2.6 for a free count `free` (signed: callers subtract). */
bool zone_watermark_test(const struct zone *z, unsigned int order, unsigned long mark,
	unsigned int classzone, unsigned int alloc_flags, long free);

/* kswapd's test (§2.8): no flags, so always discounted; on exact counts where that may matter. */
bool zone_watermark_safe(
	const struct zone *z, unsigned int order, unsigned long mark, unsigned int classzone);

/* The zonelist walk's test (§2.7): order 0 is passed without looking at the H reserve. */
static inline bool zone_watermark_fast(const struct zone *z, unsigned int order, unsigned long mark,
	unsigned int classzone, unsigned int alloc_flags)
{
	long free = z->stat[NR_FREE_PAGES];
	long cma = (alloc_flags & ALLOC_CMA) ? 0 : z->stat[NR_FREE_CMA_PAGES];

	if (likely(order == 0 && free - cma > (long)mark + z->lowmem_reserve[classzone]))
		return true;
	return zone_watermark_test(z, order, mark, classzone, alloc_flags, free);
}

#endif
