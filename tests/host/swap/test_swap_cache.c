/*
 * Pages in the swap cache: in and out, to the disk and back (§20.6 to §20.12, §30.5).
 */
#include "swap_case.h"

#include "mm/page/io_plug.h"

#define GFP_SWAPIN GFP_HIGHUSER_MOVABLE

static struct swap_area *a;
static long before;

/* A page of an app's that nobody maps, of one byte. */
static struct page *page_of(unsigned char byte)
{
	struct page *page = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0);

	memset(page_address(m, page), byte, PAGE_SIZE);
	page_set(page, PG_DIRTY);
	return page;
}

/* One that has a slot, locked. */
static struct page *page_in_cache(unsigned char byte)
{
	struct page *page = page_of(byte);

	lock_page(m, page);
	assert_true(add_to_swap(m, page));
	return page;
}

static void assert_holds(struct page *page, unsigned char byte)
{
	const unsigned char *p = page_address(m, page);

	assert_int_equal(p[0], byte);
	assert_int_equal(p[PAGE_SIZE - 1], byte);
}

static void start(const struct swap_device *dev)
{
	swap_start(1);
	before = all_free(m);
	a = add_area(dev, DISK_PAGES - 1, 0);
}

static void finish(void)
{
	swap_valid();
	assert_null(swap_off_all(m));
	assert_no_nodes(m, before);
	assert_int_equal(node_stat_exact(m, NR_WRITEBACK), 0);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_WRITE_PENDING), 0);
}

/* As reclaim does it, of a page that one table names: in swap, and no longer in memory. */
static swp_entry_t swap_out(struct page *page)
{
	swp_entry_t e;

	assert_true(trylock_page(page));
	assert_true(add_to_swap(m, page));
	e = page_swap_entry(page);
	assert_int_equal(swap_duplicate(m, e), 0);
	page_clear(page, PG_DIRTY);
	assert_int_equal(swap_writepage(m, page), 0);
	while (fake.nr_late)
		fake_end_one();
	assert_true(trylock_page(page));
	assert_true(swap_remove_mapping(m, page));
	unlock_page(m, page);
	page_put(m, page);
	return e;
}

static void test_20_6_in_and_out_of_the_cache(void **state)
{
	struct page *page, *found;
	swp_entry_t e;

	(void)state;
	start(&fake_vda);
	page = page_in_cache(1);
	e = page_swap_entry(page);
	assert_int_equal(e.val, 1);
	assert_true(page_has(page, PG_SWAPCACHE));
	assert_true(page_has(page, PG_DIRTY)); /* not touched (§20.6) */
	assert_int_equal(page->refcount, 2);
	assert_int_equal(m->swap.cached, 1);
	assert_int_equal(m->swap.added, 1);
	swap_valid();
	found = find_swap_page(m, e);
	assert_ptr_equal(found, page);
	assert_int_equal(page->refcount, 3);
	page_put(m, found);
	delete_from_swap_cache(m, page);
	assert_int_equal(page->refcount, 1);
	assert_int_equal(page->private, 0);
	assert_int_equal(m->swap.deleted, 1);
	assert_int_equal(a->inuse, 0);
	assert_null(find_swap_page(m, e));
	unlock_page(m, page);
	page_put(m, page);
	finish();
}

/* §20.6, §26: no node: the slot is free again, and the page as it was. Reserves are taken, GFP_ATOMIC. */
static void test_20_6_no_node(void **state)
{
	struct page *page;

	(void)state;
	swap_start_refusing();
	before = all_free(m);
	a = add_area(&fake_vda, 100, 0);
	page = page_of(1);
	lock_page(m, page);
	m->fail.on = true;
	console_clear();
	assert_false(add_to_swap(m, page));
#ifndef LW_DEBUG
	assert_printed_in_order("order:1, mode:0x2285230(", "order:0, mode:0x2284230(", NULL);
#endif
	m->fail.on = false;
	assert_int_equal(page->flags, PG_LOCKED | PG_DIRTY);
	assert_int_equal(page->refcount, 1);
	assert_int_equal(a->inuse, 0);
	assert_int_equal(m->swap.nr_swap_pages, 100);
	unlock_page(m, page);
	page_put(m, page);
	finish();
}

