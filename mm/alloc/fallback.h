/*
 * Taking a block of another migratetype when the wanted one has none (§3.6, §3.7).
 * zone->lock held, interrupts off.
 */
#ifndef MM_FALLBACK_H
#define MM_FALLBACK_H

#include "mm/page/memory.h"

/* As buddy_take(), from the wanted type's fallbacks: may retag pageblocks on the way. */
struct page *fallback_take(struct zone *z, unsigned int order, enum migratetype type);

#endif
