/*
 * What becomes of one isolated page (§17.10a), step by step and branch by branch.
 */
#include "scan_case.h"

#include "mm/index/index_node.h"
#include "mm/space/mlock.h"

static void test_17_10a_1_a_busy_page_is_not_even_counted(void **state)
{
	struct page *page = victim_at(0);

	(void)state;
	assert_true(trylock_page(page));
	assert_int_equal(shrink(), 0);
	assert_int_equal(sc.nr_scanned, 0);
	assert_ptr_equal(list_entry(batch.next, struct page, lru), page);
	unlock_page(m, page);
	assert_kept(page, false);
	assert_int_equal(slots_in_use(), 0);
	scan_finish();
}

static void test_17_10a_3_a_mlocked_page_is_culled(void **state)
{
	struct page *page = victim_at(0);

	(void)state;
	page_mlock(m, page);
	assert_int_equal(shrink(), 0);
	assert_int_equal(sc.nr_scanned, 1); /* before it is known to be mapped */
	assert_kept(page, false);
	put_batch_back();
	assert_true(page_has(page, PG_UNEVICTABLE));
	assert_int_equal(m->event[UNEVICTABLE_PGCULLED], 1);
	assert_int_equal(node_stat_exact(m, NR_UNEVICTABLE), 1);
	clear_page_mlock(m, page);
	scan_finish();
}

/* A slot that no table names is given back. */
static void test_17_10a_3_a_culled_page_leaves_the_swap_cache(void **state)
{
	struct page *page = cached_victim_at(0);

	(void)state;
	page_mlock(m, page);
	assert_int_equal(shrink(), 0);
	assert_false(page_has(page, PG_SWAPCACHE));
	assert_true(page_has(page, PG_DIRTY)); /* its contents are nowhere else (trap 12) */
	assert_int_equal(slots_in_use(), 0);
	put_batch_back();
	clear_page_mlock(m, page);
	scan_finish();
}

/* It is mapped, or the cache has it: twice. */
static void test_17_10a_4_what_somebody_has_counts_twice(void **state)
{
	(void)state;
	sc.gfp = GFP_NOWAIT;
	victim_at(0);
	shrink();
	assert_int_equal(sc.nr_scanned, 2);
	victim_at(1);
	shrink();
	assert_int_equal(sc.nr_scanned, 4);
	scan_finish();
}

static struct page *under_writeback(unsigned int flags)
{
	struct page *page = victim_at(0);

	set_page_writeback(m, page);
	page_set(page, flags);
	return page;
}

static void assert_writeback(unsigned long writeback, unsigned long immediate)
{
	assert_int_equal(met.writeback, writeback);
	assert_int_equal(met.immediate, immediate);
	assert_int_equal(met.dirty | met.unqueued_dirty | met.congested, 0); /* trap 32 */
}

static void end_writeback(struct page *page)
{
	page_clear(page, PG_RECLAIM);
	end_page_writeback(m, page);
	scan_finish();
}

static void test_17_10a_7_writeback_is_passed_over(void **state)
{
	struct page *page = under_writeback(0);

	(void)state;
	node_set(m, NODE_WRITEBACK);
	assert_int_equal(shrink(), 0);
	assert_writeback(1, 0);
	assert_true(page_has(page, PG_RECLAIM));
	assert_kept(page, false);
	assert_int_equal(shrink(), 0); /* a direct reclaimer is never told to pause for it */
	assert_writeback(1, 0);
	end_writeback(page);
}

static void test_17_10a_7_kswapd_meets_it_again(void **state)
{
	struct page *page = under_writeback(0);

	(void)state;
	be_kswapd();
	node_set(m, NODE_WRITEBACK);
	shrink();
	assert_writeback(1, 0); /* for the first time */
	shrink();
	assert_writeback(0, 1);
	node_clear(m, NODE_WRITEBACK);
	shrink();
	assert_writeback(1, 0);
	end_writeback(page);
}

