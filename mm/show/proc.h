/*
 * zoneinfo, buddyinfo, pagetypeinfo and slabinfo in the formats of Linux's /proc (§10.8), on the console.
 * The threshold is the one in use: 0 on one CPU, where 4.8 gathers as well (vmstat.h). Task context.
 */
#ifndef MM_PROC_H
#define MM_PROC_H

#include "mm/page/memory.h"

void print_buddyinfo(const struct memory *m);
void print_pagetypeinfo(const struct memory *m);
void print_zoneinfo(const struct memory *m);
/* /proc/slabinfo, version 2.1: the newest cache first. */
void print_slabinfo(struct memory *m);

#endif
