/*
 * Caches and their objects on one CPU (mm/slab/slab.h, §31).
 */
#include "slab_case.h"

static struct memory *m;

static void test_31_1_a_slab_gives_its_objects_in_order_of_addresses(void **state)
{
	struct kmem_cache *s;
	char *first, *next;

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 200, 0, 0, NULL);
	first = kmem_cache_alloc(s, GFP_KERNEL);
	assert_ptr_equal(first, page_address(m, slab_of(m, first)));
	for (unsigned int i = 1; i < s->objects; i++) {
		next = kmem_cache_alloc(s, GFP_KERNEL);
		assert_ptr_equal(next, first + i * s->size);
	}
	assert_int_equal(s->nr_slabs, 1);
	next = kmem_cache_alloc(s, GFP_KERNEL);
	assert_ptr_not_equal(slab_of(m, next), slab_of(m, first));
	assert_int_equal(s->nr_slabs, 2);
	slab_valid(m);
}

static void test_31_10_the_last_one_freed_is_the_next_one_given(void **state)
{
	struct kmem_cache *s;
	void *a, *b;

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 64, 0, 0, NULL);
	a = kmem_cache_alloc(s, GFP_KERNEL);
	b = kmem_cache_alloc(s, GFP_KERNEL);
	kmem_cache_free(s, a);
	kmem_cache_free(s, b);
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), b);
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), a);
	slab_valid(m);
}

static void test_zeroed_on_request_up_to_its_size(void **state)
{
	struct kmem_cache *s;
	unsigned char *object;

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 100, 0, 0, NULL);
	object = kmem_cache_alloc(s, GFP_KERNEL);
	memset(object, 0xff, 100);
	kmem_cache_free(s, object);
	assert_ptr_equal(kmem_cache_alloc(s, GFP_ATOMIC | __GFP_ZERO), object);
	for (int i = 0; i < 100; i++)
		assert_int_equal(object[i], 0);
}

/* §31.1: inuse counts what a CPU holds. */
static void test_31_1_a_cpu_s_slab_counts_as_in_use(void **state)
{
	struct kmem_cache *s;
	union slab_word w;

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 64, 0, 0, NULL);
	w = slab_read(slab_of(m, kmem_cache_alloc(s, GFP_KERNEL)));
	assert_int_equal(w.inuse, s->objects);
	assert_int_equal(w.frozen, 1);
	assert_int_equal(slab_free_objects(s), 0);
}

#ifndef LW_DEBUG /* the debug build's objects are larger */

/* §40.1: slabs of 16 objects, 2 CPUs, a list of at most 6, 5 kept. */
static void test_40_1_partial_lists(void **state)
{
	static const unsigned int left[] = {6, 5, 4, 4};
	struct kmem_cache *s;
	void *object[10][16];
	long own;

	(void)state;
	m = slab_machine(2);
	s = kmem_cache_create(m, "thing", 1024, 0, SLAB_ACCOUNT, NULL);
	own = memory_stat_exact(m, NR_SLAB_UNRECLAIMABLE);
	assert_int_equal(s->cpu_partial, 6);
	for (int i = 0; i < 160; i++)
		object[i / 16][i % 16] = kmem_cache_alloc(s, GFP_KERNEL);
	assert_int_equal(s->nr_slabs, 10);
	assert_int_equal(memory_stat_exact(m, NR_SLAB_UNRECLAIMABLE), own + 40);
	for (int i = 0; i < 7; i++) {
		kmem_cache_free(s, object[i][0]);
		assert_int_equal(s->cpu[0].partial->partial_objects, i + 1);
		assert_int_equal(s->nr_partial, 0);
	}
	kmem_cache_free(s, object[7][0]);
	assert_int_equal(s->nr_partial, 7);
	assert_int_equal(s->cpu[0].partial->partial_objects, 1);
	kmem_cache_free(s, object[8][0]);
	assert_int_equal(s->cpu[0].partial->partial_objects, 2);
	assert_ptr_equal(list_first_entry(&s->partial, struct page, lru), slab_of(m, object[6][0]));
	slab_valid(m);
	for (int i = 0; i < 4; i++) {
		for (int k = 1; k < 16; k++)
			kmem_cache_free(s, object[i][k]);
		assert_int_equal(s->nr_partial, left[i]);
		slab_valid(m);
	}
	assert_int_equal(s->nr_slabs, 7);
}

