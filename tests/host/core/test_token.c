/*
 * A schedule in words: what sched=@ takes, and what it refuses.
 */
#include "twin.h"

#include "kernel/core/sched/token.h"

static struct token t;

static void assert_part(
	unsigned int i, unsigned int cpu, const char *place, unsigned int n, unsigned int to)
{
	assert_false(t.part[i].twins);
	assert_int_equal(t.part[i].cpu, cpu);
	assert_string_equal(t.part[i].place, place);
	assert_int_equal(t.part[i].n, n);
	assert_int_equal(t.part[i].to, to);
}

static void test_parts_are_read(void **state)
{
	(void)state;
	assert_null(token_read(&t, "0:fill_slot+6#1>1", 2));
	assert_int_equal(t.nr, 1);
	assert_part(0, 0, "fill_slot+6", 1, 1);
	assert_null(token_read(&t, "7:free_bulk+6#123>0,0:sleep#2>7", 8));
	assert_int_equal(t.nr, 2);
	assert_part(0, 7, "free_bulk+6", 123, 0);
	assert_part(1, 0, "sleep", 2, 7);
	assert_int_equal(t.part[1].len, strlen("0:sleep#2>7"));
	assert_null(token_read(&t, "-", 2));
	assert_int_equal(t.nr, 0);
}

/* A token of the explorer stays a token where the guest has no such actor. */
static void test_what_only_the_twin_has_is_marked(void **state)
{
	(void)state;
	assert_null(
		token_read(&t, "start>2,1:forget_translations+3#2>2^1,2^1:end#1>2,0:a+1#1>1", 2));
	assert_int_equal(t.nr, 4);
	assert_true(t.part[0].twins);
	assert_true(t.part[1].twins);
	assert_true(t.part[2].twins);
	assert_part(3, 0, "a+1", 1, 1);
}

static void test_everything_else_is_refused(void **state)
{
	static const char *const bad[] = {"", "0", "0:a+1", "0:a+1#1", "0:a+1#1>", "0:a+1#0>1",
		"0:a+1>1", "0:a+1#>1", "0:#1>1", ":a+1#1>1", "0:a+1#1>0", "2:a+1#1>0", "0:a+1#1>2",
		"0:a+1#1>1,", ",0:a+1#1>1", "0:a+1#1>1 ", "0:a-1#1>1", "0:a+1#-1>1", "start",
		"start>", "starts>1", "0:a+1#1>1;1:b+1#1>0", "0^:end#1>1", "0:a+1#4294967297>1"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *expected = token_read(&t, bad[i], 2);

		if (!expected)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_non_null(strstr(expected, "cpu:function+line#n>cpu"));
	}
	assert_string_equal(token_read(&t, "0:a+1#1>1,0:b>1,0:c", 2),
		"@ and parts cpu:function+line#n>cpu with commas between, of two of the CPUs 0 to "
		"1; not \"0:b>1\"");
}

static void test_64_parts_at_most(void **state)
{
	char text[1024] = "";

	(void)state;
	for (int i = 0; i < TOKEN_PARTS; i++)
		strcat(text, i ? ",0:a+1#1>1" : "0:a+1#1>1");
	assert_null(token_read(&t, text, 2));
	assert_int_equal(t.nr, TOKEN_PARTS);
	strcat(text, ",0:a+1#1>1");
	assert_string_equal(token_read(&t, text, 2), "at most 64 parts");
}

static void test_a_long_place_is_refused(void **state)
{
	char text[256];

	(void)state;
	snprintf(text, sizeof(text), "0:%0*d+1#1>1", TOKEN_PLACE, 0);
	assert_non_null(token_read(&t, text, 2));
}

static const struct CMUnitTest tests[] = {
	TEST(test_parts_are_read),
	TEST(test_what_only_the_twin_has_is_marked),
	TEST(test_everything_else_is_refused),
	TEST(test_64_parts_at_most),
	TEST(test_a_long_place_is_refused),
};

TEST_GROUP(token)
