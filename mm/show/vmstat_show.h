/*
 * /proc/vmstat (§22.5), line by line: counters of all zones together, the node's, how much may be dirty, and
 * events. Pages, unless the counter's own page says otherwise; pgpgin and pgpgout in KiB.
 *
 * As 4.8 reads them: without what CPUs have gathered and not added yet. Any context.
 */
#ifndef MM_VMSTAT_SHOW_H
#define MM_VMSTAT_SHOW_H

#include "mm/page/memory.h"

/* Each name and value, in the order of /proc. */
typedef void (*vmstat_say)(const char *name, unsigned long value, void *arg);
void vmstat_tell(const struct memory *m, vmstat_say say, void *arg);
/* The same on the console. */
void print_vmstat(const struct memory *m);

#endif
