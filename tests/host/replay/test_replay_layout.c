/*
 * Where free blocks lie (mm/replay/layout.h): that they fit into what was said to be enough, and into nothing
 * smaller, and that no two of them would have merged.
 */
#include "replay_case.h"

#include "kernel/core/rand.h"
#include "mm/replay/layout.h"

#define UNITS 32

static struct page *pages;
static struct rand rng;

static int setup(void **test)
{
	pages = aligned_alloc(
		UNIT_PAGES * sizeof(struct page), UNITS * UNIT_PAGES * sizeof(struct page));
	rand_seed(&rng, 1);
	return twin_setup(test);
}

static int teardown(void **test)
{
	free(pages);
	return twin_teardown(test);
}

static void new_layout(struct layout *l, unsigned long size)
{
	assert_true(size <= UNITS * UNIT_PAGES);
	memset(pages, 0, UNITS * UNIT_PAGES * sizeof(struct page));
	layout_init(l);
	for (unsigned long at = 0; at < size; at += UNIT_PAGES)
		layout_add_unit(l, pages + at, size - at);
}

/* All blocks, largest first, in so many pages; false: there is no room for one of them. */
static bool place_all(const unsigned long blocks[MAX_ORDER], unsigned long size)
{
	struct layout l;

	new_layout(&l, size);
	for (int order = MAX_ORDER - 1; order >= 0; order--) {
		for (unsigned long n = blocks[order]; n; n--) {
			struct page *page = layout_place(&l, order);

			if (!page)
				return false;
			page->state = PAGE_STATE(PG_BUDDY, order, 0);
		}
	}
	return true;
}

static bool is_free(unsigned long at, unsigned int order)
{
	return page_flags_order(&pages[at]) == PAGE_STATE(PG_BUDDY, order, 0);
}

/* They are as many as were placed, apart from each other, and none has a buddy like itself. */
static void check_all(const unsigned long blocks[MAX_ORDER], unsigned long size)
{
	unsigned long left[MAX_ORDER], end = 0;

	memcpy(left, blocks, sizeof(left));
	for (unsigned long at = 0; at < UNITS * UNIT_PAGES; at++) {
		unsigned int order = pages[at].order;

		if (!(pages[at].flags & PG_BUDDY))
			continue;
		assert_true(at >= end);
		end = at + (1ul << order);
		assert_true(end <= size);
		assert_int_equal(at & ((1ul << order) - 1), 0);
		assert_true(left[order]-- > 0);
		if (order < UNIT_ORDER)
			assert_false(is_free(at ^ (1ul << order), order));
	}
	for (int order = 0; order < MAX_ORDER; order++)
		assert_int_equal(left[order], 0);
}

static void draw(unsigned long blocks[MAX_ORDER])
{
	unsigned int few = rand_next(&rng) % 4;

	for (int order = 0; order < MAX_ORDER; order++) {
		unsigned long most = (UNIT_PAGES * 5 / 2) >> order;

		blocks[order] = rand_next(&rng) % 4 < few ? 0 : rand_next(&rng) % (most + 1);
		blocks[order] >>= rand_next(&rng) % 8;
	}
}

static void check_order(int pageblock_order)
{
	unsigned long blocks[MAX_ORDER];

	for (int i = 0; i < 400; i++) {
		unsigned long size;

		draw(blocks);
		size = layout_pages(blocks, pageblock_order);
		assert_int_equal(size % (1ul << pageblock_order), 0);
		assert_true(place_all(blocks, size));
		check_all(blocks, size);
		if (size)
			assert_false(place_all(blocks, size - (1ul << pageblock_order)));
	}
}

static void test_exactly_enough(void **test)
{
	(void)test;
	check_order(10);
}

static void test_exactly_enough_with_half_units(void **test)
{
	(void)test;
	check_order(9);
}

static void test_the_seeds_reserve_fits_into_five(void **test)
{
	static const unsigned long dma32[MAX_ORDER] = {7, 8, 30, 31, 14, 9, 2, 2, 4, 5, 0};

	(void)test;
	assert_int_equal(layout_pages(dma32, 10), 5 * 1024);
	assert_int_equal(layout_pages(dma32, 9), 10 * 512);
}

/* Of each order one: all of a unit but the last page. */
static void test_best_fit(void **test)
{
	static const unsigned long one_each[MAX_ORDER] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0};

	(void)test;
	assert_int_equal(layout_pages(one_each, 10), 1024);
	assert_true(place_all(one_each, 1024));
	for (int order = 0; order < UNIT_ORDER; order++)
		assert_true(is_free(UNIT_PAGES - (2ul << order), order));
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static const struct CMUnitTest tests[] = {
	TEST(test_exactly_enough),
	TEST(test_exactly_enough_with_half_units),
	TEST(test_the_seeds_reserve_fits_into_five),
	TEST(test_best_fit),
};

TEST_GROUP(replay_layout)
