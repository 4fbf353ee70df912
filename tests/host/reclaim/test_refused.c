/*
 * Swap-out asks for memory itself, for nodes of the swap cache (§20.6, §26): what it is refused costs a page its
 * turn, and nothing else.
 */
#include "scan_case.h"

#include "mm/index/index_node.h"

#define VICTIMS 32

static uint64_t *word_of(unsigned int page)
{
	return page_address(m, page_at(page));
}

/* A machine with a parameter that refuses, while it is switched on. */
static void start(const char *parameter)
{
	swap_start(1);
	m = slab_machine_with(1, parameter);
	m->fail.on = false;
	free_before = all_free(m);
	area = add_area(&fake_drum, 1000, 0);
	mm = mm_create(m);
	map(0, 500, VM_WRITE);
	for (unsigned int i = 0; i < VICTIMS; i++) {
		inactive_page(i);
		*word_of(i) = i + 1;
	}
	sc.memory = m;
}

static unsigned long swap_out(void)
{
	unsigned int before = be_reclaimer();
	unsigned long freed;

	m->fail.on = true;
	freed = shrink_inactive_list(&sc, VICTIMS, LRU_ANON);
	m->fail.on = false;
	current->flags = before;
	swap_valid();
	assert_valid(m);
	return freed;
}

/* All are where they were, or in a slot each. */
static void finish(unsigned long freed)
{
	assert_counts(VICTIMS - freed, freed);
	assert_int_equal(area->inuse, freed);
	for (unsigned int i = 0; i < VICTIMS; i++) {
		assert_int_equal(mm_fault(mm, AT(i), FAULT_WRITE), FAULT_OK);
		assert_int_equal(*word_of(i), i + 1);
	}
	scan_finish();
}

/* Each refusal by itself: of a slab there is a second attempt, at order 0, which serves. */
static void test_any_one_request(void **state)
{
	char parameter[64];
	unsigned int n = 1;

	(void)state;
	do {
		unsigned long freed;

		snprintf(parameter, sizeof(parameter), "fail_nth=%u", n);
		start(parameter);
		freed = swap_out();
		assert_int_equal(freed + m->event[PGACTIVATE], VICTIMS);
		assert_true(freed >= VICTIMS - 1);
		finish(freed);
	} while (m->event[FAULTS_INJECTED] && n++);
	assert_true(n > 2);
}

static const char *const every =
	"fail_page_alloc=interval:1,times:-1,min-order:0,ignore-gfp-wait:0";

/* With all of them refused no page gets a slot: all are activated, and no slot is lost. */
static void test_every_request(void **state)
{
	(void)state;
	start(every);
	assert_int_equal(swap_out(), 0);
	assert_int_equal(m->event[PGACTIVATE], VICTIMS);
	assert_int_equal(m->swap.added, 0);
	finish(0);
}

/*
 * §30c 1: but what earlier insertions have preloaded, and not used, serves: a node for each page here, since the one
 * before has left the tree with its page. The slab that the preload was taken from has a few more.
 */
static void test_30c_preloaded_nodes_serve(void **state)
{
	unsigned long freed;

	(void)state;
	start(every);
	assert_int_equal(index_preload(m, GFP_KERNEL), 0);
	index_preload_end();
	freed = swap_out();
	assert_in_range(freed, INDEX_PRELOAD, VICTIMS - 1);
	assert_true(m->event[FAULTS_INJECTED] >= 2);
	assert_int_equal(m->event[PGACTIVATE], VICTIMS - freed);
	assert_int_equal(m->index.cpu[0].pooled, 0);
	finish(freed);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, scan_setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_any_one_request),
	TEST(test_every_request),
	TEST(test_30c_preloaded_nodes_serve),
};
TEST_GROUP(refused)
