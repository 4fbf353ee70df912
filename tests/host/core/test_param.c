/*
 * The kernel command line (DESIGN §6): a typo must never run the wrong experiment.
 */
#include "twin.h"

#include "kernel/core/param.h"
#include "mm/page/memory.h"
#include "mm/page/patch.h"

static char err[512];

static bool parse(const char *text)
{
	static char line[2048];

	snprintf(line, sizeof(line), "%s", text);
	err[0] = '\0';
	return params_try_parse(line, err, sizeof(err));
}

static void assert_error(const char *text, const char *want)
{
	assert_false(parse(text));
	assert_string_equal(err, want);
}

static void assert_error_starts(const char *text, const char *want)
{
	assert_false(parse(text));
	if (strncmp(err, want, strlen(want)))
		fail_msg("%s\nexpected: %s", err, want);
}

static void test_values_are_set(void **state)
{
	(void)state;
	assert_true(parse("pageblock_order=9 min_free_kbytes=0x1000\twatermark_scale_factor=77\n"
			  "swappiness=100"));
	assert_int_equal(mm_tunables.pageblock_order, 9);
	assert_int_equal(mm_tunables.min_free_kbytes, 4096);
	assert_int_equal(mm_tunables.watermark_scale_factor, 77);
	assert_int_equal(mm_tunables.swappiness, 100);
}

static void test_empty_lines(void **state)
{
	struct mm_tunables before = mm_tunables;

	(void)state;
	assert_true(parse(""));
	assert_true(parse(" \t \n"));
	assert_memory_equal(&before, &mm_tunables, sizeof(before));
}

static void test_unknown_name_names_the_nearest(void **state)
{
	(void)state;
	assert_error("pageblok_order=9",
		"bad parameter: unknown name \"pageblok_order\"; the nearest is pageblock_order "
		"(9 to 10: log2 of a pageblock's pages: 10 as in the seed reports, 9 as with "
		"hugetlb)");
	assert_error_starts("pach=none",
		"bad parameter: unknown name \"pach\"; the nearest is patch (patches under study");
	assert_error_starts("panic_on_oops=1",
		"bad parameter: unknown name \"panic_on_oops\"; the nearest is panic_on_oom");
	assert_error_starts("killable_mmpa=1",
		"bad parameter: unknown name \"killable_mmpa\"; the nearest is killable_mmap (");
}

static void test_what_is_near_to_nothing_gets_no_name(void **state)
{
	(void)state;
	assert_error("throttling=3", "bad parameter: unknown name \"throttling\"");
	assert_error("foo=1", "bad parameter: unknown name \"foo\"");
	assert_error("=3", "bad parameter: unknown name \"\"");
	assert_error_starts("patch=xyzzy",
		"bad parameter: patch=xyzzy; expected none, all, series, or a list of ");
}

static void test_out_of_range(void **state)
{
	(void)state;
	assert_error("pageblock_order=8",
		"bad parameter: pageblock_order=8; expected 9 to 10: log2 of a pageblock's pages: "
		"10 as in the seed reports, 9 as with hugetlb");
	assert_error_starts("pageblock_order=11", "bad parameter: pageblock_order=11; expected 9");
	assert_error_starts("min_free_kbytes=-1", "bad parameter: min_free_kbytes=-1; expected 0");
	assert_error_starts("watermark_scale_factor=0",
		"bad parameter: watermark_scale_factor=0; expected 1 to 1000");
	assert_error_starts("swappiness=101", "bad parameter: swappiness=101; expected 0 to 100");
	assert_int_equal(mm_tunables.pageblock_order, 10);
}

static void test_not_a_number(void **state)
{
	static const char *const values[] = {"", "x", "9x", "0x", "-", "--9", "+9", "9.0",
		"99999999999999999999", "0xffffffffffffffff", "0xG", "9,"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		char text[64];

		snprintf(text, sizeof(text), "pageblock_order=%s", values[i]);
		assert_error_starts(text, "bad parameter: pageblock_order=");
	}
	assert_int_equal(mm_tunables.pageblock_order, 10);
}

