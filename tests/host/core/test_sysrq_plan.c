/*
 * The text of sysrq=: which key is pressed when. What is not understood is refused whole.
 */
#include "twin.h"

#include "kernel/core/guard/sysrq_plan.h"

static void assert_press(const struct sysrq_plan *p, unsigned int i, char key, unsigned long ms)
{
	assert_int_equal(p->press[i].key, key);
	assert_int_equal(p->press[i].ms, ms);
}

static void test_one_and_many(void **state)
{
	struct sysrq_plan p;

	(void)state;
	assert_null(sysrq_plan_read(&p, "f@1500"));
	assert_int_equal(p.n, 1);
	assert_press(&p, 0, 'f', 1500);
	assert_null(sysrq_plan_read(&p, "t@2000,f@1,f@86400000,@@7,,@8"));
	assert_int_equal(p.n, 5);
	assert_press(&p, 0, 't', 2000);
	assert_press(&p, 1, 'f', 1);
	assert_press(&p, 2, 'f', 86400000);
	assert_press(&p, 3, '@', 7);
	assert_press(&p, 4, ',', 8);
}

static void test_eight_at_most(void **state)
{
	struct sysrq_plan p;

	(void)state;
	assert_null(sysrq_plan_read(&p, "f@1,f@2,f@3,f@4,f@5,f@6,f@7,f@8"));
	assert_int_equal(p.n, SYSRQ_PLAN_KEYS);
	assert_press(&p, 7, 'f', 8);
	assert_non_null(sysrq_plan_read(&p, "f@1,f@2,f@3,f@4,f@5,f@6,f@7,f@8,f@9"));
}

static void test_everything_else_is_refused(void **state)
{
	static const char *const bad[] = {"", "f", "f@", "f@x", "f@0", "f@-1", "f@+1", "f@0x10",
		"f@1.5", "f@1e3", "f@1500ms", "f@1500,", ",f@1500", "f@1500,,t@2", "f@1500;t@2",
		"ff@1", "@1500", "f1500", "f@86400001", "f@18446744073709551617", "f@1500 "};
	struct sysrq_plan p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *expected = sysrq_plan_read(&p, bad[i]);

		if (!expected)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_non_null(strstr(expected, "KEY@MS[,KEY@MS...], at most 8"));
	}
}

static const struct CMUnitTest tests[] = {
	TEST(test_one_and_many),
	TEST(test_eight_at_most),
	TEST(test_everything_else_is_refused),
};

TEST_GROUP(sysrq_plan)
