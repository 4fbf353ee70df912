/*
 * The verdict after a report (mm/show/verdict.h), by rule; against what really happens it is held in
 * test_verdict_truth.c.
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/alloc/pcp.h"
#include "mm/page/pageblock.h"
#include "mm/show/show_mem.h"
#include "mm/show/verdict.h"

#define U MIGRATE_UNMOVABLE
#define M MIGRATE_MOVABLE
#define H MIGRATE_HIGHATOMIC

static struct memory *m;
static struct zone *z;
static struct verdict v;

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

static void verdict_is(enum verdict_kind kind, gfp_t gfp, int order)
{
	judge(m, gfp, order, &v);
	assert_int_equal(v.kind, kind);
	console_clear();
	print_verdict(&v);
}

static void remedy_is(unsigned int n, const struct zone *zone, unsigned int given, long pages,
	long margin, enum remedy_flaw flaw)
{
	const struct remedy *r = &v.remedy[n];

	assert_true(n < v.nr_remedies);
	assert_ptr_equal(r->zone, zone);
	assert_int_equal(r->given, given);
	assert_int_equal(r->pages, pages);
	assert_int_equal(r->then.avail - r->then.needed, margin);
	assert_int_equal(r->flaw, flaw);
}

static void hold_in_reserve(unsigned long pfn)
{
	set_pageblock_type(z, pfn, H);
	zone_put(z, pfn, 10, H);
	z->nr_reserved_highatomic += 1024;
}

/* Single pages on this CPU's list, apart from each other. */
static void on_pcp(struct zone *zone, unsigned long pfn, unsigned int n)
{
	zone->pcp[0].high = 1000;
	for (; n; n--, pfn += 2)
		free_single(zone, pfn_to_page(m, pfn), false);
}

static void batch(int pages)
{
	z->pcp[0].batch = pages;
}

static void test_highatomic(void **state)
{
	(void)state;
	zone_marks(z, 100, 120, 140);
	hold_in_reserve(5120);
	verdict_is(VERDICT_AVOIDABLE, GFP_KERNEL, 0);
	assert_int_equal(v.nr_remedies, 1);
	remedy_is(0, z, GIVE_HIGHATOMIC, 1024, 1024 - 100, NO_FLAW);
	assert_line(
		"verdict: DMA32: 1024 free, 1024 of them highatomic, 0 on per-CPU lists; min 100, "
		"lowmem_reserve 0, 1024 reserved");
	assert_line("AVOIDABLE: 1024 pages of DMA32 held as highatomic; released: 1024 available - "
		    "100 needed = 924");
	assert_not_printed("note:");
}

/* The mark must be passed, not reached, and then by a batch more. */
static void test_highatomic_at_the_mark(void **state)
{
	(void)state;
	batch(7);
	hold_in_reserve(5120);
	zone_marks(z, 1024, 1100, 1200);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	assert_int_equal(v.nr_remedies, 0);
	assert_line("UNAVOIDABLE: too little for order 0: DMA32 by 1 pages, DMA by 1 pages");
	zone_marks(z, 1024 - 7, 1100, 1200);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	remedy_is(0, z, GIVE_HIGHATOMIC, 1024, 7, FLAW_NOT_LASTING);
	assert_line("UNAVOIDABLE: too little for order 0: DMA32 by 1 pages for a batch of 7 more, "
		    "DMA by 1 pages");
	assert_line("note: 1024 pages of DMA32 held as highatomic; released: 1024 available - 1017 "
		    "needed = 7; not for a batch of 7 more");
	zone_marks(z, 1024 - 8, 1100, 1200);
	verdict_is(VERDICT_AVOIDABLE, GFP_KERNEL, 0);
}

static void test_high_order_wants_a_block(void **state)
{
	(void)state;
	hold_in_reserve(5120);
	verdict_is(VERDICT_AVOIDABLE, GFP_KERNEL, 3);
	start();
	z->nr_reserved_highatomic = 1024;
	set_pageblock_type(z, 5120, H);
	for (unsigned long pfn = 5120; pfn < 5184; pfn += 2)
		zone_put(z, pfn, 0, H);
	verdict_is(VERDICT_FRAGMENTED, GFP_KERNEL, 3);
	assert_int_equal(v.nr_remedies, 0);
	verdict_is(VERDICT_AVOIDABLE, GFP_KERNEL, 0);
}