/* The reference is consumed. */
static void test_17_10a_8_a_used_page_is_activated(void **state)
{
	struct page *page = victim_at(0);

	(void)state;
	*pte_at(0) |= PTE_ACCESSED;
	page_set(page, PG_REFERENCED);
	assert_int_equal(shrink(), 0);
	assert_kept(page, true);
	assert_false(*pte_at(0) & PTE_ACCESSED);
	assert_false(page_has(page, PG_REFERENCED));
	assert_int_equal(slots_in_use(), 0);
	scan_finish();
}

/* Swap-backed pages take no notice of the software's mark alone (§19.5). */
static void test_17_10a_8_a_mark_is_no_use(void **state)
{
	struct page *page = victim_at(0);

	(void)state;
	page_set(page, PG_REFERENCED);
	assert_int_equal(shrink(), 1);
	scan_finish();
}

static void test_17_10a_9_without_io_it_is_kept(void **state)
{
	struct page *page = victim_at(0);

	(void)state;
	sc.gfp = GFP_NOIO;
	assert_int_equal(shrink(), 0);
	assert_kept(page, false);
	assert_int_equal(slots_in_use(), 0);
	sc.gfp = GFP_NOFS; /* for swap that is enough */
	assert_int_equal(shrink(), 1);
	scan_finish();
}

static void test_17_10a_9_without_a_slot_it_is_activated(void **state)
{
	struct page *page = victim_at(0);
	unsigned int n = 0;

	(void)state;
	while (take_slot())
		n++;
	assert_int_equal(n, 200);
	assert_int_equal(shrink(), 0);
	assert_kept(page, true);
	assert_counts(1, 0);
	while (n)
		give_slot(0, n--);
	scan_finish();
}

/* Somebody still maps it, whom the walk did not find. */
static void test_17_10a_10_again(void **state)
{
	struct page *page;

	(void)state;
	map(1000, 1, VM_WRITE | VM_SHARED);
	page = victim_at(1000);
	page->mapcount++;
	assert_int_equal(shrink(), 0);
	assert_kept(page, false);
	assert_int_equal(slots_in_use(), 0);
	page->mapcount--;
	node_stat_add(m, NR_FILE_MAPPED, -1);
	scan_finish();
}

/* Its slot has as many users as its byte can say. */
static void test_17_10a_10_fail(void **state)
{
	struct page *page = cached_victim_at(0);
	unsigned long slot = swp_offset(page_swap_entry(page));

	(void)state;
	*swap_byte(area, slot) = SWAP_HAS_CACHE | SWAP_MAP_MAX;
	assert_int_equal(shrink(), 0);
	assert_kept(page, true);
	assert_int_equal(mm->anon_rss, 1);
	*swap_byte(area, slot) = SWAP_HAS_CACHE;
	scan_finish();
}

/* It is found out that its VMA is locked: marked, and without a slot again. */
static void test_17_10a_10_mlock(void **state)
{
	struct page *page = victim_at(0);

	(void)state;
	find_vma(mm, AT(0))->flags |= VM_LOCKED;
	assert_int_equal(shrink(), 0);
	assert_true(page_has(page, PG_MLOCKED));
	assert_kept(page, false);
	assert_int_equal(slots_in_use(), 0);
	assert_true(page_has(page, PG_DIRTY));
	assert_int_equal(m->event[UNEVICTABLE_PGMLOCKED], 1);
	put_batch_back();
	assert_int_equal(node_stat_exact(m, NR_UNEVICTABLE), 1);
	scan_finish();
}

/* Nothing was written to it since it was given back (§19.7): no I/O, and no slot afterwards. */
static void test_17_10a_10_lazyfree(void **state)
{
	(void)state;
	victim_at(0);
	*pte_at(0) &= ~PTE_DIRTY;
	assert_int_equal(shrink(), 1);
	assert_int_equal(m->event[PGLAZYFREED], 1);
	assert_int_equal(*pte_at(0), 0);
	assert_int_equal(slots_in_use(), 0);
	assert_int_equal(m->event[PSWPOUT], 0);
	assert_counts(0, 0);
	scan_finish();
}

