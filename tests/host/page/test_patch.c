/*
 * patch= and the table of patches (DESIGN §3). Written against the table, whatever it lists.
 */
#include "twin.h"

#include "mm/page/patch.h"

static unsigned int all(void)
{
	unsigned int set = 0;

	for (unsigned int i = 0; i < nr_patches; i++)
		set |= patches[i].bit;
	return set;
}

static unsigned int parse(const char *text)
{
	unsigned int set = ~0u;
	const char *err = patch_parse(text, &set);

	if (err)
		fail_msg("%s: %s", text, err);
	return set;
}

static void assert_refused(const char *text, const char *part)
{
	unsigned int set;
	const char *err = patch_parse(text, &set);

	assert_non_null(err);
	if (!strstr(err, part))
		fail_msg("%s: %s\nexpected: %s", text, err, part);
}

static void test_table_is_sound(void **state)
{
	(void)state;
	assert_true(nr_patches >= 2);
	for (unsigned int i = 0; i < nr_patches; i++) {
		unsigned int bit = patches[i].bit;

		assert_true(bit && !(bit & (bit - 1)));
		assert_false(patches[i].needs & ~all());
		assert_false(patches[i].needs & bit);
		for (unsigned int j = 0; j < i; j++) {
			assert_string_not_equal(patches[i].name, patches[j].name);
			assert_int_not_equal(bit, patches[j].bit);
		}
	}
}

static void test_none_and_all(void **state)
{
	(void)state;
	assert_int_equal(parse("none"), 0);
	assert_int_equal(parse("all"), all());
	assert_int_equal(parse("series"), PATCH_SERIES);
	assert_int_equal(parse("series,-highatomic-account"), 0xd);
}

static void test_every_name(void **state)
{
	char list[256], text[400];

	(void)state;
	for (unsigned int i = 0; i < nr_patches; i++) {
		unsigned int want = patches[i].bit | patches[i].needs;

		patch_list(want, list, sizeof(list));
		assert_int_equal(parse(list), want);
		/* In any order. */
		snprintf(text, sizeof(text), "%s,%s", patches[i].name, list);
		assert_int_equal(parse(text), want);
	}
}

static void test_minus(void **state)
{
	(void)state;
	assert_int_equal(parse("all,-highatomic-early"), all() & ~PATCH_HIGHATOMIC_EARLY);
	assert_int_equal(parse("highatomic-exhaust,-highatomic-exhaust"), 0);
}

static void test_needs(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < nr_patches; i++) {
		char text[128];

		if (!patches[i].needs)
			continue;
		snprintf(text, sizeof(text), "%s together with", patches[i].name);
		assert_refused(patches[i].name, text);
	}
	assert_refused("highatomic-early", "highatomic-early together with highatomic-exhaust");
}

static void test_all_minus_a_needed_one(void **state)
{
	(void)state;
	assert_refused("all,-highatomic-exhaust", "together with highatomic-exhaust");
}

static void test_unknown(void **state)
{
	static const char *const texts[] = {"", "nonsense", "highatomic-exhaus",
		"highatomic-exhaustx", "-nonsense", "-none", "-", ",", "all,", ",all",
		"highatomic-exhaust,,all", "None", " none"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_refused(texts[i], "none, all, series, or a list of ");
	/* The answer names them all. */
	for (unsigned int i = 0; i < nr_patches; i++)
		assert_refused("nonsense", patches[i].name);
}

static void test_list(void **state)
{
	char buf[256];

	(void)state;
	assert_string_equal(patch_list(0, buf, sizeof(buf)), "");
	assert_string_equal(
		patch_list(PATCH_HIGHATOMIC_EXHAUST, buf, sizeof(buf)), "highatomic-exhaust");
	assert_string_equal(
		patch_list(PATCH_HIGHATOMIC_EXHAUST | PATCH_HIGHATOMIC_EARLY, buf, sizeof(buf)),
		"highatomic-exhaust,highatomic-early");
}

/* What is too long is cut at the end, and no byte behind the buffer is touched. */
static void test_list_in_a_short_buffer(void **state)
{
	char whole[256], buf[256];
	size_t len = strlen(patch_list(all(), whole, sizeof(whole)));

	(void)state;
	assert_true(len < sizeof(whole) - 1);
	for (size_t size = 1; size <= len + 1; size++) {
		memset(buf, '#', sizeof(buf) - 1);
		buf[sizeof(buf) - 1] = '\0';
		patch_list(all(), buf, size);
		assert_int_equal(strlen(buf), size - 1);
		assert_memory_equal(buf, whole, size - 1);
		assert_int_equal(strspn(buf + size, "#"), sizeof(buf) - 1 - size);
	}
}

static const struct CMUnitTest tests[] = {
	TEST(test_table_is_sound),
	TEST(test_none_and_all),
	TEST(test_every_name),
	TEST(test_minus),
	TEST(test_needs),
	TEST(test_all_minus_a_needed_one),
	TEST(test_unknown),
	TEST(test_list),
	TEST(test_list_in_a_short_buffer),
};
TEST_GROUP(patch)
