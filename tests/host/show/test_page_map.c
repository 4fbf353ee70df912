/*
 * Maps of pageblocks (mm/show/page_map.h): what they say is what the page array says, block by block.
 */
#include "twin.h"

#include <stdlib.h>

#include "fibers.h"
#include "host_machine.h"
#include "kernel/core/lock/lock.h"
#include "mm/page/pageblock.h"
#include "mm/show/page_map.h"

#define MOST 64

struct cell {
	char type, use;
};

static struct memory *m;
static struct page_map map;

static void begin(struct memory *machine)
{
	m = machine;
	page_map_init(&map, m, malloc(page_map_size(m)));
}

static int teardown(void **state)
{
	lock_forget(&map.lock.info);
	free(map.free);
	return twin_teardown(state);
}

/* The cells of a zone in the last event, as text; NULL: there is none. */
static const char *cells(const struct zone *z)
{
	static char text[1024];
	char key[64];
	const char *at = NULL, *p = events();

	snprintf(key, sizeof(key), "\"zone\":\"%s\",\"cells\":\"", z->name);
	while ((p = strstr(p, key)))
		at = p += strlen(key);
	if (!at)
		return NULL;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(at, "\""), at);
	return text;
}

static const char *told(const struct zone *z)
{
	console_clear();
	page_map_tell(&map, 7);
	return cells(z);
}

/* As a reader would. Returns how many pageblocks those are. */
static unsigned long decode(const char *text, struct cell *c)
{
	unsigned long n = 0;

	while (*text) {
		char *end;
		unsigned long run = strtoul(text, &end, 10);

		assert_in_range(run, 1, MOST - n);
		while (run--)
			c[n++] = (struct cell){end[0], end[1]};
		text = end + 2;
	}
	return n;
}

/* Free pages of a pageblock by its pages' own words; a free block may begin before it. */
static unsigned long free_in_block(const struct zone *z, unsigned long first)
{
	unsigned long last = first + m->pageblock_nr_pages, pfn = z->start_pfn, n = 0;

	while (pfn < MIN(last, zone_end_pfn(z))) {
		const struct page *page = pfn_to_page(m, pfn);
		bool is_free = page->flags & PG_BUDDY;
		unsigned long next = pfn + (is_free ? 1ul << page->order : 1);

		if (is_free && next > first)
			n += MIN(next, last) - MAX(pfn, first);
		pfn = next;
	}
	return n;
}

static char use_of(unsigned long free)
{
	unsigned long used = m->pageblock_nr_pages - free;

	if (!used || !free)
		return used ? 'f' : '0';
	return "0123456789abcdef"[1 + used * 14 / m->pageblock_nr_pages];
}

static void assert_true_map(const struct zone *z)
{
	unsigned long first = pageblock_start(z, z->start_pfn);
	struct cell c[MOST];

	assert_int_equal(decode(told(z), c), z->nr_pageblocks);
	for (unsigned long i = 0; i < z->nr_pageblocks; i++, first += m->pageblock_nr_pages) {
		unsigned long head = MAX(first, z->start_pfn);

		assert_int_equal(c[i].type, migratetype_letter[pageblock_type(z, head)]);
		assert_int_equal(c[i].use, use_of(free_in_block(z, first)));
	}
}

/* Pages of all types and sizes, some of them given back, and a reserve: no two blocks need be alike. */
static void live(void)
{
	static const gfp_t masks[] = {
		GFP_KERNEL, GFP_HIGHUSER_MOVABLE, GFP_KERNEL | __GFP_RECLAIMABLE};
	struct page *had[900];

	for (unsigned int i = 0; i < ARRAY_SIZE(had); i++)
		had[i] = alloc_pages(m, masks[i % 3] | __GFP_NOWARN, i * 7 % 4);
	for (unsigned int i = 0; i < ARRAY_SIZE(had); i++)
		if (had[i] && i % 5 < 2)
			free_pages(m, had[i], i * 7 % 4);
	set_pageblock_type(dma32(m), 6 * 1024, MIGRATE_HIGHATOMIC);
}

static void test_is_what_the_page_array_says(void **state)
{
	(void)state;
	begin(machine_default());
	assert_true_map(dma(m));
	live();
	assert_true_map(dma32(m));
}

