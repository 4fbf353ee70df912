/*
 * The verdict after an OOM report (mm/show/verdict.h): by rule, and against what really happens on the
 * same machine when the thing withheld is given.
 */
#include "twin.h"

#include "host_machine.h"
#include "kernel/core/rand.h"
#include "mm/alloc/buddy.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"
#include "mm/show/verdict.h"
#include "mm/alloc/watermark.h"
#include "request.h"

#define U MIGRATE_UNMOVABLE
#define M MIGRATE_MOVABLE
#define H MIGRATE_HIGHATOMIC

static struct memory *m;
static struct zone *z;
static struct remedy remedy[MAX_REMEDIES];

static void start(void)
{
	m = machine_default();
	memory_empty(m);
	memory_no_marks(m);
	z = dma32(m);
}

static int setup(void **state)
{
	int err = twin_setup(state);

	start();
	return err;
}

static void hold_in_reserve(unsigned long pfn)
{
	set_pageblock_type(z, pfn, H);
	zone_put(z, pfn, 10, H);
	z->nr_reserved_highatomic += 1024;
}

static void test_highatomic(void **state)
{
	(void)state;
	zone_marks(z, 100, 120, 140);
	hold_in_reserve(5120);
	assert_int_equal(find_remedies(m, GFP_KERNEL, 0, remedy), 1);
	assert_ptr_equal(remedy[0].zone, z);
	assert_int_equal(remedy[0].what, WITHHELD_HIGHATOMIC);
	assert_int_equal(remedy[0].pages, 1024);
	assert_int_equal(remedy[0].avail - remedy[0].needed, 1024 - 100);
	print_verdict(m, GFP_KERNEL, 0);
	assert_line(
		"verdict: DMA32: 1024 free, 1024 of them highatomic, 0 on per-CPU lists; min 100, "
		"lowmem_reserve 0, 1024 reserved");
	assert_line("AVOIDABLE: 1024 pages of DMA32 held as highatomic; released: 1024 available - "
		    "100 needed = 924");
}

/* The mark must be passed, not reached. */
static void test_highatomic_at_the_mark(void **state)
{
	(void)state;
	zone_marks(z, 1024, 1100, 1200);
	hold_in_reserve(5120);
	assert_int_equal(find_remedies(m, GFP_KERNEL, 0, remedy), 0);
	zone_put(z, 9300, 0, H);
	assert_int_equal(find_remedies(m, GFP_KERNEL, 0, remedy), 1);
	assert_int_equal(remedy[0].avail - remedy[0].needed, 1);
}

static void test_high_order_wants_a_block(void **state)
{
	(void)state;
	hold_in_reserve(5120);
	assert_int_equal(find_remedies(m, GFP_KERNEL, 3, remedy), 1);
	start();
	z->nr_reserved_highatomic = 1024;
	set_pageblock_type(z, 5120, H);
	for (unsigned long pfn = 5120; pfn < 5184; pfn += 2)
		zone_put(z, pfn, 0, H);
	assert_int_equal(find_remedies(m, GFP_KERNEL, 3, remedy), 0);
	assert_int_equal(find_remedies(m, GFP_KERNEL, 0, remedy), 1);
}

static void test_lowmem_reserve(void **state)
{
	(void)state;
	zone_put(dma(m), 2048, 5, U);
	dma(m)->lowmem_reserve[ZONE_DMA32] = 40;
	assert_int_equal(find_remedies(m, GFP_KERNEL, 0, remedy), 1);
	assert_ptr_equal(remedy[0].zone, dma(m));
	assert_int_equal(remedy[0].what, WITHHELD_LOWMEM);
	assert_int_equal(remedy[0].pages, 40);
	assert_int_equal(remedy[0].avail - remedy[0].needed, 32);
	/* It never held back a request that wants this zone. */
	assert_int_equal(find_remedies(m, GFP_KERNEL | __GFP_DMA, 0, remedy), 0);
}

static void test_per_cpu_lists(void **state)
{
	(void)state;
	z->pcp[0].high = 10;
	set_pageblock_type(z, 6144, H);
	free_single(z, pfn_to_page(m, 5120), false);
	free_single(z, pfn_to_page(m, 5122), false);
	free_single(z, pfn_to_page(m, 6144), false);
	assert_int_equal(find_remedies(m, GFP_KERNEL, 0, remedy), 1);
	assert_int_equal(remedy[0].what, WITHHELD_PCP);
	assert_int_equal(remedy[0].pages, 3);
	assert_int_equal(find_remedies(m, GFP_KERNEL, 1, remedy), 0);
}

/* It would go to an H list, where no order-0 request looks. */
static void test_a_drained_h_page_does_not_help(void **state)
{
	(void)state;
	z->pcp[0].high = 10;
	set_pageblock_type(z, 6144, H);
	free_single(z, pfn_to_page(m, 6144), false);
	assert_int_equal(find_remedies(m, GFP_KERNEL, 0, remedy), 0);
}

static void test_unavoidable(void **state)
{
	char json[256];

	(void)state;
	print_verdict(m, GFP_KERNEL, 0);
	assert_printed("UNAVOIDABLE: no zone would serve order 0");
	assert_string_equal(verdict_json(m, GFP_KERNEL, 0, json, sizeof(json)),
		"{\"avoidable\":false,\"remedies\":[]}");
}

