/*
 * What becomes of one isolated page of shared memory (§17.10a, §30c item 3).
 */
#include "scan_case.h"

#include "mm/slab/cache.h"
#include "mm/space/mapped.h"
#include "mm/space/shmem.h"

#define SHARED 1000 /* the page of the app that is shared memory */

static struct page *shared_victim(void)
{
	map(SHARED, 4, VM_WRITE | VM_SHARED);
	return victim_at(SHARED);
}

static struct shmem *object(void)
{
	return find_vma(mm, AT(SHARED))->object;
}

static void *in_tree(unsigned int page)
{
	return index_lookup(&object()->tree, page);
}

static void assert_totals(long file_pages, long shmem, long mapped)
{
	assert_int_equal(node_stat_exact(m, NR_FILE_PAGES), file_pages);
	assert_int_equal(node_stat_exact(m, NR_SHMEM), shmem);
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), mapped);
	assert_int_equal(mm->shmem_rss, mapped);
	assert_int_equal(mm->swapents, 0);
}

/* All steps: unmapped, a slot, written, and free, on a device that writes at once. */
static void test_30c_3_written_and_freed(void **state)
{
	struct page *page = shared_victim();
	long slot;

	(void)state;
	assert_totals(1, 1, 1);
	memset(page_address(m, page), 0x5a, PAGE_SIZE);
	assert_int_equal(shrink(), 1);
	assert_true(list_empty(&batch));
	assert_int_equal(sc.nr_scanned, 2);
	assert_totals(0, 0, 0);
	assert_int_equal(*pte_at(SHARED), 0);
	slot = mm_swap_slot(mm, AT(SHARED));
	assert_ptr_equal(in_tree(0), shmem_slot(swp_entry(0, slot)));
	assert_int_equal(*swap_byte(area, slot), SWAP_MAP_SHMEM);
	assert_int_equal(m->event[PSWPOUT], 1);
	assert_int_equal(m->event[PGLAZYFREED], 0);
	assert_int_equal(node_stat_exact(m, NR_VMSCAN_WRITE), 1);
	assert_int_equal(m->swap.added, 1);
	assert_int_equal(m->swap.deleted, 1);
	assert_int_equal(((char *)fake.page[slot])[17], 0x5a);
	assert_valid(m);
	scan_finish();
}

/* Under way to a disk it is the cache's, and the slot says both. */
static void test_30c_3_under_way(void **state)
{
	struct swap_area *drum;
	struct page *page;

	(void)state;
	swap_off_all(m);
	drum = add_area(&fake_vda, 100, 0);
	page = shared_victim();
	assert_int_equal(shrink(), 0);
	assert_totals(1, 0, 0);
	assert_int_equal(*swap_byte(drum, 1), SWAP_MAP_SHMEM | SWAP_HAS_CACHE);
	assert_true(page_has(page, PG_SWAPCACHE | PG_RECLAIM));
	assert_true(page_has(page, PG_WRITEBACK));
	assert_false(page_has(page, PG_SHMEM | PG_DIRTY));
	assert_null(page->mapping);
	put_batch_back();
	fake_end_one();
	lru_add_drain(m);
	isolated(page);
	assert_int_equal(shrink(), 1); /* and then it is clean */
	assert_int_equal(*swap_byte(drum, 1), SWAP_MAP_SHMEM);
	assert_totals(0, 0, 0);
	scan_finish();
}

/* Shared and anonymous ones go by the same rule: an entry that was used keeps it (§19.5). */
static void test_19_5_used_is_active(void **state)
{
	struct page *page = shared_victim();

	(void)state;
	*pte_at(SHARED) |= PTE_ACCESSED;
	assert_int_equal(shrink(), 0);
	assert_kept(page, true);
	assert_totals(1, 1, 1);
	scan_finish();
}

/* Never written to: a hole again, without a slot. */
static void test_what_holds_nothing_leaves_nothing(void **state)
{
	struct page *page;

	(void)state;
	map(SHARED, 4, VM_WRITE | VM_SHARED);
	assert_int_equal(mm_fault(mm, AT(SHARED), 0), FAULT_OK);
	lru_add_drain(m);
	page = isolated(page_at(SHARED));
	assert_int_equal(*pte_at(SHARED) & (PTE_WRITE | PTE_DIRTY), PTE_WRITE);
	*pte_at(SHARED) &= ~PTE_ACCESSED;
	assert_false(page_has(page, PG_DIRTY));
	assert_int_equal(shrink(), 1);
	assert_null(in_tree(0));
	assert_int_equal(slots_in_use(), 0);
	assert_totals(0, 0, 0);
	assert_int_equal(m->event[PGLAZYFREED], 0);
	scan_finish();
}