static void test_34_10_a_synchronous_device(void **state)
{
	struct page *page;
	swp_entry_t e;

	(void)state;
	start(&fake_card);
	page = page_in_cache(7);
	e = page_swap_entry(page);
	swap_duplicate(m, e);
	page_clear(page, PG_DIRTY);
	assert_int_equal(swap_writepage(m, page), 0);
	assert_int_equal(
		page->flags, PG_SWAPCACHE | PG_UPTODATE); /* unlocked, clean, not being written */
	assert_int_equal(m->event[PSWPOUT], 1);
	assert_int_equal(node_stat(m, NR_WRITTEN), 1);
	assert_int_equal(fake.last, swp_offset(e));
	assert_false(swap_remove_mapping(m, page) && page_has(page, PG_LOCKED));
	page_put(m, page);
	page = swapin_readahead(m, e, GFP_SWAPIN);
	assert_holds(page, 7);
	assert_int_equal(page->flags & ~(PG_RECLAIM | PG_LRU), PG_SWAPCACHE | PG_UPTODATE);
	assert_int_equal(m->event[PSWPIN], 1);
	swap_free(m, e);
	lock_page(m, page);
	assert_true(try_to_free_swap(m, page));
	unlock_page(m, page);
	page_put(m, page);
	finish();
}

/* §20.7: unlocked and being written until the interrupt comes; events count when it is given away. */
static void test_20_7_a_disk_that_takes_its_time(void **state)
{
	struct page *page;
	swp_entry_t e;

	(void)state;
	start(&fake_vda);
	page = page_in_cache(9);
	e = page_swap_entry(page);
	swap_duplicate(m, e);
	page_clear(page, PG_DIRTY);
	assert_int_equal(swap_writepage(m, page), 0);
	assert_int_equal(page->flags, PG_SWAPCACHE | PG_UPTODATE | PG_WRITEBACK);
	assert_int_equal(m->event[PSWPOUT], 1);
	assert_int_equal(node_stat(m, NR_WRITTEN), 0);
	assert_int_equal(node_stat_exact(m, NR_WRITEBACK), 1);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_WRITE_PENDING), 1);
	lock_page(m, page);
	assert_false(try_to_free_swap(m, page));
	assert_false(swap_remove_mapping(m, page));
	fake_end_one();
	assert_int_equal(node_stat(m, NR_WRITTEN), 1);
	assert_true(swap_remove_mapping(m, page));
	unlock_page(m, page);
	page_put(m, page);
	assert_int_equal(*swap_byte(a, 1), 1); /* §20.8: the table's */
	page = swapin_readahead(m, e, GFP_SWAPIN);
	assert_int_equal(m->event[PSWPIN], 1);
	assert_true(page_has(page, PG_LOCKED));
	fake_end_one();
	assert_false(page_has(page, PG_LOCKED));
	assert_holds(page, 9);
	free_swap_and_cache(m, e);
	page_put(m, page);
	finish();
}

static void test_20_7_nobody_needs_it_any_more(void **state)
{
	struct page *page;

	(void)state;
	start(&fake_card);
	page = page_of(1);
	lock_page(m, page);
	add_to_swap(m, page);
	page_clear(page, PG_DIRTY);
	assert_int_equal(swap_writepage(m, page), 0);
	assert_int_equal(page->flags, PG_UPTODATE | PG_DIRTY);
	assert_int_equal(m->event[PSWPOUT], 0);
	page_put(m, page);
	finish();
}

static void test_20_7_errors(void **state)
{
	struct page *page;
	swp_entry_t e;

	(void)state;
	start(&fake_vda);
	page = page_of(3);
	e = swap_out(page);
	fake.error = -EIO;
	page = swapin_readahead(m, e, GFP_SWAPIN);
	fake_end_one();
	assert_line("Read-error on swap-device (254:0:8)");
	assert_int_equal(page->flags & (PG_LOCKED | PG_UPTODATE | PG_ERROR), PG_ERROR);
	lock_page(m, page);
	page_set(page, PG_RECLAIM);
	assert_int_equal(swap_writepage(m, page), 0);
	fake_end_one();
	assert_line("Write-error on swap-device (254:0:8)");
	assert_int_equal(page->flags & ~PG_LRU, PG_SWAPCACHE | PG_ERROR | PG_DIRTY);
	free_swap_and_cache(m, e);
	page_put(m, page);
	finish();
	start(&fake_drum);
	page = page_of(3);
	lock_page(m, page);
	add_to_swap(m, page);
	swap_duplicate(m, page_swap_entry(page));
	page_clear(page, PG_DIRTY);
	fake.error = -EIO;
	assert_int_equal(swap_writepage(m, page), -EIO);
	assert_line("Write-error on swap-device (254:0:8)");
	assert_int_equal(page->flags, PG_SWAPCACHE | PG_UPTODATE | PG_ERROR | PG_DIRTY);
	assert_int_equal(m->event[PSWPOUT], 0);
	free_swap_and_cache(m, page_swap_entry(page));
	page_put(m, page);
	finish();
}

