/*
 * The verdict on an OOM report (see verdict.h).
 */
#include "kernel/core/log/printk.h"
#include "mm/alloc/page_alloc.h"
#include "mm/show/show_mem.h"
#include "mm/show/verdict.h"
#include "mm/alloc/watermark.h"

/* The request as each zone saw it. */
struct question {
	unsigned int order, alloc_flags, classzone;
	enum migratetype type;
};

/*
 * Pages on per-CPU lists that a drain would make usable for others than atomic requests. H pages among them can be told on this
 * CPU's list only: others' change as we look.
 */
static long drainable_pages(const struct zone *z)
{
	const struct list_head *list = &z->pcp[this_cpu_id()].lists[MIGRATE_MOVABLE];
	long pages = zone_free_pcp(z);

	for (const struct list_head *n = list->next; n != list; n = n->next)
		pages -= list_entry(n, struct page, lru)->list_type == MIGRATE_HIGHATOMIC;
	return pages;
}

/* Orders that this request may be served from; a page of its type on this CPU's list is one. */
static unsigned int usable_orders(const struct zone *z, const struct question *q)
{
	unsigned int orders = z->free_mask[MIGRATE_UNMOVABLE] | z->free_mask[MIGRATE_MOVABLE] |
		z->free_mask[MIGRATE_RECLAIMABLE];

	if (q->order && (q->alloc_flags & ALLOC_HARDER))
		orders |= z->free_mask[MIGRATE_HIGHATOMIC];
	if (q->order == 0 && !list_empty(&z->pcp[this_cpu_id()].lists[q->type]))
		orders |= 1;
	return orders;
}

/*
 * Would the zone serve it with so much withheld as is in *r, and blocks of these orders? A walk
 * passes an order-0 request by the fast test or by the full one, which alone discounts the
 * reserve; a remedy that releases the reserve makes the two equal.
 */
static bool would_serve(const struct question *q, struct remedy *r, long discount, long reserve,
	unsigned int orders)
{
	const struct zone *z = r->zone;
	long free = r->avail - ((1l << q->order) - 1);
	long mark = z->watermark[WMARK_MIN];

	r->needed = watermark_for(mark, q->alloc_flags) + reserve;
	r->avail = free - discount;
	if (r->avail <= r->needed && q->order == 0 && free > mark + reserve) {
		r->needed = mark + reserve;
		r->avail = free;
	}
	return r->avail > r->needed && orders >> q->order;
}

static bool serves_without(const struct question *q, struct remedy *r)
{
	const struct zone *z = r->zone;
	unsigned int orders = usable_orders(z, q);
	long discount = q->alloc_flags & ALLOC_HARDER ? 0 : (long)z->nr_reserved_highatomic;
	long reserve = z->lowmem_reserve[q->classzone];

	r->avail = zone_stat(z, NR_FREE_PAGES);
	switch (r->what) {
	case WITHHELD_HIGHATOMIC:
		r->pages = zone_free_of_type(z, MIGRATE_HIGHATOMIC);
		orders |= z->free_mask[MIGRATE_HIGHATOMIC];
		discount = 0;
		break;
	case WITHHELD_LOWMEM:
		r->pages = reserve;
		reserve = 0;
		break;
	default: /* which blocks the drained pages would form is not known */
		r->pages = zone_free_pcp(z);
		r->avail += r->pages; /* to the watermark H pages count like any other */
		orders |= drainable_pages(z) > 0;
		break;
	}
	return r->pages > 0 && would_serve(q, r, discount, reserve, orders);
}

static bool ask(struct memory *m, gfp_t gfp, unsigned int order, struct question *q,
	struct zone *const **zones)
{
	int high = gfp_zone(gfp);

	if (!gfp || high < 0 || !m->zonelist[m->first_zone[high]])
		return false; /* a page fault that found nothing: no request to judge */
	*zones = &m->zonelist[m->first_zone[high]];
	*q = (struct question){
		order, gfp_to_alloc_flags(gfp), (*zones)[0]->type, request_type(m, gfp)};
	return true;
}

unsigned int find_remedies(
	struct memory *m, gfp_t gfp, unsigned int order, struct remedy remedy[MAX_REMEDIES])
{
	struct zone *const *zones;
	struct question q;
	unsigned int n = 0;

	if (!ask(m, gfp, order, &q, &zones))
		return 0;
	for (; *zones; zones++) {
		for (int what = 0; what < NR_WITHHELD; what++) {
			remedy[n] = (struct remedy){.zone = *zones, .what = what};
			n += serves_without(&q, &remedy[n]);
		}
	}
	return n;
}

static void print_zone(const struct zone *z, const struct question *q)
{
	pr_warn("verdict: %s: %ld free, %lu of them highatomic, %ld on per-CPU lists; min %lu, "
		"lowmem_reserve %ld, %lu reserved",
		z->name, zone_stat(z, NR_FREE_PAGES), zone_free_of_type(z, MIGRATE_HIGHATOMIC),
		zone_free_pcp(z), z->watermark[WMARK_MIN], z->lowmem_reserve[q->classzone],
		z->nr_reserved_highatomic);
}

static void print_remedy(const struct remedy *r)
{
	static const char *const text[NR_WITHHELD] = {
		[WITHHELD_HIGHATOMIC] = "held as highatomic; released",
		[WITHHELD_LOWMEM] = "kept back by lowmem_reserve; waived",
		[WITHHELD_PCP] = "on per-CPU lists; drained",
	};

	pr_warn("AVOIDABLE: %ld pages of %s %s: %ld available - %ld needed = %ld", r->pages,
		r->zone->name, text[r->what], r->avail, r->needed, r->avail - r->needed);
}

void print_verdict(struct memory *m, gfp_t gfp, unsigned int order)
{
	struct remedy remedy[MAX_REMEDIES];
	struct zone *const *zones;
	unsigned int n;
	struct question q;

	if (!ask(m, gfp, order, &q, &zones))
		return;
	for (; *zones; zones++)
		print_zone(*zones, &q);
	n = find_remedies(m, gfp, order, remedy);
	for (unsigned int i = 0; i < n; i++)
		print_remedy(&remedy[i]);
	if (!n)
		pr_warn("UNAVOIDABLE: no zone would serve order %u with its highatomic reserve "
			"released, its lowmem_reserve waived, or per-CPU lists drained",
			order);
}

const char *verdict_json(struct memory *m, gfp_t gfp, unsigned int order, char *buf, size_t size)
{
	static const char *const name[NR_WITHHELD] = {
		[WITHHELD_HIGHATOMIC] = "highatomic",
		[WITHHELD_LOWMEM] = "lowmem_reserve",
		[WITHHELD_PCP] = "per_cpu",
	};
	struct remedy remedy[MAX_REMEDIES];
	unsigned int n = find_remedies(m, gfp, order, remedy);
	size_t len = ksnprintf(buf, size, "{\"avoidable\":%s,\"remedies\":[", n ? "true" : "false");

	for (unsigned int i = 0; i < n && len < size; i++)
		len += ksnprintf(buf + len, size - len,
			"%s{\"zone\":\"%s\",\"withheld\":\"%s\",\"pages\":%ld,\"margin\":%ld}",
			i ? "," : "", remedy[i].zone->name, name[remedy[i].what], remedy[i].pages,
			remedy[i].avail - remedy[i].needed);
	if (len < size)
		ksnprintf(buf + len, size - len, "]}");
	return buf;
}