/* Dirty again, and active: it is looked for no more in vain so soon. */
static void assert_refused(struct page *page)
{
	assert_int_equal(shrink(), 0);
	assert_kept(page, true);
	assert_true(page_has(page, PG_DIRTY));
	assert_true(page_has(page, PG_SHMEM));
	assert_false(page_has(page, PG_RECLAIM | PG_SWAPCACHE));
	assert_ptr_equal(in_tree(0), page);
	assert_totals(1, 1, 0); /* unmapped it is all the same */
	assert_int_equal(node_stat_exact(m, NR_VMSCAN_WRITE), 0);
}

static void test_30c_3_no_slot(void **state)
{
	struct page *page = shared_victim();
	unsigned int n = 0;

	(void)state;
	while (take_slot())
		n++;
	assert_refused(page);
	while (n)
		give_slot(0, n--);
	scan_finish();
}

static void test_30c_3_no_swap_at_all(void **state)
{
	struct page *page = shared_victim();

	(void)state;
	assert_null(swap_off_all(m));
	assert_refused(page);
	scan_finish();
}

/* The tree of the cache wants a node, which nobody preloads here (§26). The slot is free again. */
static void test_30c_3_no_node(void **state)
{
	struct page *page;

	(void)state;
	swap_start_refusing();
	free_before = all_free(m);
	area = add_area(&fake_card, 200, 0);
	mm = mm_create(m);
	sc.memory = m;
	page = shared_victim();
	index_release_all(m);
	kmem_cache_shrink(&m->index.nodes);
	m->fail.on = true;
	assert_refused(page);
	m->fail.on = false;
	assert_int_equal(slots_in_use(), 0);
	scan_finish();
}

/* Its mask must allow a file system's work: it is not in the cache yet (§17.10a.5). */
static void test_17_10a_5_needs_fs(void **state)
{
	struct page *page = shared_victim();

	(void)state;
	sc.gfp = GFP_NOFS;
	assert_int_equal(shrink(), 0);
	assert_kept(page, false);
	assert_totals(1, 1, 0);
	assert_int_equal(slots_in_use(), 0);
	scan_finish();
}

/* Somebody has a reference: it is not written (§17.10a.11). */
static void test_17_10a_11_not_alone(void **state)
{
	struct page *page = shared_victim();

	(void)state;
	page_get(page);
	assert_int_equal(shrink(), 0);
	assert_kept(page, false);
	assert_true(page_has(page, PG_DIRTY));
	assert_int_equal(slots_in_use(), 0);
	page_put(m, page);
	scan_finish();
}

static void test_10_locked_memory_is_culled(void **state)
{
	struct page *page = shared_victim();

	(void)state;
	find_vma(mm, AT(SHARED))->flags |= VM_LOCKED;
	assert_int_equal(shrink(), 0);
	assert_true(page_has(page, PG_MLOCKED));
	assert_totals(1, 1, 1);
	put_batch_back();
	assert_int_equal(node_stat_exact(m, NR_UNEVICTABLE), 1);
	scan_finish();
}

/* The last VMA has gone while it is in the hands of reclaim: it is nobody's, and freed as it is put back. */
static void test_gone_while_isolated(void **state)
{
	struct page *page = shared_victim();

	(void)state;
	assert_int_equal(mm_unmap(mm, AT(SHARED), LEN(4)), 0);
	assert_false(page_has(page, PG_SHMEM));
	assert_null(page->mapping);
	assert_int_equal(page->refcount, 1);
	assert_int_equal(shrink(), 0);
	assert_int_equal(slots_in_use(), 0);
	assert_totals(0, 0, 0);
	scan_finish();
}

static const struct CMUnitTest tests[] = {
	TEST(test_30c_3_written_and_freed),
	TEST(test_30c_3_under_way),
	TEST(test_19_5_used_is_active),
	TEST(test_what_holds_nothing_leaves_nothing),
	TEST(test_30c_3_no_slot),
	TEST(test_30c_3_no_swap_at_all),
	TEST(test_30c_3_no_node),
	TEST(test_17_10a_5_needs_fs),
	TEST(test_17_10a_11_not_alone),
	TEST(test_10_locked_memory_is_culled),
	TEST(test_gone_while_isolated),
};
TEST_GROUP(shrink_shmem)
