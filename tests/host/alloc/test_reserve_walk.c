/*
 * Random walks with a seed (HOST_SEED, default 1, printed) over everything that touches the
 * reserve. With fixes 1 and 2 its counter equals its pageblocks after every step; without one of
 * them it drifts, each time to the side that reference §4.7 names. Pageblock order 10 (R9).
 */
#include "reserve_case.h"

#include "kernel/core/rand.h"

#define CPUS 3
#ifdef LW_DEBUG
#define STEPS 8000 /* each writes all that it frees */
#else
#define STEPS 60000
#endif
#define EVERY      50
#define WALKS      4  /* of a seed */
#define MOST_WALKS 40 /* until something is seen that is not seen in each */
#define MOST_HELD  4000
#define FEW        50 /* pages free: below the low watermark */
#define MANY       1500

static struct rand rng;
static bool unmovable; /* most requests, for the moment */

static struct owner {
	struct page *page[MOST_HELD];
	unsigned char order[MOST_HELD];
	unsigned int n;
} owner[CPUS], *chosen;

/* What was seen: pages by which counter and pageblocks were apart, blocks on the wrong list. */
static long too_low, too_high, overshoot;
static unsigned int strays;

static uint64_t seed(void)
{
	const char *text = getenv("HOST_SEED");

	return text && *text ? strtoull(text, NULL, 0) : 1;
}

/* On CPUs side by side, each has its own; one thread frees anybody's on any CPU. */
static struct owner *mine(void)
{
	return host_arch.fibers ? &owner[this_cpu_id()] : chosen;
}

static void hold(struct page *page, unsigned int order)
{
	struct owner *o = mine();

	if (!page)
		return;
	o->page[o->n] = page;
	o->order[o->n++] = order;
}

static void give(struct owner *o, unsigned int i)
{
	struct page *page = o->page[i];
	unsigned int order = o->order[i];

	o->n--;
	o->page[i] = o->page[o->n];
	o->order[i] = o->order[o->n];
	free_pages(m, page, order);
}

/* Mostly movable for a while, then mostly not: the one leaves strays, the other steals them. */
static gfp_t any_mask(void)
{
	static const gfp_t masks[2][4] = {
		{GFP_HIGHUSER_MOVABLE, GFP_HIGHUSER_MOVABLE, GFP_ATOMIC, GFP_KERNEL},
		{GFP_TEMPORARY, GFP_KERNEL, GFP_ATOMIC, GFP_HIGHUSER_MOVABLE}};

	return masks[unmovable][rand_below(&rng, 4)] | __GFP_NORETRY | __GFP_NOWARN;
}

static void get_some(void)
{
	unsigned int order = rand_below(&rng, 2) ? 0 : rand_below(&rng, 5);

	if (mine()->n < MOST_HELD)
		hold(alloc_pages(m, any_mask(), order), order);
}

static void give_some(void)
{
	struct owner *o = mine();

	if (o->n)
		give(o, rand_below(&rng, o->n));
}

/* All that lies side by side. */
static void give_a_pageblock(struct owner *o, unsigned long start)
{
	for (unsigned int i = o->n; i-- > 0;)
		if (pageblock_start(z, page_to_pfn(m, o->page[i])) == start)
			give(o, i);
}

/* Of an H pageblock rather than of another: what is stolen of it must be half of it. */
static void give_pageblocks(void)
{
	unsigned long start = block(rand_below(&rng, 6));

	for (int guess = 0; guess < 6 && pageblock_type(z, start) != H; guess++)
		start = block(rand_below(&rng, 6));
	for (struct owner *o = owner; o < owner + CPUS; o++)
		if (!host_arch.fibers || o == mine())
			give_a_pageblock(o, start);
}

/* What direct reclaim gets: up to eight things that somebody holds. */
static void shrink_some(unsigned int unused)
{
	long before = in_use();

	(void)unused;
	for (unsigned int n = rand_below(&rng, 9); n--;)
		give_some();
	shrinker.gives = MAX(before - in_use(), 0l);
}

static void reclaim_some(void)
{
	struct alloc_context ac = request(m, any_mask() & ~__GFP_ATOMIC, 0);
	unsigned long progress;

	if (mine()->n < MOST_HELD)
		hold(direct_reclaim(&ac, WMARK_MIN, &progress), 0);
}

static void release_some(void)
{
	struct alloc_context ac = request(m, any_mask(), 0);

	unreserve_highatomic_pageblock(&ac, rand_below(&rng, 4) == 0);
}

/* Free, and not only for atomic requests. */
static long usable(void)
{
	return all_free(m) - zone_free_of_type(z, H) - zone_free_of_type(dma(m), H);
}

/* Mostly below the low watermark, where requests reserve; at times with room to steal. */
static void one_step(unsigned int step)
{
	unsigned int what = rand_below(&rng, 1000);

	unmovable = step / 100 % 2;
	if (what < (usable() > (step / 500 % 4 == 3 ? MANY : FEW) ? 800 : 450))
		get_some();
	else if (what < 929)
		give_some();
	else if (what < 930)
		give_pageblocks();
	else if (what < 950)
		reclaim_some();
	else if (what < 980)
		release_some();
	else if (what < 990)
		pcp_drain_local(m);
	else
		pcp_drain_all(m);
}

