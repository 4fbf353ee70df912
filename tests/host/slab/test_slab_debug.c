/*
 * What the debug build finds (mm/slab/slab_debug.h); and that a release build pays nothing for it.
 */
#include "slab_case.h"

#include "mm/slab/slab_debug.h"

static struct memory *m;
static struct kmem_cache *s;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 40, 0, SLAB_ACCOUNT, NULL);
	return err;
}

#ifdef LW_DEBUG
static void test_freed_twice(void **state)
{
	void *p = kmem_cache_alloc(s, GFP_KERNEL);

	(void)state;
	kmem_cache_free(s, p);
	assert_panics("freed twice; allocated by pid ", kmem_cache_free(s, p));
}

static void test_kfree_twice_names_the_cache(void **state)
{
	void *p = kmalloc(m, 64, GFP_KERNEL);

	(void)state;
	kfree(m, p);
	assert_panics("BUG: kmalloc-64: object ", kfree(m, p));
}

static void test_written_to_after_it_was_freed(void **state)
{
	unsigned char *p = kmem_cache_alloc(s, GFP_KERNEL);

	(void)state;
	kmem_cache_free(s, p);
	p[17] = 0;
	assert_panics("written to after it was freed (byte 17 is 0x00); allocated by pid ",
		kmem_cache_alloc(s, GFP_KERNEL));
}

static void test_written_to_after_its_slab_is_idle(void **state)
{
	unsigned char *p = kmem_cache_alloc(s, GFP_KERNEL);

	(void)state;
	kmem_cache_free(s, p);
	p[39] = 1;
	assert_panics("BUG: thing: object ", kmem_cache_shrink(s));
}

static void test_written_to_beyond_its_end(void **state)
{
	unsigned char *p = kmem_cache_alloc(s, GFP_KERNEL);

	(void)state;
	p[40] = 1;
	assert_panics("written to beyond its end; allocated by pid ", kmem_cache_free(s, p));
}

/* Who took it and who gave it back: pids, and places in the code. */
static void test_both_owners_are_named(void **state)
{
	struct task *test = become(task_new("takes", 70, NULL));
	unsigned char *p = kmem_cache_alloc(s, GFP_KERNEL);
	const struct slab_track *t = (void *)(p + s->offset + sizeof(void *));
	char expected[160];

	(void)state;
	become(task_new("gives", 71, NULL));
	kmem_cache_free(s, p);
	become(test);
	p[0] = 0;
	snprintf(expected, sizeof(expected),
		"BUG: thing: object 0x%lx written to after it was freed (byte 0 is 0x00); "
		"allocated by pid 70 at 0x%lx; freed by pid 71 at 0x%lx",
		(unsigned long)p, t[0].place, t[1].place);
	assert_panics(expected, kmem_cache_alloc(s, GFP_KERNEL));
	assert_int_not_equal(t[0].place, t[1].place);
}

/* Before there are tasks. */
static void test_nobody_is_pid_0(void **state)
{
	struct task *test = current;
	void *p;

	(void)state;
	assert_non_null(kmem_cache_alloc(s, GFP_KERNEL)); /* there is a slab */
	become(NULL);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	become(test);
	kmem_cache_free(s, p);
	assert_panics("freed twice; allocated by pid 0 at 0x", kmem_cache_free(s, p));
}

static unsigned long *red_zone_of(void *p)
{
	return (unsigned long *)((char *)p + s->inuse);
}

static void test_the_red_zone_of_a_free_object(void **state)
{
	void *p = kmem_cache_alloc(s, GFP_KERNEL);
	unsigned long in_use = *red_zone_of(p);

	(void)state;
	kmem_cache_free(s, p);
	*red_zone_of(p) ^= 1;
	assert_panics("free, and its red zone overwritten", kmem_cache_alloc(s, GFP_KERNEL));
	p = kmem_cache_alloc(s, GFP_KERNEL);
	kmem_cache_free(s, p);
	*red_zone_of(p) = in_use;
	assert_panics("handed out twice", kmem_cache_alloc(s, GFP_KERNEL));
}

static void test_what_is_in_no_slab(void **state)
{
	void *p = kmalloc(m, 2 * KMALLOC_MAX_CACHED, GFP_KERNEL);

	(void)state;
	assert_panics("is in no slab", kmem_cache_free(s, p));
}

static void test_another_cache_s_object(void **state)
{
	void *p = kmalloc(m, 64, GFP_KERNEL);

	(void)state;
	assert_panics("belongs to kmalloc-64", kmem_cache_free(s, p));
}

static void test_the_inside_of_an_object(void **state)
{
	char *p = kmem_cache_alloc(s, GFP_KERNEL);

	(void)state;
	assert_panics("is inside an object, 8 bytes from its start", kmem_cache_free(s, p + 8));
}

static void test_a_fresh_object_is_not_zero(void **state)
{
	unsigned char *p = kmem_cache_alloc(s, GFP_KERNEL);

	(void)state;
	assert_int_equal(p[0], 0x5a);
	assert_int_equal(p[39], 0x5a);
}

static void test_a_leak_is_named_with_its_owner(void **state)
{
	(void)state;
	assert_non_null(kmem_cache_alloc(s, GFP_KERNEL));
	assert_false(kmem_cache_destroy(s));
	assert_printed("left; allocated by pid ");
	assert_int_equal(console_count("left; allocated by"), 1);
}

/* A few objects tell enough, of however many slabs. */
static void test_of_many_leaks_eight_are_named(void **state)
{
	struct kmem_cache *large = kmem_cache_create(m, "large", 3000, 0, SLAB_ACCOUNT, NULL);
	void *p[50];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = kmem_cache_alloc(large, GFP_KERNEL);
	for (size_t i = 0; i < ARRAY_SIZE(p); i += 2)
		kmem_cache_free(large, p[i]);
	assert_false(kmem_cache_destroy(large));
	assert_int_equal(console_count("left; allocated by"), 8);
}
#else
static void test_nothing_is_added(void **state)
{
	(void)state;
	assert_int_equal(s->size, 40);
	assert_int_equal(s->offset, 0);
}
#endif

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
#ifdef LW_DEBUG
	TEST(test_freed_twice),
	TEST(test_kfree_twice_names_the_cache),
	TEST(test_written_to_after_it_was_freed),
	TEST(test_written_to_after_its_slab_is_idle),
	TEST(test_written_to_beyond_its_end),
	TEST(test_both_owners_are_named),
	TEST(test_nobody_is_pid_0),
	TEST(test_the_red_zone_of_a_free_object),
	TEST(test_what_is_in_no_slab),
	TEST(test_another_cache_s_object),
	TEST(test_the_inside_of_an_object),
	TEST(test_a_fresh_object_is_not_zero),
	TEST(test_a_leak_is_named_with_its_owner),
	TEST(test_of_many_leaks_eight_are_named),
#else
	TEST(test_nothing_is_added),
#endif
};
TEST_GROUP(slab_debug)
