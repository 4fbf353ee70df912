/*
 * Areas and slots: sizes, lines, bytes, priorities, and which slot is next on a disk that rotates (§20.1 to
 * §20.4, §30.10).
 */
#include "swap_case.h"

static void test_20_1_entries(void **state)
{
	(void)state;
	assert_int_equal(swp_entry(0, 77).val, 77);
	assert_int_equal(swp_entry(3, 77).val, 3ul << 57 | 77);
	assert_int_equal(swp_entry_to_pte(swp_entry(3, 77)), 3 << 9 | 77 << 14);
	for (unsigned int type = 0; type < MAX_SWAP_AREAS; type++) {
		swp_entry_t e = swp_entry(type, 0x123456789), back;

		back = pte_to_swp_entry(swp_entry_to_pte(e));
		assert_int_equal(back.val, e.val);
		assert_false(swp_entry_to_pte(e) & 0x1ff); /* not present, and bit 8 clear */
		assert_int_equal(swp_type(e), type);
		assert_int_equal(swp_offset(e), 0x123456789);
	}
}

/* §20.1: of 250 MiB 63999 pages are usable; DESIGN: 255996 kB. */
static void test_20_1_the_seed_s_area(void **state)
{
	struct swap_area *a;
	long before = all_free(m);
	unsigned long slot[2];

	(void)state;
	a = add_area(&fake_flash, 63999, SWAP_PRIO_AUTO);
	assert_line("Adding 255996k swap on /dev/vdc.  Priority:-1 extents:1 across:255996k SS");
	assert_int_equal(a->max, 64000);
	assert_int_equal(a->lowest_bit, 1);
	assert_int_equal(a->highest_bit, 63999);
	assert_int_equal(m->total_swap_pages, 63999);
	assert_int_equal(m->swap.nr_swap_pages, 63999);
	add_area(&fake_spindle, 1000, SWAP_PRIO_AUTO);
	assert_line("Adding 4000k swap on /dev/vdb.  Priority:-2 extents:1 across:4000k ");
	console_clear();
	slot[0] = take_slot();
	slot[1] = take_slot();
	print_swaps(m);
	assert_line("Filename\t\t\t\tType\t\tSize\tUsed\tPriority");
	assert_line("/dev/vdc                                partition\t255996\t8\t-1");
	assert_line("/dev/vdb                                partition\t4000\t0\t-2");
	give_slot(0, slot[0]);
	give_slot(0, slot[1]);
	swap_valid();
	assert_null(swap_off_all(m));
	assert_int_equal(m->total_swap_pages, 0);
	assert_int_equal(m->swap.nr_swap_pages, 0);
	assert_no_nodes(m, before);
}

static void test_20_1_an_area_must_fit(void **state)
{
	(void)state;
	assert_string_equal(swap_on(m, &fake_card, DISK_PAGES, 0, 1),
		"swap: 4400 kB on /dev/card; expected 4 to 4396, since it has 4400 kB, 4 of them "
		"for "
		"the header");
	assert_non_null(swap_on(m, &fake_card, 0, 0, 1));
	assert_non_null(swap_on(m, &fake_card, ~0ul, 0, 1));
	assert_null(swap_on(m, &fake_card, DISK_PAGES - 1, 0, 1));
	for (int i = 1; i < MAX_SWAP_AREAS; i++)
		add_area(&fake_spindle, 1, 0);
	assert_string_equal(swap_on(m, &fake_card, 5, 0, 1),
		"swap: there are 29 areas already; expected no more");
	swap_valid();
}

/* §30.10, first line. */
static void test_30_10_ascending_from_slot_1(void **state)
{
	struct swap_area *a = add_area(&fake_spindle, 63999, 0);

	(void)state;
	for (unsigned long i = 1; i <= 700; i++)
		assert_int_equal(take_slot(), i);
	assert_int_equal(a->lowest_bit, 701);
	swap_valid();
}

/* The same, after 10 and 11 have become free at slot 300. */
static void test_30_10_freed_slots_wait_until_no_run_is_left(void **state)
{
	struct swap_area *a = add_area(&fake_spindle, 1023, 0);

	(void)state;
	for (unsigned long i = 1; i <= 300; i++)
		take_slot();
	give_slot(0, 10);
	give_slot(0, 11);
	assert_int_equal(a->lowest_bit, 10);
	for (unsigned long i = 301; i <= 768; i++) /* three runs */
		assert_int_equal(take_slot(), i);
	/* 255 + 2 are free: more than 256, but no run of them: from lowest_bit. */
	assert_int_equal(take_slot(), 10);
	assert_int_equal(take_slot(), 11);
	for (unsigned long i = 769; i <= 1023; i++)
		assert_int_equal(take_slot(), i);
	assert_int_equal(take_slot(), 0);
	swap_valid();
}

/* Fewer than 256 are free: no run is looked for, and it goes on where it was. */
static void test_30_10_no_search_when_fewer_are_free(void **state)
{
	(void)state;
	add_area(&fake_spindle, 511, 0);
	for (unsigned long i = 1; i <= 257; i++)
		assert_int_equal(take_slot(), i);
	give_slot(0, 5);
	for (unsigned long i = 258; i <= 511; i++)
		assert_int_equal(take_slot(), i);
	assert_int_equal(take_slot(), 5);
	swap_valid();
}

