/*
 * Does the allocators' state agree with itself? (DESIGN §7) Free lists, page flags, order and
 * type tags, counters, per-CPU lists, conservation; slabs; slots in swap. Task context, no lock held; one CPU,
 * and nobody swaps meanwhile.
 */
#ifndef MM_VALIDATE_H
#define MM_VALIDATE_H

#include "mm/page/memory.h"

/* NULL when all is well, else one line that names the first broken link. */
const char *mm_validate(const struct memory *m);
/* The zones' part of it: all but what LRU lists, slabs and swap have. Nobody changes them meanwhile. */
const char *zones_validate(const struct memory *m);

#endif
