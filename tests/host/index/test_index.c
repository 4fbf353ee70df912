/*
 * Index trees: shape, entries and shadows, and where nodes come from (§26, §32.4, §41.2).
 */
#include "index_case.h"

static struct memory *m;
static struct index_root root;
static long before;

static void start(unsigned int cpus)
{
	m = slab_machine(cpus);
	before = all_free(m);
	index_root_init(&root, m, SWAP_TREE_GFP);
}

static int setup(void **state)
{
	int err = twin_setup(state);

	start(1);
	return err;
}

static void put(unsigned long index)
{
	assert_int_equal(index_insert(&root, index, ENTRY(index), NULL), 0);
}

/* By its lowest node. */
static void **leaf_slot(unsigned long index)
{
	struct index_node *leaf = index_leaf(&root, index);

	assert_non_null(leaf);
	assert_int_equal(leaf->shift, 0);
	return &leaf->slot[index % INDEX_SLOTS];
}

static void take(unsigned long index)
{
	assert_ptr_equal(index_delete(&root, index, NULL), ENTRY(index));
}

static void test_one_entry_at_index_0_needs_no_node(void **state)
{
	(void)state;
	put(0);
	assert_int_equal(index_valid(&root), 0);
	assert_ptr_equal(index_lookup(&root, 0), ENTRY(0));
	assert_null(index_lookup(&root, 1));
	take(0);
	assert_null(root.top);
	assert_int_equal(m->index.nodes.nr_slabs, 0);
}

static void test_as_high_as_the_highest_index_needs(void **state)
{
	static const struct {
		unsigned long index, nodes;
	} row[] = {{1, 1}, {63, 1}, {64, 2}, {4095, 2}, {4096, 3}, {1ul << 57 | 1, 10}, {~0ul, 11}};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(row); i++) {
		put(row[i].index);
		assert_int_equal(index_valid(&root), row[i].nodes);
		assert_ptr_equal(index_lookup(&root, row[i].index), ENTRY(row[i].index));
		assert_null(index_lookup(&root, row[i].index - 1));
		assert_ptr_equal(*leaf_slot(row[i].index), ENTRY(row[i].index));
		assert_null(index_leaf(
			&root, row[i].index ^ 1ul << 58)); /* beyond, or no node leads there */
		take(row[i].index);
		assert_null(root.top);
	}
	assert_no_nodes(m, before);
}

/* It grows above what is there, and is no higher than it must be afterwards. */
static void test_grows_and_shrinks(void **state)
{
	(void)state;
	put(0);
	put(5);
	assert_int_equal(index_valid(&root), 1);
	put(100000); /* of three levels: its own two more nodes, and one above the first */
	assert_int_equal(index_valid(&root), 5);
	assert_ptr_equal(index_lookup(&root, 0), ENTRY(0));
	assert_ptr_equal(index_lookup(&root, 5), ENTRY(5));
	take(100000);
	assert_int_equal(index_valid(&root), 1);
	take(5);
	assert_int_equal(index_valid(&root), 0);
	assert_ptr_equal(index_lookup(&root, 0), ENTRY(0));
	take(0);
	assert_no_nodes(m, before);
}

/* §26, §30c: 63999 slots take 1000 + 16 + 1 nodes, 7 to a page of order 0. */
static void test_26_nodes_of_a_full_swap_area(void **state)
{
	(void)state;
	for (unsigned long i = 1; i <= 63999; i++)
		assert_int_equal(index_insert(&root, i, ENTRY(i), NULL), 0);
	assert_int_equal(index_valid(&root), 1000 + 16 + 1);
#ifndef LW_DEBUG
	assert_int_equal(m->index.nodes.size, 584);
	assert_int_equal(m->index.nodes.objects, 14);
	assert_int_equal(m->index.nodes.min_objects, 7);
#endif
	for (unsigned long i = 1; i <= 63999; i++)
		take(i);
	assert_no_nodes(m, before);
}

#ifndef LW_DEBUG
/* §30c: by CPUs. */
static void test_30c_order_of_its_slabs(void **state)
{
	(void)state;
	for (unsigned int cpus = 1; cpus <= 8; cpus++) {
		start(cpus);
		assert_int_equal(m->index.nodes.order, cpus < 4 ? 1 : 2);
		assert_int_equal(m->index.nodes.min_order, 0);
	}
}
#endif

