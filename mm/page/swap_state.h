/*
 * What mm/swap keeps in struct memory: areas and totals. The functions are in mm/swap.
 */
#ifndef MM_SWAP_STATE_H
#define MM_SWAP_STATE_H

#include "kernel/core/lock/lock.h"

#define MAX_SWAP_AREAS 29 /* §20.1: types 29 to 31 are migration's and memory failure's */

struct swap_area;

struct swap_state {
	struct mutex mutex;                     /* who adds an area, or takes one away */
	struct swap_area *area[MAX_SWAP_AREAS]; /* by type; set and cleared when nobody uses it */
	struct list_head available; /* (avail_lock) that may have a free slot, by priority */
	struct spinlock avail_lock;
	long nr_swap_pages; /* atomic: free slots of all areas; less what one that is emptied has in use */
	int least_priority;   /* (mutex) of areas whose user did not say one: -1, -2, ... */
	long cached;          /* atomic: pages in the swap cache */
	struct list_head mms; /* (mms_lock) address spaces that have had pages in swap (trap 33) */
	struct spinlock mms_lock;
	/* §20.14: "add" and "delete", atomic, where 4.8's may lose one between two areas; "find", plain. */
	long added, deleted;
	unsigned long find_success, find_total;
	/* §20.11, plain: the window of reading ahead. */
	long hits;
	unsigned long prev_offset, last_window;
};

#endif