/* §31.6 steps 5 and 6: its own list first, then the node's until half of that is full again. */
static void test_31_6_where_the_next_slab_comes_from(void **state)
{
	struct kmem_cache *s;
	void *object[10][16];

	(void)state;
	m = slab_machine(2);
	s = kmem_cache_create(m, "thing", 1024, 0, SLAB_ACCOUNT, NULL);
	for (int i = 0; i < 160; i++)
		object[i / 16][i % 16] = kmem_cache_alloc(s, GFP_KERNEL);
	for (int i = 0; i < 9; i++)
		kmem_cache_free(s, object[i][0]);
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), object[8][0]);
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), object[7][0]);
	assert_int_equal(s->nr_partial, 7);
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), object[6][0]);
	assert_int_equal(s->nr_partial, 7 - 4); /* more than 6 / 2 objects */
	assert_int_equal(s->cpu[0].partial->partial_slabs, 3);
	slab_valid(m);
}

/* §40.4, §31.7: both requests of a refused slab, as the page allocator sees them. */
static void assert_masks(unsigned int cpus, size_t size, gfp_t gfp, const char *first,
	const char *second, unsigned int order)
{
	char line[64];

	m = slab_machine_with(cpus,
		"fail_page_alloc=times:-1,min-order:0,ignore-gfp-wait:0,ignore-gfp-highmem:0");
	console_clear();
	assert_null(kmalloc(m, size, gfp));
	snprintf(line, sizeof(line), "request 1: order:%u, mode:%s(", order, first);
	assert_printed(line);
	snprintf(line, sizeof(line), "request 2: order:0, mode:%s(", second);
	assert_printed(line);
	assert_int_equal(m->event[FAULTS_INJECTED], 2);
}

static void test_31_7_masks(void **state)
{
	(void)state;
	assert_masks(2, 64, GFP_ATOMIC, "0x2281220", "0x2280020", 0);
	assert_masks(2, 256, GFP_ATOMIC, "0x2281220", "0x2280020", 0);
	assert_masks(8, 256, GFP_ATOMIC, "0x2285220", "0x2284020", 1);
	assert_masks(1, 512, GFP_ATOMIC, "0x2281220", "0x2280020", 0);
	assert_masks(2, 512, GFP_ATOMIC, "0x2285220", "0x2284020", 1);
	assert_masks(2, 1024, GFP_ATOMIC, "0x2285220", "0x2284020", 2);
	assert_masks(2, 4096, GFP_ATOMIC, "0x2285220", "0x2284020", 3);
	assert_masks(1, 64, GFP_KERNEL, "0x26012c0", "0x26000c0", 0);
	assert_masks(2, 1024, GFP_KERNEL, "0x2152c0", "0x26040c0", 2);
	/* What a slab is not asked with (§31.7). */
	assert_masks(2, 64, GFP_ATOMIC | __GFP_COLD | __GFP_ZERO | __GFP_ACCOUNT | __GFP_WRITE,
		"0x2281220", "0x2280020", 0);
}

/* The first request may fail all the same, and the second is made as it was asked for. */
static void test_31_7_nofail(void **state)
{
	(void)state;
	m = slab_machine_with(2, "fail_page_alloc=times:-1,min-order:0,ignore-gfp-wait:0");
	assert_non_null(kmalloc(m, 64, GFP_KERNEL | __GFP_NOFAIL));
	assert_printed("request 1: order:0, mode:0x26012c0(");
	assert_int_equal(m->event[FAULTS_INJECTED], 1);
}

static void test_31_7_masks_of_reclaimable_and_dma(void **state)
{
	static char asks[] = "fail_page_alloc=times:-1,min-order:0,ignore-gfp-wait:0";
	struct kmem_cache *s;

	(void)state;
	m = slab_machine(2);
	s = kmem_cache_create(m, "radix_tree_node", 576 + 8, 0, SLAB_RECLAIM_ACCOUNT, NULL);
	assert_int_equal(s->gfp, __GFP_COMP | __GFP_RECLAIMABLE);
	m = slab_machine_with(2, asks);
	console_clear();
	assert_null(kmalloc(m, 64, GFP_ATOMIC | GFP_DMA));
	assert_printed("mode:0x2281221(");
	assert_printed("mode:0x2280021(");
	assert_printed("  cache: dma-kmalloc-64, object size: 64, buffer size: 64, default order: "
		       "0, min order: 0");
}

