/*
 * Objects refused on purpose (mm/slab/failslab.h): which, and that nothing else changes.
 */
#include "slab_case.h"

#define REQUESTS 24

static struct memory *m;
static void *object[REQUESTS];

/* A character for each of equal requests: which are refused. */
static const char *pattern(const char *parameter, unsigned int cpus, gfp_t gfp)
{
	static char text[REQUESTS + 1];

	m = slab_machine_with(cpus, parameter);
	for (unsigned int i = 0; i < REQUESTS; i++) {
		become_cpu(i % cpus);
		object[i] = kmalloc(m, 64, gfp);
		text[i] = object[i] ? '.' : 'F';
	}
	slab_valid(m);
	return text;
}

static void give_back(void)
{
	for (unsigned int i = 0; i < REQUESTS; i++)
		kfree(m, object[i]);
	slab_valid(m);
}

static void test_each_third(void **state)
{
	(void)state;
	assert_string_equal(
		pattern("failslab=interval:3,times:-1", 2, GFP_ATOMIC), "..F..F..F..F..F..F..F..F");
	assert_int_equal(m->event[OBJECTS_REFUSED], 8);
	give_back();
	slab_shrink_all(m);
	assert_int_equal(memory_stat_exact(m, NR_SLAB_UNRECLAIMABLE), 0);
}

/* As each of them may be the first: an object of a slab that others use, of a CPU that has none ... */
static void test_as_often_as_said(void **state)
{
	(void)state;
	assert_string_equal(pattern("failslab=times:2", 1, GFP_ATOMIC), "FF......................");
	give_back();
	assert_string_equal(
		pattern("failslab=times:1,space:640", 1, GFP_ATOMIC), ".........F..............");
	give_back();
}

static void test_who_may_wait_is_served(void **state)
{
	(void)state;
	assert_string_equal(
		pattern("failslab=times:-1", 1, GFP_KERNEL), "........................");
	give_back();
	assert_string_equal(pattern("failslab=times:3,ignore-gfp-wait:0", 1, GFP_KERNEL),
		"FFF.....................");
	give_back();
}

static void test_of_a_mask_alone(void **state)
{
	(void)state;
	assert_string_equal(pattern("failslab=times:-1,gfp:0x80000", 1, GFP_NOWAIT),
		"........................");
	give_back();
}

static void test_what_it_is_not(void **state)
{
	static const char *const wrong[] = {"failslab=", "failslab=min-order:1",
		"failslab=interval:0", "failslab=times:-2", "failslab=probability:101",
		"failslab=interval:3,"};
	char line[64], said[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		snprintf(line, sizeof(line), "%s", wrong[i]);
		assert_false(params_try_parse(line, said, sizeof(said)));
		assert_non_null(strstr(said, "interval:N"));
	}
}

static const struct CMUnitTest tests[] = {
	TEST(test_each_third),
	TEST(test_as_often_as_said),
	TEST(test_who_may_wait_is_served),
	TEST(test_of_a_mask_alone),
	TEST(test_what_it_is_not),
};
TEST_GROUP(failslab)
