/*
 * Faults on purpose (mm/alloc/fail_page_alloc.h): who is refused, when, and how often.
 */
#include "twin.h"

#include "host_machine.h"
#include "kernel/core/param.h"
#include "mm/page/memory.h"

#define REQUESTS 60

static struct memory *m;
static char said[512];

static bool parse(const char *text)
{
	char line[256];

	snprintf(line, sizeof(line), "%s", text);
	return params_try_parse(line, said, sizeof(said));
}

/* A machine with these parameters. */
static void start(const char *text)
{
	assert_true(parse(text));
	m = machine_default();
}

/* True when a request is refused; what it gets is given back. */
static bool refused(gfp_t gfp, unsigned int order)
{
	struct page *page = alloc_pages(m, gfp, order);

	if (page)
		free_pages(m, page, order);
	return !page;
}

/* Which of so many equal requests are refused, a character each. */
static const char *pattern(unsigned int n, gfp_t gfp, unsigned int order)
{
	static char text[REQUESTS + 1];

	for (unsigned int i = 0; i < n; i++)
		text[i] = refused(gfp, order) ? 'x' : '.';
	text[n] = '\0';
	return text;
}

static void test_nothing_is_refused_unasked(void **state)
{
	(void)state;
	start("");
	assert_ptr_not_equal(m->route[0].zone, &m->no_zone);
	assert_string_equal(pattern(6, GFP_KERNEL, 1), "......");
	start("fail_nth=0");
	assert_ptr_not_equal(m->route[0].zone, &m->no_zone);
}

/* The zonelist walk, which decides when it is asked for, gives the very pages that the fast path does. */
static void test_to_be_asked_for_changes_no_page(void **state)
{
	static const gfp_t masks[] = {GFP_KERNEL, GFP_HIGHUSER_MOVABLE, GFP_ATOMIC, GFP_DMA};
	unsigned long pfn[2][200];
	struct memory *made[2];

	(void)state;
	for (int asked = 0; asked < 2; asked++) {
		start(asked ? "fail_nth=1000000" : "");
		made[asked] = m;
		for (unsigned int i = 0; i < 200; i++) {
			unsigned int order = i % 7 ? 0 : i % 4;
			struct page *page = alloc_pages(m, masks[i % 5 % 4], order);

			pfn[asked][i] = page ? page_to_pfn(m, page) : 0;
			if (page && i % 3 == 0)
				free_pages(m, page, order);
		}
	}
	assert_int_equal(made[1]->fail.seen, 200);
	assert_memory_equal(pfn[0], pfn[1], sizeof(pfn[0]));
	assert_memory_equal(made[0]->event, made[1]->event, sizeof(m->event));
}

/* Of any order and mask; __GFP_NOFAIL is not counted either. */
static void test_the_nth_request_is_refused_once(void **state)
{
	(void)state;
	start("fail_nth=3");
	assert_false(refused(GFP_KERNEL, 0));
	assert_false(refused(GFP_KERNEL | __GFP_NOFAIL, 0));
	assert_false(refused(GFP_ATOMIC, 2));
	assert_true(refused(GFP_HIGHUSER_MOVABLE, 0));
	assert_string_equal(pattern(20, GFP_KERNEL, 0), "....................");
	assert_int_equal(m->event[FAULTS_INJECTED], 1);
	assert_string_equal(console(),
		"FAULT_INJECTION: forcing a failure.\n"
		"name fail_page_alloc, interval 1, probability 100, space 0, times 1\n"
		"request 3: order:0, mode:0x24200ca(GFP_HIGHUSER_MOVABLE)\n"
		"<stack>\n");
	assert_valid(m);
}

static void test_nth_of_those_that_the_attributes_let_through_to_it(void **state)
{
	(void)state;
	start("fail_nth=2 fail_page_alloc=min-order:2,ignore-gfp-wait:0");
	assert_string_equal(pattern(5, GFP_KERNEL, 1), ".....");
	assert_string_equal(pattern(5, GFP_KERNEL, 2), ".x...");
}

/* Linux's: order 1 at least, not those that may wait, not those for the highest zone; once. */
static void test_the_attributes_begin_as_linux_has_them(void **state)
{
	(void)state;
	start("fail_page_alloc=times:1");
	assert_false(refused(GFP_ATOMIC, 0));
	assert_false(refused(GFP_KERNEL, 1));
	assert_false(refused(GFP_ATOMIC | __GFP_HIGHMEM, 1));
	assert_string_equal(pattern(3, GFP_ATOMIC, 1), "x..");
}