/* A run is of 256 free slots that begin anywhere. */
static void test_20_4_a_run_need_not_be_aligned(void **state)
{
	(void)state;
	add_area(&fake_spindle, 2000, 0);
	for (unsigned long i = 1; i <= 1024; i++)
		take_slot();
	for (unsigned long i = 100; i < 100 + 300; i++)
		give_slot(0, i);
	assert_int_equal(take_slot(), 100);
	for (unsigned long i = 101; i < 100 + 256; i++)
		assert_int_equal(take_slot(), i);
	assert_int_equal(take_slot(), 1025); /* 44 are left there: no run */
	swap_valid();
}

static void test_20_2_full_and_not_full_again(void **state)
{
	struct swap_area *a = add_area(&fake_spindle, 20, 0);

	(void)state;
	for (unsigned int i = 0; i < 20; i++)
		assert_true(take_slot());
	assert_int_equal(a->highest_bit, 0);
	assert_int_equal(a->lowest_bit, 21);
	assert_true(list_empty(&m->swap.available));
	assert_int_equal(take_slot(), 0);
	assert_int_equal(m->swap.nr_swap_pages, 0);
	give_slot(0, 13);
	assert_int_equal(a->lowest_bit, 13);
	assert_int_equal(a->highest_bit, 13);
	swap_valid();
	assert_int_equal(take_slot(), 13);
	assert_int_equal(take_slot(), 0);
	swap_valid();
}

static void test_20_2_bytes(void **state)
{
	struct swap_area *a = add_area(&fake_spindle, 20, 0);
	swp_entry_t e = get_swap_page(m);

	(void)state;
	assert_int_equal(*swap_byte(a, 1), SWAP_HAS_CACHE);
	assert_int_equal(swap_count(m, e), 0);
	assert_int_equal(swapcache_prepare(m, e), -EEXIST);
	for (int i = 1; i <= 62; i++)
		assert_int_equal(swap_duplicate(m, e), 0);
	assert_int_equal(*swap_byte(a, 1), 0x7e);
	assert_int_equal(swap_duplicate(m, e), -ENOMEM); /* a continuation takes fork() */
	swapcache_free(m, e);
	assert_int_equal(swap_count(m, e), 62);
	for (int i = 1; i < 62; i++)
		swap_free(m, e);
	assert_int_equal(*swap_byte(a, 1), 1);
	assert_int_equal(swapcache_prepare(m, e), 0);
	assert_int_equal(*swap_byte(a, 1), 0x41);
	swap_free(m, e);
	assert_int_equal(a->inuse, 1);
	assert_int_equal(m->swap.nr_swap_pages, 19);
	swapcache_free(m, e);
	assert_int_equal(a->inuse, 0);
	assert_int_equal(m->swap.nr_swap_pages, 20);
	assert_int_equal(swap_duplicate(m, e), -ENOENT);
	assert_int_equal(swapcache_prepare(m, e), -ENOENT);
	assert_int_equal(swapcache_prepare(m, swp_entry(0, 0)), -ENOENT);
	*swap_byte(a, 7) = SWAP_MAP_BAD;
	assert_int_equal(swapcache_prepare(m, swp_entry(0, 7)), -ENOENT);
	*swap_byte(a, 7) = 0;
	swap_valid();
}

static void test_20_2_shmem_has_a_byte_of_its_own(void **state)
{
	struct swap_area *a = add_area(&fake_spindle, 20, 0);
	swp_entry_t e = get_swap_page(m);

	(void)state;
	assert_int_equal(swap_shmem_slots(m), 0);
	swap_shmem_alloc(m, e);
	assert_int_equal(*swap_byte(a, 1), SWAP_MAP_SHMEM | SWAP_HAS_CACHE);
	assert_int_equal(swap_shmem_slots(m), 1);
	assert_int_equal(swap_entries(m), 0);
	assert_panics("BUG", swap_shmem_alloc(m, e)); /* somebody names it already */
	swap_free(m, e);
	assert_int_equal(*swap_byte(a, 1), SWAP_HAS_CACHE);
	*swap_byte(a, 1) = SWAP_MAP_SHMEM | SWAP_HAS_CACHE;
	swapcache_free(m, e);
	assert_int_equal(*swap_byte(a, 1), SWAP_MAP_SHMEM);
	swap_valid();
	swap_free(m, e);
	assert_int_equal(a->inuse, 0);
}

static void test_20_2_lines_about_entries_that_are_none(void **state)
{
	(void)state;
	add_area(&fake_spindle, 20, 0);
	swap_free(m, swp_entry(0, 5));
	assert_line("swap_free: Unused swap offset entry 00000005");
	give_slot(0, take_slot()); /* nobody has kept the area's lock */
	swap_free(m, swp_entry(0, 21));
	assert_line("swap_free: Bad swap offset entry 00000015");
	swapcache_free(m, swp_entry(1, 5));
	assert_line("swapcache_free: Bad swap file entry 200000000000005");
	swap_valid();
}

