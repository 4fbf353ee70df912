/*
 * A machine in a state (mm/replay/shape.h): what was put in is read back from its lists and counters, and
 * from its report.
 */
#include "replay_case.h"
#include "replay_draw.h"

#include "kernel/core/log/printk.h"
#include "mm/alloc/pcp.h"
#include "mm/page/node_stat.h"
#include "mm/page/pageblock.h"
#include "mm/page/vmstat.h"
#include "mm/replay/plan.h"
#include "mm/replay/shape.h"
#include "mm/show/show_mem.h"
#include "mm/show/validate.h"

static struct memory *m;

static void assert_zones_valid(void)
{
	const char *err = zones_validate(m);

	if (err)
		fail_msg("zones_validate: %s", err);
}

/* Entries of a list of free blocks; the lowest address comes first. */
static long ascending(const struct list_head *list)
{
	const struct page *last = NULL, *page;
	long n = 0;

	list_for_each_entry(page, list, lru) {
		assert_true(page > last);
		last = page;
		n++;
	}
	return n;
}

static bool is_in_block_of_its_type(const struct zone *z, const struct page *page)
{
	return pageblock_type(z, page_to_pfn(m, page)) == page->list_type;
}

static void check_list(const struct zone *z, const struct list_head *list, long n)
{
	const struct page *page;

	assert_int_equal(list_length(list), n);
	list_for_each_entry(page, list, lru)
		assert_true(is_in_block_of_its_type(z, page));
}

static void check_lists(const struct zone *z, const struct state_zone *s)
{
	for (int order = 0; order < MAX_ORDER; order++)
		for (int t = 0; t < STATE_FREE_TYPES; t++)
			check_list(z, &z->free_area[order].free_list[t], s->free[order][t]);
	for (int order = 0; order < MAX_ORDER; order++)
		for (int t = 0; t < STATE_FREE_TYPES; t++)
			ascending(&z->free_area[order].free_list[t]);
	for (int cpu = 0; cpu < MAX_CPUS; cpu++)
		for (int t = 0; t < STATE_LISTS; t++)
			check_list(z, &z->pcp[cpu].lists[t], s->pcp[cpu][t]);
	assert_int_equal(zone_stat_exact(z, NR_FREE_PAGES), state_free_pages(s));
	assert_int_equal(zone_free_pcp(z), state_pcp_pages(s));
}

/* As many pageblocks as are counted, or as the free ones need. */
static void check_reserve(const struct zone *z, const struct state_zone *s)
{
	unsigned long blocks[MAX_ORDER];
	long needed;

	for (int order = 0; order < MAX_ORDER; order++)
		blocks[order] = s->free[order][MIGRATE_HIGHATOMIC];
	needed = layout_pages(blocks, m->pageblock_order);
	assert_int_equal(z->nr_reserved_highatomic, s->highatomic);
	assert_int_equal(blocks_of_type(z, MIGRATE_HIGHATOMIC) * m->pageblock_nr_pages,
		MAX(needed, s->highatomic));
}

static void check_counts(const struct zone *z, const struct state_zone *s)
{
	assert_int_equal(z->present, s->present);
	assert_int_equal(z->managed, s->managed);
	for (int i = 0; i < NR_WMARK; i++)
		assert_int_equal(z->watermark[i], s->mark[i]);
	for (int i = 0; i < MAX_NR_ZONES; i++)
		assert_int_equal(z->lowmem_reserve[i], s->protection[i]);
	for (int i = 0; i < NR_LRU_LISTS; i++)
		assert_int_equal(zone_stat_exact(z, NR_ZONE_INACTIVE_ANON + i), s->lru[i]);
}

static void check_machine(void)
{
	long managed = 0;

	assert_zones_valid();
	for (int i = 0; i < MAX_NR_ZONES; i++) {
		check_lists(&m->zone[i], &state.zone[i]);
		check_reserve(&m->zone[i], &state.zone[i]);
		check_counts(&m->zone[i], &state.zone[i]);
		managed += state.zone[i].managed;
	}
	assert_int_equal(m->totalram_pages, managed);
	assert_int_equal(m->total_swap_pages, state.swap_total);
	assert_int_equal(m->swap.nr_swap_pages, state.swap_free);
}

static void check_drawn(int pageblock_order)
{
	rand_seed(&rng, pageblock_order);
	for (int i = 0; i < 60; i++) {
		draw_state(pageblock_order);
		m = replay_machine(&state, 0);
		check_machine();
	}
}