/* The counter itself is below the maximum whatever happens; equal, with both fixes. */
static void look(void)
{
	bool exact = (with & NOSTEAL) && (with & ACCOUNT);
	struct zone *each;

	for_each_populated_zone(m, each) {
		long counted = each->nr_reserved_highatomic;
		long tagged = h_blocks(each) * m->pageblock_nr_pages;

		assert_true(counted <= (long)highatomic_max(each));
		if (exact)
			assert_exact(each);
		too_low = MAX(too_low, tagged - counted);
		too_high = MAX(too_high, counted - tagged);
		overshoot = MAX(overshoot, tagged - (long)highatomic_max(each));
	}
}

static void look_closely(void)
{
	assert_valid(m);
	strays += h_strays(z) + other_strays(z);
}

static void become_somebody(void)
{
	unsigned int id = rand_below(&rng, CPUS);

	become_cpu(id);
	become(cpus[id].task);
	chosen = &owner[rand_below(&rng, CPUS)];
}

/* Memory is full, as far as requests without force can fill it. */
static void start_walk(uint64_t number)
{
	rand_seed(&rng, seed() * MOST_WALKS + number);
	twin.yields = 0;
	case_cpus(CPUS);
	case_machine(10, with);
	there = all_free(m);
	pcp_sizes(7, 300);
	shrinker.act = shrink_some;
	memset(owner, 0, sizeof(owner));
	for (unsigned int i = 0; i < MOST_HELD; i++) {
		become_somebody();
		get_some();
	}
}

static void end_walk(void)
{
	assert_sound();
	for (struct owner *o = owner; o < owner + CPUS; o++)
		while (o->n)
			give(o, 0);
	pcp_drain_all(m);
	assert_sound();
	assert_int_equal(in_use(), 0);
}

static void walk(uint64_t number)
{
	start_walk(number);
	for (unsigned int step = 0; step < STEPS; step++) {
		become_somebody();
		one_step(step);
		look();
		if (step % EVERY == 0)
			look_closely();
	}
	end_walk();
}

static int setup_walk(void **state)
{
	int err = setup(state);

	printf("# HOST_SEED=%llu\n", (unsigned long long)seed());
	too_low = too_high = strays = 0;
	overshoot = -1024;
	return err;
}

static void test_4_6_walk_fixes_1_and_2_keep_it_equal(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < WALKS; number++)
		walk(number);
	assert_int_equal(overshoot, 0); /* the maximum is met */
	assert_true(strays > 0);
}

static void test_4_6_walk_without_account_it_gets_too_low(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < WALKS || (overshoot <= 0 && i < MOST_WALKS); i++)
		walk(i);
	assert_true(too_low >= 1024);
	assert_true(overshoot >= 1024);
	assert_int_equal(too_high, 0);
}

static void test_4_6_walk_without_nosteal_it_gets_too_high(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < WALKS || (!too_high && i < MOST_WALKS); i++)
		walk(i);
	assert_true(too_high >= 1024);
	assert_int_equal(too_low, 0);
	assert_int_equal(overshoot, 0);
}

/* The same on CPUs side by side, which change places between sampling and lock (R1, R2, R8). */
static void work(void *unused)
{
	(void)unused;
	for (unsigned int step = 0; step < STEPS / 10; step++) {
		one_step(step);
		look();
		if (step % EVERY == 0)
			look_closely();
	}
}

static void test_4_6_walk_of_cpus_side_by_side_keeps_it_equal(void **state)
{
	(void)state;
	for (uint64_t number = 0; number < WALKS; number++) {
		start_walk(number);
		become_cpu(0);
		become(cpus[0].task);
		run_on_cpus(CPUS, (void (*const[])(void *)){work, work, work}, NULL,
			turns_drawn(seed() * WALKS + number, 3));
		chosen = owner;
		end_walk();
	}
	assert_int_equal(overshoot, 0);
	assert_true(strays > 0);
}

/* clang-format off */
#define WALK(fn, suffix, set) \
	{#fn suffix, fn, setup_walk, twin_teardown, (void *)(uintptr_t)(set)}
/* clang-format on */
static const struct CMUnitTest tests[] = {
	WALK(test_4_6_walk_fixes_1_and_2_keep_it_equal, "", NOSTEAL | ACCOUNT),
	WALK(test_4_6_walk_fixes_1_and_2_keep_it_equal, "_with_series", PATCH_SERIES),
	WALK(test_4_6_walk_without_account_it_gets_too_low, "", NOSTEAL),
	WALK(test_4_6_walk_without_nosteal_it_gets_too_high, "", ACCOUNT),
	WALK(test_4_6_walk_of_cpus_side_by_side_keeps_it_equal, "", NOSTEAL | ACCOUNT),
};
TEST_GROUP(reserve_walk)
