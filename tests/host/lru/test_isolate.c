/*
 * Pages leave a list's tail to be looked at (§17.8): which ones, in which order, and how they are counted.
 */
#include "lru_case.h"

#define MANY 16

static struct page *page[MANY]; /* page[0] is the oldest */
static struct list_head taken;
static struct isolation met;

static unsigned long isolate(unsigned long n, enum zone_type highest)
{
	unsigned long flags = spin_lock_irqsave(&m->node.lru_lock), got;

	list_init(&taken);
	got = isolate_lru_pages(m, LRU_INACTIVE_ANON, n, highest, &taken, &met);
	spin_unlock_irqrestore(&m->node.lru_lock, flags);
	assert_int_equal(list_length(&taken), got);
	return got;
}

/* `pattern`: a digit for each page, the oldest first: 1 is one of DMA. */
static void fill(const char *pattern)
{
	for (int i = 0; pattern[i]; i++)
		page[i] = listed_in(pattern[i] == '1' ? GFP_DMA : GFP_DMA32, 0);
}

static void assert_nth_taken(unsigned int n, const struct page *want)
{
	const struct list_head *p = taken.next;

	while (n--)
		p = p->next;
	assert_ptr_equal(list_entry(p, struct page, lru), want);
}

static void test_17_8_from_the_tail(void **state)
{
	(void)state;
	fill("00000");
	assert_int_equal(isolate(3, ZONE_MOVABLE), 3);
	assert_int_equal(met.scanned, 3);
	for (int i = 0; i < 3; i++) {
		assert_nth_taken(2 - i, page[i]); /* the oldest is the last of the list again */
		assert_int_equal(page[i]->refcount, 2);
		assert_false(page_has(page[i], PG_LRU));
	}
	assert_ptr_equal(tail(LRU_INACTIVE_ANON), page[3]);
	assert_anon(2, 0);
	assert_int_equal(isolate(10, ZONE_MOVABLE), 2); /* the list ends */
	assert_int_equal(met.scanned, 2);
	assert_int_equal(isolate(10, ZONE_MOVABLE), 0);
	assert_int_equal(met.scanned, 0);
}

/* Trap 23: passed over, to the head, the last of them the very first (§30c); a quarter of them counts. */
static void test_17_8_zones_above_are_passed_over(void **state)
{
	(void)state;
	fill("0000000010010");
	assert_int_equal(isolate(1, ZONE_DMA), 1);
	assert_nth_taken(0, page[8]);
	assert_int_equal(met.scanned, 1 + 8 / 4);
	assert_int_equal(m->event[PGSCAN_SKIP + ZONE_DMA32], 8);
	assert_int_equal(m->event[PGSCAN_SKIP + ZONE_DMA], 0);
	assert_int_equal(length(LRU_INACTIVE_ANON), 12);
	for (int i = 0; i < 8; i++)
		assert_ptr_equal(nth(LRU_INACTIVE_ANON, 7 - i), page[i]);
	assert_ptr_equal(nth(LRU_INACTIVE_ANON, 8), page[12]);
	assert_ptr_equal(tail(LRU_INACTIVE_ANON), page[9]);
	assert_int_equal(zone_stat_exact(dma(m), NR_ZONE_INACTIVE_ANON), 1);
	assert_anon(12, 0);
}

/* All of them, if nothing else is left. */
static void test_17_8_the_list_ran_empty(void **state)
{
	(void)state;
	fill("000100");
	assert_int_equal(isolate(2, ZONE_DMA), 1);
	assert_int_equal(met.scanned, 1 + 5);
	assert_int_equal(m->event[PGSCAN_SKIP + ZONE_DMA32], 5);
	assert_anon(5, 0);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(nth(LRU_INACTIVE_ANON, 4 - i), page[i]);
	assert_ptr_equal(nth(LRU_INACTIVE_ANON, 0), page[5]);
}

/* What is scanned may be more than what was asked for, and three of them are none (3 / 4). */
static void test_17_8_a_quarter_rounds_down(void **state)
{
	(void)state;
	fill("00011000");
	assert_int_equal(isolate(2, ZONE_DMA), 2);
	assert_int_equal(met.scanned, 2);
	assert_int_equal(m->event[PGSCAN_SKIP + ZONE_DMA32], 3);
}

/* Who frees it waits for lru_lock: to the head, looked at, not taken. */
static void test_17_8_a_page_without_references(void **state)
{
	(void)state;
	fill("000");
	page[0]->refcount = 0;
	assert_int_equal(isolate(2, ZONE_MOVABLE), 1);
	assert_int_equal(met.scanned, 2);
	assert_nth_taken(0, page[1]);
	assert_ptr_equal(nth(LRU_INACTIVE_ANON, 0), page[0]);
	assert_true(page_has(page[0], PG_LRU));
	assert_int_equal(page[0]->refcount, 0);
	assert_anon(2, 0);
	page[0]->refcount = 1;
}

/* It would never end if such pages were not counted. */
static void test_17_8_only_pages_without_references(void **state)
{
	(void)state;
	fill("00");
	page[0]->refcount = page[1]->refcount = 0;
	assert_int_equal(isolate(5, ZONE_MOVABLE), 0);
	assert_int_equal(met.scanned, 5);
	page[0]->refcount = page[1]->refcount = 1;
}

static void test_17_8_two_zones_are_counted_each(void **state)
{
	(void)state;
	fill("0110100");
	assert_int_equal(isolate(5, ZONE_DMA32), 5);
	assert_int_equal(met.scanned, 5);
	assert_int_equal(zone_stat_exact(dma(m), NR_ZONE_INACTIVE_ANON), 0);
	assert_int_equal(zone_stat_exact(dma32(m), NR_ZONE_INACTIVE_ANON), 2);
	assert_int_equal(mm_event_sum(m, PGSCAN_SKIP), 0);
	assert_anon(2, 0);
}

static const struct CMUnitTest tests[] = {
	TEST(test_17_8_from_the_tail),
	TEST(test_17_8_zones_above_are_passed_over),
	TEST(test_17_8_the_list_ran_empty),
	TEST(test_17_8_a_quarter_rounds_down),
	TEST(test_17_8_a_page_without_references),
	TEST(test_17_8_only_pages_without_references),
	TEST(test_17_8_two_zones_are_counted_each),
};
TEST_GROUP(isolate)
