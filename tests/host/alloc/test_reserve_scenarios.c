/*
 * Scenarios A to G of reference §4.9, before and after the patch that their row names, on a
 * machine of six pageblocks that goes the whole way: requests, reclaim, page faults, OOM killer.
 */
#include "reserve_case.h"

#define BLOCKS  6
#define SINGLES 4    /* pages of each pageblock that are in use, each by itself */
#define FREE    1016 /* of each pageblock: its last 8 are taken, the single ones among them */

static struct page *single[BLOCKS][SINGLES], *held[BLOCKS * 1024];
static unsigned int nr_held;

static void start_scenario(unsigned int patches)
{
	start_case(10, patches);
	put(1024, 7, M); /* of DMA; nothing that the process has now is in the way */
	start_process();
	case_empty();
	nr_held = 0;
	for (unsigned int n = 0; n < BLOCKS; n++)
		for (unsigned int i = 0; i < SINGLES; i++)
			single[n][i] = use(block(n) + FREE + 1 + 2 * i, 0);
	for (unsigned int n = 0; n < BLOCKS; n++)
		for (unsigned int order = 3; order < 10; order++)
			put(block(n) + 1024 - (2ul << order), order, M);
}

/* A: atomic requests of orders 1 to 3 until no block is left for them; then all are freed. */
static void fill_reserve(void)
{
	static struct page *got[BLOCKS * 1024];
	unsigned int n = 0;

	while ((got[n] = alloc_pages(m, GFP_ATOMIC | __GFP_NOWARN, 1 + n % 3)))
		n++;
	while (n--)
		free_pages(m, got[n], 1 + n % 3);
	assert_int_equal(z->nr_reserved_highatomic, highatomic_max(z));
}

static void hold(struct page *page)
{
	assert_non_null(page);
	held[nr_held++] = page;
}

/*
 * Everything that order-0 requests can get. Unmovable, as all before them: theft would move the
 * strays of a pageblock along with the rest of it.
 */
static void eat_up(void)
{
	struct page *page;

	while ((page = alloc_pages(m, UNMOVABLE, 0)))
		hold(page);
}

/* Free up to `most` of the pages held in pageblock `n`. */
static void give_back(unsigned int n, unsigned int most)
{
	for (unsigned int i = nr_held; i-- > 0 && most;) {
		if (pageblock_start(z, page_to_pfn(m, held[i])) != block(n))
			continue;
		free_pages(m, held[i], 0);
		held[i] = held[--nr_held];
		most--;
	}
	pcp_drain_all(m);
}

static unsigned int going;

static void free_singles_of_block_going(unsigned int unused)
{
	(void)unused;
	for (unsigned int i = 0; i < SINGLES; i++) {
		free_pages(m, single[going][i], 0);
		single[going][i] = NULL;
	}
}

/* An unmovable request that reclaims once, with progress, and gets a page of what is released. */
static void reclaim(unsigned long gives, void (*act)(unsigned int))
{
	shrinker.act = act;
	shrinker.gives = gives;
	hold(alloc_pages(m, GFP_KERNEL | __GFP_NORETRY, 0));
	shrinker.act = NULL;
	shrinker.gives = 0;
}

/* C: what reclaim frees is of the pageblock that it releases next. */
static void make_strays(void)
{
	eat_up();
	assert_int_equal(h_strays(z), 0);
	going = next_to_go();
	reclaim(SINGLES, free_singles_of_block_going);
	assert_int_equal(h_strays(z), SINGLES);
	assert_int_not_equal(pageblock_type(z, block(going)), H);
}

/* A once more, with the pages of a pageblock that is neither H nor has strays. */
static void fill_again(void)
{
	unsigned int n = 0;

	while (pageblock_type(z, block(n)) == H || !single[n][0])
		n++;
	eat_up();
	give_back(n, FREE);
	fill_reserve();
	eat_up();
}

/* D: C, and a second release, which finds the strays. */
static void release_strays(void)
{
	make_strays();
	fill_again();
	reclaim(1, NULL);
	assert_int_equal(h_strays(z), 0);
	eat_up();
}

/* So many H pageblocks, free but for what is in use from the start; and so many counted. */
static void assert_only_h_is_free(unsigned long blocks, unsigned long counted)
{
	assert_reserve(blocks, counted);
	assert_int_equal(zone_free_of_type(z, H), blocks * FREE);
	assert_int_equal(all_free(m), blocks * FREE);
}

/*
 * B: the process faults until nothing but H is free. How does the next fault go, and how many
 * rounds of the retry decision does it take?
 */
static void assert_end(enum fault_result expected, unsigned long want)
{
	enum fault_result result;
	unsigned long rounds;

	below_low(z, 100);
	do
		result = fault(&rounds);
	while (result == FAULT_OK && rounds == 0);
	assert_int_equal(result, expected);
	assert_int_equal(rounds, want);
	assert_int_equal(m->event[OOM_KILLS], expected == FAULT_OOM);
	assert_int_equal(app->memdie, expected == FAULT_OOM);
	assert_sound();
}

