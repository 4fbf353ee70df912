/*
 * A verdict in words: the lines that follow a report (see verdict.h).
 */
#include "mm/show/show_mem.h"
#include "mm/show/verdict.h"

static void print_zone(const struct zone *z, const struct question *q)
{
	pr_warn("verdict: %s: %ld free, %lu of them highatomic, %ld on per-CPU lists; min %lu, "
		"lowmem_reserve %ld, %lu reserved",
		z->name, zone_stat(z, NR_FREE_PAGES), zone_free_of_type(z, MIGRATE_HIGHATOMIC),
		zone_free_pcp(z), z->watermark[WMARK_MIN], z->lowmem_reserve[q->classzone],
		z->nr_reserved_highatomic);
}

static const char *remedy_text(unsigned int given)
{
	switch (given) {
	case GIVE_HIGHATOMIC:
		return "held as highatomic; released";
	case GIVE_PCP:
		return "on per-CPU lists; drained";
	case GIVE_LOWMEM:
		return "kept back by lowmem_reserve; waived";
	default:
		return "held as highatomic and on per-CPU lists; released and drained";
	}
}

static void add_flaw(struct line *l, const struct remedy *r)
{
	const struct zone *z = r->zone;

	switch (r->flaw) {
	case FLAW_BY_DESIGN:
		line_add(l, "; by design");
		break;
	case FLAW_HANDFUL:
		line_add(l, "; a handful: low - min is %lu",
			z->watermark[WMARK_LOW] - z->watermark[WMARK_MIN]);
		break;
	case FLAW_NOT_LASTING:
		line_add(l, "; not for a batch of %d more", z->pcp[this_cpu_id()].batch);
		break;
	default:
		break;
	}
}

static void print_remedy(const struct remedy *r)
{
	struct line l;

	line_init(&l);
	line_add(&l, "%s: %ld pages of %s %s: %ld available - %ld needed = %ld",
		r->flaw ? "note" : "AVOIDABLE", r->pages, r->zone->name, remedy_text(r->given),
		r->then.avail, r->then.needed, r->then.avail - r->then.needed);
	add_flaw(&l, r);
	pr_warn("%s", l.text);
}

static void print_served(const struct verdict *v)
{
	struct outlook now = zone_outlook(v->served_by, &v->question, 0);

	pr_warn("nothing to judge: %s would serve it now, %ld available - %ld needed = %ld: "
		"a race, or memory freed meanwhile",
		v->served_by->name, now.avail, now.needed, now.avail - now.needed);
}

static void print_shortage(const struct verdict *v)
{
	struct line l;

	line_init(&l);
	for (struct zone *const *z = v->zones; *z; z++) {
		bool served;
		long pages = zone_shortage(*z, &v->question, &served);

		line_add(&l, "%s%s by %ld pages", z == v->zones ? "" : ", ", (*z)->name, pages);
		if (served)
			line_add(&l, " for a batch of %d more", (*z)->pcp[this_cpu_id()].batch);
	}
	pr_warn("UNAVOIDABLE: too little for order %u: %s", v->question.order, l.text);
}

/* Of all types; -1: nothing is free. */
static int largest_order(const struct zone *z)
{
	int order = MAX_ORDER - 1;

	while (order >= 0 && nr_free_blocks(&z->free_area[order]) == 0)
		order--;
	return order;
}

/* What compaction could move out of the way. */
static long movable_in_use(const struct zone *z)
{
	return zone_stat(z, NR_ZONE_ACTIVE_ANON) + zone_stat(z, NR_ZONE_INACTIVE_ANON) +
		zone_stat(z, NR_ZONE_ACTIVE_FILE) + zone_stat(z, NR_ZONE_INACTIVE_FILE);
}

static void print_fragmented(const struct zone *z, const struct question *q)
{
	struct outlook o = zone_outlook(z, q, under_study(z));
	long movable = movable_in_use(z);
	struct line l;

	line_init(&l);
	line_add(&l,
		"FRAGMENTED: %s: %ld available - %ld needed = %ld, but no block of order %u; "
		"largest: order %d; free by type:",
		z->name, o.avail, o.needed, o.avail - o.needed, q->order, largest_order(z));
	for (int t = 0; t <= MIGRATE_HIGHATOMIC; t++)
		line_add(&l, " %c %lu", migratetype_letter[t], zone_free_of_type(z, t));
	if (movable)
		line_add(&l, "; %ld movable pages in use: compaction could help", movable);
	pr_warn("%s", l.text);
}

static void print_kind(const struct verdict *v)
{
	if (v->kind == VERDICT_SERVED_NOW)
		print_served(v);
	else if (v->kind == VERDICT_UNAVOIDABLE)
		print_shortage(v);
	else if (v->kind == VERDICT_FRAGMENTED)
		for (struct zone *const *z = v->zones; *z; z++)
			if (is_fragmented(*z, &v->question))
				print_fragmented(*z, &v->question);
}

/* What makes it avoidable comes first, notes after it. */
static void print_remedies(const struct verdict *v, bool flawed)
{
	for (unsigned int i = 0; i < v->nr_remedies; i++)
		if ((v->remedy[i].flaw != NO_FLAW) == flawed)
			print_remedy(&v->remedy[i]);
}

static void print_swap(const struct swap_part *s)
{
	if (!s->slots)
		return;
	if (s->free)
		pr_warn("note: swap: %ld of %ld slots free, so %ld anonymous pages counted as "
			"reclaimable, for 16 rounds in vain at most",
			s->free, s->slots, s->anon);
	else
		pr_warn("note: swap: 0 of %ld slots free, so %ld anonymous pages were not "
			"reclaimable%s",
			s->slots, s->anon, s->limit ? "" : "; they would not have been enough");
}

void print_verdict(const struct verdict *v)
{
	if (v->kind == VERDICT_NONE)
		return;
	for (struct zone *const *z = v->zones; *z; z++)
		print_zone(*z, &v->question);
	print_kind(v);
	print_remedies(v, false);
	print_remedies(v, true);
	print_swap(&v->swap);
}
