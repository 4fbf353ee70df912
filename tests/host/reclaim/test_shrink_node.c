/*
 * A pass over the node, and the descent through the priorities (§17.2 to §17.5, §30.3, §30.6).
 */
#include "scan_case.h"

#include "mm/page/io_plug.h"
#include "mm/reclaim/reclaim.h"
#include "request.h"
#include "rounds.h"
#include "shrink.h"

static struct fake_shrinker shrinker;

/* Room for all pages, at once and from slot 1 on. Files are too few: it is apps' pages alone (§17.6 rule 3). */
static void start(unsigned int pages)
{
	struct zone *z;

	area = add_area(&fake_drum, DISK_PAGES - 1, 10);
	for_each_populated_zone(m, z)
		z->watermark[WMARK_HIGH] = 1 << 20;
	map(1000, 8000, VM_WRITE);
	for (unsigned int i = 0; i < pages; i++)
		inactive_page(1000 + i);
	fake_shrinker_add(m, &shrinker);
}

static void add_active(unsigned int from, unsigned int pages)
{
	for (unsigned int i = 0; i < pages; i++)
		old_page(from + i);
}

static void finish(void)
{
	assert_valid(m);
	scan_finish();
}

/* In the name of lists that are longer than they are: some counters are not true meanwhile. */
static void pass(int priority)
{
	unsigned int before = be_reclaimer();

	sc.priority = priority;
	sc.nr_scanned = sc.nr_reclaimed = 0;
	m->event[PGSCAN_DIRECT] = m->event[PGSTEAL_DIRECT] = m->event[PGREFILL] = 0;
	m->event[PGSCAN_KSWAPD] = 0;
	shrink_node(&sc);
	current->flags = before;
	assert_int_equal(node_stat_exact(m, NR_ISOLATED_ANON), 0);
}

static unsigned long descend(gfp_t gfp)
{
	struct alloc_context ac = request(m, gfp, 0);
	unsigned long progress;
	struct page *page = direct_reclaim(&ac, WMARK_MIN, &progress);

	if (page)
		free_pages(m, page, 0);
	return progress;
}

/* §30.3: the loop does not go on for active pages of apps alone; the last 32 are those of every pass (trap 7). */
static void test_30_3_active_pages_alone(void **state)
{
	(void)state;
	start(52);
	add_active(5000, 186);
	pass(1);
	assert_int_equal(m->event[PGSCAN_DIRECT], 26);
	assert_int_equal(m->event[PGREFILL], 64);
	assert_int_equal(sc.nr_reclaimed, 26);
	assert_int_equal(shrinker.counted, 1);
	finish();
}

static unsigned int plugs;
static struct {
	unsigned long scanned, refilled;
} at_start, at_end;

static void plug_starts(struct io_plug *plug)
{
	(void)plug;
	plugs++;
	at_start.scanned = m->event[PGSCAN_DIRECT];
	at_start.refilled = m->event[PGREFILL];
}

static void plug_ends(struct io_plug *plug)
{
	(void)plug;
	at_end.scanned = m->event[PGSCAN_DIRECT];
	at_end.refilled = m->event[PGREFILL];
}

/* §17.5: what the lists' turns write is held back to their end, before the last 32 active pages are looked at. */
static void test_17_5_one_plug_for_all_turns(void **state)
{
	static const struct io_plug_ops ops = {plug_starts, plug_ends};

	(void)state;
	start(52);
	add_active(5000, 186);
	m->io_plug = &ops;
	plugs = 0;
	pass(1);
	assert_int_equal(plugs, 1);
	assert_int_equal(at_start.scanned + at_start.refilled, 0);
	assert_int_equal(at_end.scanned, 26);
	assert_int_equal(at_end.refilled, 32);
	assert_int_equal(m->event[PGREFILL], 64);
	m->io_plug = NULL;
	finish();
}

/*
 * §30.3: 320, 320, 64 and 64 (files in name only) are asked for. The first 32 are enough: of files nothing more,
 * of apps' pages 51 per cent, less what has been done: 131.
 */