static void test_free_blocks_larger_than_a_pageblock(void **state)
{
	(void)state;
	begin(machine_with(9, 0));
	assert_true_map(dma32(m));
	live();
	assert_true_map(dma32(m));
}

static void test_nothing_and_all_are_exact(void **state)
{
	struct zone *z;

	(void)state;
	begin(machine_default());
	memory_empty(m);
	z = dma32(m);
	assert_string_equal(told(z), "6Mf");
	zone_put(z, 5 * 1024, 10, MIGRATE_MOVABLE);    /* all */
	zone_put(z, 6 * 1024 + 5, 0, MIGRATE_MOVABLE); /* one page */
	for (int order = 0; order < 10; order++)       /* all but one page */
		zone_put(z, 7 * 1024 + (1 << order), order, MIGRATE_MOVABLE);
	zone_put(z, 8 * 1024, 9, MIGRATE_MOVABLE); /* half of them */
	assert_string_equal(told(z), "1Mf1M01Me1M11M81Mf");
}

static void test_types_and_holes(void **state)
{
	struct zone *z;

	(void)state;
	begin(machine_default());
	memory_empty(m);
	z = dma32(m);
	for (int t = 0; t < MIGRATE_TYPES - 1; t++)
		z->pageblock_type[t] = t;
	z->pageblock_type[5] = PAGEBLOCK_HOLE;
	assert_string_equal(told(z), "1Uf1Mf1Ef1Hf1Cf1-f");
	z->pageblock_type[4] = PAGEBLOCK_HOLE;
	assert_string_equal(told(z), "1Uf1Mf1Ef1Hf2-f");
	memset(z->pageblock_type, MIGRATE_MOVABLE, z->nr_pageblocks);
}

static void test_only_what_has_changed_is_told(void **state)
{
	(void)state;
	begin(machine_default());
	memory_empty(m);
	page_map_tell(&map, 4);
	assert_string_equal(events(),
		"{\"event\":\"map\",\"ns\":4,\"zone\":\"DMA\",\"cells\":\"4Mf\"}\n"
		"{\"event\":\"map\",\"ns\":4,\"zone\":\"DMA32\",\"cells\":\"6Mf\"}\n");
	assert_null(told(dma32(m)));
	zone_put(dma(m), 2048, 10, MIGRATE_MOVABLE);
	assert_null(told(dma32(m)));
	assert_string_equal(cells(dma(m)), "2Mf1M01Mf");
	set_pageblock_type(dma32(m), 9 * 1024, MIGRATE_HIGHATOMIC);
	assert_string_equal(told(dma32(m)), "5Mf1Hf");
	assert_null(cells(dma(m)));
}

static struct spinlock *held;
static bool done;

static void hold(void *unused)
{
	unsigned long flags = spin_lock_irqsave(held);

	(void)unused;
	while (!done)
		sched_point();
	spin_unlock_irqrestore(held, flags);
}

static void tell(void *unused)
{
	(void)unused;
	while (!held->locked)
		sched_point();
	console_clear();
	page_map_tell(&map, 8);
	done = true;
}

static unsigned int the_other(unsigned int self)
{
	return 1 - self;
}

static void tell_while_held(struct spinlock *lock)
{
	held = lock;
	done = false;
	run_on_cpus(2, (void (*const[])(void *)){tell, hold}, NULL, the_other);
}

/* A machine that ends may have left its locks taken: what can be told is told. */
static void test_a_lock_that_is_not_to_be_had(void **state)
{
	(void)state;
	nr_cpus = 2;
	begin(machine_default());
	become_cpu(1);
	become(task_new("holder", 11, NULL));
	become_cpu(0);
	become(task_new("teller", 10, NULL));
	tell_while_held(&dma(m)->lock);
	assert_null(cells(dma(m)));
	assert_non_null(cells(dma32(m)));
	tell_while_held(&map.lock);
	assert_string_equal(events(), "");
	assert_non_null(told(dma(m)));
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, twin_setup, teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_is_what_the_page_array_says),
	TEST(test_free_blocks_larger_than_a_pageblock),
	TEST(test_nothing_and_all_are_exact),
	TEST(test_types_and_holes),
	TEST(test_only_what_has_changed_is_told),
	TEST(test_a_lock_that_is_not_to_be_had),
};

TEST_GROUP(page_map)