/* §20.9: who writes to a page that nobody else has gets it, and the slot is given back. */
static void test_20_9_reuse(void **state)
{
	struct page *page;
	swp_entry_t e;

	(void)state;
	start(&fake_vda);
	e = swap_out(page_of(5));
	page = swapin_readahead(m, e, GFP_SWAPIN);
	fake_end_one();
	lock_page(m, page);
	swap_duplicate(m, e); /* another one names it */
	assert_false(reuse_swap_page(m, page));
	assert_true(page_has(page, PG_SWAPCACHE));
	swap_free(m, e);
	assert_int_equal(swap_writepage(m, page), 0);
	lock_page(m, page);
	assert_true(reuse_swap_page(m, page)); /* but it stays, while it is being written */
	assert_true(page_has(page, PG_SWAPCACHE));
	fake_end_one();
	assert_true(reuse_swap_page(m, page));
	assert_false(page_has(page, PG_SWAPCACHE));
	assert_true(page_has(page, PG_DIRTY));
	assert_int_equal(*swap_byte(a, 1), 1); /* ours, until the table has the page */
	swap_free(m, e);
	unlock_page(m, page);
	assert_int_equal(a->inuse, 0);
	page->mapcount = 2;
	lock_page(m, page);
	assert_false(reuse_swap_page(m, page));
	page->mapcount = 0;
	unlock_page(m, page);
	page_put(m, page);
	finish();
}

/* §20.12, trap 38: a page that is locked, or being written, stays as the cache's alone. */
static void test_20_12_freeing_entries(void **state)
{
	struct page *page;
	swp_entry_t e;

	(void)state;
	start(&fake_vda);
	e = swap_out(page_of(5));
	free_swap_and_cache(m, e); /* not in the cache */
	assert_int_equal(a->inuse, 0);
	e = swap_out(page_of(6));
	page = swapin_readahead(m, e, GFP_SWAPIN);
	free_swap_and_cache(m, e); /* locked: it is being read */
	assert_int_equal(*swap_byte(a, swp_offset(e)), SWAP_HAS_CACHE);
	fake_end_one();
	swap_duplicate(m, e);
	page->mapcount = 1;
	free_swap_and_cache(m, e); /* mapped, and swap not full */
	assert_int_equal(*swap_byte(a, swp_offset(e)), SWAP_HAS_CACHE);
	page->mapcount = 0;
	assert_true(swap_reclaim_cached(m, e));
	assert_int_equal(a->inuse, 0);
	assert_false(swap_reclaim_cached(m, e));
	page_put(m, page);
	finish();
}

/* §20.4 step 3: when swap is more than half full, slots that only the cache has are taken. */
static void test_20_4_cached_slots_are_taken_when_swap_is_full(void **state)
{
	struct page *page[3];

	(void)state;
	swap_start(1);
	before = all_free(m);
	a = add_area(&fake_drum, 3, 0);
	for (int i = 0; i < 3; i++) {
		page[i] = page_of(i);
		lock_page(m, page[i]);
		assert_true(add_to_swap(m, page[i]));
		if (i != 1)
			unlock_page(m, page[i]);
	}
	assert_int_equal(get_swap_page(m).val, 0); /* no slot is free: it is not even looked for */
	m->swap.nr_swap_pages = 1;                 /* as if one were */
	a->highest_bit = 3;
	a->lowest_bit = 2;
	a->inuse = 2;
	swap_area_available(a, true);
	assert_int_equal(get_swap_page(m).val, 3); /* 2 is locked */
	assert_false(page_has(page[2], PG_SWAPCACHE));
	assert_true(page_has(page[2], PG_DIRTY));
	a->inuse++;
	a->highest_bit = 0;
	a->lowest_bit = 4;
	swap_area_available(a, false);
	m->swap.nr_swap_pages = 0;
	swapcache_free(m, swp_entry(0, 3));
	unlock_page(m, page[1]);
	for (int i = 0; i < 3; i++) {
		lock_page(m, page[i]);
		try_to_free_swap(m, page[i]);
		unlock_page(m, page[i]);
		page_put(m, page[i]);
	}
	finish();
}

