/*
 * What swap= may say.
 */
#include "swap_case.h"

#include "mm/swap/swap_param.h"

static struct swap_spec spec[MAX_SWAP_SPECS];

static void test_areas(void **state)
{
	(void)state;
	assert_null(swap_parse("card:255996", spec));
	assert_string_equal(spec[0].name, "card");
	assert_int_equal(spec[0].kbytes, 255996);
	assert_int_equal(spec[0].prio, SWAP_PRIO_AUTO);
	assert_string_equal(spec[1].name, "");
	assert_null(swap_parse("disk:65532:5,card:32764:5,vdb:4:0,vdc:8:32767", spec));
	assert_string_equal(spec[1].name, "card");
	assert_int_equal(spec[1].prio, 5);
	assert_int_equal(spec[2].prio, 0);
	assert_int_equal(spec[3].kbytes, 8);
}

static void test_nonsense(void **state)
{
	static const char *const text[] = {"", "card", "card:", ":4", "card:0", "card:6",
		"card:4:", "card:4:32768", "card:4:-1", "card:4:1:1", "card:4,", "card:4,,card:4",
		"card:4k", "card:99999999999999999999999999", "card:17179869180",
		"a-name-of-16-byt:4", "a:4,b:4,c:4,d:4,e:4"};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(text); i++) {
		const char *expected = swap_parse(text[i], spec);

		if (!expected)
			fail_msg("swap=%s was taken", text[i]);
		assert_non_null(strstr(expected, "DISK:KB[:PRIORITY]"));
	}
}

static void test_on_the_command_line(void **state)
{
	char line[] = "swap=card:4 page_cluster=5", wrong[] = "swap=card:5", said[256];

	(void)state;
	assert_true(params_try_parse(line, said, sizeof(said)));
	assert_string_equal(mm_tunables.swap[0].name, "card");
	assert_int_equal(mm_tunables.page_cluster, 5);
	assert_false(params_try_parse(wrong, said, sizeof(said)));
	assert_non_null(strstr(said, "bad parameter: swap=card:5"));
	memset(mm_tunables.swap, 0, sizeof(mm_tunables.swap));
	mm_tunables.page_cluster = -1;
}

/* A machine with so many pages for the allocator: what the other MiB hold is not its. */
static long cluster_with(unsigned long pages)
{
	struct machine_spec spec = {.range = {{0, 0x9fc00, 1}, {MIB(1), MIB(16), 1}}};
	struct memory *one = machine_new(&spec);

	spec.range[1].end += (pages - one->totalram_pages) * PAGE_SIZE;
	one = machine_new(&spec);
	assert_int_equal(one->totalram_pages, pages);
	return one->tunables.page_cluster;
}

/* §30b, last row: in whole MB. */
static void test_30b_less_is_read_ahead_below_16_mb(void **state)
{
	(void)state;
	assert_int_equal(cluster_with(4095), 2);
	assert_int_equal(cluster_with(4096), 3);
	set_parameters("page_cluster=5");
	assert_int_equal(cluster_with(4095), 5);
	mm_tunables.page_cluster = -1;
}

static const struct CMUnitTest tests[] = {
	TEST(test_areas),
	TEST(test_nonsense),
	TEST(test_on_the_command_line),
	TEST(test_30b_less_is_read_ahead_below_16_mb),
};
TEST_GROUP(swap_param)