/* §31.9: the caller's mask, and what the node's list has. */
static void test_31_9_the_line_when_a_slab_is_refused(void **state)
{
	(void)state;
	m = slab_machine_with(2, "fail_page_alloc=times:-1,min-order:0,space:9");
	for (int i = 0; i < 4; i++)
		assert_non_null(kmalloc(m, 2000, GFP_ATOMIC));
	console_clear();
	while (kmalloc(m, 2000, GFP_ATOMIC))
		;
	assert_line("SLUB: Unable to allocate memory on node -1, gfp=0x2080020(GFP_ATOMIC)");
	assert_line(
		"  cache: kmalloc-2048, object size: 2048, buffer size: 2048, default order: 3, "
		"min order: 0");
	assert_line("  node 0: slabs: 1, objs: 16, free: 0");
}

static void test_31_7_the_smaller_slab_when_the_larger_is_refused(void **state)
{
	struct kmem_cache *s;
	void *a, *b;

	(void)state;
	m = slab_machine_with(2, "fail_page_alloc=times:2,ignore-gfp-wait:0,min-order:1");
	s = &m->slab.kmalloc[kmalloc_index(2048)];
	a = kmalloc(m, 2048, GFP_ATOMIC);
	b = kmalloc(m, 2048, GFP_ATOMIC);
	assert_ptr_equal(slab_of(m, a), slab_of(m, b));
	assert_int_equal(slab_of(m, a)->order, 0);
	assert_int_equal(slab_read(slab_of(m, a)).objects, 2);
	assert_int_equal(memory_stat_exact(m, NR_SLAB_UNRECLAIMABLE), 1);
	assert_non_null(kmalloc(m, 2048, GFP_ATOMIC));
	assert_non_null(kmalloc(m, 2048, GFP_ATOMIC));
	assert_non_null(kmalloc(m, 2048, GFP_ATOMIC));
	assert_int_equal(memory_stat_exact(m, NR_SLAB_UNRECLAIMABLE), 1 + 1 + 8);
	assert_int_equal(s->nr_slabs, 3);
	assert_int_equal(s->total_objects, 2 + 2 + 16);
	slab_valid(m);
}

/* §31.4: who fits into an older cache is that cache. */
static void test_31_4_merging(void **state)
{
	struct kmem_cache *a, *b, *c, *d;

	(void)state;
	m = slab_machine(1);
	a = kmem_cache_create(m, "bio-0", 250, 0, SLAB_HWCACHE_ALIGN, NULL);
	assert_ptr_equal(a, &m->slab.kmalloc[kmalloc_index(256)]);
	assert_string_equal(a->name, "kmalloc-256");
	b = kmem_cache_create(m, "filp", 400, 0, SLAB_ACCOUNT, NULL);
	assert_ptr_not_equal(b, a);
	c = kmem_cache_create(m, "filp-2", 394, 0, SLAB_ACCOUNT, NULL);
	assert_ptr_equal(c, b);
	d = kmem_cache_create(m, "thing", 248, 0, 0, NULL); /* 8 bytes are too many */
	assert_string_equal(d->name, "thing");
	assert_true(kmem_cache_destroy(c));
	assert_string_equal(b->name, "filp");
	assert_true(kmem_cache_destroy(b));
	assert_true(kmem_cache_destroy(a));
	slab_valid(m);
}

static void test_31_4_what_is_not_merged(void **state)
{
	struct kmem_cache *s;

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(
		m, "thing", 96, 64, 0, NULL); /* of kmalloc-96 not all are so aligned */
	assert_int_equal(s->size, 128);
	assert_ptr_equal(s, &m->slab.kmalloc[kmalloc_index(128)]);
	s = kmem_cache_create(m, "thing", 64, 0, SLAB_RECLAIM_ACCOUNT, NULL);
	assert_string_equal(s->name, "thing");
	s = kmem_cache_create(m, "other", m->slab.kmem_cache.size, 128, 0, NULL);
	assert_ptr_not_equal(s, &m->slab.kmem_cache);
}
#endif

static unsigned int constructed;

static void construct(void *object)
{
	memset(object, 0x42, 64);
	constructed++;
}

static void test_constructor_once_for_each_object_of_a_slab(void **state)
{
	struct kmem_cache *s;
	unsigned char *object;

	(void)state;
	constructed = 0;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 64, 0, 0, construct);
	assert_true(s->size >= 72); /* §31.1: the link stands behind it */
	object = kmem_cache_alloc(s, GFP_KERNEL);
	assert_int_equal(constructed, s->objects);
	object[3] = 7;
	kmem_cache_free(s, object);
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), object);
	assert_int_equal(object[3], 7);
	for (int i = 0; i < 64; i++)
		assert_int_equal(object[i], i == 3 ? 7 : 0x42);
	assert_int_equal(constructed, s->objects);
	slab_valid(m);
}