static void test_4_9_a_fill_reserve(void **state)
{
	struct page *page;

	(void)state;
	start_scenario(with);
	page = alloc_pages(m, GFP_ATOMIC, 1);
	assert_int_equal(pageblock_type(z, page_to_pfn(m, page)), H);
	assert_reserve(1, 1);
	free_pages(m, page, 1);
	fill_reserve();
	assert_reserve(2, 2);
	assert_int_equal(m->event[HIGHATOMIC_RESERVED_BLOCKS], 2);
	assert_int_equal(zone_free_of_type(z, H), 2 * FREE);
	show_mem(m);
	assert_line("DMA32: 0*4kB 0*8kB 0*16kB 6*32kB (UH) 6*64kB (UH) 6*128kB (UH) 6*256kB (UH) "
		    "6*512kB (UH) 6*1024kB (UH) 6*2048kB (UH) 0*4096kB = 24384kB");
	assert_sound();
}

/* With a pageblock of DMA as well, whose atomic requests are of a device. */
static void fill_dma_too(void)
{
	struct page *page;

	put(2048, 4, M);
	page = alloc_pages(m, GFP_ATOMIC | GFP_DMA, 1);
	free_pages(m, page, 1);
	assert_int_equal(dma(m)->nr_reserved_highatomic, 1024);
	below_low(dma(m), 10);
}

static void test_4_9_b_report_shows_only_h(void **state)
{
	(void)state;
	start_scenario(with);
	fill_reserve();
	fill_dma_too();
	assert_end(FAULT_OOM, 1);
	assert_int_equal(zone_free_of_type(z, H) + zone_free_of_type(dma(m), H), all_free(m));
	assert_printed("app invoked oom-killer: gfp_mask=0x24280ca");
	assert_printed("DMA free:64kB min:40kB ");
	assert_printed("DMA32 free:8128kB min:400kB ");
	assert_line("DMA: 0*4kB 0*8kB 0*16kB 0*32kB 1*64kB (H) 0*128kB 0*256kB 0*512kB 0*1024kB "
		    "0*2048kB 0*4096kB = 64kB");
	assert_line("DMA32: 0*4kB 0*8kB 0*16kB 2*32kB (H) 2*64kB (H) 2*128kB (H) 2*256kB (H) "
		    "2*512kB (H) 2*1024kB (H) 2*2048kB (H) 0*4096kB = 8128kB");
	assert_reserve(2, 2);
}

static void test_4_9_c_reclaim_makes_strays(void **state)
{
	(void)state;
	start_scenario(with);
	fill_reserve();
	make_strays();
	assert_int_equal(other_strays(z), 0);
	assert_int_equal(zone_free_of_type(z, H), FREE + SINGLES);
	assert_reserve(1, 1);
	assert_sound();
}

static void fill_and_release_strays(unsigned int patches)
{
	start_scenario(patches);
	fill_reserve();
	release_strays();
	assert_sound();
}

static void test_4_9_d_second_release_before_and_after(void **state)
{
	(void)state;
	fill_and_release_strays(NOSTEAL);
	assert_reserve(2, 1);
	fill_and_release_strays(ACCOUNT);
	assert_reserve(2, 2);
}

/* D and A, once or twice, after A. */
static void overshoot(unsigned int patches, bool twice)
{
	fill_and_release_strays(patches);
	fill_again();
	if (!twice)
		return;
	release_strays();
	fill_again();
	assert_sound();
}

static void test_4_9_e_overshoot_before(void **state)
{
	(void)state;
	overshoot(0, false);
	assert_only_h_is_free(3, 2);
	overshoot(0, true);
	assert_only_h_is_free(4, 2);
	assert_true(zone_free_of_type(z, H) > highatomic_max(z));
}

static void test_4_9_e_account_stays_within_the_maximum(void **state)
{
	(void)state;
	overshoot(with, true);
	assert_only_h_is_free(2, 2);
}

/* D twice, A, and 64 pages of no H pageblock for the process to begin with. */
static void undercount_twice(unsigned int patches)
{
	unsigned int n = 0;

	overshoot(patches, true);
	while (pageblock_type(z, block(n)) == H)
		n++;
	give_back(n, 64);
	assert_int_equal(zone_free_of_type(z, H) + 64, all_free(m));
}

static void test_4_9_f_oom_at_17_before(void **state)
{
	(void)state;
	undercount_twice(0);
	assert_end(FAULT_OOM, 17);
	assert_only_h_is_free(4, 2);
}

