/*
 * What the block layer asks memory for: masks, requests of a disk, and what happens when it is refused
 * (§34.1, §40.6, §41.1, §41.2 item 15).
 */
#include "dev/block_case.h"

#include "kernel/dev/block/mempool.h"
#include "mm/alloc/fail_page_alloc.h"
#include "mm/page/vmstat.h"

static int setup(void **state)
{
	int err = twin_setup(state);

	block_machine(2);
	return err;
}

/* The nth request for pages from here on is refused, or with 0 each of them; -1: none, but all counted. */
static void refuse(long nth)
{
	m->tunables.fail_page_alloc = (struct fail_attr){
		.on = !nth, .nth = nth, .interval = 1, .probability = 100, .times = -1};
	fail_page_alloc_start(m);
}

static void refuse_none(void)
{
	m->tunables.fail_page_alloc = (struct fail_attr){.nth = -1};
	fail_page_alloc_start(m);
}

/* Whatever is in slabs already is taken, so that the next object asks for pages. */
static void *hoard(struct kmem_cache *s)
{
	void *list = NULL;

	refuse(0);
	for (void **p; (p = kmem_cache_alloc(s, GFP_NOWAIT | __GFP_NOWARN)); list = p)
		*p = list;
	refuse_none();
	m->event[FAULTS_INJECTED] = 0; /* only the first ones are shown */
	console_clear();
	return list;
}

static void give_back(struct kmem_cache *s, void *list)
{
	while (list) {
		void *next = *(void **)list;

		kmem_cache_free(s, list);
		list = next;
	}
}

#ifndef LW_DEBUG /* there caches are not shared */
/* The same caches as the layer's, which share their slabs (§41.1): by their sizes. */
static struct kmem_cache *cache_of(unsigned int size)
{
	struct kmem_cache *s = kmem_cache_create(m, "same", size, 64, 0, NULL);

	assert_non_null(s);
	return s;
}

static void assert_masks(gfp_t gfp, unsigned int vecs, const char *bio_mask, const char *vec_mask)
{
	struct kmem_cache *bios = cache_of(256), *arrays = vecs > 4 ? cache_of(vecs * 16) : NULL;
	void *all_bios = hoard(bios), *all_arrays = arrays ? hoard(arrays) : NULL;
	struct bio *bio;
	char text[64];

	console_clear();
	m->event[FAULTS_INJECTED] = 0;
	refuse(0);
	bio = bio_alloc(gfp, vecs);
	refuse_none();
	assert_non_null(bio); /* what is kept back */
	snprintf(text, sizeof(text), "order:0, mode:%s(", bio_mask);
	assert_printed(text);
	snprintf(text, sizeof(text), "mode:%s(", vec_mask);
	assert_printed(text);
	assert_int_equal(bio->max_vecs, vecs <= 4 ? 4 : 256);
	bio_put(bio);
	give_back(bios, all_bios);
	if (arrays)
		give_back(arrays, all_arrays);
	kmem_cache_destroy(bios);
	if (arrays)
		kmem_cache_destroy(arrays);
}

static void test_masks_of_bios_and_their_arrays(void **state)
{
	(void)state;
	add_disk(0, 4, 16);
	assert_masks(GFP_KERNEL, 1, "0x2211280", "0x2211280");
	assert_masks(GFP_NOIO, 1, "0x2211200", "0x2211200"); /* swap-out's */
	assert_masks(GFP_KERNEL, 16, "0x2211280", "0x2211280");
	assert_masks(GFP_KERNEL, 64, "0x2211280", "0x2215280");
	assert_masks(GFP_KERNEL, 128, "0x2211280", "0x2215280");
	assert_masks(GFP_KERNEL, 256, "0x2211280", "0x2215280");
	fake_disk_remove(&disk[0]);
}
/* An array that falls back has 256 entries; without reclaim it fails, and the bio goes back. */
static void test_an_array_that_is_refused(void **state)
{
	struct kmem_cache *small = cache_of(64 * 16), *large = cache_of(256 * 16);
	void *all_small, *all_large;
	struct bio *bio, *other;

	(void)state;
	add_disk(0, 4, 16);
	all_small = hoard(small);
	all_large = hoard(large);
	refuse(0);
	bio = bio_alloc(GFP_KERNEL, 40);
	assert_int_equal(bio->max_vecs, 256);
	assert_null(bio_alloc(GFP_NOWAIT, 40));
	other = bio_alloc(GFP_NOWAIT, 200); /* what is kept back is for these */
	assert_non_null(other);
	assert_null(bio_alloc(GFP_NOWAIT, 200));
	assert_null(bio_alloc(GFP_KERNEL, 257));
	refuse_none();
	bio_put(bio);
	bio_put(other);
	give_back(small, all_small);
	give_back(large, all_large);
	kmem_cache_destroy(small);
	kmem_cache_destroy(large);
	fake_disk_remove(&disk[0]);
}

