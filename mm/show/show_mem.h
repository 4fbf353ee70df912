/*
 * The room mm/show: what a person, or the runner, reads of a machine's memory.
 *
 * In reading order: show_mem.h (this: Mem-Info and the allocation-failure report), outlook.h (how a
 * request finds a zone), verdict.h (could it have been served?), proc.h (zoneinfo and its kin),
 * vmstat_show.h, sample.h, page_map.h, validate.h (does the state agree with itself?).
 *
 * Locks: zone->lock while free lists are counted; a machine that is ending waits for it only so long.
 */

/*
 * Memory state in the format of Linux 4.8's reports (§10.3), and the allocation-failure report
 * (§10.7). Any context; on one CPU the state is frozen while it is printed.
 */
#ifndef MM_SHOW_MEM_H
#define MM_SHOW_MEM_H

#include "mm/page/node_stat.h"

/*
 * A report reads lists that other CPUs change; but a machine that is ending may hold the lock for
 * ever, and shall still have its report: false. Interrupts off.
 */
bool lock_for_report(struct spinlock *lock);

/* "Mem-Info:" to the trailer. */
void show_mem(struct memory *m);

/* "COMM: page allocation failure: ...", stack, Mem-Info, verdict; ratelimited. */
void warn_alloc_failed(struct memory *m, gfp_t gfp, unsigned int order);

/*
 * Tell the runner what letters cannot say: free pages by type, and the reserve's counter; how many
 * pages were had or freed since show_mem() began, for a report of several CPUs is no snapshot; and the
 * verdict, a JSON value.
 */
void report_event(struct memory *m, const char *kind, const char *verdict);

/* Pages on one type's free lists of a zone, as counted: no lock, O(orders). */
unsigned long zone_free_of_type(const struct zone *z, enum migratetype type);

#endif