static void test_reclaimable_is_counted_apart(void **state)
{
	long before, own;
	struct kmem_cache *s;
	void *object;

	(void)state;
	m = slab_machine(2);
	before = all_free(m);
	s = kmem_cache_create(m, "thing", 2000, 0, SLAB_RECLAIM_ACCOUNT, NULL);
	own = memory_stat_exact(m, NR_SLAB_UNRECLAIMABLE);
	object = kmem_cache_alloc(s, GFP_KERNEL);
	assert_int_equal(memory_stat_exact(m, NR_SLAB_RECLAIMABLE), 1l << s->order);
	assert_int_equal(memory_stat_exact(m, NR_SLAB_UNRECLAIMABLE), own);
	kmem_cache_free(s, object);
	assert_true(kmem_cache_destroy(s));
	assert_nothing_left(m, before);
}

static void test_destroy_finds_what_is_left(void **state)
{
	struct kmem_cache *s;
	void *object[100];

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 200, 0, SLAB_ACCOUNT, NULL);
	for (int i = 0; i < 100; i++)
		object[i] = kmem_cache_alloc(s, GFP_KERNEL);
	for (int i = 0; i < 98; i++)
		kmem_cache_free(s, object[i]);
	assert_false(kmem_cache_destroy(s));
	assert_printed("kmem_cache_destroy thing: Slab cache still has objects: 2 in ");
	slab_valid(m);
	kmem_cache_free(s, object[98]);
	kmem_cache_free(s, object[99]);
	assert_true(kmem_cache_destroy(s));
	slab_valid(m);
}

/* An object that nobody gave back, of any cache; pages that slabs keep are none. */
static void test_use_is_compared(void **state)
{
	struct kmem_cache *s, *later;
	void *a, *b;

	(void)state;
	m = slab_machine(2);
	s = kmem_cache_create(m, "thing", 200, 0, SLAB_ACCOUNT, NULL);
	a = kmem_cache_alloc(s, GFP_KERNEL);
	slab_shrink_all(m);
	slab_note_use(m);
	assert_null(slab_compare_use(m));
	b = kmem_cache_alloc(s, GFP_KERNEL);
	slab_shrink_all(m);
	assert_string_equal(slab_compare_use(m), "cache thing: 2 objects in use, 1 before");
	kmem_cache_free(s, b);
	slab_shrink_all(m);
	assert_null(slab_compare_use(m));
	kmem_cache_free(s, a);
	slab_shrink_all(m);
	assert_string_equal(slab_compare_use(m), "cache thing: 0 objects in use, 1 before");
	a = kmem_cache_alloc(s, GFP_KERNEL);
	later = kmem_cache_create(m, "later", 300, 0, SLAB_ACCOUNT, NULL);
	b = kmem_cache_alloc(later, GFP_KERNEL);
	slab_shrink_all(m);
	assert_string_equal(slab_compare_use(m), "cache later: 1 objects in use, 0 before");
#ifdef LW_DEBUG
	assert_printed("later: object ");
#endif
	kmem_cache_free(later, b);
	assert_true(kmem_cache_destroy(later));
	slab_shrink_all(m);
	assert_null(slab_compare_use(m));
}

/* §31.11: the fullest first, the empty ones gone. */
static void test_31_10_shrink(void **state)
{
	struct kmem_cache *s;
	void *object[200];
	unsigned int per, at = 0;
	struct page *page;

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 300, 0, SLAB_ACCOUNT, NULL);
	per = s->objects;
	for (unsigned int i = 0; i < 5 * per; i++)
		object[i] = kmem_cache_alloc(s, GFP_KERNEL);
	for (unsigned int slab = 0; slab < 4; slab++) /* 1, 2, 3 and all objects */
		for (unsigned int i = 0; i < (slab == 3 ? per : slab + 1); i++)
			kmem_cache_free(s, object[slab * per + i]);
	kmem_cache_shrink(s);
	assert_int_equal(s->nr_slabs, 4);
	assert_int_equal(s->nr_partial, 3);
	list_for_each_entry(page, &s->partial, lru)
		assert_ptr_equal(page, slab_of(m, object[at++ * per + per - 1]));
	slab_valid(m);
}

