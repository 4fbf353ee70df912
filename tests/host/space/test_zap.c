/*
 * Taking pages out of an address space (mm/space/zap.h; reference §8.1 "details", §8.5).
 */
#include "space.h"

#include "mm/space/zap.h"

#define SWAP_ENTRY 0x1230ull /* not present: the page is elsewhere */
#define PER_PMD    512       /* pages of 2 MiB */

static const struct zap_details reaper = {.check_swap_entries = true, .ignore_dirty = true};
static const struct zap_details plain = {.check_swap_entries = false};

static void zap(unsigned int page, unsigned int pages, const struct zap_details *details)
{
	struct mmu_gather g;

	gather_start(&g, mm, true);
	unmap_page_range(&g, AT(page), AT(page + pages), details);
	gather_finish(&g);
}

static void put_in_swap(unsigned int page)
{
	*pte_make(mm, AT(page)) = SWAP_ENTRY;
	mm->swapents++;
}

static void test_zap_takes_the_range_only(void **state)
{
	(void)state;
	map(0, 10, VM_WRITE);
	touch(0, 10);
	zap(2, 5, NULL);
	for (int i = 0; i < 10; i++)
		assert_int_equal(entry(i) == 0, i >= 2 && i < 7);
	assert_accounts(5, 0, 0);
	assert_string_equal(layout(), "0-10:1 ");
	assert_int_equal(mm->total_vm, 10);
	zap(2, 5, NULL); /* nothing there */
	assert_accounts(5, 0, 0);
	touch(3, 1);
	assert_accounts(6, 0, 0);
	assert_all_back();
}

static void assert_rss(long anon, long shmem, long locked)
{
	assert_int_equal(mm->anon_rss, anon);
	assert_int_equal(node_stat_exact(m, NR_ANON_MAPPED), anon);
	assert_int_equal(mm->shmem_rss, shmem);
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), shmem);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), locked);
}

/* Shared memory stays its objects'. */
static void test_zap_counters_of_all_kinds(void **state)
{
	(void)state;
	map(0, 2, VM_WRITE);
	map(2, 2, VM_WRITE | VM_SHARED);
	map(4, 2, VM_WRITE | VM_LOCKED);
	map(6, 2, VM_WRITE | VM_SHARED);
	touch(0, 8);
	assert_int_equal(mm_mlock(mm, AT(6), LEN(2)), 0);
	assert_accounts(4, 4, 4);
	zap(0, 3, NULL);
	assert_rss(2, 3, 4);
	zap(3, 2, NULL);
	assert_rss(1, 2, 3);
	zap(5, 3, NULL);
	assert_rss(0, 0, 0);
	assert_int_equal(node_stat_exact(m, NR_SHMEM), 4);
	lru_add_drain(m);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_INACTIVE_ANON), 4);
	assert_all_back();
}

/* Pages of two zones in turn: each zone's account loses its own. */
static void test_zap_counts_by_zone(void **state)
{
	(void)state;
	memory_no_marks(m);
	map(0, 7, VM_WRITE);
	for (unsigned int i = 0; i < 7; i++) {
		unsigned long mark = i % 3 ? 0 : 1000000; /* above which the lower zone serves */

		zone_marks(dma32(m), mark, mark, mark);
		touch(i, 1);
		assert_ptr_equal(page_zone(m, page_at(i)), i % 3 ? dma32(m) : dma(m));
	}
	lru_add_drain(m);
	assert_int_equal(zone_stat_exact(dma(m), NR_ZONE_ACTIVE_ANON), 3);
	assert_int_equal(zone_stat_exact(dma32(m), NR_ZONE_ACTIVE_ANON), 4);
	zap(0, 6, NULL);
	assert_int_equal(zone_stat_exact(dma(m), NR_ZONE_ACTIVE_ANON), 1);
	assert_int_equal(zone_stat_exact(dma32(m), NR_ZONE_ACTIVE_ANON), 0);
	assert_int_equal(mm->anon_rss, 1);
	assert_all_back();
}

static void test_zap_leaves_a_clean_page_struct(void **state)
{
	struct page *page;

	(void)state;
	map(0, 1, VM_WRITE | VM_LOCKED);
	touch(0, 1);
	page = page_at(0);
	assert_int_equal(page->flags, PG_MLOCKED | PG_LRU | PG_UNEVICTABLE);
	zap(0, 1, NULL);
	assert_int_equal(page->mapcount, 0);
	assert_int_equal(page->flags & PG_MLOCKED, 0);
#ifdef LW_DEBUG
	assert_false(page->unflushed);
#endif
}

/* §28.1: and so the page knows of the write and of the use that the entry told of. */
static void test_zap_leaves_shmem_to_its_object(void **state)
{
	struct page *page;

	(void)state;
	map(0, 2, VM_WRITE | VM_SHARED);
	touch(0, 2);
	page = page_at(0);
	page_clear(page, PG_DIRTY);
	*pte_find(mm, AT(1)) &= ~PTE_ACCESSED;
	zap(0, 2, NULL);
	lru_add_drain(m);
	assert_int_equal(page->flags, PG_SHMEM | PG_UPTODATE | PG_DIRTY | PG_LRU | PG_REFERENCED);
	assert_int_equal(page->users, PAGE_USERS(1, 0));
	assert_false(page_has(page + 1, PG_REFERENCED));
	touch(0, 1);
	assert_ptr_equal(page_at(0), page);
	assert_int_equal(mm->shmem_rss, 1);
	zap(0, 1, NULL); /* used, and used again */
	lru_add_drain(m);
	assert_true(page_has(page, PG_ACTIVE));
	assert_all_back();
}