static void test_20_14_statistics(void **state)
{
	struct page *page;
	swp_entry_t e;

	(void)state;
	start(&fake_card);
	e = swap_out(page_of(5));
	assert_null(lookup_swap_cache(m, e));
	page = swapin_readahead(m, e, GFP_SWAPIN); /* its own look-ups do not count */
	assert_int_equal(m->swap.find_total, 1);
	assert_int_equal(m->swap.find_success, 0);
	page_put(m, page);
	m->swap.hits = 0;
	page_set(page, PG_RECLAIM); /* a neighbour of somebody's */
	assert_ptr_equal(lookup_swap_cache(m, e), page);
	assert_int_equal(m->swap.find_total, 2);
	assert_int_equal(m->swap.find_success, 1);
	assert_int_equal(m->swap.hits, 1);
	assert_false(page_has(page, PG_RECLAIM));
	assert_int_equal(m->swap.added - m->swap.deleted, m->swap.cached);
	free_swap_and_cache(m, e);
	page_put(m, page);
	finish();
}

/* Windows as they come, each miss after so many hits. */
static void expect_windows(const unsigned long *offset, const long *hits, const unsigned long *want)
{
	for (; *want; want++) {
		m->swap.hits += *hits++;
		assert_int_equal(swapin_nr_pages(m, *offset++), *want);
	}
}

static void test_30_5_windows(void **state)
{
	(void)state;
	expect_windows((unsigned long[]){1000, 5000, 9000, 13000, 17000}, (long[]){0, 0, 0, 0, 0},
		(unsigned long[]){8, 4, 2, 1, 1, 0});
	swap_start(1);
	expect_windows((unsigned long[]){1000, 1001, 1002, 1003, 1010}, (long[]){0, 0, 0, 0, 0},
		(unsigned long[]){8, 4, 2, 2, 1, 0});
	swap_start(1);
	expect_windows((unsigned long[]){1000, 1008, 1016, 1024, 5000, 9000, 13000, 17000, 30000},
		(long[]){0, 7, 7, 7, 0, 0, 0, 1, 0},
		(unsigned long[]){8, 8, 8, 8, 4, 2, 1, 4, 2, 0});
	swap_start(1);
	m->tunables.page_cluster = 0;
	expect_windows((unsigned long[]){1000, 1001}, (long[]){9, 9}, (unsigned long[]){1, 1, 0});
}

/* At the end of a run: what only the cache has goes, and what an app's table names must not. */
static void test_the_end_of_all_areas(void **state)
{
	struct page *page;
	swp_entry_t e;

	(void)state;
	start(&fake_vda);
	page = page_in_cache(1);
	unlock_page(m, page);
	page_put(m, page);
	e = swap_out(page_of(2));
	assert_string_equal(swap_off_all(m),
		"swap: 1 slots of /dev/vda are in use, the first is 2 (0x01); expected none");
	free_swap_and_cache(m, e);
	finish();
}

/* The window is aligned, begins behind the header, and skips slots that nobody uses (trap 35). */
static void test_20_11_the_window(void **state)
{
	swp_entry_t e[9] = {{0}};
	struct page *page;

	(void)state;
	start(&fake_drum);
	for (int i = 1; i <= 8; i++)
		e[i] = swap_out(page_of(i));
	free_swap_and_cache(m, e[5]);
	page = swapin_readahead(m, e[3], GFP_SWAPIN); /* 1 to 7 */
	assert_int_equal(fake.reads, 6);
	assert_holds(page, 3);
	assert_false(page_has(page, PG_RECLAIM));
	page_put(m, page);
	for (int i = 1; i <= 8; i++) {
		struct page *other = i == 5 ? NULL : find_swap_page(m, e[i]);

		assert_int_equal(other != NULL, i < 8 && i != 5);
		if (!other)
			continue;
		assert_holds(other, i);
		assert_int_equal(page_has(other, PG_RECLAIM), i != 3);
		page_put(m, other);
	}
	for (int i = 1; i <= 8; i++)
		if (i != 5)
			free_swap_and_cache(m, e[i]);
	finish();
}

static unsigned int plugs;
static struct {
	unsigned long read;
	long listed;
} at_its_end;

