/*
 * Swap-out as a generator of atomic requests (facts §13.1, last row; reclaim.md §26): the nodes of the swap
 * cache are slabs of order 1 or 2, asked for with GFP_ATOMIC, so they take from the high-order atomic reserve,
 * and reserve for it.
 */
#include "swap_case.h"

#include "mm/page/mm_trace.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/watermark.h"
#include "mm/space/pgtable.h"

#define AT(page)    (APP_BASE + (uint64_t)(page)*PAGE_SIZE)
#define H           MIGRATE_HIGHATOMIC
#define FIRST_MASK  0x2285230 /* GFP_ATOMIC, NOWARN, NORETRY, COMP, NOTRACK, RECLAIMABLE */
#define SECOND_MASK 0x2284230

static struct zone *z; /* DMA32 */
static struct mm *mm;
static long before;

static void start(unsigned int cpus)
{
	swap_start(cpus);
	set_parameters("trace_page_alloc=1");
	m = slab_machine(cpus);
	mm_tunables.fail_page_alloc.trace = 0;
	z = dma32(m);
	before = all_free(m);
	add_area(&fake_card, 200, 0);
	mm = mm_create(m);
	assert_int_equal(mm_map_fixed(mm, AT(0), 128 * PAGE_SIZE, VM_WRITE, NULL, 0), 0);
	for (unsigned int page = 0; page < 128; page++)
		assert_int_equal(mm_fault(mm, AT(page), FAULT_WRITE), FAULT_OK);
	memset(&trace_ring, 0, sizeof(trace_ring));
}

/* What is free lies between min and low, in every zone. */
static void between_min_and_low(void)
{
	struct zone *each;

	for_each_populated_zone(m, each) {
		long free = zone_stat(each, NR_FREE_PAGES);

		zone_marks(each, free - 20, free + 100, free + 200);
		memset(each->lowmem_reserve, 0, sizeof(each->lowmem_reserve));
	}
}

static void finish(void)
{
	assert_true(mm_put_user(mm));
	swap_valid();
	assert_null(swap_off_all(m));
	assert_no_nodes(m, before);
}

/* The n-th request for pages that was traced, counted from 0; NULL: there were not so many. */
static const struct trace_record *request_of(unsigned int n)
{
	for (unsigned int i = 0; i < trace_ring.total; i++)
		if (trace_ring.record[i].event == &mm_page_alloc && n-- == 0)
			return &trace_ring.record[i];
	return NULL;
}

static void assert_request(unsigned int n, unsigned int order, gfp_t mask)
{
	const struct trace_record *r = request_of(n);

	assert_non_null(r);
	assert_int_equal(r->arg[0], order);
	assert_int_equal(r->arg[1], mask);
}

static struct page *node_slab(void)
{
	return virt_to_page(m, (void *)((uintptr_t)m->swap.area[0]->tree.top & ~3ul))->slab_head;
}

/* The first page takes a node, whose slab's pageblock is the reserve's from then on. */
static void reserves(unsigned int order)
{
	struct page *page = entry_page(m, *pte_find(mm, AT(0)));

	between_min_and_low();
	lock_page(m, page);
	assert_true(add_to_swap(m, page));
	assert_request(0, order, FIRST_MASK);
	assert_null(request_of(1));
	assert_int_equal(node_slab()->order, order);
	assert_int_equal(pageblock_type(z, page_to_pfn(m, node_slab())), H);
	assert_int_equal(z->nr_reserved_highatomic, m->pageblock_nr_pages);
	assert_int_equal(m->event[HIGHATOMIC_RESERVED_BLOCKS], 1);
	assert_true(memory_stat_exact(m, NR_SLAB_RECLAIMABLE) == 1l << order);
	assert_true(try_to_free_swap(m, page));
	unlock_page(m, page);
	finish();
}

static void test_13_1_swap_out_reserves(void **state)
{
	(void)state;
	start(1);
	reserves(1);
}

/* §30c: the order by possible CPUs. */
static void test_13_1_of_order_2_from_4_cpus_on(void **state)
{
	(void)state;
	start(4);
	reserves(2);
}

