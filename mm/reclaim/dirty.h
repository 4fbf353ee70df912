/*
 * How much may be dirty, or under way to a disk (§23.5). Pages. Any context.
 */
#ifndef MM_DIRTY_H
#define MM_DIRTY_H

#include "mm/page/node_stat.h"

/* /proc/vmstat's nr_dirty_threshold and nr_dirty_background_threshold: 20 and 10 per cent of what could be. */
unsigned long dirty_threshold(const struct memory *m);
unsigned long dirty_background_threshold(const struct memory *m);

/* Boot, before there are watermarks: the limit that a machine without files keeps. */
void dirty_init(struct memory *m);

#endif
