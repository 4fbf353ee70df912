/*
 * Slabs on several CPUs: objects freed elsewhere than they were taken, random walks with a seed
 * (HOST_SEED), every n-th request for pages refused, and interleavings at the locks.
 */
#include "slab_case.h"

#include "fibers.h"
#include "kernel/core/rand.h"
#include "mm/show/validate.h"

#define STEPS 6000
#define MOST  600

struct held {
	unsigned char *p;
	unsigned int size;
	unsigned char tag;
};

static struct memory *m;
static struct rand rng;
static struct held held[MAX_CPUS][MOST];
static unsigned int nr_held[MAX_CPUS];

static int setup(void **state)
{
	const char *text = getenv("HOST_SEED");
	int err = twin_setup(state);

	rand_seed(&rng, text && *text ? strtoull(text, NULL, 0) : 1);
	memset(nr_held, 0, sizeof(nr_held));
	return err;
}

static unsigned int some_size(void)
{
	return 1 + rand_below(&rng, rand_below(&rng, 8) ? 300 : rand_below(&rng, 4) ? 8192 : 20000);
}

/* Others may have their turn within kmalloc() and kfree() alone. */
static void take(unsigned int owner, unsigned int size, gfp_t gfp)
{
	struct held h = {kmalloc(m, size, gfp), size, rand_below(&rng, 256)};

	if (!h.p)
		return;
	memset(h.p, h.tag, h.size);
	if (nr_held[owner] < MOST)
		held[owner][nr_held[owner]++] = h;
	else
		kfree(m, h.p);
}

/* What it held is still there: nobody else was given any of it. */
static void give(unsigned int owner)
{
	struct held *slot, h;

	if (!nr_held[owner])
		return;
	slot = &held[owner][rand_below(&rng, nr_held[owner])];
	h = *slot;
	*slot = held[owner][--nr_held[owner]];
	for (unsigned int i = 0; i < h.size; i++)
		assert_int_equal(h.p[i], h.tag);
	kfree(m, h.p);
}

static void step(unsigned int cpus, unsigned long number)
{
	unsigned int owner = rand_below(&rng, cpus);

	become_cpu(rand_below(&rng, cpus));
	if (rand_below(&rng, 500) == 0)
		slab_shrink_all(m);
	else if (rand_below(&rng, 100) < (number / 1000 % 2 ? 40u : 60u))
		take(owner, some_size(), rand_below(&rng, 2) ? GFP_ATOMIC : GFP_NOWAIT | GFP_DMA);
	else
		give(owner);
}

static void walk(unsigned int cpus, const char *parameter, unsigned int every)
{
	long before;

	m = slab_machine_with(cpus, parameter);
	before = all_free(m);
	for (unsigned long i = 0; i < STEPS; i++) {
		step(cpus, i);
		if (i % every == 0)
			slab_valid(m);
	}
	for (unsigned int owner = 0; owner < cpus; owner++)
		while (nr_held[owner])
			give(owner);
	become_cpu(0);
	assert_nothing_left(m, before);
}

static void test_random_on_one_cpu(void **state)
{
	(void)state;
	walk(1, "", 50);
}

static void test_random_on_two_and_on_eight_cpus(void **state)
{
	(void)state;
	walk(2, "", 50);
	walk(8, "", 50);
}

static void test_random_with_refusals(void **state)
{
	(void)state;
	walk(3, "fail_page_alloc=interval:3,times:-1,min-order:0,ignore-gfp-wait:0", 50);
	assert_true(m->event[FAULTS_INJECTED] > 20);
}

/* The n-th request is refused, for every n that comes: the objects are there, or are not. */
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
		for (unsigned int i = 0; i < 500; i++)
			take(0, 64 << i % 6, GFP_ATOMIC | __GFP_NOWARN);
		slab_valid(m);
		while (nr_held[0])
			give(0);
		assert_nothing_left(m, before);
	} while (m->event[FAULTS_INJECTED]);
	assert_true(n > 10);
}

