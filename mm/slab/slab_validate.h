/*
 * Do the slabs agree with themselves, and with the zones' counters? (DESIGN §7) Lists, words, free
 * lists, counts; every page of the machine is looked at. Nobody else runs: as mm_validate() has it.
 */
#ifndef MM_SLAB_VALIDATE_H
#define MM_SLAB_VALIDATE_H

#include "mm/page/memory.h"

/* NULL when all is well, else one line that names the first broken link. */
const char *slab_validate(const struct memory *m);

#endif