#endif

static void test_sizes_of_arrays(void **state)
{
	static const unsigned int vecs[] = {0, 1, 4, 5, 16, 17, 64, 65, 128, 129, 256};
	static const unsigned int most[] = {4, 4, 4, 16, 16, 64, 64, 128, 128, 256, 256};

	(void)state;
	add_disk(0, 4, 16);
	for (unsigned int i = 0; i < ARRAY_SIZE(vecs); i++) {
		struct bio *bio = bio_alloc(GFP_KERNEL, vecs[i]);

		assert_int_equal(bio->max_vecs, most[i]);
		for (unsigned int n = 0; n < most[i]; n++)
			assert_true(bio_add_page(bio, pool + n, PAGE_SIZE, 0));
		assert_false(bio_add_page(bio, pool, PAGE_SIZE, 0));
		bio_put(bio);
	}
	fake_disk_remove(&disk[0]);
}

/* Requests */

static long pages_of(unsigned int depth, unsigned int segments)
{
	struct disk_ops ops = {.payload = 48 + 32 * (segments + 2)};
	struct disk d = {.memory = m, .ops = &ops, .max_segments = segments};
	const struct page *page;
	long pages = 0;

	assert_null(blk_alloc_requests(&d, depth));
	list_for_each_entry(page, &d.chunks, lru)
		pages += 1l << page->order;
	for (unsigned int i = 0; i < depth; i++)
		memset(d.rq[i], 0xff, 384 + ops.payload); /* each is its own memory */
	blk_free_requests(&d);
	return pages;
}

static void test_pages_of_a_disk_s_requests(void **state)
{
	(void)state;
	assert_int_equal(pages_of(256, 254), 592);
	assert_int_equal(pages_of(128, 126), 148);
	assert_int_equal(pages_of(1, 254), 4); /* 8640 bytes */
	assert_int_equal(pages_of(1, 1), 1);
}

/* The disk is there, or it is not; afterwards all memory is back. True: it was there. */
static bool came_and_went(long before)
{
	unsigned int tasks = list_length(&all_tasks);
	const char *error = fake_disk_add(&disk[0], m, "vda", 64, 254);

	if (!error)
		fake_disk_remove(&disk[0]);
	refuse_none();
	slab_shrink_all(m);
	assert_int_equal(all_free(m), before);
	assert_null(disk_nth(0));
	assert_int_equal(list_length(&all_tasks), tasks);
	return !error;
}

/* The n-th request for pages fails, for every n; and every one from the n-th page on. */
static void test_requests_for_pages_refused(void **state)
{
	long before = all_free(m), nth = 1;
	unsigned int came = 0, failed = 0;

	(void)state;
	do {
		m->event[FAULTS_INJECTED] = 0;
		refuse(nth++);
		came_and_went(before);
	} while (m->event[FAULTS_INJECTED]);
	assert_true(nth > 10);
	for (long pages = 1; pages < 200; pages += 3) {
		refuse(0);
		m->fail.space = pages;
		if (came_and_went(before))
			came++;
		else
			failed++;
	}
	assert_true(came > 10 && failed > 10);
	assert_valid(m);
}

