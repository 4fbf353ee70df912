/*
 * How a request finds a zone: the watermark test and the blocks that are there, as the zone stands
 * or with something given that is withheld. Nothing is changed.
 *
 * Units: pages. Interrupts off (this CPU's list is walked), no lock: counters are as they are at
 * about this time. O(orders), and the pages of the reserve where that is given.
 */
#ifndef MM_OUTLOOK_H
#define MM_OUTLOOK_H

#include "mm/page/memory.h"

/* What may be given, a bit each. */
#define GIVE_HIGHATOMIC 1u /* the reserve, released as far as a release can (§4.5) */
#define GIVE_PCP        2u /* every CPU's lists of single pages, drained (§3.9) */
#define GIVE_LOWMEM     4u /* the zone's lowmem_reserve, waived (§2.4) */

/* A request as the walk makes it: §2.10. */
struct question {
	unsigned int order, alloc_flags, classzone;
	enum migratetype type;
};

struct outlook {
	long avail;          /* free pages by the watermark test ... */
	long needed;         /* ... of which there must be more than this */
	long singles;        /* pages that could be had one by one */
	unsigned int orders; /* a bit for each order of which the request could have a block */
};

/*
 * Exact on one CPU but for one thing: which larger blocks drained pages would form is not known, so
 * they count as single ones.
 */
struct outlook zone_outlook(const struct zone *z, const struct question *q, unsigned int given);

/* How many pages the zone withholds by these. */
long zone_withholds(const struct zone *z, const struct question *q, unsigned int given);

static inline bool passes_watermark(const struct outlook *o)
{
	return o->avail > o->needed;
}

static inline bool would_serve(const struct outlook *o, const struct question *q)
{
	return passes_watermark(o) && o->orders >> q->order;
}

/* Pages that are lacking for it to be served, and then a batch of single pages more; 0: none. */
long short_of_serving(const struct outlook *o, const struct question *q);
long short_of_lasting(const struct outlook *o, const struct question *q, const struct zone *z);

#endif