static void test_what_is_put_in_is_there(void **test)
{
	(void)test;
	check_drawn(10);
}

static void test_the_same_with_smaller_pageblocks(void **test)
{
	(void)test;
	check_drawn(9);
}

/* What it gives back stays single: no larger block comes of pages on per-CPU lists. */
static void test_drained_pages_stay_single(void **test)
{
	unsigned long before[MAX_NR_ZONES];

	(void)test;
	rand_seed(&rng, 3);
	for (int i = 0; i < 20; i++) {
		draw_state(10);
		m = replay_machine(&state, 0);
		for (int n = 0; n < MAX_NR_ZONES; n++)
			before[n] = nr_free_blocks(&m->zone[n].free_area[0]);
		pcp_drain_all(m);
		assert_zones_valid();
		for (int n = 0; n < MAX_NR_ZONES; n++)
			assert_int_equal(nr_free_blocks(&m->zone[n].free_area[0]),
				before[n] + state_pcp_pages(&state.zone[n]));
	}
}

#define KB(pages) ((pages)*4)

static void assert_zone_lines(const struct state_zone *s, const char *name)
{
	struct line l;

	line_init(&l);
	line_add(&l, "%s free:%ldkB min:%ldkB low:%ldkB high:%ldkB active_anon:%ldkB", name,
		KB(state_free_pages(s)), KB(s->mark[0]), KB(s->mark[1]), KB(s->mark[2]),
		KB(s->lru[LRU_ACTIVE_ANON]));
	line_add(&l,
		" inactive_anon:%ldkB active_file:%ldkB inactive_file:%ldkB unevictable:%ldkB ",
		KB(s->lru[LRU_INACTIVE_ANON]), KB(s->lru[LRU_ACTIVE_FILE]),
		KB(s->lru[LRU_INACTIVE_FILE]), KB(s->lru[LRU_UNEVICTABLE]));
	assert_printed(l.text);
	line_init(&l);
	line_add(&l, " present:%ldkB managed:%ldkB ", KB(s->present), KB(s->managed));
	assert_printed(l.text);
	line_init(&l);
	line_add(&l, " free_pcp:%ldkB local_pcp:%ldkB ", KB(state_pcp_pages(s)),
		KB(s->pcp[0][0] + s->pcp[0][1] + s->pcp[0][2]));
	assert_printed(l.text);
	assert_line("lowmem_reserve[]: %ld %ld %ld %ld", s->protection[0], s->protection[1],
		s->protection[2], s->protection[3]);
}

static void assert_buddy_line(const struct state_zone *s, const char *name)
{
	static const char letter[] = "UMEH";
	struct line l;

	line_init(&l);
	line_add(&l, "%s:", name);
	for (int order = 0; order < MAX_ORDER; order++) {
		char letters[8] = "";
		long blocks = 0;

		for (int t = 0; t < STATE_FREE_TYPES; t++) {
			blocks += s->free[order][t];
			if (s->free[order][t])
				strncat(letters, &letter[t], 1);
		}
		line_add(&l, " %ld*%ldkB", blocks, KB(1l << order));
		if (blocks)
			line_add(&l, " (%s)", letters);
	}
	assert_line("%s = %ldkB", l.text, KB(state_free_pages(s)));
}

static void test_its_report_says_the_same(void **test)
{
	(void)test;
	rand_seed(&rng, 4);
	for (int i = 0; i < 20; i++) {
		draw_state(10);
		m = replay_machine(&state, 0);
		console_clear();
		show_mem(m);
		for (int n = 0; n < MAX_NR_ZONES; n++) {
			if (!state.zone[n].managed)
				continue;
			assert_zone_lines(&state.zone[n], state_zone_name[n]);
			assert_buddy_line(&state.zone[n], state_zone_name[n]);
		}
		assert_line("Free swap  = %ldkB", KB(state.swap_free));
		assert_line("Total swap = %ldkB", KB(state.swap_total));
	}
}

