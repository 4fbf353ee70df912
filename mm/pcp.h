/*
 * Per-CPU lists of single pages (§3.8, §3.9): one zone-lock acquisition for each batch.
 * Interrupts off, no lock held; they take zone->lock themselves.
 */
#ifndef MM_PCP_H
#define MM_PCP_H

#include "mm/memory.h"

/* Batch and high mark from the zone's managed pages (§3.9). */
void pcp_size(unsigned long managed, int *batch, int *high);

/* One page of `type` or NULL; refilled from the buddy lists, falling back as §3.8 says. */
struct page *pcp_take(struct zone *z, enum migratetype type, bool cold);
/* A freed page; its type is sampled without the lock. May free a batch to the buddy lists. */
void pcp_free(struct zone *z, struct page *page, bool cold);

/* Empty this CPU's lists into the buddy lists; drain_all: those of all CPUs. Any irq state. */
void pcp_drain_local(struct memory *m);
void pcp_drain_all(struct memory *m);

/* Any free block for `type` in the buddy lists: own type, then its fallbacks. zone->lock. */
struct page *rmqueue_buddy(struct zone *z, unsigned int order, enum migratetype type);

#endif