/* Not so if it was in the cache before: then the slot holds what it does. */
static void test_17_10a_10_clean_and_cached_is_no_lazyfree(void **state)
{
	(void)state;
	cached_victim_at(0);
	*pte_at(0) &= ~PTE_DIRTY;
	assert_int_equal(shrink(), 1);
	assert_int_equal(m->event[PGLAZYFREED] + m->event[PSWPOUT], 0);
	assert_int_equal(slots_in_use(), 1);
	assert_counts(0, 1);
	scan_finish();
}

/* Trap 11: dirty by its entry, which is looked at when it is gone. A synchronous device: freed in this pass. */
static void test_17_10a_11_sync_device(void **state)
{
	uint64_t *word;

	(void)state;
	area = add_area(&fake_drum, 200, 10);
	victim_at(0);
	word = page_address(m, page_at(0));
	*word = 0x1234567;
	assert_false(page_has(page_at(0), PG_DIRTY));
	assert_int_equal(shrink(), 1);
	assert_int_equal(m->event[PSWPOUT], 1);
	assert_int_equal(node_stat_exact(m, NR_VMSCAN_WRITE), 1);
	assert_int_equal(node_stat_exact(m, NR_WRITTEN), 1);
	assert_int_equal(node_stat_exact(m, NR_WRITEBACK), 0);
	assert_int_equal(*(uint64_t *)fake.page[1], 0x1234567);
	assert_int_equal(pte_to_swp_entry(*pte_at(0)).val, swp_entry(1, 1).val);
	assert_counts(0, 1);
	assert_int_equal(sc.nr_scanned, 2);
	scan_finish();
}

static void test_17_10a_11_async_device(void **state)
{
	struct page *page;

	(void)state;
	area = add_area(&fake_vda, 100, 10);
	page = victim_at(0);
	assert_int_equal(shrink(), 0);
	assert_kept(page, false);
	assert_true(page_has(page, PG_WRITEBACK) && page_has(page, PG_RECLAIM));
	assert_int_equal(fake.nr_late, 1);
	assert_int_equal(node_stat_exact(m, NR_VMSCAN_WRITE), 1);
	assert_writeback(0, 0); /* it was not when it was met */
	put_batch_back();
	victim_at(1); /* newer, on its list before the end */
	put_batch_back();
	fake_end_one();
	lru_add_drain(m);
	assert_int_equal(m->event[PGROTATED], 1);
	assert_ptr_equal(
		list_entry(m->node.lru.list[LRU_INACTIVE_ANON].prev, struct page, lru), page);
	/* §20.8: and without I/O at the next scan. */
	isolated(page);
	assert_int_equal(shrink(), 1);
	assert_int_equal(fake.nr_late, 0);
	assert_counts(1, 1);
	scan_finish();
}

static void test_20_7_a_fast_device_does_not_rotate(void **state)
{
	struct page *page;

	(void)state;
	area = add_area(&fake_vda, 100, 10);
	page = victim_at(0);
	shrink();
	fake_end_one(); /* it is not back on its list */
	assert_false(page_has(page, PG_RECLAIM));
	put_batch_back();
	assert_int_equal(m->event[PGROTATED], 0);
	isolated(page);
	assert_int_equal(shrink(), 1);
	scan_finish();
}

/* The contents stay in the cache, and the entry names the slot. */
static void kept_dirty(void)
{
	struct page *page = cached_victim_at(0);

	assert_int_equal(shrink(), 0);
	assert_kept(page, false);
	assert_true(page_has(page, PG_DIRTY) && page_has(page, PG_SWAPCACHE));
	assert_int_equal(m->event[PSWPOUT], 0);
	assert_counts(0, 1);
	put_batch_back();
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
	assert_int_equal(m->event[PGMAJFAULT], 0);
	scan_finish();
}

static void test_17_10a_11_dirty_without_io(void **state)
{
	(void)state;
	sc.gfp = GFP_NOIO;
	kept_dirty();
}

static void test_17_10a_11_dirty_may_not_write(void **state)
{
	(void)state;
	sc.may_writepage = false;
	kept_dirty();
}

/* FS alone is enough to write, as IO is for a page of the cache (§17.10a.5). */
static void test_17_10a_5_fs_alone(void **state)
{
	(void)state;
	cached_victim_at(0);
	sc.gfp = GFP_KERNEL & ~__GFP_IO;
	assert_int_equal(shrink(), 1);
	scan_finish();
}