/* The seed: only who asks for it gets swap entries; without details everything goes. */
static void test_8_1_swap_entries(void **state)
{
	(void)state;
	map(0, 4, VM_WRITE);
	put_in_swap(0);
	put_in_swap(1);
	touch(2, 1);
	zap(0, 4, &plain);
	assert_int_equal(entry(0), SWAP_ENTRY);
	assert_int_equal(mm->swapents, 2);
	assert_int_equal(mm->anon_rss, 0);
	zap(0, 1, &reaper);
	assert_int_equal(entry(0), 0);
	assert_int_equal(mm->swapents, 1);
	zap(0, 4, NULL);
	assert_int_equal(entry(1), 0);
	assert_int_equal(mm->swapents, 0);
	assert_all_back();
}

static void test_unmap_takes_swap_entries(void **state)
{
	(void)state;
	map(0, 4, VM_WRITE);
	put_in_swap(1);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(4)), 0);
	assert_int_equal(mm->swapents, 0);
	map(0, 4, VM_WRITE);
	touch(1, 1);
	assert_accounts(1, 0, 0);
}

/* The seed: a dirty page that is not anonymous loses its entry, and stays where it is. */
static void test_8_1_dirty_shmem_is_ignored(void **state)
{
	struct page *dirty, *clean;
	long before;

	(void)state;
	map(0, 2, VM_WRITE | VM_SHARED);
	touch(0, 2);
	*pte_find(mm, AT(1)) &= ~PTE_DIRTY;
	dirty = page_at(0);
	clean = page_at(1);
	before = all_free(m);
	zap(0, 2, &reaper);
	assert_int_equal(entry(0) | entry(1), 0);
	assert_int_equal(dirty->users, PAGE_USERS(2, 1));
	assert_int_equal(clean->users, PAGE_USERS(1, 0)); /* its object's */
	assert_int_equal(all_free(m), before);
	assert_int_equal(mm->shmem_rss, 1);
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), 1);
}

static void test_8_1_dirty_anonymous_pages_go(void **state)
{
	(void)state;
	map(0, 2, VM_WRITE);
	touch(0, 2);
	assert_true(entry(0) & PTE_DIRTY);
	zap(0, 2, &reaper);
	assert_accounts(0, 0, 0);
	assert_all_back();
}

static void test_dirty_shmem_goes_without_details(void **state)
{
	(void)state;
	map(0, 2, VM_WRITE | VM_SHARED);
	touch(0, 2);
	zap(0, 2, NULL);
	assert_rss(0, 0, 0);
	assert_all_back();
}

/* Addresses at which others had a turn: what was gone by then. */
static unsigned int gone[16], turns;

static void note_turn(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < 4 * PER_PMD; i += 8)
		n += entry(i) == 0;
	if (turns < ARRAY_SIZE(gone))
		gone[turns] = n * 8;
	turns++;
}

static void test_8_5_others_run_after_each_pmd(void **state)
{
	unsigned int first = PER_PMD - (APP_BASE >> PAGE_SHIFT) % PER_PMD;

	(void)state;
	map(0, 4 * PER_PMD, VM_WRITE);
	touch(0, 4 * PER_PMD);
	assert_int_equal(first, PER_PMD); /* APP_BASE is a multiple of 2 MiB */
	turns = 0;
	twin.on_yield = note_turn;
	/* From the middle of the first to the middle of the last. */
	zap(256, 3 * PER_PMD, NULL);
	twin.on_yield = NULL;
	assert_int_equal(turns, 4);
	assert_int_equal(gone[0], 256);
	assert_int_equal(gone[1], 256 + PER_PMD);
	assert_int_equal(gone[2], 256 + 2 * PER_PMD);
	assert_int_equal(gone[3], 3 * PER_PMD);
	assert_int_equal(mm->anon_rss, PER_PMD);
	assert_all_back();
}

static void test_tables_that_are_not_there_are_passed(void **state)
{
	(void)state;
	map(0, 4 * PER_PMD, VM_WRITE);
	touch(3 * PER_PMD + 7, 1);
	zap(0, 4 * PER_PMD, NULL);
	assert_int_equal(mm->anon_rss, 0);
	assert_int_equal(mm->nr_ptes, 1);
	assert_all_back();
}

static const struct CMUnitTest tests[] = {
	TEST(test_zap_takes_the_range_only),
	TEST(test_zap_counters_of_all_kinds),
	TEST(test_zap_counts_by_zone),
	TEST(test_zap_leaves_a_clean_page_struct),
	TEST(test_zap_leaves_shmem_to_its_object),
	TEST(test_8_1_swap_entries),
	TEST(test_unmap_takes_swap_entries),
	TEST(test_8_1_dirty_shmem_is_ignored),
	TEST(test_8_1_dirty_anonymous_pages_go),
	TEST(test_dirty_shmem_goes_without_details),
	TEST(test_8_5_others_run_after_each_pmd),
	TEST(test_tables_that_are_not_there_are_passed),
};
TEST_GROUP(zap)
