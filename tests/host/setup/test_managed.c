/*
 * managed=: zones as large as another kernel's, some of their pages after watermarks are computed.
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/setup/managed.h"

static struct memory *machine(const char *value)
{
	char text[64];

	snprintf(text, sizeof(text), "managed=%s", value);
	set_parameters(text);
	return machine_default();
}

static void test_a_zone_is_given_so_many_pages(void **state)
{
	struct memory *m = machine("DMA32:4000");

	(void)state;
	assert_int_equal(dma32(m)->managed, 4000);
	assert_int_equal(zone_stat(dma32(m), NR_FREE_PAGES), 4000);
	assert_int_equal(m->totalram_pages, dma(m)->managed + 4000);
	assert_true(dma32(m)->present > 4000);
	assert_null(managed_lacking(m));
	assert_valid(m);
}

/* Its first ones: what is withheld is at the end. */
static void test_the_last_ones_are_withheld(void **state)
{
	unsigned long all = dma32(machine_default())->managed;
	struct memory *m = machine("DMA32:4001");
	struct zone *z = dma32(m);
	unsigned long highest = 0, pfn;

	(void)state;
	assert_true(all > 4001);
	for (unsigned int order = 0; order < MAX_ORDER; order++)
		for (int t = 0; t < MIGRATE_TYPES; t++)
			for (unsigned int n = 0; (pfn = nth_free(m, z, order, t, n)); n++)
				highest = MAX(highest, pfn + (1ul << order));
	assert_int_equal(highest, z->start_pfn + 4001);
}

static void test_watermarks_are_of_those_that_are_there_first(void **state)
{
	struct memory *few = machine("DMA32:3000"), *m = machine("DMA:2000,DMA32:4000:3000");

	(void)state;
	assert_int_equal(dma(m)->managed, 2000);
	assert_int_equal(dma32(m)->managed, 4000);
	assert_int_equal(m->totalram_pages, 6000);
	assert_int_equal(dma(m)->lowmem_reserve[ZONE_DMA32], dma(few)->lowmem_reserve[ZONE_DMA32]);
	m = machine("DMA:2000,DMA32:4000");
	few = machine("DMA:2000,DMA32:4000:1000");
	assert_true(few->min_free_kbytes < m->min_free_kbytes);
	assert_int_equal(few->totalram_pages, m->totalram_pages);
	assert_valid(few);
}

static void test_a_zone_may_have_fewer(void **state)
{
	unsigned long has = dma(machine_default())->managed;
	struct memory *m = machine("DMA:5000,DMA32:100");

	(void)state;
	assert_ptr_equal(managed_lacking(m), dma(m));
	assert_int_equal(dma(m)->managed, has);
}

static void test_what_is_no_list_of_zones(void **state)
{
	static const char *const bad[] = {"", "DMA", "DMA:", "DMA:0", "DMA:-1", "DMA:x",
		"DMA:10:", "DMA:10:11", "DMA:10:0", "DMA:10:5:1", "DMA:10,", "DMA:10,DMA:10",
		"dma:10", "Movable:10", "DMA:99999999999999999999999999"};
	struct managed_spec spec[MAX_NR_ZONES];

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		if (!managed_parse(bad[i], spec))
			fail_msg("%s was accepted", bad[i]);
	assert_null(managed_parse("Normal:7,DMA32:10:5", spec));
	assert_int_equal(spec[ZONE_DMA].pages, 0);
	assert_int_equal(spec[ZONE_DMA32].first, 5);
	assert_int_equal(spec[ZONE_NORMAL].first, 7);
}

static const struct CMUnitTest tests[] = {
	TEST(test_a_zone_is_given_so_many_pages),
	TEST(test_the_last_ones_are_withheld),
	TEST(test_watermarks_are_of_those_that_are_there_first),
	TEST(test_a_zone_may_have_fewer),
	TEST(test_what_is_no_list_of_zones),
};
TEST_GROUP(managed)