/* Somebody has found it: it is not written, and if clean it does not leave the cache. */
static void test_17_10a_11_more_references(void **state)
{
	struct page *page = victim_at(0);

	(void)state;
	page_get(page);
	assert_int_equal(shrink(), 0);
	assert_kept(page, false);
	assert_true(page_has(page, PG_DIRTY));
	assert_int_equal(m->event[PSWPOUT], 0);
	assert_int_equal(node_stat_exact(m, NR_VMSCAN_WRITE), 0);
	page_put(m, page);
	assert_int_equal(shrink(), 1);
	scan_finish();
}

static void test_17_10a_14_a_clean_page_with_more_references(void **state)
{
	struct page *page;

	(void)state;
	area = add_area(&fake_vda, 100, 10);
	page = victim_at(0);
	shrink();
	fake_end_one();
	page_get(page);
	assert_int_equal(shrink(), 0);
	assert_true(page_has(page, PG_SWAPCACHE));
	assert_kept(page, false);
	page_put(m, page);
	assert_int_equal(shrink(), 1);
	scan_finish();
}

/* A device that refuses: dirty again. */
static void test_20_7_error_of_a_sync_device(void **state)
{
	struct page *page = victim_at(0);

	(void)state;
	fake.error = -EIO;
	assert_int_equal(shrink(), 0);
	assert_true(page_has(page, PG_DIRTY) && page_has(page, PG_SWAPCACHE));
	assert_false(page_has(page, PG_RECLAIM));
	assert_kept(page, false);
	assert_counts(0, 1);
	fake.error = 0;
	assert_int_equal(shrink(), 1);
	scan_finish();
}

/* Activated, in the cache, and swap is more than half full: the slot goes if no table names it. */
static void activate_cached(unsigned int used, bool cached)
{
	struct page *page = cached_victim_at(0);
	unsigned long slot[200];

	for (unsigned int i = 1; i < used; i++)
		assert_true((slot[i] = take_slot()));
	*pte_at(0) |= PTE_ACCESSED;
	assert_int_equal(shrink(), 0);
	assert_kept(page, true);
	assert_int_equal(page_has(page, PG_SWAPCACHE), cached);
	assert_int_equal(slots_in_use(), cached ? used : used - 1);
	for (unsigned int i = 1; i < used; i++)
		give_slot(0, slot[i]);
	scan_finish();
}

static void test_17_10a_activated_with_half_of_swap_free(void **state)
{
	(void)state;
	activate_cached(100, true); /* free * 2 == total */
}

static void test_17_10a_activated_with_swap_full(void **state)
{
	(void)state;
	activate_cached(101, false);
}

/* §30c 2: no table names its slot any more, so there is no transfer; it counts as written by reclaim. */
static void test_30c_short_cut(void **state)
{
	struct page *page = cached_victim_at(0);

	(void)state;
	page_set(page, PG_DIRTY);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
	assert_int_equal(shrink(), 0);
	assert_int_equal(node_stat_exact(m, NR_VMSCAN_WRITE), 1);
	assert_int_equal(m->event[PSWPOUT], 0);
	assert_int_equal(slots_in_use(), 0);
	assert_true(page_has(page, PG_DIRTY));
	assert_false(page_has(page, PG_SWAPCACHE | PG_RECLAIM));
	scan_finish(); /* and putting it back frees it */
}

static struct page *orphan(void)
{
	struct page *page = victim_at(0);

	assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
	lru_add_drain(m);
	assert_int_equal(page->refcount, 1);
	return page;
}

/* §30c 5: its last user has gone meanwhile. It takes a slot, and gives it back. */
static void test_30c_orphan(void **state)
{
	(void)state;
	orphan();
	assert_int_equal(shrink(), 1);
	assert_int_equal(m->swap.added, 1);
	assert_int_equal(m->swap.deleted, 1);
	assert_int_equal(m->event[PGLAZYFREED] + m->event[PSWPOUT], 0);
	assert_int_equal(sc.nr_scanned, 1);
	assert_int_equal(slots_in_use(), 0);
	scan_finish();
}