static void test_30_3_cut_short(void **state)
{
	(void)state;
	start(320);
	add_active(5000, 320);
	m->node.stat[NR_INACTIVE_FILE] = m->node.stat[NR_ACTIVE_FILE] = 64;
	pass(0);
	assert_int_equal(m->event[PGSCAN_DIRECT], 32 + 131);
	assert_int_equal(sc.nr_reclaimed, 32 + 131);
	assert_int_equal(m->event[PGREFILL], 3 * 32);
	m->node.stat[NR_INACTIVE_FILE] = m->node.stat[NR_ACTIVE_FILE] = 0;
	finish();
}

/* Where one class has been seen to when there is enough, the rest of the other is left. */
static void test_17_5_3_one_class_is_done(void **state)
{
	(void)state;
	start(320);
	pass(0);
	assert_int_equal(m->event[PGSCAN_DIRECT], 32);
	sc.nr_to_reclaim = 33;
	pass(0);
	assert_int_equal(m->event[PGSCAN_DIRECT], 64);
	finish();
}

/* Trap 5: direct reclaim's first look is complete; kswapd's is not. */
static void test_17_5_2_priority_12(void **state)
{
	(void)state;
	start(320);
	m->node.stat[NR_INACTIVE_ANON] += 100l << 12; /* 100 of them */
	pass(DEF_PRIORITY);
	assert_int_equal(m->event[PGSCAN_DIRECT], 100);
	be_kswapd();
	pass(DEF_PRIORITY);
	assert_int_equal(m->event[PGSCAN_KSWAPD], 32);
	m->node.stat[NR_INACTIVE_ANON] -= 100l << 12;
	finish();
}

/* Shrinkers are asked by what was scanned of all that counts, mapped pages twice; and if nothing was, for 32. */
static void test_17_4_3_shrinkers(void **state)
{
	(void)state;
	start(320);
	shrinker.has = 10000;
	pass(0); /* 32 pages, twice */
	assert_int_equal(shrinker.wanted + shrinker.shrinker.deferred, 4 * 64 / 2 * 10000 / 321);
	shrinker.wanted = shrinker.shrinker.deferred = 0;
	sc.gfp = GFP_KERNEL & ~__GFP_RECLAIM;
	pass(9);
	assert_int_equal(m->event[PGSCAN_DIRECT], 0); /* 288 >> 9 */
	assert_int_equal(shrinker.wanted + shrinker.shrinker.deferred, 4 * 32 / 2 * 10000 / 289);
	assert_int_equal(shrinker.gfp, sc.gfp);
	finish();
}

/* §17.4: what slabs and shrinkers gave back counts as reclaimed, and only once. */
static void test_17_4_4_slab_pages_count(void **state)
{
	(void)state;
	start(0);
	shrinker.gives = 7;
	pass(5);
	assert_int_equal(sc.nr_reclaimed, 7);
	pass(5);
	assert_int_equal(sc.nr_reclaimed, 7);
	assert_int_equal(current->reclaimed_slab, 0);
	finish();
}

/* Trap 7 and trap 4: in every pass, without a free slot as well; not without an area. */
static void test_17_5_6_active_pages_in_every_pass(void **state)
{
	long slots;

	(void)state;
	start(0);
	add_active(5000, 100);
	slots = m->swap.nr_swap_pages;
	m->swap.nr_swap_pages = 0;
	pass(DEF_PRIORITY);
	assert_int_equal(m->event[PGREFILL], 32);
	assert_int_equal(m->event[PGSCAN_DIRECT], 0);
	pass(DEF_PRIORITY);
	assert_int_equal(m->event[PGREFILL], 32);
	pass(DEF_PRIORITY); /* 64 and 36 */
	assert_int_equal(m->event[PGREFILL], 0);
	m->swap.nr_swap_pages = slots;
	finish();
}

