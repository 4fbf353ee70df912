/*
 * The high-order atomic reserve (§4; seeds: "try to exhaust highatomic reserve before the OOM",
 * commit and v3 mail). nr_reserved_highatomic counts whole pageblocks; all results are in pages.
 * Any context; no zone lock held by the caller. None of these can fail.
 */
#ifndef MM_HIGHATOMIC_H
#define MM_HIGHATOMIC_H

#include "mm/alloc/page_alloc.h"

/* Most that a zone may reserve before the check refuses: 1 % + one pageblock (§4.2). */
unsigned long highatomic_limit(const struct zone *z);
/* The reachable maximum: the first multiple of a pageblock at or above the limit. */
unsigned long highatomic_max(const struct zone *z);

/* What is really reserved, by the pageblocks' types; §4.6 says how the counter may differ. Slow. */
unsigned long highatomic_tagged(const struct zone *z);

/* An order > 0 request with HARDER got `page`: reserve its pageblock. Takes zone->lock. */
void reserve_highatomic_pageblock(struct zone *z, struct page *page);

/*
 * Give one pageblock of the request's zones back to the request's migratetype (§4.5). Plain:
 * keeps a zone's last block and stops at the first entry found. `force`: no block is kept. With
 * force, and with series 4/4 always, the search goes on until pages really moved. Returns whether
 * pages were moved. Takes zone->lock.
 */
bool unreserve_highatomic_pageblock(const struct alloc_context *ac, bool force);

/* The same, and memory_notice() is told of pages that moved. */
static inline bool release_highatomic_pageblock(const struct alloc_context *ac, bool force)
{
	bool moved = unreserve_highatomic_pageblock(ac, force);

	if (moved)
		memory_notice(ac->memory, "release");
	return moved;
}

#endif