static void test_30c_dirty_orphan(void **state)
{
	struct page *page = orphan();

	(void)state;
	page_set(page, PG_DIRTY);
	assert_int_equal(shrink(), 0);
	assert_int_equal(m->event[PSWPOUT], 0);
	assert_int_equal(slots_in_use(), 0);
	assert_int_equal(page->refcount, 1);
	scan_finish();
}

static void test_30c_orphan_without_io(void **state)
{
	struct page *page = orphan();

	(void)state;
	sc.gfp = GFP_NOIO;
	assert_int_equal(shrink(), 0);
	assert_kept(page, false);
	assert_int_equal(m->swap.added, 0);
	scan_finish();
}

/* The last one that was freed is the first one on the per-CPU list's end: cold (trap 28). */
static void test_17_10a_15_freed_cold_in_order(void **state)
{
	struct page *page[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		page[i] = victim_at(i);
	alloc_pages(m, GFP_HIGHUSER_MOVABLE, 0); /* there are others on the list */
	assert_int_equal(shrink(), 3);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(alloc_pages(m, GFP_HIGHUSER_MOVABLE | __GFP_COLD, 0), page[i]);
}

/* The oldest first; those that stay in the order in which they were. */
static void test_17_10a_order(void **state)
{
	struct page *page[4];

	(void)state;
	area = add_area(&fake_drum, 200, 10);
	for (int i = 0; i < 4; i++)
		page[i] = victim_at(i);
	*pte_at(1) |= PTE_ACCESSED;
	*pte_at(3) |= PTE_ACCESSED;
	assert_int_equal(shrink(), 2);
	assert_int_equal(swp_offset(pte_to_swp_entry(*pte_at(0))), 1);
	assert_int_equal(swp_offset(pte_to_swp_entry(*pte_at(2))), 2);
	assert_ptr_equal(list_entry(batch.next, struct page, lru), page[3]);
	assert_ptr_equal(list_entry(batch.prev, struct page, lru), page[1]);
	assert_int_equal(m->event[PGACTIVATE], 2);
	scan_finish();
}

static const struct CMUnitTest tests[] = {
	TEST(test_17_10a_1_a_busy_page_is_not_even_counted),
	TEST(test_17_10a_3_a_mlocked_page_is_culled),
	TEST(test_17_10a_3_a_culled_page_leaves_the_swap_cache),
	TEST(test_17_10a_4_what_somebody_has_counts_twice),
	TEST(test_17_10a_5_fs_alone),
	TEST(test_17_10a_7_writeback_is_passed_over),
	TEST(test_17_10a_7_kswapd_meets_it_again),
	TEST(test_17_10a_8_a_used_page_is_activated),
	TEST(test_17_10a_8_a_mark_is_no_use),
	TEST(test_17_10a_9_without_io_it_is_kept),
	TEST(test_17_10a_9_without_a_slot_it_is_activated),
	TEST(test_17_10a_10_again),
	TEST(test_17_10a_10_fail),
	TEST(test_17_10a_10_mlock),
	TEST(test_17_10a_10_lazyfree),
	TEST(test_17_10a_10_clean_and_cached_is_no_lazyfree),
	TEST(test_17_10a_11_sync_device),
	TEST(test_17_10a_11_async_device),
	TEST(test_20_7_a_fast_device_does_not_rotate),
	TEST(test_17_10a_11_dirty_without_io),
	TEST(test_17_10a_11_dirty_may_not_write),
	TEST(test_17_10a_11_more_references),
	TEST(test_17_10a_14_a_clean_page_with_more_references),
	TEST(test_20_7_error_of_a_sync_device),
	TEST(test_17_10a_activated_with_half_of_swap_free),
	TEST(test_17_10a_activated_with_swap_full),
	TEST(test_30c_short_cut),
	TEST(test_30c_orphan),
	TEST(test_30c_dirty_orphan),
	TEST(test_30c_orphan_without_io),
	TEST(test_17_10a_15_freed_cold_in_order),
	TEST(test_17_10a_order),
};
TEST_GROUP(shrink_page)
