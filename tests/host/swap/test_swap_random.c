/*
 * Slots against arrays, and pages against their contents: random lives of areas, with refusals, on several
 * CPUs.
 */
#include "swap_case.h"

#include "fibers.h"
#include "kernel/core/rand.h"

#define STEPS 6000
#define PAGES 400

static struct rand rng;
static long before;

/* What each slot's byte should be: of two areas. */
static uint8_t model[2][1100];
static unsigned int inuse[2], most[2];

static int setup_random(void **state)
{
	const char *text = getenv("HOST_SEED");
	int err = setup(state);

	rand_seed(&rng, text && *text ? strtoull(text, NULL, 0) : 1);
	memset(model, 0, sizeof(model));
	memset(inuse, 0, sizeof(inuse));
	return err;
}

static void areas(unsigned int cpus, const char *parameter)
{
	m = slab_machine_with(cpus, parameter);
	before = all_free(m);
	memset(model, 0, sizeof(model));
	inuse[0] = inuse[1] = 0;
	most[0] = 300 + rand_below(&rng, 700);
	most[1] = 300 + rand_below(&rng, 700);
	add_area(&fake_spindle, most[0], rand_below(&rng, 3));
	add_area(&fake_flash, most[1], rand_below(&rng, 3));
}

/* An area is left out only when it is full, or the other one is as good. */
static void take_one(void)
{
	swp_entry_t e = get_swap_page(m);
	unsigned int type = swp_type(e), other = !type;

	if (!e.val) {
		assert_true(inuse[0] == most[0] && inuse[1] == most[1]);
		return;
	}
	assert_in_range(swp_offset(e), 1, most[type]);
	assert_int_equal(model[type][swp_offset(e)], 0);
	if (m->swap.area[other]->prio > m->swap.area[type]->prio)
		assert_int_equal(inuse[other], most[other]);
	model[type][swp_offset(e)] = SWAP_HAS_CACHE;
	inuse[type]++;
}

static void change_one(void)
{
	unsigned int type = rand_below(&rng, 2), offset = 1 + rand_below(&rng, most[type]);
	uint8_t *byte = &model[type][offset], was = *byte;
	swp_entry_t e = swp_entry(type, offset);

	switch (rand_below(&rng, 6)) {
	case 0:
		assert_int_equal(swap_duplicate(m, e), was ? 0 : -ENOENT);
		*byte += was != 0;
		break;
	case 1:
		assert_int_equal(swapcache_prepare(m, e),
			!was                         ? -ENOENT :
				was & SWAP_HAS_CACHE ? -EEXIST :
						       0);
		*byte |= was ? SWAP_HAS_CACHE : 0;
		break;
	case 2:
		if (was & SWAP_HAS_CACHE) {
			swapcache_free(m, e);
			*byte &= ~SWAP_HAS_CACHE;
		}
		break;
	default:
		if (SWAP_COUNT(was)) {
			swap_free(m, e);
			--*byte;
		}
	}
	if (was && !*byte)
		inuse[type]--;
}

/* The slots themselves: no page is behind the cache's bit, so the trees are left out. */
static void compare(void)
{
	for (unsigned int type = 0; type < 2; type++) {
		const struct swap_area *a = m->swap.area[type];

		assert_int_equal(a->inuse, inuse[type]);
		for (unsigned int o = 1; o < a->max; o++)
			assert_int_equal(*swap_byte(a, o), model[type][o]);
	}
	assert_int_equal(m->swap.nr_swap_pages, most[0] - inuse[0] + most[1] - inuse[1]);
}

static void clear(void)
{
	for (unsigned int type = 0; type < 2; type++)
		for (unsigned int o = 1; o <= most[type]; o++) {
			swp_entry_t e = swp_entry(type, o);

			while (SWAP_COUNT(model[type][o])) {
				swap_free(m, e);
				model[type][o]--;
			}
			if (model[type][o])
				swapcache_free(m, e);
		}
}

static void test_slots_against_arrays(void **state)
{
	(void)state;
	for (unsigned int cpus = 1; cpus <= 4; cpus += 3) {
		areas(cpus, "");
		for (unsigned int i = 0; i < STEPS; i++) {
			become_cpu(rand_below(&rng, cpus));
			if (rand_below(&rng, 100) < (i / 2000 % 2 ? 20u : 60u))
				take_one();
			else
				change_one();
			if (i % 500 == 0)
				compare();
		}
		become_cpu(0);
		compare();
		clear();
		swap_valid();
		assert_null(swap_off_all(m));
		assert_no_nodes(m, before);
	}
}

/* Pages of one app: in memory (page), or in swap (entry); what each holds. */
static struct held {
	struct page *page;
	swp_entry_t entry;
	uint64_t word;
} held[MAX_CPUS][PAGES];

static uint64_t *word_of(struct page *page)
{
	return page_address(m, page);
}

static void make(struct held *h)
{
	h->page = alloc_pages(m, GFP_ATOMIC | __GFP_NOWARN, 0);
	if (!h->page)
		return;
	page_set(h->page, PG_DIRTY);
	h->word = rand_next(&rng);
	for (unsigned int i = 0; i < PAGE_SIZE / 8; i += 64)
		word_of(h->page)[i] = h->word;
}

