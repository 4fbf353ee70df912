/*
 * The verdict (mm/show/verdict.h) against the truth: on random machines (HOST_SEED) what it says is
 * withheld is really given, by the functions that give it, and the same request is made again.
 */
#include "twin.h"

#include "host_machine.h"
#include "kernel/core/rand.h"
#include "mm/alloc/buddy.h"
#include "mm/alloc/highatomic.h"
#include "mm/alloc/pcp.h"
#include "mm/alloc/watermark.h"
#include "mm/page/pageblock.h"
#include "mm/show/verdict.h"

#ifdef LW_DEBUG
#define MACHINES 250 /* each is written to the last page */
#else
#define MACHINES 500
#endif
#define BLOCK 1024 /* pages of a pageblock */

#define U MIGRATE_UNMOVABLE
#define M MIGRATE_MOVABLE
#define E MIGRATE_RECLAIMABLE
#define H MIGRATE_HIGHATOMIC

/* What a machine is drawn from, and the request that it is asked. */
static struct {
	uint64_t seed;
	struct rand rng;
	gfp_t gfp;
	unsigned int order;
} drawn;

static struct memory *m;
static struct verdict v;

static unsigned int pick(unsigned int n)
{
	return rand_below(&drawn.rng, n);
}

static uint64_t host_seed(void)
{
	const char *text = getenv("HOST_SEED");

	return text && *text ? strtoull(text, NULL, 0) : 1;
}

/* A free block in the first half of a pageblock, or all of it; some more, that never merge. */
static void build_block(struct zone *z, unsigned long pfn)
{
	static const int types[] = {U, M, E, H, H, H, H};
	int type = types[pick(ARRAY_SIZE(types))];
	unsigned int order = pick(2) ? pick(11) : pick(3);

	set_pageblock_type(z, pfn, type);
	if (type == H ? !pick(6) : pick(4))
		return; /* mostly nothing but the reserve is free */
	zone_put(z, pfn, order, type);
	for (unsigned int n = order < 8 ? pick(60) : 0; n; n--)
		zone_put(z, pfn + 512 + 4 * n, pick(2), type);
}

/* On the lists of both CPUs; which of them are H can be told on this one only. */
static void build_lists(struct zone *z, unsigned long pfn)
{
	int type = pick(3) ? M : pick(3);
	unsigned int n = pick(3) ? pick(8) : pick(150);

	set_pageblock_type(z, pfn, pick(4) ? type : H);
	for (; n; n--) {
		become_cpu(pageblock_type(z, pfn) == H ? 0 : pick(2));
		free_single(z, pfn_to_page(m, pfn + 2 * n), false);
	}
	become_cpu(0);
}

/* The last pageblock is left out: what is missing comes from there. */
static void build_zone(struct zone *z)
{
	unsigned long first = z->type == ZONE_DMA ? BLOCK : z->start_pfn;
	unsigned long last = zone_end_pfn(z) - BLOCK;
	unsigned long min = pick(3) ? pick(900) : 0, gap = pick(60);

	for (int cpu = 0; cpu < 2; cpu++) {
		z->pcp[cpu].high = 1000;
		z->pcp[cpu].batch = 1 + pick(31);
	}
	z->pcp[1].batch = z->pcp[0].batch;
	build_lists(z, first);
	for (unsigned long pfn = first + BLOCK; pfn < last; pfn += BLOCK)
		if (pick(2))
			build_block(z, pfn);
	z->nr_reserved_highatomic = blocks_of_type(z, H) * BLOCK;
	if (!pick(4) && z->nr_reserved_highatomic)
		z->nr_reserved_highatomic -= BLOCK; /* counted too low, as in §4.6 */
	zone_marks(z, min, min + gap, min + 2 * gap);
	z->lowmem_reserve[ZONE_DMA32] = z->type == ZONE_DMA && pick(2) ? pick(600) : 0;
}

static void build(uint64_t seed)
{
	static const gfp_t gfps[] = {GFP_KERNEL, GFP_HIGHUSER_MOVABLE, GFP_HIGHUSER_MOVABLE,
		GFP_ATOMIC, GFP_KERNEL | __GFP_RECLAIMABLE, GFP_KERNEL | __GFP_DMA,
		GFP_KERNEL | __GFP_MEMALLOC};
	struct zone *z;

	machines_destroy();
	drawn.seed = seed;
	rand_seed(&drawn.rng, seed);
	nr_cpus = 1; /* so that counters are exact */
	m = machine_default();
	nr_cpus = 2;
	memory_empty(m);
	memory_no_marks(m);
	for_each_populated_zone(m, z)
		build_zone(z);
	drawn.gfp = gfps[pick(ARRAY_SIZE(gfps))];
	drawn.order = pick(3) ? 0 : pick(5);
}

