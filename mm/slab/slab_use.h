/*
 * How many objects of each cache are in use: a scenario's end against its start (DESIGN §7). Pages that
 * slabs keep for the next object are no leak, an object that nobody gave back is one. What CPUs hold free
 * counts as in use (§31.1): call slab_shrink_all() first. Task context.
 */
#ifndef MM_SLAB_USE_H
#define MM_SLAB_USE_H

#include "mm/page/memory.h"

/* Each cache remembers how many there are. */
void slab_note_use(struct memory *m);
/*
 * NULL, or one line: the first cache that has other objects in use than it remembers; made later, than none.
 * Debug builds print whose they are.
 */
const char *slab_compare_use(struct memory *m);

#endif
