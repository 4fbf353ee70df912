/*
 * A verdict as JSON, for the runner (see verdict.h).
 */
#include "mm/show/show_mem.h"
#include "mm/show/verdict.h"

#define JSON_ITEM 128 /* bytes that one more item and the end may take */

static const char *remedy_name(unsigned int given)
{
	switch (given) {
	case GIVE_HIGHATOMIC:
		return "highatomic";
	case GIVE_PCP:
		return "per_cpu";
	case GIVE_LOWMEM:
		return "lowmem_reserve";
	default:
		return "highatomic+per_cpu";
	}
}

static void add_remedies(struct line *l, const struct verdict *v, bool flawed)
{
	static const char *const why[NR_FLAWS] = {
		[FLAW_BY_DESIGN] = "by-design",
		[FLAW_HANDFUL] = "handful",
		[FLAW_NOT_LASTING] = "not-lasting",
	};
	const char *comma = "";

	line_add(l, ",\"%s\":[", flawed ? "notes" : "remedies");
	for (unsigned int i = 0; i < v->nr_remedies; i++) {
		const struct remedy *r = &v->remedy[i];

		if ((r->flaw != NO_FLAW) != flawed || l->len + JSON_ITEM > sizeof(l->text))
			continue;
		line_add(l, "%s{\"zone\":\"%s\",\"withheld\":\"%s\",\"pages\":%ld,\"margin\":%ld",
			comma, r->zone->name, remedy_name(r->given), r->pages,
			r->then.avail - r->then.needed);
		if (flawed)
			line_add(l, ",\"why\":\"%s\"", why[r->flaw]);
		line_add(l, "}");
		comma = ",";
	}
	line_add(l, "]");
}

static void add_short(struct line *l, const struct verdict *v)
{
	line_add(l, ",\"short\":{");
	for (struct zone *const *z = v->zones; *z; z++) {
		bool served;

		line_add(l, "%s\"%s\":%ld", z == v->zones ? "" : ",", (*z)->name,
			zone_shortage(*z, &v->question, &served));
	}
	line_add(l, "}");
}

static void add_swap(struct line *l, const struct swap_part *s)
{
	if (s->slots)
		line_add(l, ",\"swap\":{\"slots\":%ld,\"free\":%ld,\"anon\":%ld,\"limit\":%s}",
			s->slots, s->free, s->anon, s->limit ? "true" : "false");
}

const char *verdict_json(const struct verdict *v, struct line *l)
{
	static const char *const name[NR_VERDICTS] = {
		[VERDICT_SERVED_NOW] = "served-now",
		[VERDICT_AVOIDABLE] = "avoidable",
		[VERDICT_FRAGMENTED] = "fragmented",
		[VERDICT_UNAVOIDABLE] = "unavoidable",
	};

	line_init(l);
	if (v->kind == VERDICT_NONE) {
		line_add(l, "null");
		return l->text;
	}
	line_add(l, "{\"kind\":\"%s\"", name[v->kind]);
	if (v->kind == VERDICT_UNAVOIDABLE)
		add_short(l, v);
	add_swap(l, &v->swap);
	add_remedies(l, v, false);
	add_remedies(l, v, true);
	line_add(l, "}");
	return l->text;
}

noinline void report_verdict(struct memory *m, const char *kind, gfp_t gfp, int order)
{
	struct verdict v;
	struct line l;

	judge(m, gfp, order, &v);
	print_verdict(&v);
	report_event(m, kind, verdict_json(&v, &l));
}