/* One CPU takes, the other gives back: no object stays where it was taken. */
static void test_31_10_freed_on_another_cpu(void **state)
{
	struct kmem_cache *s;
	struct page *page;
	void *a, *b;

	(void)state;
	m = slab_machine(2);
	s = kmem_cache_create(m, "thing", 512, 0, SLAB_ACCOUNT, NULL);
	a = kmem_cache_alloc(s, GFP_KERNEL);
	b = kmem_cache_alloc(s, GFP_KERNEL);
	page = slab_of(m, a);
	become_cpu(1);
	kmem_cache_free(s, a);
	kmem_cache_free(s, b);
	assert_int_equal(slab_read(page).inuse, s->objects - 2);
	assert_int_equal(slab_read(page).frozen, 1); /* CPU 0's still (§31.10 2a) */
	assert_null(s->cpu[1].page);
	become_cpu(0);
	for (unsigned int i = 2; i < s->objects; i++)
		kmem_cache_alloc(s, GFP_KERNEL);
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), b); /* §31.6 step 3 */
	assert_ptr_equal(kmem_cache_alloc(s, GFP_KERNEL), a);
	assert_int_equal(s->nr_slabs, 1);
	kmem_cache_alloc(s, GFP_KERNEL);
	become_cpu(1);
	kmem_cache_free(s, a); /* 2b: it was full, and is CPU 1's now */
	assert_ptr_equal(s->cpu[1].partial, page);
	slab_valid(m);
	become_cpu(0);
}

static void work(void *arg)
{
	unsigned int self = this_cpu_id();

	(void)arg;
	for (int i = 0; i < 300; i++) {
		if (rand_below(&rng, 2))
			take(self, 700 + rand_below(&rng, 300), GFP_ATOMIC);
		else
			give(rand_below(&rng, nr_cpus));
		if (i % 100 == 99)
			kmem_cache_shrink(&m->slab.kmalloc[kmalloc_index(1024)]);
	}
}

/* CPUs change turns wherever a lock is taken or given, and where interrupts come on. */
static void test_random_interleavings(void **state)
{
	void (*const fn[])(void *) = {work, work, work};
	long before;

	(void)state;
	for (unsigned int seed = 1; seed <= 20; seed++) {
		m = slab_machine(3);
		before = all_free(m);
		for (unsigned int id = 0; id < 3; id++) {
			become_cpu(id);
			become(task_new("app", 100 + id, NULL));
		}
		become_cpu(0);
		become(cpus[0].task);
		run_on_cpus(3, fn, NULL, turns_drawn(seed, 4));
		become_cpu(0);
		slab_valid(m);
		for (unsigned int owner = 0; owner < 3; owner++)
			while (nr_held[owner])
				give(owner);
		assert_nothing_left(m, before);
	}
}

static void assert_says(const char *found, const char *part)
{
	if (!found || !strstr(found, part))
		fail_msg("%s; expected: %s", found ? found : "nothing is found", part);
}

static void test_validate_names_what_is_broken(void **state)
{
	struct kmem_cache *s;
	struct page *page;
	void *p;

	(void)state;
	m = slab_machine(1);
	s = &m->slab.kmalloc[kmalloc_index(64)];
	p = kmalloc(m, 64, GFP_KERNEL);
	page = slab_of(m, p);
	slab_valid(m);
	s->nr_slabs++;
	assert_says(slab_validate(m), "objects in 2 slabs of ");
	s->nr_slabs--;
	s->nr_slabs--;
	s->total_objects -= s->objects;
	assert_says(slab_validate(m), "kmalloc-64: slab at pfn 0: 1 slabs are on lists, of 0");
	s->nr_slabs++;
	s->total_objects += s->objects;
	page->slab -= 1ul << 32; /* one in use less */
	assert_says(slab_validate(m), "kmalloc-64: slab at pfn ");
	page->slab += 1ul << 32;
	zone_stat_add(dma32(m), NR_SLAB_RECLAIMABLE, 1);
	assert_string_equal(slab_validate(m),
		"slab_unreclaimable is 1, slab_reclaimable 1; slabs have 1 and 0");
	assert_ptr_equal(mm_validate(m), slab_validate(m));
	zone_stat_add(dma32(m), NR_SLAB_RECLAIMABLE, -1);
	slab_valid(m);
}

