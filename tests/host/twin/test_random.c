/*
 * Random walks with a seed (HOST_SEED, default 1, printed): the allocator and its reserve stay
 * consistent and lose nothing; an address space behaves like a model of it.
 */
#include "twin.h"

#include "host_machine.h"
#include "kernel/core/rand.h"
#include "mm/index/index_node.h"
#include "mm/alloc/highatomic.h"
#include "mm/space/mm.h"
#include "mm/page/pageblock.h"
#include "mm/alloc/pcp.h"
#include "mm/space/pgtable.h"
#include "request.h"

#ifdef LW_DEBUG
#define STEPS 6000 /* each writes all that it frees */
#else
#define STEPS 20000
#endif
#define EVERY     50
#define MOST_HELD 4000

static struct rand rng;
static struct memory *m;

struct held {
	struct page *page;
	unsigned int order;
	unsigned long tag;
};

static struct held held[MOST_HELD];
static unsigned int nr_held;

static uint64_t seed(void)
{
	const char *text = getenv("HOST_SEED");

	return text && *text ? strtoull(text, NULL, 0) : 1;
}

static int setup(void **state)
{
	int err = twin_setup(state);

	rand_seed(&rng, seed());
	printf("# HOST_SEED=%llu\n", (unsigned long long)seed());
	nr_held = 0;
	return err;
}

/* Each page of a block carries its owner's tag: two owners of one page would show. */
static void put_tags(const struct held *h)
{
	for (unsigned int i = 0; i < 1u << h->order; i++)
		h->page[i].private = h->tag;
}

static void check_tags(const struct held *h)
{
	for (unsigned int i = 0; i < 1u << h->order; i++)
		assert_int_equal(h->page[i].private, h->tag);
}

static void get_some(unsigned long step)
{
	static const gfp_t masks[] = {GFP_NOWAIT, GFP_ATOMIC, GFP_ATOMIC, GFP_ATOMIC,
		GFP_NOWAIT | __GFP_MOVABLE | __GFP_HIGHMEM, GFP_NOWAIT | __GFP_MOVABLE,
		GFP_NOWAIT | __GFP_RECLAIMABLE, GFP_NOWAIT | GFP_DMA, GFP_NOWAIT | __GFP_COLD,
		GFP_NOWAIT | __GFP_MEMALLOC, GFP_ATOMIC | __GFP_ZERO};
	gfp_t gfp = masks[rand_below(&rng, ARRAY_SIZE(masks))] | __GFP_NOWARN;
	unsigned int order = rand_below(&rng, 3) ? rand_below(&rng, 4) : rand_below(&rng, 11);
	struct held *h = &held[nr_held];

	if (rand_below(&rng, 2))
		order = 0;
	if (nr_held == MOST_HELD)
		return;
	*h = (struct held){alloc_pages(m, gfp, order), order, step + 1};
	if (h->page) {
		put_tags(h);
		nr_held++;
	}
}

static void give_some(void)
{
	struct held *h;

	if (nr_held == 0)
		return;
	h = &held[rand_below(&rng, nr_held)];
	check_tags(h);
	free_pages(m, h->page, h->order);
	*h = held[--nr_held];
}

static void reserve_some(void)
{
	struct page *page;

	if (nr_held == 0)
		return;
	page = held[rand_below(&rng, nr_held)].page;
	reserve_highatomic_pageblock(page_zone(m, page), page);
}

static void release_some(void)
{
	struct alloc_context ac =
		request(m, rand_below(&rng, 2) ? GFP_HIGHUSER_MOVABLE : GFP_KERNEL, 0);

	unreserve_highatomic_pageblock(&ac, rand_below(&rng, 2));
}

static void one_step(unsigned long step)
{
	unsigned int what = rand_below(&rng, 100);

	/* Long phases of growing and of shrinking, so that both ends of the watermarks are met. */
	if (what < (step / 1500 % 2 ? 40u : 55u))
		get_some(step);
	else if (what < 92)
		give_some();
	else if (what < 95)
		reserve_some();
	else if (what < 98)
		release_some();
	else
		pcp_drain_all(m);
}

static void assert_reserve_within_maximum(void)
{
	struct zone *z;

	for_each_populated_zone(m, z)
		assert_true(z->nr_reserved_highatomic <= highatomic_max(z));
}

/* On `cpus` CPUs, a drawn one at each step; the whole structure is looked at every `every` steps. */
static void walk_on(unsigned int cpus, int pageblock_order, int pcp_batch, uint64_t mib,
	unsigned long steps, unsigned long every)
{
	struct machine_spec spec = {.pageblock_order = pageblock_order,
		.range = {{0, 0x9fc00, 1}, {MIB(1), MIB(mib), 1}}};
	long before;

	nr_cpus = cpus;
	m = machine_new(&spec);
	before = all_free(m);
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		dma32(m)->pcp[cpu].batch = pcp_batch;
		dma32(m)->pcp[cpu].high = 6 * pcp_batch;
	}
	for (unsigned long step = 0; step < steps; step++) {
		become_cpu(cpus > 1 ? rand_below(&rng, cpus) : 0);
		one_step(step);
		if (step % every)
			continue;
		assert_valid(m);
		assert_reserve_within_maximum();
	}
	while (nr_held)
		give_some();
	pcp_drain_all(m);
	assert_valid(m);
	assert_int_equal(all_free(m), before);
	assert_int_equal(mm_event_sum(m, PGALLOC), m->event[PGFREE]);
}

