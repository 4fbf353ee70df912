/*
 * Random lives of files, mapped and read, beside memory of apps' own, with reclaim and failing reads: what is read
 * is right, mm_validate() is content after each step, and in the end nothing is left.
 */
#include "cache/cache_case.h"

#include "kernel/core/rand.h"
#include "mm/reclaim/scan.h"

#define STEPS     1500
#define FILE_SIZE 300
#define ANON      2000 /* the page at which private memory is ... */
#define ANON_SIZE 60   /* ... and how much */

static struct rand rng;
static struct mm *other;

static bool odds(unsigned int n)
{
	return rand_below(&rng, n) == 0;
}

static struct mm *someone(void)
{
	return odds(2) ? mm : other;
}

/* A part of the file, at the place that it has in the file. */
static void map_some(void)
{
	static const unsigned int flags[] = {0, VM_EXEC, VM_MAYSHARE, VM_SEQ_READ, VM_RAND_READ};
	unsigned long at = rand_below(&rng, FILE_SIZE), n = 1 + rand_below(&rng, 60);
	struct mm *who = someone();

	mm_unmap(who, AT(at), LEN(n));
	assert_int_equal(mm_map_file(who, AT(at), LEN(n),
				 flags[rand_below(&rng, ARRAY_SIZE(flags))], disk.file, at),
		AT(at));
}

static void touch_some(void)
{
	struct mm *who = someone();

	for (unsigned int i = 0; i < 8; i++) {
		unsigned long at = rand_below(&rng, FILE_SIZE + 20);
		bool there = find_vma(who, AT(at));
		enum fault_result result = mm_fault(who, AT(at), 0);
		uint64_t *pte;

		if (!there)
			assert_int_equal(result, FAULT_BAD_ADDRESS);
		else if (at >= FILE_SIZE)
			assert_int_equal(result, FAULT_SIGBUS);
		else
			assert_true(result == FAULT_OK || at == disk.bad);
		if (result != FAULT_OK)
			continue;
		pte = pte_find(who, AT(at));
		*pte |= PTE_ACCESSED;
		assert_int_equal(
			((uint64_t *)page_address(m, entry_page(m, *pte)))[7], word_at(at, 7));
	}
}

static void read_some(void)
{
	static uint64_t data[40 * PAGE_SIZE / 8];
	unsigned long at = rand_below(&rng, FILE_SIZE), n = 1 + rand_below(&rng, 40);
	long got = file_read(disk.file, at * PAGE_SIZE, data, n * PAGE_SIZE);

	if (disk.bad == NO_PAGE || disk.bad < at || disk.bad >= at + n)
		assert_int_equal(got, MIN(n, FILE_SIZE - at) * PAGE_SIZE);
	for (long i = 0; i < got / PAGE_SIZE; i++)
		assert_int_equal(data[i * PAGE_SIZE / 8 + 9], word_at(at + i, 9));
}

static void write_private(void)
{
	for (unsigned int i = 0; i < 5; i++) {
		unsigned long at = ANON + rand_below(&rng, ANON_SIZE);

		assert_int_equal(mm_fault(mm, AT(at), FAULT_WRITE), FAULT_OK);
		*pte_find(mm, AT(at)) |= PTE_ACCESSED | PTE_DIRTY;
	}
}

static void reclaim(void)
{
	struct scan_control sc = {.memory = m,
		.gfp = GFP_KERNEL,
		.highest = ZONE_MOVABLE,
		.priority = rand_below(&rng, 5),
		.may_writepage = true,
		.nr_to_reclaim = SWAP_CLUSTER_MAX};
	unsigned int before = current->flags;

	current->flags |= PF_MEMALLOC | (odds(2) ? PF_KSWAPD : 0);
	shrink_node(&sc);
	if (odds(3))
		shrink_active_list(&sc, 32, LRU_FILE);
	current->flags = before;
}

static void lock_some(void)
{
	unsigned long at = rand_below(&rng, FILE_SIZE), n = 1 + rand_below(&rng, 20);

	mm_mlock(mm, AT(at), LEN(n));
	if (odds(2))
		mm_munlock(mm, AT(at), LEN(n));
}

static void trouble(void)
{
	disk.late = odds(2);
	disk.bad = odds(3) ? rand_below(&rng, FILE_SIZE) : NO_PAGE;
	disk.fails = odds(2) ? 1 : 5;
	file_advise(disk.file, rand_below(&rng, 3));
	if (odds(3))
		invalidate_mapping_pages(&disk.as);
	disk.log[0] = '\0';
}

static void step(void)
{
	static void (*const what[])(void) = {map_some, map_some, touch_some, touch_some, touch_some,
		read_some, read_some, write_private, reclaim, reclaim, lock_some, trouble};

	what[rand_below(&rng, ARRAY_SIZE(what))]();
	disk.log[0] = '\0';
	if (disk.nr_pending > 500)
		end_reads();
	if (odds(8))
		mm_unmap(someone(), AT(rand_below(&rng, FILE_SIZE)), LEN(1 + rand_below(&rng, 40)));
}

static void live(uint64_t seed)
{
	const char *text = getenv("HOST_SEED");

	rand_seed(&rng, seed + (text ? strtoul(text, NULL, 0) : 1) * 1000);
	other = mm_create(m);
	map(ANON, ANON_SIZE, VM_WRITE);
	for (unsigned int i = 0; i < STEPS; i++) {
		step();
		assert_valid(m);
	}
	assert_true(node_stat_exact(m, WORKINGSET_REFAULT) > 0);
	assert_true(m->event[PGSTEAL_KSWAPD] + m->event[PGSTEAL_DIRECT] > 0);
	end_reads();
	assert_true(mm_put_user(other));
	file_finish();
}

static int life_setup(void **state)
{
	int err = twin_setup(state);

	file_start(1, FILE_SIZE * PAGE_SIZE);
	return err;
}

static void test_lives(void **state)
{
	(void)state;
	live(1);
}

static void test_other_lives(void **state)
{
	(void)state;
	live(2);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(test_lives, life_setup, twin_teardown),
	cmocka_unit_test_setup_teardown(test_other_lives, life_setup, twin_teardown),
};

TEST_GROUP(cache_random)
