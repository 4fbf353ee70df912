/*
 * Pages of files in the hands of reclaim (§17.9 to §17.10a, §19.5, §21).
 */
#include "cache/cache_case.h"

#include "reclaim/batch_case.h"

/* The page at `index`, mapped once if `flags` is not ~0, is isolated, and not young. */
static struct page *victim(unsigned long index, unsigned int flags)
{
	batch_start();
	bring(index, 1);
	if (flags != ~0u) {
		map_all(flags);
		assert_int_equal(touch(index), FAULT_OK);
		*pte_find(mm, AT(index)) &= ~PTE_ACCESSED;
	}
	lru_add_drain(m);
	return isolated(cached(index));
}

static void finish(void)
{
	put_batch_back();
	file_finish();
}

/* Clean, and used by nobody: unmapped, freed, and a shadow in its place. */
static void test_17_10a_freed(void **state)
{
	(void)state;
	victim(9, 0);
	assert_int_equal(shrink(), 1);
	assert_int_equal(sc.nr_scanned, 2);
	assert_int_equal(entry_at(9), 0);
	assert_int_equal(mm->file_rss, 0);
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), 0);
	assert_int_equal(node_stat_exact(m, NR_FILE_PAGES), 0);
	assert_int_equal(m->swap.added, 0);
	assert_int_equal(disk.as.tree.shadows, 1);
	assert_int_equal(touch(9), FAULT_OK); /* and it comes back */
	assert_int_equal(node_stat_exact(m, WORKINGSET_REFAULT), 1);
	finish();
}

static void assert_kept(struct page *page, bool active, bool referenced)
{
	assert_int_equal(shrink(), 0);
	assert_int_equal(page_has(page, PG_ACTIVE), active);
	assert_int_equal(page_has(page, PG_REFERENCED), referenced);
	assert_false(page_has(page, PG_LOCKED));
	assert_ptr_equal(page->mapping, &disk.as);
	assert_int_equal(m->event[PGACTIVATE], active);
}

/* Used once by an entry it stays inactive, and is marked; the mark and a second use make it active. */
static void test_19_5_used_once(void **state)
{
	struct page *page = victim(9, 0);

	(void)state;
	*pte_find(mm, AT(9)) |= PTE_ACCESSED;
	assert_kept(page, false, true);
	assert_int_equal(m->node.lru.inactive_age, 0);
	*pte_find(mm, AT(9)) |= PTE_ACCESSED;
	assert_kept(page, true, true);
	assert_int_equal(m->node.lru.inactive_age, 0); /* §21.4: not by reclaim */
	finish();
}

static void test_19_5_code(void **state)
{
	struct page *page = victim(9, VM_EXEC);

	(void)state;
	*pte_find(mm, AT(9)) |= PTE_ACCESSED;
	assert_kept(page, true, true);
	finish();
}

static void test_19_5_two_users(void **state)
{
	struct page *page;

	(void)state;
	batch_start();
	bring(9, 1);
	map_all(0);
	assert_int_equal(mm_map_file(mm, AT(2000), LEN(1000), VM_MAYSHARE, disk.file, 0), AT(2000));
	touch(9);
	assert_int_equal(mm_fault(mm, AT(2009), 0), FAULT_OK);
	page = cached(9);
	assert_int_equal(page->mapcount, 2);
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), 1);
	assert_int_equal(mm->file_rss, 2);
	lru_add_drain(m);
	isolate_lru_page(m, page);
	list_add(&page->lru, &batch);
	assert_kept(page, true, true);
	finish();
}

/* Who reads it once from its beginning on does not use it. */
static void test_19_5_sequential(void **state)
{
	(void)state;
	victim(9, VM_SEQ_READ);
	*pte_find(mm, AT(9)) |= PTE_ACCESSED;
	assert_int_equal(shrink(), 1);
	finish();
}

/* Marked alone, and clean: it goes. */
static void test_19_5_marked(void **state)
{
	struct page *page = victim(9, ~0u);

	(void)state;
	page_set(page, PG_REFERENCED);
	assert_int_equal(shrink(), 1);
	assert_int_equal(sc.nr_scanned, 1);
	finish();
}

/* Whoever looks at it keeps it in the cache. */
static void test_17_10a_14_found(void **state)
{
	struct page *page = victim(9, 0), *held = find_get_page(&disk.as, 9);

	(void)state;
	assert_kept(page, false, false);
	assert_int_equal(page->mapcount, 0);
	page_put(m, held);
	assert_int_equal(shrink(), 1);
	finish();
}

