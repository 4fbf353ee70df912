/*
 * Pageblock types (§3.1): U, M, E, H of each 2^pageblock_order pages of a zone. Written under
 * the zone's lock; read without it on the free path, as in 4.8 (the races of §4.6 live there).
 */
#ifndef MM_PAGEBLOCK_H
#define MM_PAGEBLOCK_H

#include "mm/page/memory.h"

#define PAGEBLOCK_HOLE 0xff /* no memory in it */

static inline uint8_t *page_slot(
	const struct memory *m, const struct zone *z, const struct page *page)
{
	return &z->pageblock_type_of_null[(unsigned long)page >> m->pageblock_page_shift];
}

static inline enum migratetype page_block_type(
	const struct memory *m, const struct zone *z, const struct page *page)
{
	return *page_slot(m, z, page);
}

static inline uint8_t *pageblock_slot(const struct zone *z, unsigned long pfn)
{
	return page_slot(z->memory, z, pfn_to_page(z->memory, pfn));
}

static inline enum migratetype pageblock_type(const struct zone *z, unsigned long pfn)
{
	return *pageblock_slot(z, pfn);
}

/* Without mobility grouping U, M and E are all stored as U; H is stored as asked. */
static inline void set_pageblock_type(struct zone *z, unsigned long pfn, enum migratetype type)
{
	if (!z->memory->mobility_grouping && type < MIGRATE_PCPTYPES)
		type = MIGRATE_UNMOVABLE;
	*pageblock_slot(z, pfn) = type;
}

/* First pfn of the pageblock that holds `pfn`. */
static inline unsigned long pageblock_start(const struct zone *z, unsigned long pfn)
{
	return pfn & ~(z->memory->pageblock_nr_pages - 1);
}

#endif
