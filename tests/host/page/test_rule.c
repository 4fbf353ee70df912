/*
 * Rules of their time (mm/page/rule.h).
 */
#include "twin.h"

#include "kernel/core/param.h"
#include "mm/page/rule.h"

static void test_rules_are_those_of_4_8_by_default(void **state)
{
	(void)state;
	assert_null(mm_rules_last(&mm_tunables));
}

/* The last Linux that had all of them. */
static void test_rules_of_an_older_linux_say_which(void **state)
{
	struct mm_tunables t = mm_tunables;

	(void)state;
	t.shared_oom_adj = 0;
	assert_string_equal(mm_rules_last(&t), "4.7");
	t.killable_mmap = 0;
	assert_string_equal(mm_rules_last(&t), "4.6");
	t.shared_oom_adj = 1;
	assert_string_equal(mm_rules_last(&t), "4.6");
}

/* mm_rules_last() looks at them in that order; and a parameter of that name there must be. */
static void test_rules_stand_in_the_order_of_their_time(void **state)
{
	(void)state;
	for (unsigned int i = 1; i < nr_mm_rules; i++)
		assert_true(strcmp(mm_rules[i - 1].last, mm_rules[i].last) <= 0);
	for (unsigned int i = 0; i < nr_mm_rules; i++) {
		char line[64], err[256];

		snprintf(line, sizeof(line), "%s=1", mm_rules[i].param);
		assert_true(params_try_parse(line, err, sizeof(err)));
	}
}

static const struct CMUnitTest tests[] = {
	TEST(test_rules_are_those_of_4_8_by_default),
	TEST(test_rules_of_an_older_linux_say_which),
	TEST(test_rules_stand_in_the_order_of_their_time),
};
TEST_GROUP(rule)