/* The third block is refused in every order that holds a request, once: half as many have room. */
static void test_fewer_requests(void **state)
{
	long before = all_free(m);

	(void)state;
	m->tunables.fail_page_alloc = (struct fail_attr){.on = true,
		.interval = 1,
		.probability = 100,
		.times = 4,
		.space = 2 * 16 + 1,
		.min_order = 1,
		.gfp = __GFP_ZERO | __GFP_NORETRY};
	fail_page_alloc_start(m);
	add_disk(0, 64, 254);
	assert_int_equal(m->event[FAULTS_INJECTED], 4);
	assert_int_equal(disk[0].disk.tags.depth, 32);
	assert_line("blk-mq: reduced tag depth (64 -> 32)");
	fake_disk_remove(&disk[0]);
	refuse_none();
	slab_shrink_all(m);
	assert_int_equal(all_free(m), before);
}

static void test_no_memory_for_requests(void **state)
{
	(void)state;
	m->tunables.fail_page_alloc = (struct fail_attr){.on = true,
		.interval = 1,
		.probability = 100,
		.times = -1,
		.gfp = __GFP_ZERO | __GFP_NORETRY};
	fail_page_alloc_start(m);
	assert_string_equal(fake_disk_add(&disk[0], m, "vda", 64, 254),
		"blk-mq: failed to allocate request map");
	assert_null(disk_nth(0));
	refuse_none();
}

/* Waiting for an element that is kept back */

static struct mempool reserve;
static void *taken[2];

static void somebody_ends(void)
{
	mempool_free(&reserve, taken[0]);
}

static void memory_comes(void)
{
	refuse_none(); /* nobody says so: it is seen when the wait is over */
}

static void wait_for_element(void (*meanwhile)(void), bool given)
{
	struct kmem_cache *s = kmem_cache_create(m, "waited", 2000, 64, 0, NULL);
	void *held, *third;

	assert_true(mempool_init(&reserve, "reserve", s, 2));
	held = hoard(s);
	refuse(0);
	for (int i = 0; i < 2; i++)
		taken[i] = mempool_alloc(&reserve, GFP_KERNEL);
	assert_null(mempool_alloc(&reserve, GFP_NOWAIT));
	assert_int_equal(reserve.waits, 0);
	twin.on_sleep = meanwhile;
	third = mempool_alloc(&reserve, GFP_KERNEL);
	twin.on_sleep = NULL;
	assert_int_equal(reserve.waits, 1);
	assert_true((third == taken[0]) == given);
	refuse_none();
	mempool_free(&reserve, third);
	mempool_free(&reserve, taken[1]);
	if (!given)
		mempool_free(&reserve, taken[0]);
	give_back(s, held);
	mempool_exit(&reserve);
	assert_true(kmem_cache_destroy(s));
}

static void test_waiting_for_what_is_kept_back(void **state)
{
	(void)state;
	wait_for_element(somebody_ends, true);
	wait_for_element(memory_comes, false);
}

/* Who ends gives back first what is to be kept. */
static void test_what_is_kept_back_is_refilled(void **state)
{
	struct kmem_cache *s = kmem_cache_create(m, "kept", 2000, 64, 0, NULL);
	void *held, *a, *b;

	(void)state;
	assert_true(mempool_init(&reserve, "reserve", s, 2));
	held = hoard(s);
	refuse(0);
	a = mempool_alloc(&reserve, GFP_NOWAIT);
	b = mempool_alloc(&reserve, GFP_NOWAIT);
	assert_true(a && b);
	assert_int_equal(reserve.nr, 0);
	refuse_none();
	mempool_free(&reserve, b);
	assert_int_equal(reserve.nr, 1);
	mempool_free(&reserve, a);
	mempool_free(&reserve, mempool_alloc(&reserve, GFP_NOWAIT)); /* from the slab: back to it */
	assert_int_equal(reserve.nr, 2);
	give_back(s, held);
	mempool_exit(&reserve);
	assert_true(kmem_cache_destroy(s));
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
#ifndef LW_DEBUG
	TEST(test_masks_of_bios_and_their_arrays),
	TEST(test_an_array_that_is_refused),
#endif
	TEST(test_sizes_of_arrays),
	TEST(test_pages_of_a_disk_s_requests),
	TEST(test_requests_for_pages_refused),
	TEST(test_fewer_requests),
	TEST(test_no_memory_for_requests),
	TEST(test_waiting_for_what_is_kept_back),
	TEST(test_what_is_kept_back_is_refilled),
};
TEST_GROUP(block_memory)