/* The first seed's report, as it was printed but for two counters of it that do not agree with its lists. */
static void test_the_seeds_report(void **test)
{
	(void)test;
	read_file("seed_oom");
	m = replay_machine(&state, 0);
	console_clear();
	show_mem(m);
	assert_printed("\nDMA free:8192kB min:44kB low:56kB high:68kB active_anon:7648kB "
		       "inactive_anon:0kB active_file:0kB inactive_file:4kB unevictable:0kB "
		       "writepending:0kB present:15992kB managed:15908kB ");
	assert_printed("\nDMA32 free:19484kB min:5628kB low:7624kB high:9620kB "
		       "active_anon:1528148kB inactive_anon:426896kB active_file:60kB "
		       "inactive_file:420kB unevictable:0kB writepending:0kB present:2080640kB "
		       "managed:2030092kB ");
	assert_printed(" free_pcp:900kB local_pcp:112kB ");
	assert_line("DMA: 0*4kB 0*8kB 0*16kB 0*32kB 0*64kB 0*128kB 0*256kB 0*512kB 0*1024kB "
		    "0*2048kB 2*4096kB (H) = 8192kB");
	assert_line("DMA32: 7*4kB (H) 8*8kB (H) 30*16kB (H) 31*32kB (H) 14*64kB (H) 9*128kB (H) "
		    "2*256kB (H) 2*512kB (H) 4*1024kB (H) 5*2048kB (H) 0*4096kB = 19484kB");
	assert_line("Free swap  = 8kB");
	assert_line("524158 pages RAM");
	assert_line("12658 pages reserved");
}

/* U, M and E share units on a machine that has too few for each its own; (H) does not. */
static void test_types_share_where_there_is_no_room(void **test)
{
	const struct zone *z;

	(void)test;
	read_good(HEAD ASKED ZONE "free DMA32 order=9 U=1\nfree DMA32 order=8 M=1\n"
				  "free DMA32 order=7 E=1 H=1\npcp DMA32 cpu=0 E=3\n");
	m = machine_default();
	z = dma32(m);
	/* 40 MiB: six units, of which four are taken, and boot has pages in another one. */
	for (int i = 0; i < 3; i++)
		assert_non_null(alloc_pages(m, GFP_HIGHUSER_MOVABLE, 10));
	assert_null(shape_machine(m, &state));
	assert_zones_valid();
	for (int order = 0; order < MAX_ORDER; order++)
		for (int t = 0; t < STATE_FREE_TYPES; t++)
			assert_int_equal(ascending(&z->free_area[order].free_list[t]),
				state.zone[ZONE_DMA32].free[order][t]);
	assert_int_equal(zone_free_pcp(z), 3);
	assert_int_equal(blocks_of_type(z, MIGRATE_UNMOVABLE), 1);
	assert_int_equal(blocks_of_type(z, MIGRATE_RECLAIMABLE), 0);
	assert_int_equal(blocks_of_type(z, MIGRATE_HIGHATOMIC), 1);
}

/* And nothing has changed. */
/* Marks are tested with the counter; nothing is wrong with lists that are ahead of it, or behind. */
static void test_a_counter_that_lags(void **test)
{
	static const long lags[] = {7, -5, 31999};

	(void)test;
	for (size_t i = 0; i < ARRAY_SIZE(lags); i++) {
		read_good(HEAD ASKED "zone DMA32 managed=40000 min=10 low=20 high=30\n"
				     "free DMA32 order=5 M=1001\n");
		state.zone[ZONE_DMA32].lag = lags[i];
		m = replay_machine(&state, 0);
		assert_int_equal(zone_stat(dma32(m), NR_FREE_PAGES), 32032 - lags[i]);
		assert_int_equal(zone_stat_exact(dma32(m), NR_FREE_PAGES), 32032);
		assert_zones_valid();
	}
}

static void test_too_small_a_machine_is_refused(void **test)
{
	long free;

	(void)test;
	read_good(HEAD ASKED ZONE "free DMA32 order=10 M=7\n");
	m = machine_default();
	free = all_free(m);
	assert_string_equal(shape_machine(m, &state),
		"zone DMA32 has 5 whole free blocks of 4 MiB; expected 7, which the state needs "
		"there");
	assert_valid(m);
	assert_int_equal(all_free(m), free);
}

static const struct CMUnitTest tests[] = {
	TEST(test_what_is_put_in_is_there),
	TEST(test_the_same_with_smaller_pageblocks),
	TEST(test_drained_pages_stay_single),
	TEST(test_its_report_says_the_same),
	TEST(test_the_seeds_report),
	TEST(test_types_share_where_there_is_no_room),
	TEST(test_a_counter_that_lags),
	TEST(test_too_small_a_machine_is_refused),
};

TEST_GROUP(replay_shape)
