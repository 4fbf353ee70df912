/*
 * Swap on disks (kernel/dev/swap_disk.h): areas of swap=, and requests to a disk under a plug (§20.11,
 * §34.3).
 */
#include <errno.h>

#include "dev/block_case.h"

#include "kernel/core/param.h"
#include "kernel/dev/swap_disk.h"
#include "mm/page/io_plug.h"
#include "mm/swap/swap_area.h"
#include "mm/swap/swap_cache.h"

#define SLOTS 200

/* swap= on the first of two disks, each page of which is a request's piece. */
static int setup(void **state)
{
	int err = twin_setup(state);

	block_machine(1);
	add_disk(0, 64, 64);
	add_disk(1, 64, 64);
	disk[0].disk.rotational = disk[1].disk.rotational = true;
	disk[0].at_once = disk[1].at_once = true;
	strcpy(m->tunables.swap[0].name, "disk");
	m->tunables.swap[0].kbytes = SLOTS * 4;
	m->tunables.swap[0].prio = SWAP_PRIO_AUTO;
	swap_start();
	disk[0].log[0] = '\0';
	return err;
}

static int teardown(void **state)
{
	if (m->swap.area[0])
		swap_stop();
	fake_disk_remove(&disk[1]);
	fake_disk_remove(&disk[0]);
	return twin_teardown(state);
}

static void assert_log(const char *expected)
{
	assert_string_equal(disk[0].log, expected);
	disk[0].log[0] = '\0';
}

/* A page of the app's that is about to be written; it and its slot are the next ones. */
static struct page *page_to_write(unsigned char byte)
{
	struct page *page = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0);

	memset(page_address(m, page), byte, PAGE_SIZE);
	lock_page(m, page);
	assert_true(add_to_swap(m, page));
	assert_int_equal(swap_duplicate(m, page_swap_entry(page)), 0);
	return page;
}

/* It has been written: the slot is the app's table's alone. */
static void leave(struct page *page)
{
	assert_false(page_has(page, PG_WRITEBACK));
	lock_page(m, page);
	assert_true(swap_remove_mapping(m, page));
	unlock_page(m, page);
	page_put(m, page);
}

/* Slots 1 to n, each full of its number. */
static void fill_slots(unsigned int n)
{
	for (unsigned int i = 1; i <= n; i++) {
		struct page *page = page_to_write(i);

		assert_int_equal(swp_offset(page_swap_entry(page)), i);
		assert_int_equal(swap_writepage(m, page), 0);
		while (workers_run())
			;
		leave(page);
	}
	disk[0].log[0] = '\0';
	memset(&disk[0].disk.counts, 0, sizeof(disk[0].disk.counts));
}

static void free_slots(unsigned int n)
{
	for (unsigned int i = 1; i <= n; i++)
		if (*swap_byte(m->swap.area[0], i))
			free_swap_and_cache(m, swp_entry(0, i));
	assert_null(swap_validate(m));
	assert_int_equal(m->swap.nr_swap_pages, SLOTS);
}

/* As a fault does it: the page of the slot is what was written there. */
static void read_slot(unsigned int i)
{
	struct page *page = swapin_readahead(m, swp_entry(0, i), GFP_HIGHUSER_MOVABLE);
	unsigned char *p = page_address(m, page);

	assert_true(page_has(page, PG_UPTODATE));
	assert_int_equal(p[0], i);
	assert_int_equal(p[PAGE_SIZE - 1], i);
	page_put(m, page);
}

static void test_20_11_a_window_is_one_request(void **state)
{
	(void)state;
	fill_slots(40);
	read_slot(19); /* 16 to 23: eight pages */
	assert_log("R128+64 ");
	assert_int_equal(disk[0].disk.counts.bios, 8);
	assert_int_equal(disk[0].disk.counts.requests, 1);
	assert_int_equal(disk[0].disk.counts.merges, 7);
	assert_int_equal(disk[0].disk.counts.flush_finish, 1);
	assert_int_equal(m->event[PSWPIN], 8);
	assert_null(current->plug);
	free_slots(40);
}

/* Free slots, and pages that are cached, part a window. */
static void test_20_11_gaps_part_it(void **state)
{
	(void)state;
	fill_slots(16);
	free_swap_and_cache(m, swp_entry(0, 11));
	read_slot(8); /* 8 to 15 */
	assert_log("R64+24 R96+32 ");
	assert_int_equal(m->event[PSWPIN], 7);
	free_slots(16);
}

/* What the plug is for: without it each page is a request of its own. */
static void test_20_11_without_a_plug(void **state)
{
	(void)state;
	fill_slots(16);
	m->io_plug = NULL;
	read_slot(8);
	assert_log("R64+8 R72+8 R80+8 R88+8 R96+8 R104+8 R112+8 R120+8 ");
	free_slots(16);
}