static void test_who_is_asked_for(void **state)
{
	(void)state;
	start("fail_page_alloc=times:-1,min-order:0,ignore-gfp-wait:0,ignore-gfp-highmem:0,gfp:"
	      "0x8000");
	assert_true(refused(GFP_HIGHUSER_MOVABLE | __GFP_ZERO, 0));
	assert_true(refused(GFP_KERNEL | __GFP_ZERO, 3));
	assert_false(refused(GFP_KERNEL, 3));
	assert_false(refused(GFP_KERNEL | __GFP_ZERO | __GFP_NOFAIL, 0));
}

static void test_interval_and_times(void **state)
{
	(void)state;
	start("fail_page_alloc=interval:3,times:2");
	assert_string_equal(pattern(12, GFP_ATOMIC, 1), "..x..x......");
	start("fail_page_alloc=interval:4,times:-1");
	assert_string_equal(pattern(12, GFP_ATOMIC, 1), "...x...x...x");
	start("fail_page_alloc=times:0");
	assert_string_equal(pattern(4, GFP_ATOMIC, 1), "....");
}

/* Pages are given out until no more than one request's are left of it. */
static void test_space(void **state)
{
	(void)state;
	start("fail_page_alloc=space:10,times:-1");
	assert_string_equal(pattern(5, GFP_ATOMIC, 2), "..xxx");
}

static unsigned int count(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == 'x';
	return n;
}

static void test_probability_is_drawn_by_seed(void **state)
{
	char first[REQUESTS + 1];

	(void)state;
	start("fail_page_alloc=probability:0,times:-1");
	assert_int_equal(count(pattern(REQUESTS, GFP_ATOMIC, 1)), 0);
	start("fail_page_alloc=probability:30,times:-1");
	strcpy(first, pattern(REQUESTS, GFP_ATOMIC, 1));
	assert_in_range(count(first), 8, 30);
	start("fail_page_alloc=probability:30,times:-1");
	assert_string_equal(pattern(REQUESTS, GFP_ATOMIC, 1), first);
	mm_tunables.fail_page_alloc.seed = 2;
	start("fail_page_alloc=probability:30,times:-1");
	assert_string_not_equal(pattern(REQUESTS, GFP_ATOMIC, 1), first);
}

/* All are counted, a few are told. */
static void test_not_all_are_logged(void **state)
{
	(void)state;
	start("fail_page_alloc=times:-1");
	pattern(REQUESTS, GFP_ATOMIC, 1);
	assert_int_equal(m->event[FAULTS_INJECTED], REQUESTS);
	assert_int_equal(console_count("FAULT_INJECTION"), 10);
	assert_int_equal(m->event[ALLOC_FAILURES], 0);
}

static void test_texts_that_are_no_attributes(void **state)
{
	static const char *const text[] = {"", "1", "interval", "interval:", "interval:0",
		"interval:x", "times:-2", "probability:101", "min-order:11", "gfp:0x4000000",
		"interval:1,", ",interval:1", "interval:1,,times:1", "intervall:1",
		"interval:1 times", "ignore-gfp-wait:2",
		"interval:11111111111111111111111111111111111111"};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(text); i++) {
		char line[128];

		snprintf(line, sizeof(line), "fail_page_alloc=%s", text[i]);
		assert_false(parse(line));
	}
	assert_false(parse("fail_page_alloc=interval:0"));
	assert_string_equal(said,
		"bad parameter: fail_page_alloc=interval:0; expected a list of interval:N, "
		"probability:0..100, times:N (-1: no end), space:PAGES, min-order:0..10, "
		"ignore-gfp-wait:0|1, ignore-gfp-highmem:0|1, gfp:MASK");
	assert_false(parse("fail_nth=-1"));
}

static const struct CMUnitTest tests[] = {
	TEST(test_nothing_is_refused_unasked),
	TEST(test_to_be_asked_for_changes_no_page),
	TEST(test_the_nth_request_is_refused_once),
	TEST(test_nth_of_those_that_the_attributes_let_through_to_it),
	TEST(test_the_attributes_begin_as_linux_has_them),
	TEST(test_who_is_asked_for),
	TEST(test_interval_and_times),
	TEST(test_space),
	TEST(test_probability_is_drawn_by_seed),
	TEST(test_not_all_are_logged),
	TEST(test_texts_that_are_no_attributes),
};
TEST_GROUP(fail_page_alloc)