static void test_4_9_f_seed_fix(void **state)
{
	unsigned long rounds;

	(void)state;
	undercount_twice(EXHAUST);
	assert_end(FAULT_OK, 17);
	assert_int_equal(m->event[HIGHATOMIC_RELEASED_BLOCKS], 5); /* 4 of them by reclaim */
	assert_reserve(3, 1);
	/* When that is used up: the counter says that one is left, and that one is kept. */
	while (fault(&rounds) == FAULT_OK)
		assert_int_equal(rounds, 0);
	assert_int_equal(rounds, 17);
	assert_only_h_is_free(3, 1);
}

/* With exact accounting round 17 is not reached (§4.8): the series repairs what its fix needs. */
static void test_4_9_f_series_is_too_exact_for_its_fix(void **state)
{
	(void)state;
	undercount_twice(PATCH_SERIES);
	assert_end(FAULT_OOM, 1);
	assert_only_h_is_free(2, 2);
}

static void test_4_9_f_early_releases_in_round_1(void **state)
{
	(void)state;
	undercount_twice(ALL_PATCHES);
	assert_end(FAULT_OK, 1);
	assert_reserve(1, 1);
}

/* One atomic request, and one pageblock is H. A realtime task comes to the fix (§4.8, case 2). */
static void reserve_one(unsigned int patches, unsigned int prio)
{
	start_scenario(patches);
	free_pages(m, alloc_pages(m, GFP_ATOMIC, 1), 1);
	assert_reserve(1, 1);
	app->prio = prio;
}

static void test_4_9_g_last_block_kept_before(void **state)
{
	(void)state;
	reserve_one(EXHAUST, PRIO_RT);
	assert_end(FAULT_OOM, 17);
	assert_only_h_is_free(1, 1);
}

static void test_4_9_g_force_releases_the_last_block(void **state)
{
	(void)state;
	reserve_one(EXHAUST | FORCE, PRIO_RT);
	assert_end(FAULT_OK, 17);
	assert_reserve(0, 0);
	assert_int_equal(zone_free_of_type(z, H), 0);
}

/* The row's step B as it stands: accounting is exact, so the first round is the last. */
static void test_4_9_g_ordinary_process_dies_in_round_1(void **state)
{
	(void)state;
	reserve_one(with, PRIO_NORMAL);
	assert_end(FAULT_OOM, 1);
	assert_only_h_is_free(1, 1);
}

static void test_4_9_g_early_releases_the_last_block(void **state)
{
	(void)state;
	reserve_one(ALL_PATCHES, PRIO_NORMAL);
	assert_end(FAULT_OK, 1);
	assert_reserve(0, 0);
}

/* After D, an ordinary process: of two H pageblocks one is counted, and that is the last. */
static void test_4_9_g_last_counted_block_kept_before(void **state)
{
	(void)state;
	fill_and_release_strays(EXHAUST);
	assert_end(FAULT_OOM, 17);
	assert_only_h_is_free(2, 1);
}

static void test_4_9_g_force_releases_the_last_counted_block(void **state)
{
	(void)state;
	fill_and_release_strays(EXHAUST | FORCE);
	assert_end(FAULT_OK, 17);
	assert_reserve(1, 0);
}

static const struct CMUnitTest tests[] = {
	TEST_NONE_AND_ALL(test_4_9_a_fill_reserve),
	TEST(test_4_9_b_report_shows_only_h),
	TEST_WITH(test_4_9_b_report_shows_only_h, "_with_series", PATCH_SERIES),
	TEST_NONE_AND_ALL(test_4_9_c_reclaim_makes_strays),
	TEST(test_4_9_d_second_release_before_and_after),
	TEST(test_4_9_e_overshoot_before),
	TEST_WITH(test_4_9_e_account_stays_within_the_maximum, "", ACCOUNT),
	TEST_WITH(test_4_9_e_account_stays_within_the_maximum, "_with_series", PATCH_SERIES),
	TEST(test_4_9_f_oom_at_17_before),
	TEST(test_4_9_f_seed_fix),
	TEST(test_4_9_f_series_is_too_exact_for_its_fix),
	TEST(test_4_9_f_early_releases_in_round_1),
	TEST(test_4_9_g_last_block_kept_before),
	TEST(test_4_9_g_force_releases_the_last_block),
	TEST_WITH(test_4_9_g_ordinary_process_dies_in_round_1, "_with_exhaust", EXHAUST),
	TEST_WITH(test_4_9_g_ordinary_process_dies_in_round_1, "_with_force", EXHAUST | FORCE),
	TEST_WITH(test_4_9_g_ordinary_process_dies_in_round_1, "_with_series", PATCH_SERIES),
	TEST(test_4_9_g_early_releases_the_last_block),
	TEST(test_4_9_g_last_counted_block_kept_before),
	TEST(test_4_9_g_force_releases_the_last_counted_block),
};
TEST_GROUP(reserve_scenarios)
