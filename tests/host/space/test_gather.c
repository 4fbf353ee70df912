/*
 * Gathered pages (mm/space/gather.h; reference §8.5): entries are cleared, then all CPUs forget them, then
 * the pages are freed; and how many of them at a time.
 */
#include "space.h"

#include "mm/space/gather.h"
#include "mm/space/zap.h"

#define BATCH 510  /* pages that a batch names */
#define MOST  9698 /* 8 and 19 batches: "about 10000" */

static struct mmu_gather g;
static unsigned int flushes;

/* What the flush finds: how many entries of the first pages are left, and how many pages free. */
static unsigned int entries_left;
static long free_at_flush;

static void look(uint64_t cr3)
{
	assert_int_equal(cr3, mm->pgd);
	flushes++;
	free_at_flush = all_free(m);
	entries_left = 0;
	for (unsigned int i = 0; i < 20; i++)
		entries_left += entry(i) != 0;
}

static void begin(bool flush)
{
	flushes = 0;
	twin.on_flush = look;
	gather_start(&g, mm, flush);
}

/* A page as an unmapping leaves it. */
static void gather_one(void)
{
	struct page *page = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0);

	assert_non_null(page);
	gather_page(&g, page);
}

static void gather_many(unsigned int n)
{
	while (n--)
		gather_one();
}

static void test_8_5_clear_flush_free(void **state)
{
	long before;

	(void)state;
	map(0, 20, VM_WRITE);
	touch(0, 20);
	before = all_free(m);
	begin(true);
	unmap_page_range(&g, AT(0), AT(20), NULL);
	assert_int_equal(flushes, 0);
	gather_finish(&g);
	assert_int_equal(flushes, 1);
	assert_int_equal(entries_left, 0);
	assert_int_equal(free_at_flush, before - 1); /* the batch */
	assert_int_equal(all_free(m), before + 20);
	assert_all_back();
}

static void test_nothing_gathered_nothing_flushed(void **state)
{
	(void)state;
	begin(true);
	gather_finish(&g);
	assert_int_equal(flushes, 0);
}

/* Eight need no memory to be remembered. */
static void test_8_5_a_bundle_of_eight(void **state)
{
	long before = all_free(m);

	(void)state;
	begin(true);
	gather_many(7);
	assert_int_equal(all_free(m), before - 7);
	gather_one();
	assert_int_equal(all_free(m), before - 8 - 1); /* room for more, in time */
	assert_int_equal(flushes, 0);
	gather_finish(&g);
	assert_int_equal(flushes, 1);
	assert_int_equal(all_free(m), before);
}

/* As release_pages() of 4.8: what was gathered first is freed last, and so the first to be had again. */
static void test_freed_from_the_last_to_the_first(void **state)
{
	struct per_cpu_pages *pcp = &dma32(m)->pcp[0];
	struct page *page[GATHER_BUNDLE - 1];

	(void)state;
	pcp->high = 42;
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++)
		page[i] = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0);
	begin(true);
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++)
		gather_page(&g, page[i]);
	gather_finish(&g);
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++)
		assert_ptr_equal(alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0), page[i]);
}

/* Interrupts are not off for all of them at a stretch; a batch goes to the buddy lists in between. */
static void test_many_in_an_array(void **state)
{
	struct page *page[100];
	long before = all_free(m);
	unsigned long freed = m->event[PGFREE];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(page); i++)
		page[i] = alloc_pages(m, i % 3 ? GFP_HIGHUSER_MOVABLE : GFP_DMA, 0);
	free_page_array(m, page, ARRAY_SIZE(page));
	assert_int_equal(m->event[PGFREE] - freed, ARRAY_SIZE(page));
	assert_int_equal(all_free(m), before);
	assert_true(irqs_enabled());
	assert_valid(m);
	assert_panics("double free", free_page_array(m, page, 1));
}

static void test_8_5_batches_of_a_page(void **state)
{
	long before = all_free(m);

	(void)state;
	begin(true);
	gather_many(8 + BATCH - 1);
	assert_int_equal(g.nr_batches, 1);
	gather_one();
	assert_int_equal(g.nr_batches, 2);
	gather_many(BATCH);
	assert_int_equal(g.nr_batches, 3);
	assert_int_equal(flushes, 0);
	assert_int_equal(all_free(m), before - 8 - 2 * BATCH - 3);
	gather_finish(&g);
	assert_int_equal(flushes, 1);
	assert_int_equal(all_free(m), before);
	assert_valid(m);
}

