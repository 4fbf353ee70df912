/*
 * Memory in whole pages, though their number is no power of two: what a larger block has behind them is
 * given back at once (Linux's alloc_pages_exact()).
 *
 * Sizes in bytes; contexts and mask as alloc_pages(), without __GFP_COMP.
 */
#ifndef MM_EXACT_H
#define MM_EXACT_H

#include "mm/page/memory.h"

/* NULL: refused. */
void *alloc_pages_exact(struct memory *m, size_t size, gfp_t gfp);
/* With the same size. */
void free_pages_exact(struct memory *m, void *p, size_t size);

#endif