/* §20.3: the highest priority first, equal ones in turn. */
static void test_20_3_priorities(void **state)
{
	static const unsigned int order[] = {1, 2, 1, 2, 1, 2, 0, 0, 3};
	swp_entry_t e;

	(void)state;
	add_area(&fake_spindle, 2, 5);
	add_area(&fake_spindle, 3, 7);
	add_area(&fake_spindle, 3, 7);
	add_area(&fake_spindle, 1, SWAP_PRIO_AUTO);
	for (unsigned int i = 0; i < ARRAY_SIZE(order); i++) {
		e = get_swap_page(m);
		assert_int_equal(swp_type(e), order[i]);
	}
	assert_int_equal(get_swap_page(m).val, 0);
	swapcache_free(m, swp_entry(3, 1));
	swapcache_free(m, swp_entry(2, 2));
	e = get_swap_page(m);
	assert_int_equal(e.val, swp_entry(2, 2).val);
}

/* Trap 14: the count falls before the search, and rises again when that finds nothing. */
static void test_20_3_an_area_that_takes_no_more(void **state)
{
	struct swap_area *a = add_area(&fake_spindle, 5, 0);

	(void)state;
	a->writable = false;
	assert_int_equal(get_swap_page(m).val, 0);
	assert_int_equal(m->swap.nr_swap_pages, 5);
	a->writable = true;
	assert_int_equal(take_slot(), 1);
}

static void test_20_9_swap_full(void **state)
{
	(void)state;
	add_area(&fake_spindle, 10, 0);
	for (int i = 1; i <= 5; i++)
		take_slot();
	assert_false(vm_swap_full(m)); /* 5 * 2 < 10: no */
	take_slot();
	assert_true(vm_swap_full(m));
}

/* DESIGN §7: what is left at the end of a run is named. */
static void test_what_is_left_is_named(void **state)
{
	(void)state;
	add_area(&fake_spindle, 10, 0);
	take_slot();
	take_slot();
	give_slot(0, 1);
	assert_string_equal(swap_off_all(m),
		"swap: 1 slots of /dev/vdb are in use, the first is 2 (0x01); expected none");
	swap_valid();
	give_slot(0, 2);
	assert_null(swap_off_all(m));
}

static void test_no_memory_for_an_area(void **state)
{
	char parameter[32];
	unsigned long n = 1;
	long before;

	(void)state;
	do {
		snprintf(parameter, sizeof(parameter), "fail_nth=%lu", n++);
		m = slab_machine_with(1, parameter);
		before = all_free(m);
		if (swap_on(m, &fake_flash, 20000, 0, 1))
			assert_int_equal(m->event[FAULTS_INJECTED], 1);
		else
			assert_null(swap_off_all(m));
		swap_valid();
		assert_no_nodes(m, before);
	} while (m->event[FAULTS_INJECTED]);
	assert_true(n > 6);
}

static void test_validate_names_what_is_broken(void **state)
{
	struct swap_area *a = add_area(&fake_flash, 600, 0);

	(void)state;
	take_slot();
	m->swap.nr_swap_pages--;
	assert_string_equal(swap_validate(m),
		"swap: 599 slots free of 600, 0 in the cache; counted 598, 600, 0; add 0, delete "
		"0");
	m->swap.nr_swap_pages++;
	a->inuse++;
	assert_string_equal(
		swap_validate(m), "swap on /dev/vdc: 1 slots in use, counted 2, of 600; available");
	a->inuse--;
	*swap_byte(a, 600) = SWAP_HAS_CACHE;
	a->inuse++;
	assert_non_null(
		strstr(swap_validate(m), "swap on /dev/vdc: cluster 2: 168 used, counted 167"));
	a->cluster[2].used++;
	assert_string_equal(
		swap_validate(m), "swap on /dev/vdc: 0 pages in the tree, 1 slots with a page");
	*swap_byte(a, 0) = 0;
	assert_string_equal(swap_validate(m), "swap on /dev/vdc: the header's slot has byte 0x00");
}

static const struct CMUnitTest tests[] = {
	TEST(test_20_1_entries),
	TEST(test_20_1_the_seed_s_area),
	TEST(test_20_1_an_area_must_fit),
	TEST(test_30_10_ascending_from_slot_1),
	TEST(test_30_10_freed_slots_wait_until_no_run_is_left),
	TEST(test_30_10_no_search_when_fewer_are_free),
	TEST(test_20_4_a_run_need_not_be_aligned),
	TEST(test_20_2_full_and_not_full_again),
	TEST(test_20_2_bytes),
	TEST(test_20_2_shmem_has_a_byte_of_its_own),
	TEST(test_20_2_lines_about_entries_that_are_none),
	TEST(test_20_3_priorities),
	TEST(test_20_3_an_area_that_takes_no_more),
	TEST(test_20_9_swap_full),
	TEST(test_what_is_left_is_named),
	TEST(test_no_memory_for_an_area),
	TEST(test_validate_names_what_is_broken),
};
TEST_GROUP(swap_slots)