static void walk(int pageblock_order, int pcp_batch, uint64_t mib)
{
	walk_on(1, pageblock_order, pcp_batch, mib, STEPS, EVERY);
}

/* Nothing is broken between two looks either. */
static void test_random_four_cpus_validated_after_each_step(void **state)
{
	struct task *task = current;

	(void)state;
	for (unsigned int id = 0; id < 4; id++) {
		become_cpu(id);
		become(task);
	}
	walk_on(4, 10, 7, 40, STEPS / 5, 1);
	walk_on(4, 9, 3, 35, STEPS / 5, 1);
	become_cpu(0);
}

static void test_random_pageblock_order_10(void **state)
{
	(void)state;
	walk(10, 1, 40);
	walk(10, 7, 64);
}

static void test_random_pageblock_order_9(void **state)
{
	(void)state;
	walk(9, 1, 40);
	walk(9, 15, 64);
}

/* The last block crosses the end of the zone; no grouping in the second. */
static void test_random_odd_sizes(void **state)
{
	(void)state;
	walk(10, 3, 38);
	walk(10, 3, 20);
	walk(9, 3, 35);
}

/* An address space against a model: which page is mapped, and what was written to it. */

#define SPACE 2048 /* pages */

struct model {
	bool mapped[SPACE];
	unsigned int stamp[SPACE]; /* 0: not touched */
};

static struct model model;
static struct mm *mm;

static uint64_t at(unsigned int page)
{
	return APP_BASE + (uint64_t)page * PAGE_SIZE;
}

static unsigned int *stamp_of(unsigned int page)
{
	uint64_t *pte = pte_find(mm, at(page));

	if (!pte || !(*pte & PTE_PRESENT))
		return NULL;
	return (unsigned int *)(m->virt_base + (*pte & PTE_ADDR));
}

static void random_range(unsigned int *start, unsigned int *end)
{
	unsigned int len = 1 + rand_below(&rng, 40);

	*start = rand_below(&rng, SPACE);
	*end = MIN(*start + len, (unsigned int)SPACE);
}

static void map_some(void)
{
	unsigned int start, end, taken = 0;
	int err;

	random_range(&start, &end);
	for (unsigned int i = start; i < end; i++)
		taken += model.mapped[i];
	err = mm_map_fixed(mm, at(start), at(end) - at(start),
		rand_below(&rng, 4) ? VM_WRITE : VM_WRITE | VM_SHARED, NULL, 0);
	assert_int_equal(err, taken ? -1 : 0);
	for (unsigned int i = start; !taken && i < end; i++)
		model.mapped[i] = true;
}

static void unmap_some(void)
{
	unsigned int start, end;

	random_range(&start, &end);
	assert_int_equal(mm_unmap(mm, at(start), at(end) - at(start)), 0);
	for (unsigned int i = start; i < end; i++) {
		model.mapped[i] = false;
		model.stamp[i] = 0;
	}
}

static void touch_some(unsigned int step)
{
	unsigned int i = rand_below(&rng, SPACE);

	assert_int_equal(
		mm_fault(mm, at(i), FAULT_WRITE), model.mapped[i] ? FAULT_OK : FAULT_BAD_ADDRESS);
	if (!model.mapped[i])
		return;
	assert_int_equal(*stamp_of(i), model.stamp[i]);
	*stamp_of(i) = model.stamp[i] = step + 1;
}

static void compare(void)
{
	unsigned long total = 0, rss = 0;

	for (unsigned int i = 0; i < SPACE; i++) {
		const unsigned int *stamp = stamp_of(i);

		total += model.mapped[i];
		rss += model.stamp[i] != 0;
		assert_int_equal(find_vma(mm, at(i)) != NULL, model.mapped[i]);
		assert_int_equal(stamp != NULL, model.stamp[i] != 0);
		if (stamp)
			assert_int_equal(*stamp, model.stamp[i]);
	}
	assert_int_equal(mm->total_vm, total);
	assert_int_equal(mm->anon_rss + mm->shmem_rss, rss);
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), mm->shmem_rss);
	assert_true(node_stat_exact(m, NR_SHMEM) >=
		mm->shmem_rss); /* the rest of partly unmapped ones */
	assert_int_equal(node_stat_exact(m, NR_ANON_MAPPED), mm->anon_rss);
	lru_add_drain(m);
	assert_int_equal(memory_stat(m, NR_ZONE_ACTIVE_ANON), mm->anon_rss);
	assert_int_equal(memory_stat(m, NR_ZONE_INACTIVE_ANON), node_stat_exact(m, NR_SHMEM));
}

static void test_random_address_space(void **state)
{
	long before;

	(void)state;
	m = machine_default();
	before = all_free(m);
	mm = mm_create(m);
	memset(&model, 0, sizeof(model));
	for (unsigned int step = 0; step < STEPS; step++) {
		unsigned int what = rand_below(&rng, 100);

		if (what < 12)
			map_some();
		else if (what < 20)
			unmap_some();
		else
			touch_some(step);
		if (step % 500 == 0)
			compare();
	}
	compare();
	mm_put_user(mm);
	index_release_all(m);
	assert_int_equal(all_free(m), before);
	assert_valid(m);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_random_pageblock_order_10),
	TEST(test_random_four_cpus_validated_after_each_step),
	TEST(test_random_pageblock_order_9),
	TEST(test_random_odd_sizes),
	TEST(test_random_address_space),
};
TEST_GROUP(random)
