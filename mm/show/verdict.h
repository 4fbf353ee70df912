/*
 * The verdict on a report: could the request have been served? Computed from the counters that the
 * report shows; nothing is changed.
 *
 * AVOIDABLE: something that a patch or setting under study withholds would have served it and left
 * the zone above the request's mark for a batch of pages more. That is the high-order atomic reserve
 * (seeds; §4), and per-CPU lists (§3.9) that hold at least low - min pages; alone, or together where
 * neither does alone. FRAGMENTED: the watermark is passed, with those given, and no block is large
 * enough. Else UNAVOIDABLE.
 * What would have served the request and is none of these is a note: lowmem_reserve (§2.4), which is
 * meant to be kept; a handful of pages on per-CPU lists; what would not last.
 *
 * Where there is swap, and the request may reclaim, a note says whether that was the limit (§5.6, §24): without a
 * free slot no anonymous page counts as reclaimable, and the request's end comes at once; with one they all do, and
 * it comes after 16 rounds in vain. More swap would not change what a patch withholds: it does not make an end
 * avoidable.
 *
 * Units: pages. Context as outlook.h. O(zones x orders).
 */
#ifndef MM_VERDICT_H
#define MM_VERDICT_H

#include "kernel/core/log/printk.h"
#include "mm/show/outlook.h"

enum verdict_kind {
	VERDICT_NONE, /* by hand (§7.10), or a page fault without a request: nothing to judge */
	VERDICT_SERVED_NOW, /* as things stand: a race, or memory freed meanwhile */
	VERDICT_AVOIDABLE,
	VERDICT_FRAGMENTED,
	VERDICT_UNAVOIDABLE,
	NR_VERDICTS
};

/* Why what would have served a request does not make its end avoidable. */
enum remedy_flaw { NO_FLAW, FLAW_BY_DESIGN, FLAW_HANDFUL, FLAW_NOT_LASTING, NR_FLAWS };

/* What a zone could have done, had something not been withheld. */
struct remedy {
	const struct zone *zone;
	unsigned int given; /* GIVE_* */
	long pages;         /* that are withheld by it */
	struct outlook then;
	enum remedy_flaw flaw;
};

/* Of GIVE_HIGHATOMIC, GIVE_PCP, both, GIVE_LOWMEM: both come where neither does. */
#define REMEDIES_A_ZONE 3

struct swap_part {
	long slots; /* of all areas; 0: nothing to say */
	long free;
	long anon;  /* pages on the anonymous lists of the request's zones */
	bool limit; /* none is free, and these pages, counted, would have kept the request trying */
};

struct verdict {
	enum verdict_kind kind;
	struct swap_part swap; /* of kinds that are an end */
	struct question question;
	struct zone *const *zones;    /* that the request may use, its preferred one first */
	const struct zone *served_by; /* VERDICT_SERVED_NOW */
	unsigned int nr_remedies;     /* the preferred zone's first */
	struct remedy remedy[MAX_NR_ZONES * REMEDIES_A_ZONE];
};

/*
 * Judge a request that the current task made: as the slow path makes it, against min or no mark at
 * all. gfp 0: a page fault that found nothing; order below 0: a kill by hand.
 */
void judge(struct memory *m, gfp_t gfp, int order, struct verdict *v);

/* Of a request that is not served, with its zones and question known. */
struct swap_part judge_swap(const struct memory *m, gfp_t gfp, const struct verdict *v);

/* What patches and settings under study could give in this zone. */
unsigned int under_study(const struct zone *z);

/* The zone passes the watermark with all of that given, but has no block of the order. */
bool is_fragmented(const struct zone *z, const struct question *q);

/*
 * Pages that the zone lacks with all of that given: for the request, or where it would be served, for
 * a batch more.
 */
long zone_shortage(const struct zone *z, const struct question *q, bool *served);

/* The lines that follow a report, and the same as JSON; nothing, and null, where nothing is judged. */
void print_verdict(const struct verdict *v);
const char *verdict_json(const struct verdict *v, struct line *l);

/* Judge, print, and send the report's event (show_mem.h) of this kind. Interrupts off. */
void report_verdict(struct memory *m, const char *kind, gfp_t gfp, int order);

#endif