static void test_given_twice(void **state)
{
	(void)state;
	assert_error("pageblock_order=9 pageblock_order=9",
		"bad parameter: pageblock_order is given twice; expected once");
}

static void test_without_equals_sign(void **state)
{
	(void)state;
	assert_error("quiet", "bad parameter: \"quiet\"; expected name=value");
	assert_error("pageblock_order=9 patch", "bad parameter: \"patch\"; expected name=value");
}

static void test_text_parameters(void **state)
{
	(void)state;
	assert_true(parse("patch=highatomic-exhaust"));
	assert_int_equal(patches_chosen, PATCH_HIGHATOMIC_EXHAUST);
	assert_error_starts("patch=all,-oom-reper",
		"bad parameter: patch=all,-oom-reper; expected oom-reaper, which is the nearest: "
		"none, all, series, or a list of ");
	assert_error_starts("patch=serie",
		"bad parameter: patch=serie; expected series, which is the nearest: ");
	assert_error_starts("patch=highatomic-exhausted",
		"bad parameter: patch=highatomic-exhausted; expected highatomic-exhaust, which is "
		"the nearest: none, all, series, or a list of highatomic-nosteal");
	assert_error_starts(
		"patch=", "bad parameter: patch=; expected none, all, series, or a list");
	assert_error_starts("patch=highatomic-early",
		"bad parameter: patch=highatomic-early; expected highatomic-early together with ");
	/* Only the first = counts. */
	assert_error_starts("patch=a=b", "bad parameter: patch=a=b; expected none");
}

static long apps, hold;

static void test_groups(void **state)
{
	static const struct param knobs[] = {
		{.name = "apps", .help = "number of apps", .min = 1, .max = 64, .value = &apps},
		{.name = "hold", .help = "ms", .min = 0, .max = 10, .value = &hold},
	};
	static const struct param_group group = {"twintest", knobs, ARRAY_SIZE(knobs)};

	(void)state;
	param_add_group(&group);
	assert_null(param_other_group("other"));
	assert_true(parse("twintest.apps=8 twintest.hold=10"));
	assert_int_equal(apps, 8);
	assert_int_equal(hold, 10);
	assert_string_equal(param_other_group("other"), "twintest");
	assert_string_equal(param_other_group("twin"), "twintest");
	assert_null(param_other_group("twintest"));
	assert_true(param_is_plain(0));
	assert_error("twintest.app=8",
		"bad parameter: unknown name \"twintest.app\"; the nearest is twintest.apps (1 to "
		"64: number of apps)");
	assert_error("twintest.apps=65",
		"bad parameter: twintest.apps=65; expected 1 to 64: number of apps");
	assert_error_starts("apps=8", "bad parameter: unknown name \"apps\"");
}

static void test_very_long_words(void **state)
{
	char text[1500];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(parse(text));
	assert_int_equal(strlen(err), sizeof(err) - 1);
	memcpy(text + 1000, "=1", 3);
	assert_error_starts(text, "bad parameter: unknown name \"xxxx");
}

static void test_bad_line_stops_the_machine(void **state)
{
	static char line[] = "pageblock_order=7";

	(void)state;
	assert_panics("bad parameter: pageblock_order=7; expected 9 to 10", params_parse(line));
}

static const struct CMUnitTest tests[] = {
	TEST(test_values_are_set),
	TEST(test_empty_lines),
	TEST(test_unknown_name_names_the_nearest),
	TEST(test_what_is_near_to_nothing_gets_no_name),
	TEST(test_out_of_range),
	TEST(test_not_a_number),
	TEST(test_given_twice),
	TEST(test_without_equals_sign),
	TEST(test_text_parameters),
	TEST(test_groups),
	TEST(test_very_long_words),
	TEST(test_bad_line_stops_the_machine),
};
TEST_GROUP(param)