/* The test subtracts the whole reserve (§4.4); a release gives back only blocks with something free. */
static void test_a_reserve_in_use_stays_counted(void **state)
{
	(void)state;
	zone_put(z, 4096, 9, M);
	zone_put(z, 8192, 9, M);
	hold_in_reserve(5120);
	set_pageblock_type(z, 6144, H);
	z->nr_reserved_highatomic += 1024;
	zone_marks(z, 500, 600, 700);
	verdict_is(VERDICT_AVOIDABLE, GFP_KERNEL, 1);
	remedy_is(0, z, GIVE_HIGHATOMIC, 1024, 2048 - 1 - 1024 - 500, NO_FLAW);
	z->nr_reserved_highatomic += 1024; /* and a third one, in use as well */
	set_pageblock_type(z, 7168, H);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 1);
	assert_line("UNAVOIDABLE: too little for order 1: DMA32 by 502 pages, DMA by 2 pages");
}

static void test_lowmem_reserve_is_by_design(void **state)
{
	(void)state;
	zone_put(dma(m), 2048, 5, U);
	zone_marks(dma(m), 10, 10, 10);
	dma(m)->lowmem_reserve[ZONE_DMA32] = 40;
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	assert_int_equal(v.nr_remedies, 1);
	remedy_is(0, dma(m), GIVE_LOWMEM, 22, 22, FLAW_BY_DESIGN);
	assert_line("UNAVOIDABLE: too little for order 0: DMA32 by 1 pages, DMA by 19 pages");
	assert_line("note: 22 pages of DMA kept back by lowmem_reserve; waived: 32 available - 10 "
		    "needed = 22; by design");
	dma(m)->lowmem_reserve[ZONE_DMA32] = 22; /* of more free pages, no more than the reserve */
	zone_put(dma(m), 3072, 3, U);
	zone_marks(dma(m), 18, 18, 18);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	remedy_is(0, dma(m), GIVE_LOWMEM, 22, 22, FLAW_BY_DESIGN);
	/* It never held back a request that wants this zone. */
	verdict_is(VERDICT_SERVED_NOW, GFP_KERNEL | __GFP_DMA, 0);
}

/* The atomic mark is passed, but nothing is free above min: the reserve keeps nothing back of that. */
static void test_lowmem_reserve_below_min(void **state)
{
	(void)state;
	zone_put(dma(m), 2048, 5, U);
	zone_marks(dma(m), 40, 40, 40);
	dma(m)->lowmem_reserve[ZONE_DMA32] = 20;
	verdict_is(VERDICT_UNAVOIDABLE, GFP_ATOMIC, 0);
	assert_int_equal(v.nr_remedies, 0);
	assert_line("UNAVOIDABLE: too little for order 0: DMA32 by 1 pages, DMA by 4 pages");
}

static void test_a_handful_on_per_cpu_lists(void **state)
{
	(void)state;
	zone_marks(z, 0, 13, 26);
	on_pcp(z, 5120, 12);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	remedy_is(0, z, GIVE_PCP, 12, 12, FLAW_HANDFUL);
	assert_line("note: 12 pages of DMA32 on per-CPU lists; drained: 12 available - 0 needed = "
		    "12; a handful: low - min is 13");
	on_pcp(z, 5500, 1);
	verdict_is(VERDICT_AVOIDABLE, GFP_KERNEL, 0);
	remedy_is(0, z, GIVE_PCP, 13, 13, NO_FLAW);
	assert_line("AVOIDABLE: 13 pages of DMA32 on per-CPU lists; drained: 13 available - 0 "
		    "needed = 13");
	batch(12);
	verdict_is(VERDICT_AVOIDABLE, GFP_KERNEL, 0);
	batch(13);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	remedy_is(0, z, GIVE_PCP, 13, 13, FLAW_NOT_LASTING);
}

/* Though the zone that is asked first has only the note. */
static void test_what_makes_it_avoidable_comes_before_notes(void **state)
{
	(void)state;
	zone_marks(z, 0, 13, 26);
	on_pcp(z, 5120, 12);
	set_pageblock_type(dma(m), 1024, H);
	zone_put(dma(m), 1024, 10, H);
	dma(m)->nr_reserved_highatomic = 1024;
	verdict_is(VERDICT_AVOIDABLE, GFP_KERNEL, 0);
	assert_int_equal(v.nr_remedies, 2);
	remedy_is(0, z, GIVE_PCP, 12, 12, FLAW_HANDFUL);
	remedy_is(1, dma(m), GIVE_HIGHATOMIC, 1024, 1024, NO_FLAW);
	assert_printed_in_order(
		"verdict: DMA32: ", "verdict: DMA: ", "AVOIDABLE: 1024 pages of DMA held ",
		"note: 12 pages of DMA32 on per-CPU lists", NULL);
}