/* 64 pages that stay in the cache a node, 14 nodes a slab; what they had goes with them. */
static void test_13_1_one_slab_serves_many_pages(void **state)
{
	struct page *page[128];

	(void)state;
	start(1);
	between_min_and_low();
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++) {
		page[i] = entry_page(m, *pte_find(mm, AT(i)));
		lock_page(m, page[i]);
		assert_true(add_to_swap(m, page[i]));
	}
	assert_non_null(request_of(0));
	assert_null(request_of(1));
	assert_int_equal(m->event[HIGHATOMIC_RESERVED_BLOCKS], 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++) {
		assert_true(try_to_free_swap(m, page[i]));
		unlock_page(m, page[i]);
	}
	finish();
}

/*
 * On a card each page is out at once, and its node empty: but those come back with a grace period alone, and
 * so each page takes a node (§26: "freed when empty").
 */
static void test_26_empty_nodes_wait(void **state)
{
	unsigned int requests = 0;

	(void)state;
	start(1);
	between_min_and_low();
	for (unsigned int page = 0; page < 60; page++)
		assert_int_equal(mm_swap_out(mm, AT(page)), 0);
	while (request_of(requests))
		requests++;
	assert_in_range(requests, 60 / 14, 3 * (60 / 14 + 1));
	grace(m);
	for (unsigned int page = 60; page < 70; page++)
		assert_int_equal(mm_swap_out(mm, AT(page)), 0);
	assert_null(request_of(requests));
	finish();
}

/* Above low nothing is reserved (the fast attempt is not HARDER). */
static void test_13_1_not_above_low(void **state)
{
	(void)state;
	start(1);
	assert_int_equal(mm_swap_out(mm, AT(0)), 0);
	assert_request(0, 1, FIRST_MASK);
	assert_int_equal(m->event[HIGHATOMIC_RESERVED_BLOCKS], 0);
	finish();
}

/* Nothing is free but what the test puts there, of the reserve. */
static void only_h(unsigned int order)
{
	m->tunables.oom_dump_tasks = 0;
	memory_empty(m);
	memory_no_marks(m);
	set_pageblock_type(z, 5120, H);
	z->nr_reserved_highatomic = m->pageblock_nr_pages;
	zone_put(z, 5120, order, H);
}

/* §26: the first request may use (H); a pageblock that is reserved is not reserved again. */
static void test_26_from_the_reserve(void **state)
{
	(void)state;
	start(1);
	only_h(1);
	zone_marks(z, 0, 1000, 1000);
	assert_int_equal(mm_swap_out(mm, AT(0)), 0);
	assert_int_equal(mm->swapents, 1);
	assert_non_null(request_of(0));
	assert_null(request_of(1));
	assert_int_equal(m->event[HIGHATOMIC_RESERVED_BLOCKS], 0);
	assert_int_equal(z->nr_reserved_highatomic, m->pageblock_nr_pages);
	assert_int_equal(free_blocks(z, 1, H), 0);
}

/* §24.3 E: of single pages of the reserve the second request, of order 0, can have none. */
static void test_24_3_single_pages_of_the_reserve_do_not_help(void **state)
{
	(void)state;
	start(1);
	only_h(0);
	assert_int_equal(mm_swap_out(mm, AT(0)), -ENOMEM);
	assert_request(0, 1, FIRST_MASK);
	assert_request(1, 0, SECOND_MASK);
	assert_int_equal(mm->anon_rss, 128);          /* the page stays where it is, */
	assert_int_equal(m->swap.nr_swap_pages, 200); /* and takes no slot */
	assert_int_equal(free_blocks(z, 0, H), 1);
}

static const struct CMUnitTest tests[] = {
	TEST(test_13_1_swap_out_reserves),
	TEST(test_13_1_of_order_2_from_4_cpus_on),
	TEST(test_13_1_one_slab_serves_many_pages),
	TEST(test_26_empty_nodes_wait),
	TEST(test_13_1_not_above_low),
	TEST(test_26_from_the_reserve),
	TEST(test_24_3_single_pages_of_the_reserve_do_not_help),
};
TEST_GROUP(swap_reserve)