/* As the end of an app, for one page. */
static void drop(struct held *h)
{
	if (h->page) {
		lock_page(m, h->page);
		wait_on_page_writeback(m, h->page);
		h->page->mapcount = 0;
		try_to_free_swap(m, h->page);
		unlock_page(m, h->page);
		page_put(m, h->page);
	} else if (h->entry.val) {
		free_swap_and_cache(m, h->entry);
	}
	*h = (struct held){0};
}

/* As reclaim: unmapped, written if it must be, and perhaps freed. */
static void out(struct held *h)
{
	struct page *page = h->page;

	if (!page || !trylock_page(page))
		return;
	if (!page_has(page, PG_SWAPCACHE) && !add_to_swap(m, page)) {
		unlock_page(m, page);
		return;
	}
	h->entry = page_swap_entry(page);
	assert_int_equal(swap_duplicate(m, h->entry), 0);
	h->page = NULL;
	page_get(page); /* as reclaim has one, of isolation; the table's goes */
	page_put(m, page);
	if (page_clear(page, PG_DIRTY)) {
		if (swap_writepage(m, page) < 0)
			fail();
		lock_page(m, page);
	}
	if (rand_below(&rng, 3))
		swap_remove_mapping(m, page);
	unlock_page(m, page);
	page_put(m, page);
}

static struct page *get(swp_entry_t e)
{
	struct page *page = lookup_swap_cache(m, e);

	return page ? page : swapin_readahead(m, e, GFP_HIGHUSER_MOVABLE & ~__GFP_DIRECT_RECLAIM);
}

/* As a fault that reads, or writes. */
static void in(struct held *h, bool write)
{
	struct page *page;

	if (h->page || !h->entry.val)
		return;
	page = get(h->entry);
	if (!page)
		return;
	lock_page(m, page);
	assert_true(page_has(page, PG_SWAPCACHE) && page->private == h->entry.val);
	for (unsigned int i = 0; i < PAGE_SIZE / 8; i += 64)
		assert_int_equal(word_of(page)[i], h->word);
	if (write && reuse_swap_page(m, page)) {
		h->word = rand_next(&rng);
		for (unsigned int i = 0; i < PAGE_SIZE / 8; i += 64)
			word_of(page)[i] = h->word;
		page_set(page, PG_DIRTY);
	}
	swap_free(m, h->entry);
	if (vm_swap_full(m))
		try_to_free_swap(m, page);
	h->page = page;
	h->entry.val = 0;
	unlock_page(m, page);
}

static void live(unsigned int owner)
{
	struct held *h = &held[owner][rand_below(&rng, PAGES)];

	switch (rand_below(&rng, 8)) {
	case 0:
	case 1:
		if (!h->page && !h->entry.val)
			make(h);
		break;
	case 2:
		drop(h);
		break;
	case 3:
		in(h, true);
		break;
	case 4:
		in(h, false);
		break;
	default:
		out(h);
	}
}

static void drop_all(unsigned int cpus)
{
	for (unsigned int id = 0; id < cpus; id++)
		for (unsigned int i = 0; i < PAGES; i++)
			drop(&held[id][i]);
}

static void pages_start(unsigned int cpus, const char *parameter)
{
	struct swap_device second = fake_drum;

	second.disk = (void *)200; /* behind the first one's pages */
	m = slab_machine_with(cpus, parameter);
	before = all_free(m);
	memset(held, 0, sizeof(held));
	add_area(&fake_card, 150, 3);
	add_area(&second, 100, 3);
}

static void test_pages_keep_their_contents(void **state)
{
	static const char *const parameter[] = {
		"", "fail_page_alloc=interval:5,times:-1,min-order:0,ignore-gfp-wait:0"};

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		pages_start(2, parameter[i]);
		for (unsigned int step = 0; step < STEPS; step++) {
			become_cpu(rand_below(&rng, 2));
			live(0);
			if (rand_below(&rng, 50) == 0)
				index_grace_end(m);
			if (step % 300 == 0)
				swap_valid();
		}
		become_cpu(0);
		assert_true(m->event[PSWPIN] > 50 && m->event[PSWPOUT] > 50);
		drop_all(1);
		swap_valid();
		assert_null(swap_off_all(m));
		assert_no_nodes(m, before);
	}
}

static void work(void *arg)
{
	(void)arg;
	for (int i = 0; i < 400; i++)
		live(this_cpu_id());
}

/* Windows read others' pages, and full swap takes others' slots. */
static void test_random_interleavings(void **state)
{
	void (*const fn[])(void *) = {work, work, work};

	(void)state;
	for (unsigned int seed = 1; seed <= 12; seed++) {
		pages_start(3, "");
		for (unsigned int id = 0; id < 3; id++) {
			become_cpu(id);
			become(task_new("app", 100 + id, NULL));
		}
		become_cpu(0);
		run_on_cpus(3, fn, NULL, turns_drawn(seed, 4));
		become_cpu(0);
		swap_valid();
		drop_all(3);
		swap_valid();
		assert_null(swap_off_all(m));
		assert_no_nodes(m, before);
	}
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup_random, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_slots_against_arrays),
	TEST(test_pages_keep_their_contents),
	TEST(test_random_interleavings),
};
TEST_GROUP(swap_random)
