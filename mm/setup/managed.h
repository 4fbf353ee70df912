/*
 * What zones are given of the memory that boot has left. Another kernel of the same machine has other sizes:
 * its image and its initial file system lie elsewhere, and those of their pages that it gives back come after
 * watermarks were computed. managed=DMA32:59259:58312 makes a zone as large as its: so many pages, of which so
 * many are there when watermarks are computed. The zone's last ones are withheld, and count as reserved.
 *
 * Pages; boot context.
 */
#ifndef MM_MANAGED_H
#define MM_MANAGED_H

#include "mm/setup/boot_mem.h"
#include "mm/page/memory.h"

/* Read the value of managed= into spec[MAX_NR_ZONES], all of which it sets: NULL, or what was expected. */
const char *managed_parse(const char *text, struct managed_spec *spec);

/* Give each zone what it has before watermarks are computed, and what comes after that. */
void managed_release_first(struct memory *m, const struct boot_mem *bm);
void managed_release_rest(struct memory *m, const struct boot_mem *bm);

/* The zone that has less than was asked for; NULL: none. */
const struct zone *managed_lacking(const struct memory *m);

#endif
