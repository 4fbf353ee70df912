/*
 * What swap had to do with a report (see verdict.h).
 */
#include "mm/alloc/watermark.h"
#include "mm/page/vmstat.h"
#include "mm/show/verdict.h"

/* As the retry decision counts them, of each zone (§5.6). */
static long anon_pages(const struct zone *z)
{
	return zone_stat_exact(z, NR_ZONE_ACTIVE_ANON) + zone_stat_exact(z, NR_ZONE_INACTIVE_ANON);
}

/* Would the zone have been worth another round with these pages counted? */
static bool is_worth_trying(const struct zone *z, const struct question *q)
{
	struct outlook o = zone_outlook(z, q, 0);

	o.avail += anon_pages(z);
	return passes_watermark(&o);
}

struct swap_part judge_swap(const struct memory *m, gfp_t gfp, const struct verdict *v)
{
	long free = READ_ONCE(m->swap.nr_swap_pages);
	struct swap_part s = {.slots = m->total_swap_pages, .free = MAX(free, 0l)};

	if (!(gfp & __GFP_DIRECT_RECLAIM) || (v->question.alloc_flags & ALLOC_NO_WATERMARKS))
		return (struct swap_part){.slots = 0};
	for (struct zone *const *z = v->zones; *z; z++) {
		s.anon += anon_pages(*z);
		s.limit |= !s.free && is_worth_trying(*z, &v->question);
	}
	return s;
}
