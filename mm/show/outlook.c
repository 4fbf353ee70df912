/*
 * How a request finds a zone (see outlook.h).
 */
#include "mm/show/outlook.h"
#include "mm/alloc/watermark.h"
#include "mm/page/pageblock.h"
#include "mm/show/show_mem.h"

/* H pages among the drained go to H lists. They can be told on this CPU's list only. */
static long drained_pages(const struct zone *z)
{
	const struct list_head *list = &z->pcp[this_cpu_id()].lists[MIGRATE_MOVABLE];
	long pages = zone_free_pcp(z);

	for (const struct list_head *n = list->next; n != list; n = n->next)
		pages -= list_entry(n, struct page, lru)->list_type == MIGRATE_HIGHATOMIC;
	return pages;
}

/* A free H block begins in this pageblock, and a release would find it (§4.5). */
static bool has_free_h(const struct zone *z, unsigned long pfn)
{
	unsigned long end = pfn + z->memory->pageblock_nr_pages;

	if (end > zone_end_pfn(z))
		return false;
	for (pfn = MAX(pfn, z->start_pfn); pfn < end; pfn++) {
		const struct page *page = pfn_to_page(z->memory, pfn);

		if ((page->flags & PG_BUDDY) && page->list_type == MIGRATE_HIGHATOMIC)
			return true;
	}
	return false;
}

/* By how much a full release lowers the counter: blocks that are all in use stay counted (§4.4). */
static long released_of_counter(const struct zone *z)
{
	unsigned long block = z->memory->pageblock_nr_pages, pages = 0;
	unsigned long pfn = pageblock_start(z, z->start_pfn);

	for (; pfn < zone_end_pfn(z); pfn += block)
		if (pageblock_type(z, pfn) == MIGRATE_HIGHATOMIC && has_free_h(z, pfn))
			pages += block;
	return MIN(pages, z->nr_reserved_highatomic);
}

static void add_list(struct outlook *o, const struct zone *z, enum migratetype type)
{
	o->singles += zone_free_of_type(z, type);
	o->orders |= z->free_mask[type];
}

static void add_singles(struct outlook *o, long pages)
{
	o->singles += pages;
	o->orders |= pages > 0;
}

/* What single pages are taken from before the zone's lists: this CPU's own of that type. */
static long own_list_pages(const struct zone *z, const struct question *q)
{
	const struct list_head *list = &z->pcp[this_cpu_id()].lists[q->type];
	long pages = 0;

	for (const struct list_head *n = list->next; n != list; n = n->next)
		pages++;
	return pages;
}

/* The reserve is for these (§4.3). */
static bool takes_h(const struct question *q)
{
	return q->order && (q->alloc_flags & ALLOC_HARDER);
}

static void find_blocks(
	struct outlook *o, const struct zone *z, const struct question *q, unsigned int given)
{
	add_list(o, z, MIGRATE_UNMOVABLE);
	add_list(o, z, MIGRATE_MOVABLE);
	add_list(o, z, MIGRATE_RECLAIMABLE);
	if (given & GIVE_HIGHATOMIC)
		add_list(o, z, MIGRATE_HIGHATOMIC);
	else if (takes_h(q)) /* but nobody a single page */
		o->orders |= z->free_mask[MIGRATE_HIGHATOMIC];
	add_singles(o, given & GIVE_PCP ? drained_pages(z) : own_list_pages(z, q));
}

/* Without a mark all that counts is what is there, also a page on this CPU's own list. */
static void ignore_watermark(struct outlook *o, const struct question *q)
{
	o->avail = o->singles - ((1l << q->order) - 1);
	o->needed = 0;
}

/*
 * A walk passes an order-0 request by the fast test or by the full one, which alone lowers the mark
 * and discounts the reserve (§2.6, §2.7): whichever is nearer.
 */
static void test_watermark(struct outlook *o, const struct zone *z, const struct question *q,
	long free, long discount, long reserve)
{
	long mark = z->watermark[WMARK_MIN];

	o->avail = free - ((1l << q->order) - 1) - (q->alloc_flags & ALLOC_HARDER ? 0 : discount);
	o->needed = watermark_for(mark, q->alloc_flags) + reserve;
	if (q->order == 0 && free - (mark + reserve) > o->avail - o->needed) {
		o->avail = free;
		o->needed = mark + reserve;
	}
}

struct outlook zone_outlook(const struct zone *z, const struct question *q, unsigned int given)
{
	long free = zone_stat(z, NR_FREE_PAGES), discount = z->nr_reserved_highatomic;
	struct outlook o = {0};

	if (given & GIVE_PCP)
		free += zone_free_pcp(z); /* to the watermark H pages count like any other */
	if (given & GIVE_HIGHATOMIC)
		discount -= released_of_counter(z);
	find_blocks(&o, z, q, given);
	if (q->alloc_flags & ALLOC_NO_WATERMARKS)
		ignore_watermark(&o, q);
	else
		test_watermark(&o, z, q, free, discount,
			given & GIVE_LOWMEM ? 0 : z->lowmem_reserve[q->classzone]);
	return o;
}

long zone_withholds(const struct zone *z, const struct question *q, unsigned int given)
{
	long pages = 0;

	if (given & GIVE_HIGHATOMIC)
		pages += zone_free_of_type(z, MIGRATE_HIGHATOMIC);
	if (given & GIVE_PCP)
		pages += zone_free_pcp(z);
	if (given & GIVE_LOWMEM) {
		long above = zone_stat(z, NR_FREE_PAGES) - (long)z->watermark[WMARK_MIN];

		pages += MIN(z->lowmem_reserve[q->classzone], above);
	}
	return pages;
}

long short_of_serving(const struct outlook *o, const struct question *q)
{
	long pages = o->needed + 1 - o->avail;

	return MAX(q->order ? pages : MAX(pages, 1 - o->singles), 0l);
}

/*
 * The first of them brings the batch to the CPU's list at once. An order-0 request is that first one;
 * after a larger block the next must still pass the watermark. H is tried first by those that may.
 */
long short_of_lasting(const struct outlook *o, const struct question *q, const struct zone *z)
{
	bool from_h = takes_h(q) && z->free_mask[MIGRATE_HIGHATOMIC] >> q->order;
	long batch = z->pcp[this_cpu_id()].batch;
	long pages = o->needed + 1 + batch + (q->order > 0) - o->avail;
	long singles = batch + (from_h ? 0 : 1l << q->order) - o->singles;

	return MAX(MAX(pages, singles), 0l);
}