static void test_an_entry_stays_where_it_is(void **state)
{
	(void)state;
	put(7);
	assert_int_equal(index_insert(&root, 7, ENTRY(8), NULL), -EEXIST);
	assert_ptr_equal(index_lookup(&root, 7), ENTRY(7));
	assert_int_equal(root.entries, 1);
	assert_null(index_delete(&root, 8, NULL));
	take(7);
	assert_null(index_delete(&root, 7, NULL));
}

/* §21.2, §32.4: a shadow is counted, replaced, and handed to whoever replaces it. */
static void test_21_shadows(void **state)
{
	void *shadow;

	(void)state;
	put(7);
	assert_ptr_equal(index_delete(&root, 7, SHADOW(1001)), ENTRY(7));
	assert_int_equal(root.entries, 0);
	assert_int_equal(root.shadows, 1);
	assert_int_equal(index_valid(&root), 1); /* kept, for its shadow */
	assert_true(index_is_shadow(index_lookup(&root, 7)));
	assert_int_equal((unsigned long)SHADOW(1001), 4006); /* §30.8 */
	assert_int_equal(index_insert(&root, 7, ENTRY(9), &shadow), 0);
	assert_ptr_equal(shadow, SHADOW(1001));
	assert_int_equal(root.shadows, 0);
	assert_int_equal(index_insert(&root, 8, ENTRY(8), &shadow), 0);
	assert_null(shadow);
	assert_ptr_equal(index_delete(&root, 8, SHADOW(1)), ENTRY(8));
	assert_ptr_equal(index_delete(&root, 8, NULL), SHADOW(1)); /* reclaim of nodes */
	index_valid(&root);
}

static void test_21_index_0_alone_keeps_no_shadow(void **state)
{
	(void)state;
	put(0);
	assert_ptr_equal(index_delete(&root, 0, SHADOW(5)), ENTRY(0));
	assert_null(root.top);
	assert_int_equal(root.shadows, 0);
	put(0);
	put(1);
	assert_ptr_equal(index_delete(&root, 0, SHADOW(5)), ENTRY(0));
	take(1);
	assert_int_equal(index_valid(&root), 1); /* the node is what keeps it */
	assert_ptr_equal(index_lookup(&root, 0), SHADOW(5));
}

static void test_gang_in_order_of_indices(void **state)
{
	static const unsigned long all[] = {0, 1, 63, 64, 4095, 70000, 1ul << 57 | 3, ~0ul};
	unsigned long index[16];
	void *entry[16];

	(void)state;
	assert_int_equal(index_gang(&root, 0, entry, index, 16), 0);
	put(0);
	assert_int_equal(index_gang(&root, 0, entry, index, 16), 1);
	assert_int_equal(index_gang(&root, 1, entry, index, 16), 0);
	for (unsigned int i = ARRAY_SIZE(all) - 1; i > 0; i--)
		put(all[i]);
	for (unsigned int from = 0; from < ARRAY_SIZE(all); from++) {
		unsigned int n = index_gang(&root, all[from], entry, index, 16);

		assert_int_equal(n, ARRAY_SIZE(all) - from);
		for (unsigned int i = 0; i < n; i++) {
			assert_int_equal(index[i], all[from + i]);
			assert_ptr_equal(entry[i], ENTRY(all[from + i]));
		}
	}
	assert_int_equal(index_gang(&root, 2, entry, index, 2), 2);
	assert_int_equal(index[1], 64);
	assert_int_equal(index_gang(&root, 0, entry, index, 0), 0);
}

static void test_gang_beyond_a_low_tree(void **state)
{
	unsigned long index;
	void *entry;

	(void)state;
	put(3);
	assert_int_equal(index_gang(&root, 1ul << 40, &entry, &index, 1), 0);
	assert_int_equal(index_gang(&root, 3, &entry, &index, 1), 1);
}

/* §41.2 item 4: its slab comes back with the grace period, and only what it covers. */
static unsigned int periods;

static void count_period(struct memory *machine)
{
	(void)machine;
	periods++;
}

static void test_41_2_removed_nodes_go_by_a_grace_period(void **state)
{
	(void)state;
	periods = 0;
	m->index.grace_begins = count_period;
	put(1);
	put(64);
	take(64); /* its node, and the top */
	assert_int_equal(periods, 1);
	take(1);
	assert_int_equal(periods, 1);
	kmem_cache_shrink(&m->index.nodes);
	assert_int_equal(m->index.nodes.nr_slabs, 1);
	index_grace_end(m); /* of the first one alone: the others came after it began */
	assert_int_equal(periods, 2);
	assert_non_null(m->index.cpu[0].waiting);
	index_grace_end(m);
	assert_int_equal(periods, 2);
	assert_null(m->index.cpu[0].waiting);
	assert_no_nodes(m, before);
}