static void test_trap_4_no_area(void **state)
{
	struct zone *z;

	(void)state;
	assert_null(swap_off_all(m));
	add_active(0, 100);
	for_each_populated_zone(m, z)
		z->watermark[WMARK_HIGH] = 1 << 20;
	pass(DEF_PRIORITY);
	assert_int_equal(m->event[PGREFILL], 0);
	finish();
}

/* §30.6: no swap, no files: the first pass, twice (traps 1 and 3). */
static void test_30_6_nothing_reclaimable(void **state)
{
	(void)state;
	start(100);
	m->swap.nr_swap_pages = 0;
	assert_int_equal(descend(GFP_HIGHUSER_MOVABLE), 0);
	assert_int_equal(shrinker.counted, 2);
	assert_int_equal(m->event[ALLOCSTALL + ZONE_MOVABLE], 2);
	assert_int_equal(m->event[PGSCAN_DIRECT], 0);
	m->swap.nr_swap_pages = DISK_PAGES - 1 + 200;
	finish();
}

/* Trap 40: by the highest zone that may be taken from. */
static void test_17_2_allocstall_by_mask(void **state)
{
	(void)state;
	assert_int_equal(descend(GFP_KERNEL), 0);
	assert_int_equal(descend(GFP_KERNEL | GFP_DMA), 0);
	assert_int_equal(descend(GFP_KERNEL | GFP_DMA32), 0);
	for (int i = 0; i < ZONE_MOVABLE; i++)
		assert_int_equal(m->event[ALLOCSTALL + i], 2);
	finish();
}

/* Reclaimed pages are summed over the priorities (§17.2.3): 1, 2, 4, 8, 16, and then 32. */
static void test_17_2_3_a_descent(void **state)
{
	(void)state;
	start(1000); /* in the name of 4136 */
	m->node.stat[NR_INACTIVE_ANON] += 3136;
	assert_int_equal(descend(GFP_HIGHUSER_MOVABLE), 31 + 32);
	assert_int_equal(m->event[PGSCAN_DIRECT], 63);
	assert_int_equal(m->event[PGSTEAL_DIRECT], 63);
	assert_int_equal(shrinker.counted, 6);
	assert_int_equal(mm_event_sum(m, ALLOCSTALL), 1);
	m->node.stat[NR_INACTIVE_ANON] -= 3136;
	finish();
}

/* All goes to I/O: nothing is freed, down to priority 0, and all that once more. */
static void test_30_6_all_to_io(void **state)
{
	(void)state;
	start(0);
	add_area(&fake_vda, 100, 20);
	for (int i = 0; i < 48; i++)
		inactive_page(1000 + i);
	assert_int_equal(descend(GFP_HIGHUSER_MOVABLE), 0);
	assert_int_equal(mm_event_sum(m, ALLOCSTALL), 2);
	assert_int_equal(fake.nr_late, 48);
	assert_int_equal(m->event[PGSTEAL_DIRECT], 0);
	/* 5 to 1: 1, 3, 6, 12, 24; 0: 48, of which 32 and 16; and the same again. */
	assert_int_equal(m->event[PGSCAN_DIRECT], 2 * (46 + 48));
	while (fake.nr_late)
		fake_end_one();
	finish();
}

static const struct CMUnitTest tests[] = {
	TEST(test_30_3_active_pages_alone),
	TEST(test_17_5_one_plug_for_all_turns),
	TEST(test_30_3_cut_short),
	TEST(test_17_5_3_one_class_is_done),
	TEST(test_17_5_2_priority_12),
	TEST(test_17_4_3_shrinkers),
	TEST(test_17_4_4_slab_pages_count),
	TEST(test_17_5_6_active_pages_in_every_pass),
	TEST(test_trap_4_no_area),
	TEST(test_30_6_nothing_reclaimable),
	TEST(test_17_2_allocstall_by_mask),
	TEST(test_17_2_3_a_descent),
	TEST(test_30_6_all_to_io),
};
TEST_GROUP(shrink_node)
