/*
 * The verdict on an OOM report: could the request have been served after all? Computed from the
 * counters that the report shows, for three things that were held back, one at a time: the
 * high-order atomic reserve of a zone (seeds; §4), a zone's lowmem_reserve (§2.4), and the pages on
 * per-CPU lists (§3.9).
 *
 * Units: pages. Any context. O(zones x orders).
 */
#ifndef MM_VERDICT_H
#define MM_VERDICT_H

#include "mm/page/memory.h"

enum withheld { WITHHELD_HIGHATOMIC, WITHHELD_LOWMEM, WITHHELD_PCP, NR_WITHHELD };

/* What a zone could have done, had one thing not been withheld. */
struct remedy {
	const struct zone *zone;
	enum withheld what;
	long pages;  /* that it holds back */
	long avail;  /* free pages by the watermark test, then */
	long needed; /* more than this must be available: the mark and what is left of reserves */
};

/*
 * All that would have served a request of the OOM killer's kind (it may sleep, and was tested
 * against min): at most MAX_REMEDIES, the preferred zone's first. Returns how many; 0 is
 * UNAVOIDABLE.
 */
#define MAX_REMEDIES (MAX_NR_ZONES * NR_WITHHELD)
unsigned int find_remedies(
	struct memory *m, gfp_t gfp, unsigned int order, struct remedy remedy[MAX_REMEDIES]);

/* The lines that follow a report, and the same as a JSON object (at most `size` bytes). */
void print_verdict(struct memory *m, gfp_t gfp, unsigned int order);
const char *verdict_json(struct memory *m, gfp_t gfp, unsigned int order, char *buf, size_t size);

#endif
