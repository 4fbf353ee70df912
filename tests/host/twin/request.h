/*
 * A request on its way through the allocator, as alloc_pages() would make it.
 */
#ifndef HOST_REQUEST_H
#define HOST_REQUEST_H

#include "mm/alloc/page_alloc.h"

static inline struct alloc_context request(struct memory *m, gfp_t gfp, unsigned int order)
{
	struct alloc_context ac = {.memory = m,
		.gfp = gfp,
		.order = order,
		.high_zoneidx = gfp_zone(gfp),
		.first = m->first_zone[gfp_zone(gfp)],
		.migratetype = gfp_migratetype(gfp)};

	ac.classzone = m->zonelist[ac.first]->type;
	return ac;
}

#endif