static void test_8_5_no_memory_for_a_batch(void **state)
{
	struct page *pages[20];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++)
		pages[i] = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0);
	memory_empty(m);
	memory_no_marks(m);
	begin(true);
	for (unsigned int i = 0; i < 8; i++)
		gather_page(&g, pages[i]);
	/* They were freed at once, and without a word. */
	assert_int_equal(flushes, 1);
	assert_int_equal(free_at_flush, 0);
	assert_int_equal(all_free(m), 8);
	assert_string_equal(console(), "");
	assert_int_equal(mm_event_sum(m, ALLOCSTALL) + m->event[OOM_STEPS], 0);
	/* The next time there is a page to be had. */
	for (unsigned int i = 8; i < 20; i++)
		gather_page(&g, pages[i]);
	assert_int_equal(g.nr_batches, 1);
	assert_int_equal(flushes, 1);
	gather_finish(&g);
	assert_int_equal(flushes, 2);
	assert_int_equal(all_free(m), 20);
}

/* A machine with room for more than the limit. */
static void large_machine(void)
{
	struct machine_spec spec = {.range = {{0, 0x9fc00, 1}, {MIB(1), MIB(128), 1}}};

	m = machine_new(&spec);
	mm = mm_create(m);
}

static void test_8_5_at_most_about_10000_pages(void **state)
{
	long before;

	(void)state;
	large_machine();
	before = all_free(m);
	begin(true);
	gather_many(MOST - 1);
	assert_int_equal(flushes, 0);
	gather_one();
	assert_int_equal(flushes, 1);
	assert_int_equal(free_at_flush, before - MOST - 19);
	assert_int_equal(all_free(m), before - 19);
	/* The batches serve again. */
	gather_many(MOST);
	assert_int_equal(flushes, 2);
	assert_int_equal(g.nr_batches, 19);
	assert_int_equal(all_free(m), before - 19);
	gather_many(3);
	gather_finish(&g);
	assert_int_equal(flushes, 3);
	assert_int_equal(all_free(m), before);
	assert_valid(m);
}

static void test_no_flush_where_nobody_uses_the_tables(void **state)
{
	long before = all_free(m);

	(void)state;
	begin(false);
	gather_many(600);
	gather_finish(&g);
	assert_int_equal(flushes, 0);
	assert_int_equal(all_free(m), before);
}

static void test_teardown_does_not_flush(void **state)
{
	(void)state;
	map(0, 600, VM_WRITE);
	touch(0, 600);
	begin(true);
	assert_all_back();
	assert_int_equal(flushes, 0);
}

#ifdef LW_DEBUG
static void free_before_the_flush(void)
{
	struct page *page = alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0);

	begin(true);
	gather_page(&g, page);
	free_pages(m, page, 0);
}

static void test_8_5_freed_before_the_flush(void **state)
{
	(void)state;
	assert_panics("freed while a TLB may still know it", free_before_the_flush());
}

static void tear_down_in_use(void)
{
	map(0, 1, VM_WRITE);
	touch(0, 1);
	nr_cpus = 2;
	cpus[1].cr3 = mm->pgd;
	mm_put_user(mm);
}

static void test_8_5_torn_down_while_it_is_loaded(void **state)
{
	(void)state;
	assert_panics("is taken down while CPU 1 uses it", tear_down_in_use());
}
#endif

static const struct CMUnitTest tests[] = {
	TEST(test_8_5_clear_flush_free),
	TEST(test_nothing_gathered_nothing_flushed),
	TEST(test_8_5_a_bundle_of_eight),
	TEST(test_freed_from_the_last_to_the_first),
	TEST(test_many_in_an_array),
	TEST(test_8_5_batches_of_a_page),
	TEST(test_8_5_no_memory_for_a_batch),
	TEST(test_8_5_at_most_about_10000_pages),
	TEST(test_no_flush_where_nobody_uses_the_tables),
	TEST(test_teardown_does_not_flush),
#ifdef LW_DEBUG
	TEST(test_8_5_freed_before_the_flush),
	TEST(test_8_5_torn_down_while_it_is_loaded),
#endif
};
TEST_GROUP(gather)