static void test_no_memory_for_a_cache(void **state)
{
	(void)state;
	m = slab_machine_with(1, "fail_page_alloc=times:-1,min-order:0,ignore-gfp-wait:0");
	assert_null(kmem_cache_create(m, "thing", 4000, 0, SLAB_ACCOUNT, NULL));
	slab_valid(m);
}

static void test_no_block_holds_such_an_object(void **state)
{
	long before;

	(void)state;
	m = slab_machine(1);
	before = all_free(m);
	assert_null(kmem_cache_create(m, "thing", (4u << 20) + 1, 0, 0, NULL));
	assert_nothing_left(m, before);
}

static void test_31_7_zone_bits_are_said_and_dropped(void **state)
{
	struct kmem_cache *s;

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 64, 0, SLAB_ACCOUNT, NULL);
	assert_non_null(kmem_cache_alloc(s, GFP_HIGHUSER));
	assert_line("Unexpected gfp: 0x2 (__GFP_HIGHMEM)");
}

/* §41.2 item 5: a slab from the reserves is passed over by who may not use them. */
static void test_41_2_slabs_from_the_reserves(void **state)
{
	struct kmem_cache *s;
	void *mine, *theirs;
	struct zone *z;

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 64, 0, SLAB_ACCOUNT, NULL);
	for_each_populated_zone(m, z)
		zone_marks(z, z->managed, z->managed, z->managed);
	assert_null(kmem_cache_alloc(s, GFP_NOWAIT | __GFP_NOWARN));
	mine = kmem_cache_alloc(s, GFP_NOWAIT | __GFP_MEMALLOC);
	assert_true(slab_of(m, mine)->flags & PG_RESERVES);
	theirs = kmem_cache_alloc(s, GFP_NOWAIT); /* while this CPU holds free objects, as in 4.8 */
	assert_ptr_equal(slab_of(m, theirs), slab_of(m, mine));
	kmem_cache_shrink(s);
	assert_int_equal(s->nr_partial, 1);
	assert_null(kmem_cache_alloc(s, GFP_NOWAIT | __GFP_NOWARN));
	assert_int_equal(s->nr_partial, 1);
	assert_non_null(kmem_cache_alloc(s, GFP_NOWAIT | __GFP_MEMALLOC));
	assert_int_equal(s->nr_partial, 0);
	slab_valid(m);
	kmem_cache_free(s, mine);
	memory_recompute(m);
	assert_false(
		slab_of(m, kmem_cache_alloc(&m->slab.kmalloc[3], GFP_KERNEL))->flags & PG_RESERVES);
}

static void test_a_mask_that_may_sleep_opens_interrupts(void **state)
{
	struct kmem_cache *s;

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 64, 0, SLAB_ACCOUNT, NULL);
	assert_non_null(kmem_cache_alloc(s, GFP_KERNEL));
	assert_true(irqs_enabled());
	irq_disable();
	for (unsigned int i = 0; i < 2 * s->objects; i++)
		assert_non_null(kmem_cache_alloc(s, GFP_ATOMIC));
	assert_false(irqs_enabled());
	irq_enable();
}

static const struct CMUnitTest tests[] = {
	TEST(test_31_1_a_slab_gives_its_objects_in_order_of_addresses),
	TEST(test_31_10_the_last_one_freed_is_the_next_one_given),
	TEST(test_zeroed_on_request_up_to_its_size),
	TEST(test_31_1_a_cpu_s_slab_counts_as_in_use),
#ifndef LW_DEBUG
	TEST(test_40_1_partial_lists),
	TEST(test_31_6_where_the_next_slab_comes_from),
	TEST(test_31_7_masks),
	TEST(test_31_7_nofail),
	TEST(test_31_7_masks_of_reclaimable_and_dma),
	TEST(test_31_9_the_line_when_a_slab_is_refused),
	TEST(test_31_7_the_smaller_slab_when_the_larger_is_refused),
	TEST(test_31_4_merging),
	TEST(test_31_4_what_is_not_merged),
#endif
	TEST(test_constructor_once_for_each_object_of_a_slab),
	TEST(test_reclaimable_is_counted_apart),
	TEST(test_destroy_finds_what_is_left),
	TEST(test_use_is_compared),
	TEST(test_31_10_shrink),
	TEST(test_no_memory_for_a_cache),
	TEST(test_no_block_holds_such_an_object),
	TEST(test_31_7_zone_bits_are_said_and_dropped),
	TEST(test_41_2_slabs_from_the_reserves),
	TEST(test_a_mask_that_may_sleep_opens_interrupts),
};
TEST_GROUP(slab)