static void plug_starts(struct io_plug *plug)
{
	(void)plug;
	plugs++;
}

static void plug_ends(struct io_plug *plug)
{
	(void)plug;
	at_its_end.read = m->event[PSWPIN];
	at_its_end.listed = memory_stat_exact(m, NR_ZONE_INACTIVE_ANON);
}

static const struct io_plug_ops plug_ops = {plug_starts, plug_ends};

/* §20.11: a window's pages are asked for under one plug, and on their list after that; one page needs no plug. */
static void test_20_11_a_window_is_read_under_one_plug(void **state)
{
	swp_entry_t e[9] = {{0}};

	(void)state;
	start(&fake_drum);
	m->io_plug = &plug_ops;
	plugs = 0;
	for (int i = 1; i <= 8; i++)
		e[i] = swap_out(page_of(i));
	page_put(m, swapin_readahead(m, e[3], GFP_SWAPIN)); /* 1 to 7 */
	assert_int_equal(plugs, 1);
	assert_int_equal(at_its_end.read, 7);
	assert_int_equal(at_its_end.listed, 0);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_INACTIVE_ANON), 7);
	m->tunables.page_cluster = 0;
	page_put(m, swapin_readahead(m, e[8], GFP_SWAPIN));
	assert_int_equal(plugs, 1);
	for (int i = 1; i <= 8; i++)
		free_swap_and_cache(m, e[i]);
	finish();
}

/* Both of a page and of each node: who is refused leaves nothing behind. */
static void test_20_10_refusals_at_swap_in(void **state)
{
	char parameter[64];
	unsigned long n = 1;

	(void)state;
	do {
		struct page *page;
		swp_entry_t e;

		swap_start(1);
		snprintf(parameter, sizeof(parameter), "fail_nth=%lu", n++);
		m = slab_machine_with(1, parameter);
		before = all_free(m);
		if (swap_on(m, &fake_card, 100, 0, 1))
			continue;
		page = alloc_pages(m, GFP_ATOMIC | __GFP_NOWARN, 0);
		if (!page) {
			finish();
			continue;
		}
		page_set(page, PG_DIRTY);
		lock_page(m, page);
		if (!add_to_swap(m, page)) {
			unlock_page(m, page);
			page_put(m, page);
			finish();
			continue;
		}
		unlock_page(m, page);
		e = page_swap_entry(page);
		swap_duplicate(m, e);
		lock_page(m, page);
		swap_writepage(m, page);
		lock_page(m, page);
		swap_remove_mapping(m, page);
		unlock_page(m, page);
		page_put(m, page);
		index_release_all(m);
		page = swapin_readahead(m, e, GFP_SWAPIN & ~__GFP_DIRECT_RECLAIM);
		assert_non_null(
			page); /* the window has asked before, or the entry itself does after it */
		page_put(m, page);
		swap_valid();
		free_swap_and_cache(m, e);
		finish();
	} while (m->event[FAULTS_INJECTED]);
	assert_true(n > 8);
}

#ifdef LW_DEBUG
static void test_what_was_lost_ends_the_machine(void **state)
{
	swp_entry_t e;

	(void)state;
	start(&fake_card);
	e = swap_out(page_of(5));
	fake.page[swp_offset(e)][100]++;
	assert_panics("BUG: swap: slot ", swapin_readahead(m, e, GFP_SWAPIN));
}
#endif

static const struct CMUnitTest tests[] = {
	TEST(test_20_6_in_and_out_of_the_cache),
	TEST(test_20_6_no_node),
	TEST(test_34_10_a_synchronous_device),
	TEST(test_20_7_a_disk_that_takes_its_time),
	TEST(test_20_7_nobody_needs_it_any_more),
	TEST(test_20_7_errors),
	TEST(test_20_9_reuse),
	TEST(test_20_12_freeing_entries),
	TEST(test_20_4_cached_slots_are_taken_when_swap_is_full),
	TEST(test_20_14_statistics),
	TEST(test_30_5_windows),
	TEST(test_the_end_of_all_areas),
	TEST(test_20_11_the_window),
	TEST(test_20_11_a_window_is_read_under_one_plug),
	TEST(test_20_10_refusals_at_swap_in),
#ifdef LW_DEBUG
	TEST(test_what_was_lost_ends_the_machine),
#endif
};
TEST_GROUP(swap_cache)