static void rebuild(void)
{
	build(drawn.seed);
}

/* The request as the slow path makes it; `only`: there is no other zone, from then on. */
static struct alloc_context asked(struct zone *only)
{
	struct alloc_context ac = {.memory = m,
		.gfp = drawn.gfp,
		.order = drawn.order,
		.high_zoneidx = gfp_zone(drawn.gfp),
		.first = m->first_zone[gfp_zone(drawn.gfp)],
		.classzone = m->route[drawn.gfp & ROUTE_BITS].zone->type,
		.migratetype = request_type(m, drawn.gfp)};

	if (only) {
		m->zonelist[0] = only;
		m->zonelist[1] = NULL;
		ac.first = 0;
	}
	return ac;
}

static unsigned int flags(void)
{
	return may_use_reserves(drawn.gfp) ? ALLOC_NO_WATERMARKS : gfp_to_alloc_flags(drawn.gfp);
}

static bool walk_finds(const struct alloc_context *ac)
{
	return get_page_from_freelist(ac, flags()) != NULL;
}

static bool served(struct zone *only)
{
	struct alloc_context ac = asked(only);

	return walk_finds(&ac);
}

/* And then a batch of single pages more. */
static bool lasts(struct zone *z)
{
	struct alloc_context ac = asked(z);
	bool ok = walk_finds(&ac);

	ac.order = 0;
	for (int n = z->pcp[0].batch; ok && n; n--)
		ok = walk_finds(&ac);
	return ok;
}

/* In this order a drained page is what it was sampled as (R1'). */
static void give(struct zone *z, unsigned int given)
{
	struct alloc_context ac = asked(NULL);

	if (given & GIVE_HIGHATOMIC)
		while (unreserve_highatomic_pageblock(&ac, true))
			;
	if (given & GIVE_PCP)
		pcp_drain_all(m);
	if (given & GIVE_LOWMEM)
		memset(z->lowmem_reserve, 0, sizeof(z->lowmem_reserve));
}

/* What is said of the machine is printed before it. */
static void wrong(enum zone_type type, unsigned int given, const char *what)
{
	rebuild();
	judge(m, drawn.gfp, drawn.order, &v);
	console_clear();
	print_verdict(&v);
	printf("%s", console());
	fail_msg("seed %llu order %u gfp %#x zone %s given %u: %s", (unsigned long long)drawn.seed,
		drawn.order, drawn.gfp, m->zone[type].name, given, what);
}

static struct zone *again(enum zone_type type, unsigned int given)
{
	rebuild();
	give(&m->zone[type], given);
	return &m->zone[type];
}

/* Such a request makes a reserve of its pageblock: what was left for others is not (§4.2). */
static bool reserves(void)
{
	return drawn.order && (flags() & ALLOC_HARDER);
}

/* Each remedy and each note: it serves, and it has the flaw that is said, or none. */
static void try_remedy(struct remedy r, enum zone_type type)
{
	struct zone *z = again(type, r.given);

	if (!served(z))
		wrong(type, r.given, "said to serve the request, and does not");
	z = again(type, r.given);
	if (r.flaw == NO_FLAW && !reserves() && !lasts(z))
		wrong(type, r.given, "said to last for a batch, and does not");
	if (r.flaw == FLAW_NOT_LASTING && drawn.order == 0 && lasts(z))
		wrong(type, r.given, "said not to last for a batch, and does");
}

/* Nothing that is under study serves it, or what does not by a batch of pages. */
static void try_to_avoid(enum zone_type type, unsigned int given)
{
	struct zone *z = again(type, given);
	struct alloc_context ac = asked(z);
	long left = zone_stat(z, NR_FREE_PAGES) - z->pcp[0].batch - (drawn.order > 0);

	if (drawn.order &&
		!zone_watermark_test(
			z, drawn.order, z->watermark[WMARK_MIN], ac.classzone, flags(), left))
		return;
	if (lasts(z))
		wrong(type, given, "said to be unavoidable, but lasts");
}

static void try_all(enum zone_type type)
{
	unsigned int may = under_study(&m->zone[type]);

	for (unsigned int given = 0; given <= (GIVE_HIGHATOMIC | GIVE_PCP); given++)
		if (!(given & ~may))
			try_to_avoid(type, given);
}