/* A locked VMA's is culled. */
static void test_27_locked(void **state)
{
	struct page *page = victim(9, 0);

	(void)state;
	find_vma(mm, AT(9))->flags |= VM_LOCKED;
	assert_kept(page, false, false);
	assert_true(page_has(page, PG_MLOCKED));
	finish();
}

/* A page that is being read is locked, so it stays; one without its file goes with its last user. */
static void test_17_10a_1_being_read(void **state)
{
	struct page *page;

	(void)state;
	disk.late = true;
	page = victim(9, ~0u);
	assert_int_equal(shrink(), 0);
	assert_int_equal(sc.nr_scanned, 0);
	end_reads();
	assert_int_equal(shrink(), 1);
	finish();
	(void)page;
}

static void make_active(unsigned int n)
{
	lru_add_drain(m);
	for (unsigned int i = 0; i < n; i++)
		activate_page(m, cached(i));
	lru_add_drain(m);
}

/* §17.10: code that is run stays active; what else is used becomes inactive as what is not. */
static void test_17_10_active(void **state)
{
	(void)state;
	batch_start();
	bring(0, 32);
	map_all(VM_EXEC);
	for (unsigned int i = 0; i < 32; i++) {
		touch(i);
		*pte_find(mm, AT(i)) &= ~PTE_ACCESSED;
	}
	make_active(32);
	assert_int_equal(node_stat_exact(m, NR_ACTIVE_FILE), 32);
	for (unsigned int i = 0; i < 8; i++)
		*pte_find(mm, AT(i)) |= PTE_ACCESSED;
	shrink_active_list(&sc, 32, LRU_FILE);
	assert_int_equal(node_stat_exact(m, NR_ACTIVE_FILE), 8);
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_FILE), 24);
	assert_int_equal(node_stat_exact(m, NR_ISOLATED_FILE), 0);
	assert_int_equal(m->event[PGDEACTIVATE], 24);
	assert_int_equal(m->event[PGREFILL], 32);
	assert_int_equal(m->node.lru.recent_rotated[LRU_FILE], 32 + 8);
	for (unsigned int i = 0; i < 32; i++)
		assert_int_equal(page_has(cached(i), PG_ACTIVE), i < 8);
	finish();
}

static void test_17_10_data(void **state)
{
	(void)state;
	batch_start();
	bring(0, 32);
	map_all(0);
	for (unsigned int i = 0; i < 32; i++)
		touch(i);
	make_active(32);
	shrink_active_list(&sc, 32, LRU_FILE);
	assert_int_equal(node_stat_exact(m, NR_ACTIVE_FILE), 0);
	assert_int_equal(m->node.lru.recent_rotated[LRU_FILE], 32 + 32);
	finish();
}

/* §17.9: by batches from the inactive list's tail; what was read first goes first. */
static void test_17_9_inactive(void **state)
{
	(void)state;
	batch_start();
	bring(0, 100);
	lru_add_drain(m);
	assert_int_equal(shrink_inactive_list(&sc, 32, LRU_FILE), 32);
	assert_null(cached(31));
	assert_non_null(cached(32));
	assert_int_equal(m->event[PGSTEAL_DIRECT], 32);
	assert_int_equal(m->event[PGSCAN_DIRECT], 32);
	assert_int_equal(disk.as.tree.shadows, 32);
	assert_int_equal(node_stat_exact(m, NR_INACTIVE_FILE), 68);
	assert_valid(m);
	finish();
}

/* §17.6 rule 4: enough files that are not used: nothing is swapped. */
static void test_17_6_files_first(void **state)
{
	struct scan_counts c;

	(void)state;
	batch_start();
	sc.priority = 3;
	bring(0, 500);
	lru_add_drain(m);
	c = get_scan_count(&sc);
	assert_int_equal(c.nr[LRU_INACTIVE_FILE], 500 >> 3);
	assert_int_equal(c.nr[LRU_INACTIVE_ANON], 0);
	assert_int_equal(c.lru_pages, 500);
	assert_int_equal(node_reclaimable_pages(m), 500);
	finish();
}

static const struct CMUnitTest tests[] = {
	TEST(test_17_10a_freed),
	TEST(test_19_5_used_once),
	TEST(test_19_5_code),
	TEST(test_19_5_two_users),
	TEST(test_19_5_sequential),
	TEST(test_19_5_marked),
	TEST(test_17_10a_14_found),
	TEST(test_27_locked),
	TEST(test_17_10a_1_being_read),
	TEST(test_17_10_active),
	TEST(test_17_10_data),
	TEST(test_17_9_inactive),
	TEST(test_17_6_files_first),
};

TEST_GROUP(shrink_file)
