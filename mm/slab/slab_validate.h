/*
 * Do the slabs agree with themselves, and with the zones' counters? (DESIGN §7) Nobody else runs: as
 * mm_validate() has it.
 */
#ifndef MM_SLAB_VALIDATE_H
#define MM_SLAB_VALIDATE_H

#include "mm/page/memory.h"

/*
 * Lists, words, free lists, counts: as long as the lists. NULL when all is well, else one line that names the
 * first broken link.
 */
const char *slab_validate(const struct memory *m);
/* The same, and full slabs, which are on no list: every page of the machine is looked at. */
const char *slab_validate_pages(const struct memory *m);

#endif