/* Free so many more pages in the pageblock that was left out. */
static void add_pages(struct zone *z, long pages)
{
	unsigned long pfn = zone_end_pfn(z) - BLOCK;

	assert_true(pages < BLOCK);
	set_pageblock_type(z, pfn, M);
	for (int order = 9; order >= 0; order--) {
		if (!(pages & 1l << order))
			continue;
		zone_put(z, pfn, order, M);
		pfn += 1ul << order;
	}
}

/* As many pages as are said to be missing are missing. */
static void try_shortage(enum zone_type type)
{
	unsigned int may = under_study(&m->zone[type]);
	bool would, done;
	long pages = zone_shortage(&m->zone[type], &v.question, &would);

	assert_true(pages > 0);
	for (int less = 0; less < 2 && pages < BLOCK; less++) {
		struct zone *z = again(type, may);

		add_pages(z, pages - less);
		done = would ? lasts(z) : served(z);
		if (done == less)
			wrong(type, may, less ? "fewer pages than said do" : "too few said");
	}
}

static void try_unavoidable(void)
{
	for (unsigned int type = 0; type <= v.question.classzone; type++) {
		try_all(type);
		rebuild();
		if (drawn.order == 0)
			try_shortage(type);
		rebuild();
	}
}

/* No block, with or without the reserve; the pages are there. */
static void try_fragmented(void)
{
	bool enough = false;

	assert_true(drawn.order > 0);
	for (unsigned int type = 0; type <= v.question.classzone; type++) {
		unsigned int may = under_study(&m->zone[type]);
		struct zone *z = again(type, GIVE_HIGHATOMIC);

		if (is_fragmented(z, &v.question) && served(z))
			wrong(type, GIVE_HIGHATOMIC, "said to be fragmented, but is served");
		z = again(type, may);
		enough |=
			zone_watermark_test(z, 0, z->watermark[WMARK_MIN], v.question.classzone,
				flags(), zone_stat(z, NR_FREE_PAGES) - ((1l << drawn.order) - 1)) ||
			flags() == ALLOC_NO_WATERMARKS;
		rebuild();
	}
	assert_true(enough);
}

static void try_for_real(void)
{
	enum zone_type types[ARRAY_SIZE(v.remedy)];
	bool avoidable = false;
	struct verdict said;

	judge(m, drawn.gfp, drawn.order, &v);
	said = v;
	for (unsigned int i = 0; i < said.nr_remedies; i++)
		types[i] = said.remedy[i].zone->type;
	if (served(NULL) != (v.kind == VERDICT_SERVED_NOW))
		wrong(v.question.classzone, 0,
			"served as things stand, or not, against what is said");
	for (unsigned int i = 0; i < said.nr_remedies; i++) {
		try_remedy(said.remedy[i], types[i]);
		avoidable |= !said.remedy[i].flaw;
	}
	assert_int_equal(avoidable, said.kind == VERDICT_AVOIDABLE);
	rebuild();
	judge(m, drawn.gfp, drawn.order, &v);
	if (v.kind == VERDICT_UNAVOIDABLE)
		try_unavoidable();
	if (v.kind == VERDICT_FRAGMENTED)
		try_fragmented();
}

static void test_against_what_happens(void **state)
{
	unsigned int seen[NR_VERDICTS] = {0};

	(void)state;
	for (uint64_t n = 0; n < MACHINES; n++) {
		build(host_seed() * MACHINES + n);
		try_for_real();
		seen[v.kind]++;
	}
	machines_destroy();
	printf("# HOST_SEED=%llu: %u served now, %u avoidable, %u fragmented, %u unavoidable\n",
		(unsigned long long)host_seed(), seen[VERDICT_SERVED_NOW], seen[VERDICT_AVOIDABLE],
		seen[VERDICT_FRAGMENTED], seen[VERDICT_UNAVOIDABLE]);
	assert_true(seen[VERDICT_SERVED_NOW] > MACHINES / 20);
	assert_true(seen[VERDICT_AVOIDABLE] > MACHINES / 20);
	assert_true(seen[VERDICT_UNAVOIDABLE] > MACHINES / 20);
	assert_true(seen[VERDICT_FRAGMENTED] > 0);
}

static const struct CMUnitTest tests[] = {
	TEST(test_against_what_happens),
};

TEST_GROUP(verdict_truth)