/* It would go to an H list, where no order-0 request looks. */
static void test_a_drained_h_page_does_not_help(void **state)
{
	(void)state;
	set_pageblock_type(z, 6144, H);
	on_pcp(z, 6144, 5);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	assert_int_equal(v.nr_remedies, 0);
}

/* Neither is enough for a batch more: one lacks free pages, the other pages for this request. */
static void test_both_together(void **state)
{
	char text[64];

	(void)state;
	hold_in_reserve(5120);
	batch(40);
	zone_marks(z, 1010, 1040, 1080);
	on_pcp(z, 6144, 30);
	verdict_is(VERDICT_AVOIDABLE, GFP_KERNEL, 0);
	assert_int_equal(v.nr_remedies, 1);
	remedy_is(0, z, GIVE_HIGHATOMIC | GIVE_PCP, 1054, 44, NO_FLAW);
	assert_line("AVOIDABLE: 1054 pages of DMA32 held as highatomic and on per-CPU lists; "
		    "released and drained: 1054 available - 1010 needed = 44");
	snprintf(text, sizeof(text), "\"withheld\":\"highatomic+per_cpu\"");
	report_verdict(m, "oom", GFP_KERNEL, 0);
	assert_non_null(strstr(events(), text));
}

static void test_served_as_things_stand(void **state)
{
	(void)state;
	zone_marks(z, 100, 120, 140);
	zone_put(z, 5120, 7, U);
	hold_in_reserve(6144);
	verdict_is(VERDICT_SERVED_NOW, GFP_HIGHUSER_MOVABLE, 0);
	assert_line("nothing to judge: DMA32 would serve it now, 1152 available - 100 needed = "
		    "1052: a race, or memory freed meanwhile");
	assert_not_printed("AVOIDABLE");
	verdict_is(VERDICT_SERVED_NOW, GFP_ATOMIC, 3); /* the reserve is for these */
	/* What is said is counted without anything that could be given. */
	on_pcp(z, 9000, 3);
	verdict_is(VERDICT_SERVED_NOW, GFP_KERNEL, 1);
	assert_line("nothing to judge: DMA32 would serve it now, 127 available - 100 needed = 27: "
		    "a race, or memory freed meanwhile");
}

static void test_fragmented(void **state)
{
	(void)state;
	zone_marks(z, 10, 20, 30);
	z->stat[NR_ZONE_INACTIVE_ANON] = 70;
	z->stat[NR_ZONE_ACTIVE_FILE] = 7;
	for (unsigned long pfn = 5120; pfn < 5220; pfn += 4)
		zone_put(z, pfn, 1, M);
	zone_put(z, 8192, 0, U);
	verdict_is(VERDICT_FRAGMENTED, GFP_KERNEL, 2);
	assert_line("FRAGMENTED: DMA32: 48 available - 10 needed = 38, but no block of order 2; "
		    "largest: order 1; free by type: U 1 M 50 E 0 H 0; 77 movable pages in use: "
		    "compaction could help");
	assert_not_printed("UNAVOIDABLE");
	z->stat[NR_ZONE_INACTIVE_ANON] = z->stat[NR_ZONE_ACTIVE_FILE] = 0;
	verdict_is(VERDICT_FRAGMENTED, GFP_KERNEL, 2);
	assert_not_printed("compaction");
	zone_marks(z, 48, 60, 80);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 2);
	assert_line("UNAVOIDABLE: too little for order 2: DMA32 by 1 pages, DMA by 4 pages");
}

/* Each zone that is has its line, whether the one before it is or not. */
static void test_more_than_one_is_fragmented(void **state)
{
	(void)state;
	for (unsigned long pfn = 1024; pfn < 1040; pfn += 4)
		zone_put(dma(m), pfn, 1, U);
	verdict_is(VERDICT_FRAGMENTED, GFP_KERNEL, 2);
	assert_printed("FRAGMENTED: DMA: 5 available - 0 needed = 5, but no block of order 2; ");
	assert_not_printed("FRAGMENTED: DMA32: ");
	for (unsigned long pfn = 5120; pfn < 5136; pfn += 4)
		zone_put(z, pfn, 1, U);
	verdict_is(VERDICT_FRAGMENTED, GFP_KERNEL, 2);
	assert_printed_in_order("\nFRAGMENTED: DMA32: ", "\nFRAGMENTED: DMA: ", NULL);
}

