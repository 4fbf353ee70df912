/*
 * Which slot is next on a disk that does not rotate (§20.5).
 */
#include "swap_case.h"

static struct swap_area *a;

/* Whole clusters in their list, from where the first search begins. */
static void test_20_5_free_clusters(void **state)
{
	uint32_t first, want, i;

	(void)state;
	a = add_area(
		&fake_flash, 2600, 0); /* clusters 0 to 10; 0 has the header, 10 is not whole */
	first = a->cluster_next / 256;
	assert_in_range(a->cluster_next, 1, 2600);
	want = first;
	for (i = a->free_head; i != SWAP_NO_CLUSTER; i = a->cluster[i].next) {
		while (want % 11 == 0 || want % 11 == 10)
			want++;
		assert_int_equal(i, want++ % 11);
	}
	assert_int_equal(want - first >= 9, 1);
	swap_valid();
}

static void test_20_5_the_seed_draws_where_it_begins(void **state)
{
	uint32_t next[3];

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		swap_start(1);
		assert_null(swap_on(m, &fake_flash, 60000, 0, i / 2));
		next[i] = m->swap.area[0]->cluster_next;
	}
	assert_int_equal(next[0], next[1]);
	assert_true(next[0] != next[2]);
}

static void test_20_5_a_cpu_stays_in_its_cluster(void **state)
{
	unsigned long at[2], base[2];

	(void)state;
	swap_start(2);
	a = add_area(&fake_flash, 2600, 0);
	for (unsigned int i = 0; i < 256; i++)
		for (unsigned int cpu = 0; cpu < 2; cpu++) {
			become_cpu(cpu);
			at[cpu] = take_slot();
			if (!i)
				base[cpu] = at[cpu];
			assert_int_equal(at[cpu], base[cpu] + i);
		}
	assert_int_equal(base[0] % 256, 0);
	assert_int_equal(base[1] % 256, 0);
	assert_true(base[0] != base[1]);
	become_cpu(0);
	swap_valid();
}

/* A cluster whose last slot is freed comes last. */
static void test_20_5_first_in_first_out(void **state)
{
	unsigned long base, next;

	(void)state;
	a = add_area(&fake_flash, 4 * 256, 0); /* 1 to 3 are whole, 0 and 4 are not */
	base = take_slot();
	give_slot(0, base);
	assert_int_equal(a->free_tail, base / 256);
	swap_valid();
	next = a->free_head;
	assert_int_equal(take_slot() / 256, next); /* not again the one it came from */
	assert_true(next != base / 256);
}

/* §20.5: the cluster was begun by another CPU, and then is not the first of the list. */
static void test_20_5_conflict(void **state)
{
	unsigned long base, other;

	(void)state;
	a = add_area(&fake_flash, 8 * 256, 0);
	base = take_slot();
	give_slot(0, base);
	assert_true(swap_cluster_conflicts(a, base));
	assert_int_equal(a->here[0].cluster, SWAP_NO_CLUSTER);
	other = take_slot();
	assert_int_equal(other % 256, 0);
	assert_true(other != base);
	assert_false(swap_cluster_conflicts(a, other));
	swap_valid();
}

/* No free cluster: it goes on from where the last slot was taken (§20.4 step 2). */
static void test_20_5_without_free_clusters(void **state)
{
	unsigned int n = 0;

	(void)state;
	a = add_area(&fake_flash, 700, 0);
	while (take_slot())
		n++;
	assert_int_equal(n, 700);
	swap_valid();
	give_slot(0, 600);
	give_slot(0, 3);
	assert_int_equal(a->free_head, SWAP_NO_CLUSTER);
	assert_true(take_slot());
	assert_true(take_slot());
	assert_int_equal(take_slot(), 0);
	swap_valid();
}

static void test_an_area_of_one_cluster(void **state)
{
	(void)state;
	a = add_area(&fake_flash, 10, 0);
	assert_int_equal(a->free_head, SWAP_NO_CLUSTER);
	for (int i = 0; i < 10; i++)
		assert_true(take_slot());
	assert_int_equal(take_slot(), 0);
	swap_valid();
}

static const struct CMUnitTest tests[] = {
	TEST(test_20_5_free_clusters),
	TEST(test_20_5_the_seed_draws_where_it_begins),
	TEST(test_20_5_a_cpu_stays_in_its_cluster),
	TEST(test_20_5_first_in_first_out),
	TEST(test_20_5_conflict),
	TEST(test_20_5_without_free_clusters),
	TEST(test_an_area_of_one_cluster),
};
TEST_GROUP(swap_clusters)