static void refuse_all(void)
{
	m = slab_machine_with(1, "fail_page_alloc=times:-1,min-order:0,ignore-gfp-wait:0");
	before = all_free(m);
	index_root_init(&root, m, SWAP_TREE_GFP);
}

#ifndef LW_DEBUG
/* §26: what the page allocator is asked with, by swap-out and by a preload. */
static void test_26_masks(void **state)
{
	(void)state;
	refuse_all();
	console_clear();
	assert_int_equal(index_insert(&root, 5, ENTRY(5), NULL), -ENOMEM);
	assert_printed_in_order("order:1, mode:0x2285230(", "order:0, mode:0x2284230(", NULL);
	console_clear();
	assert_int_equal(index_preload(m, GFP_KERNEL), -ENOMEM);
	assert_printed_in_order("order:1, mode:0x2152d0(", "order:0, mode:0x26040d0(", NULL);
}
#endif

/* §26: a mask that may not sleep, as swap-out's, preloads nothing. */
static void test_26_no_preload_without_sleeping(void **state)
{
	(void)state;
	assert_int_equal(index_preload(m, __GFP_HIGH | __GFP_NOMEMALLOC | __GFP_NOWARN), 0);
	assert_int_equal(preempt_count(), 1);
	index_preload_end();
	assert_int_equal(preempt_count(), 0);
	assert_int_equal(m->index.cpu[0].pooled, 0);
}

static void test_32_4_the_slab_first_then_the_pool(void **state)
{
	(void)state;
	assert_int_equal(index_preload(m, GFP_KERNEL), 0);
	assert_int_equal(m->index.cpu[0].pooled, INDEX_PRELOAD);
	put(5); /* from the slab */
	assert_int_equal(m->index.cpu[0].pooled, INDEX_PRELOAD);
	index_preload_end();
	assert_int_equal(index_preload(m, GFP_KERNEL), 0); /* nobody used it: it is full */
	index_preload_end();
	take(5);
	assert_no_nodes(m, before);
}

/* §30c, missing 1: what a swap-in has left over serves swap-out, when the slab fails; not in an interrupt. */
static void test_30c_left_over_nodes_serve_others(void **state)
{
	struct zone *z;
	unsigned long index = 64;

	(void)state;
	assert_int_equal(index_preload(m, GFP_KERNEL), 0);
	index_preload_end();
	for_each_populated_zone(m, z)
		zone_empty(z);
	while (m->index.cpu[0].pooled == INDEX_PRELOAD)
		put(index += 64);
	assert_int_equal(m->index.cpu[0].pooled, INDEX_PRELOAD - 1);
	cpus[0].irq_depth++;
	assert_int_equal(index_insert(&root, index += 64, ENTRY(1), NULL), -ENOMEM);
	cpus[0].irq_depth--;
	while (index_insert(&root, index, ENTRY(1), NULL) == 0)
		index += 64;
	assert_int_equal(m->index.cpu[0].pooled, 0);
	index_valid(&root);
}

/* Nodes of a way that was not finished are there for the next one, and go at the end. */
static void test_a_refused_insertion_leaves_a_way(void **state)
{
	unsigned long nodes;
	int err;

	(void)state;
	for (unsigned int pooled = 0; pooled < 11; pooled++) {
		refuse_all();
		m->fail.on = false;
		assert_int_equal(index_preload(m, GFP_KERNEL), 0);
		index_preload_end();
		while (m->index.cpu[0].pooled > pooled) { /* as if others had used them */
			struct index_node *node = m->index.cpu[0].pool;

			m->index.cpu[0].pool = node->parent;
			m->index.cpu[0].pooled--;
			node->parent = NULL;
			kmem_cache_free(&m->index.nodes, node);
		}
		kmem_cache_shrink(&m->index.nodes);
		while (kmem_cache_alloc(&m->index.nodes, SWAP_TREE_GFP) && !m->fail.on)
			m->fail.on = true; /* the rest of the slabs is somebody's, too */
		while (kmem_cache_alloc(&m->index.nodes, SWAP_TREE_GFP))
			;
		err = index_insert(&root, ~0ul, ENTRY(1), NULL);
		assert_int_equal(err, -ENOMEM);
		nodes = index_valid(&root);
		assert_int_equal(nodes, pooled);
		assert_int_equal(root.entries, 0);
		assert_null(index_lookup(&root, ~0ul));
		index_destroy(&root);
		assert_null(root.top);
	}
}