/* A victim ignores watermarks, and yet gets no page of the reserve (§7.8). */
static void test_a_victim_has_no_mark(void **state)
{
	(void)state;
	become(task_new("victim", 9, NULL))->memdie = false;
	current->memdie = true;
	zone_marks(z, 5000, 6000, 7000);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	assert_line("UNAVOIDABLE: too little for order 0: DMA32 by 1 pages, DMA by 1 pages");
	hold_in_reserve(5120);
	verdict_is(VERDICT_AVOIDABLE, GFP_KERNEL, 0);
	remedy_is(0, z, GIVE_HIGHATOMIC, 1024, 1024, NO_FLAW);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL | __GFP_NOMEMALLOC, 0);
	zone_put(z, 6144, 0, M);
	verdict_is(VERDICT_SERVED_NOW, GFP_KERNEL, 0);
}

static const char *sent(gfp_t gfp, int order)
{
	console_clear();
	report_verdict(m, "oom", gfp, order);
	return events();
}

static void test_by_hand_nothing_is_judged(void **state)
{
	(void)state;
	hold_in_reserve(5120);
	assert_non_null(strstr(sent(GFP_KERNEL, -1), "\"verdict\":null}"));
	assert_string_equal(console(), "");
}

static void test_a_fault_without_a_request_has_no_verdict(void **state)
{
	(void)state;
	hold_in_reserve(5120);
	assert_non_null(strstr(sent(0, 0), "\"verdict\":null}"));
	assert_string_equal(console(), "");
}

static void test_after_an_allocation_failure(void **state)
{
	(void)state;
	zone_marks(z, 100, 120, 140);
	hold_in_reserve(5120);
	warn_alloc_failed(m, GFP_ATOMIC, 0);
	assert_line("AVOIDABLE: 1024 pages of DMA32 held as highatomic; released: 1024 available - "
		    "38 needed = 986");
	assert_non_null(strstr(events(), "\"kind\":\"alloc-failure\""));
	assert_non_null(strstr(events(),
		"\"verdict\":{\"kind\":\"avoidable\",\"remedies\":[{"
		"\"zone\":\"DMA32\",\"withheld\":\"highatomic\","
		"\"pages\":1024,\"margin\":986}],\"notes\":[]}"));
}

static void test_event_of_an_unavoidable_end(void **state)
{
	(void)state;
	zone_put(dma(m), 2048, 5, U);
	dma(m)->lowmem_reserve[ZONE_DMA32] = 40;
	zone_marks(z, 5, 50, 90);
	assert_non_null(strstr(sent(GFP_KERNEL, 0),
		"\"verdict\":{\"kind\":\"unavoidable\",\"short\":{\"DMA32\":6,\"DMA\":9},"
		"\"remedies\":[],"
		"\"notes\":[{\"zone\":\"DMA\",\"withheld\":\"lowmem_reserve\",\"pages\":32,"
		"\"margin\":32,\"why\":\"by-design\"}]}"));
}

/* Anonymous pages on the lists, and slots for them. */
static void swap_has(long free, long slots, long inactive, long active)
{
	m->total_swap_pages = slots;
	m->swap.nr_swap_pages = free;
	z->stat[NR_ZONE_INACTIVE_ANON] = inactive;
	z->stat[NR_ZONE_ACTIVE_ANON] = active;
}

/* R counts no anonymous page: the end comes in the first round (§5.6, §24.3 D). */
static void test_24_swap_that_is_full_is_the_limit(void **state)
{
	(void)state;
	zone_marks(z, 100, 120, 140);
	swap_has(0, 63999, 60, 41);
	dma(m)->stat[NR_ZONE_ACTIVE_ANON] = 7;
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	assert_true(v.swap.limit);
	assert_line(
		"note: swap: 0 of 63999 slots free, so 108 anonymous pages were not reclaimable");
	assert_non_null(strstr(sent(GFP_KERNEL, 0),
		",\"swap\":{\"slots\":63999,\"free\":0,\"anon\":108,\"limit\":true},\"remedies\":"
		"["));
	/* What an area that is emptied owes is not less than none. */
	m->swap.nr_swap_pages = -5;
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	assert_int_equal(v.swap.free, 0);
	assert_true(v.swap.limit);
	swap_has(0, 0, 0, 0);
}

