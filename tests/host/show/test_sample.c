/*
 * A sample of lists and swap (mm/show/sample.h), to the letter.
 */
#include "twin.h"

#include "host_machine.h"
#include "kernel/core/log/printk.h"
#include "mm/alloc/highatomic.h"
#include "mm/page/pageblock.h"
#include "mm/show/sample.h"
#include "mm/show/show_mem.h"

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
	m->event[ALLOCSTALL + ZONE_DMA32] = 15;
	m->event[ALLOCSTALL + ZONE_NORMAL] = 1;
	m->event[OOM_KILLS] = 17;
	m->event[OOM_REAPED] = 18;
	memory_sample(m, 99, "kill");
	assert_string_equal(events(),
		"{\"event\":\"memory_sample\",\"ns\":99,\"why\":\"kill\",\"free\":{\"DMA\":8,"
		"\"DMA32\":1024},"
		"\"reserved\":{\"DMA\":0,\"DMA32\":2048},\"inactive_anon\":11,\"active_anon\":12,"
		"\"swap_free\":13,\"swap_cached\":14,\"allocstall\":16,\"kills\":17,\"reaps\":18}"
		"\n");
	m->swap.nr_swap_pages = m->swap.cached = 0;
}

/* What CPUs owe a counter, or an area that is being emptied, is not below nothing. */
static void test_no_figure_is_negative(void **state)
{
	(void)state;
	m->node.stat[NR_INACTIVE_ANON] = -3;
	m->swap.nr_swap_pages = -5;
	memory_sample(m, 1, "sample");
	assert_non_null(strstr(events(), "\"inactive_anon\":0,\"active_anon\":0,\"swap_free\":0,"));
	m->swap.nr_swap_pages = 0;
}

static void test_what_the_figures_are_held_against(void **state)
{
	(void)state;
	zone_marks(dma(m), 5, 6, 7);
	zone_marks(dma32(m), 15, 16, 17);
	dma(m)->managed = 3900;
	dma32(m)->managed = 6000;
	memory_sample_zones(m);
	assert_string_equal(events(),
		"{\"event\":\"zones\",\"pageblock_pages\":1024,\"zones\":{"
		"\"DMA\":{\"start_pfn\":1,\"pageblocks\":4,\"managed\":3900,\"min\":5,\"low\":6,"
		"\"high\":7},"
		"\"DMA32\":{\"start_pfn\":4096,\"pageblocks\":6,\"managed\":6000,\"min\":15,"
		"\"low\":16,"
		"\"high\":17}}}\n");
}

static char moments[64];

static void note_moment(struct memory *machine, const char *what)
{
	unsigned long flags;

	assert_ptr_equal(machine, m);
	assert_true(spin_trylock(&dma32(m)->lock)); /* whoever is told may look at the lists */
	spin_unlock(&dma32(m)->lock);
	flags = output_lock();
	output_unlock(flags);
	snprintf(moments + strlen(moments), sizeof(moments) - strlen(moments), "%s ", what);
}

static void release(bool force)
{
	struct alloc_context ac = {
		.memory = m, .migratetype = MIGRATE_MOVABLE, .first = m->first_zone[ZONE_DMA32]};

	release_highatomic_pageblock(&ac, force);
}

static void test_moments_are_noticed(void **state)
{
	(void)state;
	moments[0] = '\0';
	m->noticed = note_moment;
	warn_alloc_failed(m, GFP_ATOMIC, 3);
	assert_string_equal(moments, "failure ");
	release(true); /* there is nothing to release */
	zone_put(dma32(m), 5120, 10, MIGRATE_HIGHATOMIC);
	set_pageblock_type(dma32(m), 5120, MIGRATE_HIGHATOMIC);
	dma32(m)->nr_reserved_highatomic = 1024;
	release(false); /* the last one stays */
	assert_string_equal(moments, "failure ");
	release(true);
	assert_string_equal(moments, "failure release ");
	m->noticed = NULL;
	warn_alloc_failed(m, GFP_ATOMIC, 3);
	assert_string_equal(moments, "failure release ");
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_each_figure_in_its_place),
	TEST(test_no_figure_is_negative),
	TEST(test_what_the_figures_are_held_against),
	TEST(test_moments_are_noticed),
};

TEST_GROUP(sample)
