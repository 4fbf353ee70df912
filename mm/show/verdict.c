/*
 * The verdict on a report (see verdict.h).
 */
#include "mm/show/verdict.h"
#include "mm/alloc/watermark.h"

/* Fewer pages on per-CPU lists are there in every machine at every time. */
static long handful(const struct zone *z)
{
	return z->watermark[WMARK_LOW] - z->watermark[WMARK_MIN];
}

unsigned int under_study(const struct zone *z)
{
	return GIVE_HIGHATOMIC | (zone_free_pcp(z) >= handful(z) ? GIVE_PCP : 0);
}

bool is_fragmented(const struct zone *z, const struct question *q)
{
	struct outlook o = zone_outlook(z, q, under_study(z));

	return q->order && passes_watermark(&o) && !would_serve(&o, q);
}

long zone_shortage(const struct zone *z, const struct question *q, bool *served)
{
	struct outlook o = zone_outlook(z, q, under_study(z));
	long pages = short_of_serving(&o, q);

	*served = pages == 0;
	return *served ? short_of_lasting(&o, q, z) : pages;
}

static enum remedy_flaw flaw_of(const struct remedy *r, const struct question *q)
{
	if (r->given & GIVE_LOWMEM)
		return FLAW_BY_DESIGN;
	if (r->given & ~under_study(r->zone))
		return FLAW_HANDFUL;
	return short_of_lasting(&r->then, q, r->zone) ? FLAW_NOT_LASTING : NO_FLAW;
}

/* Would the request have been served with this given? */
static bool serves(
	const struct zone *z, const struct question *q, unsigned int given, struct remedy *r)
{
	*r = (struct remedy){.zone = z,
		.given = given,
		.pages = zone_withholds(z, q, given),
		.then = zone_outlook(z, q, given)};
	r->flaw = flaw_of(r, q);
	return r->pages > 0 && would_serve(&r->then, q);
}

static bool add_remedy(struct verdict *v, const struct zone *z, unsigned int given)
{
	struct remedy *r = &v->remedy[v->nr_remedies];

	if (!serves(z, &v->question, given, r))
		return false;
	v->nr_remedies++;
	if (r->flaw)
		return false;
	v->kind = VERDICT_AVOIDABLE;
	return true;
}

/* Both things under study, where neither alone would do. */
static void add_both(struct verdict *v, const struct zone *z, unsigned int first)
{
	struct remedy r;

	if (!serves(z, &v->question, GIVE_HIGHATOMIC | GIVE_PCP, &r) || r.flaw)
		return;
	v->nr_remedies = first;
	v->remedy[v->nr_remedies++] = r;
	v->kind = VERDICT_AVOIDABLE;
}

static void find_remedies(struct verdict *v, const struct zone *z)
{
	unsigned int first = v->nr_remedies;
	bool found = add_remedy(v, z, GIVE_HIGHATOMIC);

	found |= add_remedy(v, z, GIVE_PCP);
	if (!found)
		add_both(v, z, first);
	add_remedy(v, z, GIVE_LOWMEM);
}

static const struct zone *served_now(const struct verdict *v)
{
	struct zone *const *z;

	for (z = v->zones; *z; z++) {
		struct outlook now = zone_outlook(*z, &v->question, 0);

		if (would_serve(&now, &v->question))
			return *z;
	}
	return NULL;
}

static bool any_fragmented(const struct verdict *v)
{
	struct zone *const *z;

	for (z = v->zones; *z; z++)
		if (is_fragmented(*z, &v->question))
			return true;
	return false;
}

static bool anything_to_judge(struct memory *m, gfp_t gfp, int order, struct verdict *v)
{
	int high = gfp_zone(gfp);

	if (!gfp || order < 0 || high < 0)
		return false;
	v->zones = &m->zonelist[m->first_zone[high]];
	if (!v->zones[0])
		return false;
	v->question = (struct question){.order = order,
		.alloc_flags =
			may_use_reserves(gfp) ? ALLOC_NO_WATERMARKS : gfp_to_alloc_flags(gfp),
		.classzone = v->zones[0]->type,
		.type = request_type(m, gfp)};
	return true;
}

void judge(struct memory *m, gfp_t gfp, int order, struct verdict *v)
{
	*v = (struct verdict){.kind = VERDICT_NONE};
	if (!anything_to_judge(m, gfp, order, v))
		return;
	v->served_by = served_now(v);
	if (v->served_by) {
		v->kind = VERDICT_SERVED_NOW;
		return;
	}
	v->kind = VERDICT_UNAVOIDABLE;
	v->swap = judge_swap(m, gfp, v);
	for (struct zone *const *z = v->zones; *z; z++)
		find_remedies(v, *z);
	if (v->kind == VERDICT_UNAVOIDABLE && any_fragmented(v))
		v->kind = VERDICT_FRAGMENTED;
}
