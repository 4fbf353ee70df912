/*
 * Index trees against an array: random insertions, deletions and shadows, with refusals, on several CPUs.
 */
#include "index_case.h"

#include "fibers.h"
#include "kernel/core/rand.h"

#define STEPS 4000
#define RANGE 9000 /* three levels, few of whose nodes are full */

static struct memory *m;
static struct index_root root;
static struct rand rng;
static void *model[RANGE];

static int setup(void **state)
{
	const char *text = getenv("HOST_SEED");
	int err = twin_setup(state);

	rand_seed(&rng, text && *text ? strtoull(text, NULL, 0) : 1);
	memset(model, 0, sizeof(model));
	return err;
}

/* Few in each node, so that nodes come and go. */
static unsigned long some_index(void)
{
	return rand_below(&rng, 140) * 64 + rand_below(&rng, 8);
}

static void insert(unsigned long i)
{
	bool free = !model[i] || index_is_shadow(model[i]);
	void *shadow;
	int err = index_insert(&root, i, ENTRY(i), &shadow);

	if (err == -ENOMEM) {
		assert_true(m->fail.on);
		return;
	}
	assert_int_equal(err, free ? 0 : -EEXIST);
	if (!free)
		return;
	assert_ptr_equal(shadow, model[i]);
	model[i] = ENTRY(i);
}

static void take_out(unsigned long i)
{
	void *shadow = model[i] == ENTRY(i) && rand_below(&rng, 3) == 0 ? SHADOW(i) : NULL;

	assert_ptr_equal(index_delete(&root, i, shadow), model[i]);
	model[i] = index_lookup(&root, i) == shadow ? shadow : NULL;
}

/* Entry and shadow in turn, where there is something. */
static void replace(unsigned long i)
{
	void *other = model[i] == ENTRY(i) ? SHADOW(i) : ENTRY(i);

	assert_ptr_equal(index_replace(&root, i, other), model[i]);
	if (model[i])
		model[i] = other;
}

static void look_at_all(void)
{
	unsigned long index[64], at = 0;
	void *entry[64];
	unsigned int n;

	index_valid(&root);
	do {
		n = index_gang(&root, at, entry, index, 64);
		for (unsigned int i = 0; i < n; i++) {
			for (; at < index[i]; at++)
				assert_null(model[at]);
			assert_ptr_equal(entry[i], model[at]);
			at++;
		}
	} while (n);
	for (; at < RANGE; at++)
		assert_null(model[at]);
}

static void empty(void)
{
	for (unsigned long i = 0; i < RANGE; i++)
		if (model[i])
			assert_ptr_equal(index_delete(&root, i, NULL), model[i]);
	memset(model, 0, sizeof(model));
	index_destroy(&root);
}

static void walk(unsigned int cpus, const char *parameter)
{
	long before;

	m = slab_machine_with(cpus, parameter);
	before = all_free(m);
	index_root_init(&root, m, SWAP_TREE_GFP);
	for (unsigned int i = 0; i < STEPS; i++) {
		become_cpu(rand_below(&rng, cpus));
		if (rand_below(&rng, 100) < (i / 1000 % 2 ? 35u : 65u))
			insert(some_index());
		else
			take_out(some_index());
		if (rand_below(&rng, 4) == 0)
			replace(rand_below(&rng, 8) ? some_index() : 0);
		if (rand_below(&rng, 20) == 0)
			index_grace_end(m);
		if (i % 250 == 0)
			look_at_all();
	}
	become_cpu(0);
	look_at_all();
	empty();
	assert_no_nodes(m, before);
}

static void test_random(void **state)
{
	(void)state;
	walk(1, "");
	walk(4, "");
}

static void test_random_with_refusals(void **state)
{
	(void)state;
	walk(2, "fail_page_alloc=interval:2,times:-1,min-order:0,ignore-gfp-wait:0");
	assert_true(m->event[FAULTS_INJECTED] > 1);
}

/* The n-th request is refused, for every n that comes. */
static void test_each_request_refused_once(void **state)
{
	char parameter[32];
	unsigned long n = 1;
	long before;

	(void)state;
	do {
		snprintf(parameter, sizeof(parameter), "fail_nth=%lu", n++);
		m = slab_machine_with(2, parameter);
		before = all_free(m);
		index_root_init(&root, m, SWAP_TREE_GFP);
		if (index_preload(m, GFP_KERNEL) == 0)
			index_preload_end();
		for (unsigned long i = 0; i < RANGE; i += 150)
			insert(i);
		look_at_all();
		empty();
		assert_no_nodes(m, before);
	} while (m->event[FAULTS_INJECTED]);
	assert_true(n > 6);
}

static struct spinlock tree_lock;
static unsigned long done[3];

/* Each CPU has indices of its own, in nodes that all share. */
static void work(void *arg)
{
	unsigned int self = this_cpu_id();

	(void)arg;
	for (int i = 0; i < 200; i++) {
		unsigned long index = some_index() / 3 * 3 + self, flags;

		if (index >= RANGE)
			continue;
		if (index_preload(m, rand_below(&rng, 2) ? GFP_KERNEL : GFP_ATOMIC) < 0)
			continue;
		flags = spin_lock_irqsave(&tree_lock);
		if (rand_below(&rng, 2))
			insert(index);
		else
			take_out(index);
		if (rand_below(&rng, 8) == 0)
			index_grace_end(m);
		spin_unlock_irqrestore(&tree_lock, flags);
		index_preload_end();
		done[self]++;
	}
}

static void test_random_interleavings(void **state)
{
	void (*const fn[])(void *) = {work, work, work};
	long before;

	(void)state;
	for (unsigned int seed = 1; seed <= 10; seed++) {
		m = slab_machine(3);
		before = all_free(m);
		index_root_init(&root, m, SWAP_TREE_GFP);
		spin_lock_init(&tree_lock, "tree_lock");
		for (unsigned int id = 0; id < 3; id++) {
			become_cpu(id);
			become(task_new("app", 100 + id, NULL));
		}
		become_cpu(0);
		run_on_cpus(3, fn, NULL, turns_drawn(seed, 4));
		become_cpu(0);
		look_at_all();
		empty();
		assert_no_nodes(m, before);
		lock_forget(&tree_lock.info);
	}
	assert_true(done[0] && done[1] && done[2]);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_random),
	TEST(test_random_with_refusals),
	TEST(test_each_request_refused_once),
	TEST(test_random_interleavings),
};
TEST_GROUP(index_random)