/* At the mark, which has to be passed. */
static void test_24_too_few_pages_for_swap_to_matter(void **state)
{
	(void)state;
	zone_marks(z, 100, 120, 140);
	zone_marks(dma(m), 100, 120, 140);
	swap_has(0, 500, 60, 40);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	assert_false(v.swap.limit);
	assert_line("note: swap: 0 of 500 slots free, so 100 anonymous pages were not reclaimable; "
		    "they "
		    "would not have been enough");
	/* What a CPU has gathered counts: R is exact. */
	nr_cpus = 2;
	z->pcp[1].stat_diff[NR_ZONE_ACTIVE_ANON] = 1;
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	assert_int_equal(v.swap.anon, 101);
	assert_true(v.swap.limit);
	swap_has(0, 0, 0, 0);
	z->pcp[1].stat_diff[NR_ZONE_ACTIVE_ANON] = 0;
}

/* One slot is enough for all of them to count (D'). */
static void test_24_with_a_free_slot_they_count(void **state)
{
	(void)state;
	zone_marks(z, 100, 120, 140);
	swap_has(1, 500, 300, 1);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	assert_false(v.swap.limit);
	assert_line("note: swap: 1 of 500 slots free, so 301 anonymous pages counted as "
		    "reclaimable, for "
		    "16 rounds in vain at most");
	assert_non_null(strstr(sent(GFP_KERNEL, 0), "\"free\":1,\"anon\":301,\"limit\":false}"));
	swap_has(0, 0, 0, 0);
}

/* What a patch withholds is withheld all the same; the note comes last. */
static void test_24_swap_does_not_change_the_verdict(void **state)
{
	(void)state;
	zone_marks(z, 100, 120, 140);
	hold_in_reserve(5120);
	zone_put(dma(m), 2048, 5, U);
	dma(m)->lowmem_reserve[ZONE_DMA32] = 40;
	swap_has(0, 500, 3000, 1);
	verdict_is(VERDICT_AVOIDABLE, GFP_KERNEL, 0);
	assert_true(v.swap.limit);
	assert_printed_in_order(
		"AVOIDABLE: 1024 pages of DMA32 held", "note: ", "note: swap: 0 of 500 ", NULL);
	swap_has(0, 0, 0, 0);
}

static void test_24_nothing_of_swap_is_said(void **state)
{
	(void)state;
	zone_marks(z, 100, 120, 140);
	swap_has(0, 0, 300, 1); /* there is none */
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	assert_not_printed("swap");
	assert_null(strstr(sent(GFP_KERNEL, 0), "swap"));
	swap_has(0, 500, 300, 1); /* no reclaim for it */
	verdict_is(VERDICT_UNAVOIDABLE, GFP_ATOMIC, 0);
	assert_not_printed("swap");
	become(task_new("victim", 9, NULL));
	current->memdie = true;
	zone_marks(z, 5000, 6000, 7000);
	verdict_is(VERDICT_UNAVOIDABLE, GFP_KERNEL, 0);
	assert_not_printed("swap");
	current->memdie = false;
	zone_marks(z, 0, 0, 0);
	zone_put(z, 5120, 7, U);
	verdict_is(VERDICT_SERVED_NOW, GFP_KERNEL, 0);
	assert_not_printed("swap");
	swap_has(0, 0, 0, 0);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_highatomic),
	TEST(test_highatomic_at_the_mark),
	TEST(test_high_order_wants_a_block),
	TEST(test_a_reserve_in_use_stays_counted),
	TEST(test_lowmem_reserve_is_by_design),
	TEST(test_lowmem_reserve_below_min),
	TEST(test_a_handful_on_per_cpu_lists),
	TEST(test_what_makes_it_avoidable_comes_before_notes),
	TEST(test_a_drained_h_page_does_not_help),
	TEST(test_both_together),
	TEST(test_served_as_things_stand),
	TEST(test_fragmented),
	TEST(test_more_than_one_is_fragmented),
	TEST(test_a_victim_has_no_mark),
	TEST(test_by_hand_nothing_is_judged),
	TEST(test_a_fault_without_a_request_has_no_verdict),
	TEST(test_after_an_allocation_failure),
	TEST(test_event_of_an_unavoidable_end),
	TEST(test_24_swap_that_is_full_is_the_limit),
	TEST(test_24_too_few_pages_for_swap_to_matter),
	TEST(test_24_with_a_free_slot_they_count),
	TEST(test_24_swap_does_not_change_the_verdict),
	TEST(test_24_nothing_of_swap_is_said),
};

TEST_GROUP(verdict)