/* Plugs do not nest (§34.3): who holds requests back already sends them, with the window's. */
static void test_34_3_within_a_plug(void **state)
{
	struct io_plug outer;
	struct page *page;

	(void)state;
	fill_slots(16);
	io_plug_start(m, &outer);
	page = page_to_write(17); /* slot 17 */
	swap_writepage(m, page);
	for (unsigned int i = 4; i < 8; i++) {
		bool begun;

		page_put(m, read_swap_cache(m, swp_entry(0, i), GFP_HIGHUSER_MOVABLE, &begun));
		assert_true(begun);
	}
	assert_log("");
	io_plug_finish(m, &outer);
	assert_log("R32+32 W136+8 "); /* by sector */
	leave(page);
	free_slots(17);
}

/* Reclaim of one LRU list (§17.5): pages that go out together, in one request for neighbours. */
static void test_17_5_pages_written_together(void **state)
{
	struct page *page[40];
	struct io_plug plug;

	(void)state;
	io_plug_start(m, &plug);
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++) {
		page[i] = page_to_write(i + 1);
		swap_writepage(m, page[i]);
		assert_true(page_has(page[i], PG_WRITEBACK));
	}
	assert_log("");
	io_plug_finish(m, &plug);
	assert_log("W8+320 ");
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++)
		leave(page[i]);
	free_slots(40);
}

/* §30c: a 17th request that merges with none sends the 16 before it, and begins the next list. */
static void test_34_3_sixteen_requests(void **state)
{
	struct page *page[40];
	struct io_plug plug;

	(void)state;
	io_plug_start(m, &plug);
	for (unsigned int i = 0; i < 34; i++) {
		page[i] = page_to_write(i + 1);
		if (!(i & 1))
			swap_writepage(m, page[i]);
	}
	assert_int_equal(disk[0].requests, 16);
	io_plug_finish(m, &plug);
	assert_int_equal(disk[0].requests, 17);
	for (unsigned int i = 1; i < 34; i += 2)
		swap_writepage(m, page[i]);
	while (workers_run())
		;
	for (unsigned int i = 0; i < 34; i++)
		leave(page[i]);
	free_slots(34);
}

static void test_errors_reach_the_page(void **state)
{
	struct page *page;

	(void)state;
	disk[0].at_once = false;
	page = page_to_write(1);
	swap_writepage(m, page);
	while (workers_run())
		;
	assert_true(page_has(page, PG_WRITEBACK));
	blk_mq_complete_request(disk[0].flying[0], -EIO);
	disk[0].nr = disk[0].visible = 0;
	assert_line("Write-error on swap-device (254:0:8)");
	assert_true(page_has(page, PG_DIRTY));
	lock_page(m, page);
	assert_int_equal(swap_count(m, page_swap_entry(page)), 1);
	swap_free(m, page_swap_entry(page));
	assert_true(try_to_free_swap(m, page));
	unlock_page(m, page);
	page_put(m, page);
	free_slots(1);
}

static void test_the_areas_of_a_run(void **state)
{
	(void)state;
	assert_line("Adding 800k swap on /dev/vda.  Priority:-1 extents:1 across:800k ");
	swap_stop();
	strcpy(m->tunables.swap[0].name, "vdb");
	strcpy(m->tunables.swap[1].name, "disk");
	m->tunables.swap[0].prio = 5;
	m->tunables.swap[1] = (struct swap_spec){.name = "disk", .kbytes = 40, .prio = -1};
	swap_start();
	assert_line("Adding 800k swap on /dev/vdb.  Priority:5 extents:1 across:800k ");
	assert_line("Adding 40k swap on /dev/vda.  Priority:-1 extents:1 across:40k ");
	assert_int_equal(m->swap.area[0]->dev.minor, 16);
}

static void test_areas_that_cannot_be(void **state)
{
	(void)state;
	swap_stop();
	strcpy(m->tunables.swap[0].name, "vdc");
	assert_panics("bad parameter: swap=vdc:800: there is no such disk; expected a disk to "
		      "write to, as "
		      "with DEVICES=\"disk=1\"",
		swap_start());
	strcpy(m->tunables.swap[0].name, "vda");
	disk[0].disk.read_only = true;
	assert_panics("bad parameter: swap=vda:800: it is read-only", swap_start());
	disk[0].disk.read_only = false;
	m->tunables.swap[0].kbytes = 4096;
	assert_panics("bad parameter: swap: 4096 kB on /dev/vda; expected 4 to 4092", swap_start());
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_20_11_a_window_is_one_request),
	TEST(test_20_11_gaps_part_it),
	TEST(test_20_11_without_a_plug),
	TEST(test_34_3_within_a_plug),
	TEST(test_17_5_pages_written_together),
	TEST(test_34_3_sixteen_requests),
	TEST(test_errors_reach_the_page),
	TEST(test_the_areas_of_a_run),
	TEST(test_areas_that_cannot_be),
};
TEST_GROUP(swap_disk)