/* With each of a word's parts, and each of a list's, changed and put right again. */
static void test_validate_looks_at_the_node_s_list(void **state)
{
	union slab_word was, word;
	struct kmem_cache *s;
	struct page *page;
	void *p;

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 512, 0, SLAB_ACCOUNT, NULL);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	kmem_cache_alloc(s, GFP_KERNEL);
	kmem_cache_free(s, p);
	kmem_cache_shrink(s); /* the CPU's slab comes to the list */
	page = slab_of(m, p);
	slab_valid(m);
	was = word = slab_read(page);
	word.free = 0;
	word.inuse = word.objects;
	page->slab = word.all;
	assert_says(slab_validate(m), "full, and on the node's list");
	word = was;
	word.frozen = 1;
	page->slab = word.all;
	assert_says(slab_validate(m), "the node's, frozen");
	word = was;
	word.objects--;
	word.inuse--;
	page->slab = word.all;
	assert_says(slab_validate(m), "objects, order ");
	word = was;
	word.free = 2; /* inside an object */
	word.inuse = word.objects + 1;
	page->slab = word.all;
	assert_says(slab_validate(m), "objects in use, -1 free, of ");
	page->slab = was.all;
	page->cache = &m->slab.kmem_cache;
	assert_says(slab_validate(m), "of another cache, or of none");
	page->cache = s;
	s->nr_partial++;
	assert_says(slab_validate(m), "nr_partial is 2, the list holds 1");
	s->nr_partial--;
	slab_valid(m);
}

static void test_validate_looks_at_a_cpu_s_slab(void **state)
{
	struct kmem_cache_cpu *c;
	void *p, *free, *next;
	struct kmem_cache *s;
	struct page *page;

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 512, 0, SLAB_ACCOUNT, NULL);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	page = slab_of(m, p);
	c = &s->cpu[0];
	page->slab ^= 1ul << 63; /* frozen */
	assert_says(slab_validate(m), "a CPU's, not frozen");
	page->slab ^= 1ul << 63;
	c->page = NULL;
	assert_says(slab_validate(m), "CPU 0 has free objects of no slab");
	c->page = page;
	free = c->freelist;
	next = *slab_link(s, free);
	*slab_link(s, free) = (char *)next + 8; /* inside an object */
	assert_says(slab_validate(m), "CPU 0's free list is torn");
	*slab_link(s, free) = free; /* without an end */
	assert_says(slab_validate(m), "CPU 0's free list is torn");
	*slab_link(s, free) = (char *)page_address(m, page) + s->objects * s->size;
	assert_says(slab_validate(m), "CPU 0's free list is torn");
	*slab_link(s, free) = next;
	slab_valid(m);
}

/* A full slab is on no list: only a look at its pages finds one that is not full, or that is gone. */
static void test_validate_looks_at_full_slabs(void **state)
{
	struct kmem_cache *s;
	struct page *page;
	void *p;

	(void)state;
	m = slab_machine(1);
	s = kmem_cache_create(m, "thing", 512, 0, SLAB_ACCOUNT, NULL);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	page = slab_of(m, p);
	for (unsigned int i = 0; i < s->objects; i++)
		kmem_cache_alloc(s, GFP_KERNEL);
	assert_ptr_not_equal(s->cpu[0].page, page);
	slab_valid(m);
	page->slab -= 1ul << 32;
	assert_null(slab_validate(m));
	assert_says(slab_validate_pages(m), "its first page says otherwise");
	page->slab += 1ul << 32;
	page->flags &= ~PG_SLAB;
	assert_null(slab_validate(m));
	assert_says(slab_validate_pages(m), "of them on lists; pages say ");
	page->flags |= PG_SLAB;
	slab_valid(m);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_random_on_one_cpu),
	TEST(test_random_on_two_and_on_eight_cpus),
	TEST(test_random_with_refusals),
	TEST(test_each_request_refused_once),
	TEST(test_31_10_freed_on_another_cpu),
	TEST(test_random_interleavings),
	TEST(test_validate_names_what_is_broken),
	TEST(test_validate_looks_at_the_node_s_list),
	TEST(test_validate_looks_at_a_cpu_s_slab),
	TEST(test_validate_looks_at_full_slabs),
};
TEST_GROUP(slab_random)
