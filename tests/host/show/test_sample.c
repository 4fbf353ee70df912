/*
 * A sample of lists and swap (mm/show/sample.h), to the letter.
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/show/sample.h"

static struct memory *m;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	memory_empty(m);
	jiffies = 250;
	return err;
}

static void test_each_figure_in_its_place(void **state)
{
	(void)state;
	zone_put(dma(m), 1024, 3, MIGRATE_MOVABLE);
	zone_put(dma32(m), 5120, 10, MIGRATE_HIGHATOMIC);
	dma32(m)->nr_reserved_highatomic = 2048;
	m->node.stat[NR_INACTIVE_ANON] = 11;
	m->node.stat[NR_ACTIVE_ANON] = 12;
	m->swap.nr_swap_pages = 13;
	m->swap.cached = 14;
	memory_sample(m);
	assert_string_equal(events(),
		"{\"event\":\"memory_sample\",\"ns\":1000000000,\"free\":{\"DMA\":8,\"DMA32\":1024}"
		","
		"\"reserved\":{\"DMA\":0,\"DMA32\":2048},\"inactive_anon\":11,\"active_anon\":12,"
		"\"swap_free\":13,\"swap_cached\":14}\n");
	m->swap.nr_swap_pages = m->swap.cached = 0;
}

/* What CPUs owe a counter, or an area that is being emptied, is not below nothing. */
static void test_no_figure_is_negative(void **state)
{
	(void)state;
	m->node.stat[NR_INACTIVE_ANON] = -3;
	m->swap.nr_swap_pages = -5;
	memory_sample(m);
	assert_non_null(strstr(events(), "\"inactive_anon\":0,\"active_anon\":0,\"swap_free\":0,"));
	m->swap.nr_swap_pages = 0;
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_each_figure_in_its_place),
	TEST(test_no_figure_is_negative),
};

TEST_GROUP(sample)
