/*
 * kmalloc() and kfree() (mm/slab/kmalloc.h, §31.4, §31.8).
 */
#include "slab_case.h"
#include "mm/show/proc.h"

static struct memory *m;

static void test_31_4_which_cache_serves(void **state)
{
	static const struct {
		size_t from, to;
		const char *name;
	} rows[] = {{1, 8, "kmalloc-8"}, {9, 16, "kmalloc-16"}, {17, 32, "kmalloc-32"},
		{33, 64, "kmalloc-64"}, {65, 96, "kmalloc-96"}, {97, 128, "kmalloc-128"},
		{129, 192, "kmalloc-192"}, {193, 256, "kmalloc-256"}, {257, 512, "kmalloc-512"},
		{513, 1024, "kmalloc-1024"}, {1025, 2048, "kmalloc-2048"},
		{2049, 4096, "kmalloc-4096"}, {4097, 8192, "kmalloc-8192"}};

	(void)state;
	m = slab_machine(2);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t size = rows[i].from; size <= rows[i].to; size++) {
			void *p = kmalloc(m, size, GFP_KERNEL);

			assert_string_equal(slab_of(m, p)->cache->name, rows[i].name);
			memset(p, 0xff, size);
			kfree(m, p);
		}
	}
	slab_valid(m);
}

static void test_31_4_nothing_is_a_place_of_its_own(void **state)
{
	(void)state;
	m = slab_machine(1);
	assert_ptr_equal(kmalloc(m, 0, GFP_KERNEL), ZERO_SIZE_PTR);
	kfree(m, ZERO_SIZE_PTR);
	kfree(m, NULL);
	assert_int_equal(mm_event_sum(m, PGALLOC), 0);
}

/* §31.8: no slab, no slab counter, whole pages back. */
static void test_31_8_large(void **state)
{
	static const struct {
		size_t size;
		unsigned int order;
	} rows[] = {{8193, 2}, {16384, 2}, {16385, 3}, {1u << 20, 8}, {4u << 20, 10}};
	long before;

	(void)state;
	m = slab_machine(1);
	before = all_free(m);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		unsigned char *p = kzalloc(m, rows[i].size, GFP_KERNEL);

		assert_int_equal(before - all_free(m), 1l << rows[i].order);
		assert_int_equal(p[0] | p[rows[i].size - 1], 0);
		assert_int_equal(memory_stat_exact(m, NR_SLAB_UNRECLAIMABLE), 0);
		kfree(m, p);
		assert_int_equal(all_free(m), before);
	}
}

static void test_31_8_larger_than_any_block(void **state)
{
	(void)state;
	m = slab_machine(1);
	assert_null(kmalloc(m, (4u << 20) + 1, GFP_KERNEL | __GFP_NOWARN));
	assert_null(kmalloc(m, ~0ul, GFP_KERNEL | __GFP_NOWARN));
	assert_string_equal(console(), "");
	assert_null(kmalloc(m, (4u << 20) + 1, GFP_KERNEL));
	assert_line("WARNING: no allocation of order 11 with gfp_mask=0x24040c0 is possible");
}

static void test_31_4_dma_has_caches_of_its_own(void **state)
{
	void *p;

	(void)state;
	m = slab_machine(1);
	p = kmalloc(m, 100, GFP_KERNEL | GFP_DMA);
	assert_string_equal(slab_of(m, p)->cache->name, "dma-kmalloc-128");
	assert_ptr_equal(page_zone(m, slab_of(m, p)), dma(m));
	kfree(m, p);
	slab_valid(m);
}

static void test_zeroed_to_the_whole_size_of_the_cache(void **state)
{
	unsigned char *p;

	(void)state;
	m = slab_machine(1);
	p = kmalloc(m, 96, GFP_ATOMIC);
	memset(p, 0xff, 96);
	kfree(m, p);
	assert_ptr_equal(kzalloc(m, 70, GFP_ATOMIC), p);
	for (int i = 0; i < 96; i++)
		assert_int_equal(p[i], 0);
}

/* As /proc/slabinfo has them: the newest first. */
static void test_31_4_order_of_caches(void **state)
{
	static const char *const names[] = {"filp", "radix_tree_node", "mm_struct",
		"vm_area_struct", "shmem_inode_cache", "anon_vma_chain", "anon_vma",
		"dma-kmalloc-8192", "dma-kmalloc-4096", "dma-kmalloc-2048", "dma-kmalloc-1024",
		"dma-kmalloc-512", "dma-kmalloc-256", "dma-kmalloc-128", "dma-kmalloc-64",
		"dma-kmalloc-32", "dma-kmalloc-16", "dma-kmalloc-8", "dma-kmalloc-192",
		"dma-kmalloc-96", "kmalloc-8192", "kmalloc-4096", "kmalloc-2048", "kmalloc-1024",
		"kmalloc-512", "kmalloc-256", "kmalloc-192", "kmalloc-128", "kmalloc-96",
		"kmalloc-64", "kmalloc-32", "kmalloc-16", "kmalloc-8", "kmem_cache"};
	struct kmem_cache *s;
	size_t i = 0;

	(void)state;
	m = slab_machine(1);
	for_each_cache(s, m)
		assert_string_equal(s->name, names[i++]);
	assert_int_equal(i, ARRAY_SIZE(names));
}

#ifndef LW_DEBUG
/* The rows that 4.8.15 has on 2 CPUs, but for the counts. */
static void test_slabinfo(void **state)
{
	void *object[100];

	(void)state;
	m = slab_machine(2);
	for (int i = 0; i < 100; i++)
		object[i] = kmalloc(m, 1024, GFP_KERNEL);
	for (int i = 0; i < 100; i++)
		kfree(m, object[i]);
	console_clear();
	print_slabinfo(m);
	assert_line("slabinfo - version: 2.1");
	assert_line("kmalloc-8192           0      0   8192    4    8 : tunables    0    0    0 : "
		    "slabdata      0      0      0");
	assert_line("kmalloc-1024         112    112   1024   16    4 : tunables    0    0    0 : "
		    "slabdata      7      7      0");
	kmem_cache_shrink(&m->slab.kmalloc[kmalloc_index(1024)]);
	console_clear();
	print_slabinfo(m);
	assert_line("kmalloc-1024           0      0   1024   16    4 : tunables    0    0    0 : "
		    "slabdata      0      0      0");
}
#endif

static const struct CMUnitTest tests[] = {
	TEST(test_31_4_which_cache_serves),
	TEST(test_31_4_nothing_is_a_place_of_its_own),
	TEST(test_31_8_large),
	TEST(test_31_8_larger_than_any_block),
	TEST(test_31_4_dma_has_caches_of_its_own),
	TEST(test_zeroed_to_the_whole_size_of_the_cache),
	TEST(test_31_4_order_of_caches),
#ifndef LW_DEBUG
	TEST(test_slabinfo),
#endif
};
TEST_GROUP(kmalloc)