static void test_a_fault_without_a_request_has_no_verdict(void **state)
{
	(void)state;
	hold_in_reserve(5120);
	print_verdict(m, 0, 0);
	assert_string_equal(console(), "");
}

/* Random machines. The same seed builds the same one again, to try a remedy for real. */
static struct rand rng;

static void build_block(struct zone *zone, unsigned long pfn)
{
	static const int types[] = {U, M, H, H};
	int type = types[rand_below(&rng, ARRAY_SIZE(types))];
	unsigned int order = rand_below(&rng, 2) ? rand_below(&rng, 11) : 0;

	set_pageblock_type(zone, pfn, type);
	if (type != H && rand_below(&rng, 4))
		return; /* mostly nothing but the reserve is free */
	zone_put(zone, pfn, order, type);
}

static void build(uint64_t seed)
{
	struct zone *zone;

	rand_seed(&rng, seed);
	start();
	for_each_populated_zone(m, zone) {
		unsigned long mark = rand_below(&rng, 3) ? rand_below(&rng, 1500) : 0;

		for (unsigned long pfn = zone == z ? 4096 : 1024; pfn + 1024 <= zone_end_pfn(zone);
			pfn += 1024)
			if (rand_below(&rng, 2))
				build_block(zone, pfn);
		zone->nr_reserved_highatomic = blocks_of_type(zone, H) * 1024;
		zone_marks(zone, mark, mark + 10, mark + 20);
		zone->lowmem_reserve[ZONE_DMA32] = zone == z ? 0 : rand_below(&rng, 600);
		zone->pcp[0].high = 20;
		for (unsigned int n = rand_below(&rng, 4); n; n--)
			free_single(zone, pfn_to_page(m, (zone == z ? 9600 : 3000) + 2 * n), false);
	}
}

static void release_reserve(struct zone *zone)
{
	for (unsigned int order = 0; order < MAX_ORDER; order++) {
		struct list_head *list = &zone->free_area[order].free_list[H];

		while (!list_empty(list)) {
			struct page *page = list_first_entry(list, struct page, lru);

			set_pageblock_type(zone, page_to_pfn(m, page), M);
			move_freepages_block(zone, page, M);
		}
	}
	zone->nr_reserved_highatomic = 0;
}

static void apply(struct zone *zone, enum withheld what)
{
	switch (what) {
	case WITHHELD_HIGHATOMIC:
		release_reserve(zone);
		break;
	case WITHHELD_LOWMEM:
		memset(zone->lowmem_reserve, 0, sizeof(zone->lowmem_reserve));
		break;
	default:
		pcp_drain_local(m);
		break;
	}
}

/* One walk, as in the slow path; for an unmovable page, so that this CPU's list does not help. */
static bool walk_finds(unsigned int order)
{
	struct alloc_context ac = request(m, GFP_KERNEL, order);

	return get_page_from_freelist(&ac, gfp_to_alloc_flags(GFP_KERNEL)) != NULL;
}

static bool predicted(unsigned int order, int type, enum withheld what)
{
	unsigned int n = find_remedies(m, GFP_KERNEL, order, remedy);

	for (unsigned int i = 0; i < n; i++)
		if (remedy[i].zone->type == (unsigned int)type && remedy[i].what == what)
			return true;
	return false;
}

/* A drain drains all zones: only one of them shall have something to give. */
static void empty_list(struct per_cpu_pages *pcp, struct list_head *list)
{
	while (!list_empty(list))
		pcp_pop(pcp, list, false);
}

static void empty_pcp_of_others(int type)
{
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		struct per_cpu_pages *pcp = this_cpu_pages(&m->zone[i]);

		for (int t = 0; t < MIGRATE_PCPTYPES; t++)
			if (i != type && m->zone[i].present)
				empty_list(pcp, &pcp->lists[t]);
	}
}

static unsigned int try_for_real(uint64_t seed, unsigned int order)
{
	unsigned int hits = 0;

	for (int type = ZONE_DMA; type <= ZONE_DMA32; type++) {
		for (int what = 0; what < NR_WITHHELD; what++) {
			bool says, works;

			build(seed);
			says = predicted(order, type, what);
			if (what == WITHHELD_PCP)
				empty_pcp_of_others(type);
			apply(&m->zone[type], what);
			works = walk_finds(order);
			if (says != works)
				fail_msg("seed %lu order %u zone %d remedy %d: says %d, is %d",
					seed, order, type, what, says, works);
			hits += works;
		}
	}
	machines_destroy();
	return hits;
}

static void test_against_what_happens(void **state)
{
	unsigned int failing = 0, helped = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		unsigned int order = seed % 4 ? 0 : seed / 4 % 4;

		build(seed);
		if (walk_finds(order)) {
			machines_destroy();
			continue;
		}
		failing++;
		helped += try_for_real(seed, order) > 0;
	}
	assert_true(failing > 100);
	assert_true(helped > 30 && helped < failing - 30);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_highatomic),
	TEST(test_highatomic_at_the_mark),
	TEST(test_high_order_wants_a_block),
	TEST(test_lowmem_reserve),
	TEST(test_per_cpu_lists),
	TEST(test_a_drained_h_page_does_not_help),
	TEST(test_unavoidable),
	TEST(test_a_fault_without_a_request_has_no_verdict),
	TEST(test_against_what_happens),
};

TEST_GROUP(verdict)