static void test_validate_names_what_is_broken(void **state)
{
	struct index_node *top;
	unsigned long nodes;

	(void)state;
	put(1);
	put(100);
	top = index_to_node(root.top);
	root.entries++;
	assert_string_equal(
		index_validate(&root, &nodes), "index: 2 entries and 0 shadows, counted 3 and 0");
	root.entries--;
	top->used++;
	assert_string_equal(index_validate(&root, &nodes),
		"index: node of shift 6 at slot 0: counts what it does not hold");
	top->used--;
	index_to_node(top->slot[1])->present = 1;
	assert_string_equal(index_validate(&root, &nodes),
		"index: node of shift 0 at slot 1: marks what it does not hold");
	index_to_node(top->slot[1])->present = 1ull << (100 - 64);
	index_to_node(top->slot[1])->offset = 2;
	assert_string_equal(index_validate(&root, &nodes),
		"index: node of shift 6 at slot 0: does not fit its child");
	index_to_node(top->slot[1])->offset = 1;
	top->slot[2] = ENTRY(1);
	assert_string_equal(index_validate(&root, &nodes),
		"index: node of shift 6 at slot 0: an entry above the lowest level");
	top->slot[2] = NULL;
	assert_int_equal(index_valid(&root), 3);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
/* In place: no node comes or goes, and a shadow needs none either, unlike one that a deletion leaves (§21.2). */
static void test_30c_replaced_in_place(void **state)
{
	(void)state;
	assert_null(index_replace(&root, 0, ENTRY(5)));
	assert_null(root.top);
	put(0);
	assert_ptr_equal(index_replace(&root, 0, SHADOW(9)), ENTRY(0));
	assert_ptr_equal(root.top, SHADOW(9));
	assert_int_equal(index_valid(&root), 0);
	assert_int_equal(root.shadows, 1);
	put(64); /* two nodes above it; the lower one knows that it holds a shadow */
	assert_int_equal(index_valid(&root), 3);
	assert_ptr_equal(index_lookup(&root, 0), SHADOW(9));
	assert_ptr_equal(index_replace(&root, 64, SHADOW(8)), ENTRY(64));
	assert_int_equal(root.entries, 0);
	assert_int_equal(root.shadows, 2);
	assert_null(index_replace(&root, 65, ENTRY(65)));
	assert_null(index_replace(&root, 1ul << 40, ENTRY(65)));
	assert_ptr_equal(index_replace(&root, 64, ENTRY(64)), SHADOW(8));
	assert_ptr_equal(index_replace(&root, 0, ENTRY(0)), SHADOW(9));
	assert_int_equal(index_valid(&root), 3);
	take(64);
	assert_int_equal(index_valid(&root), 0);
	assert_ptr_equal(index_replace(&root, 0, SHADOW(7)), ENTRY(0));
	assert_ptr_equal(index_delete(&root, 0, NULL), SHADOW(7));
	assert_null(root.top);
	assert_int_equal(root.shadows, 0);
	assert_int_equal(index_replace(&root, 0, SHADOW(7)) == NULL, 1);
	put(0);
	index_replace(&root, 0, SHADOW(6));
	put(0); /* an insertion takes its place, as of any shadow */
	take(0);
	assert_no_nodes(m, before);
}

static const struct CMUnitTest tests[] = {
	TEST(test_one_entry_at_index_0_needs_no_node),
	TEST(test_as_high_as_the_highest_index_needs),
	TEST(test_grows_and_shrinks),
	TEST(test_26_nodes_of_a_full_swap_area),
#ifndef LW_DEBUG
	TEST(test_30c_order_of_its_slabs),
	TEST(test_26_masks),
#endif
	TEST(test_an_entry_stays_where_it_is),
	TEST(test_21_shadows),
	TEST(test_21_index_0_alone_keeps_no_shadow),
	TEST(test_gang_in_order_of_indices),
	TEST(test_gang_beyond_a_low_tree),
	TEST(test_41_2_removed_nodes_go_by_a_grace_period),
	TEST(test_26_no_preload_without_sleeping),
	TEST(test_32_4_the_slab_first_then_the_pool),
	TEST(test_30c_left_over_nodes_serve_others),
	TEST(test_a_refused_insertion_leaves_a_way),
	TEST(test_30c_replaced_in_place),
	TEST(test_validate_names_what_is_broken),
};
TEST_GROUP(index)
