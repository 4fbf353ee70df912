/*
 * Objects of shared memory: who maps them, whose pages they are, and what faults do (§16.3, §19, §22.4, §26, §27).
 */
#include "shmem_case.h"

#include "fibers.h"
#include "mm/index/index_node.h"
#include "mm/space/mapped.h"
#include "mm/slab/cache.h"
#include "mm/slab/slab.h"

static void test_both_see_what_one_writes(void **state)
{
	(void)state;
	share(VM_WRITE);
	write_to(mm, 3, 77);
	assert_pages(1, 1, 1, 0);
	assert_reads(other, 3, 77);
	assert_ptr_equal(page_of(other, 3), page_of(mm, 3));
	assert_int_equal(page_of(mm, 3)->mapcount, 2);
	assert_pages(1, 1, 1, 1); /* mapped once or twice: one page */
	write_to(other, 3, 78);
	assert_reads(mm, 3, 78);
	assert_int_equal(m->event[PGMAJFAULT], 0);
	share_finish();
}

/* §16.3, §26: asked for as a file's, on the inactive list, with a place in the tree; and a reference each. */
static void test_16_3_a_new_page(void **state)
{
	struct page *page;

	(void)state;
	share(VM_WRITE);
	fault(mm, 5, FAULT_WRITE);
	page = page_of(mm, 5);
	assert_int_equal(
		page->users, PAGE_USERS(3, 1)); /* the tree's, the entry's, and one waits */
	lru_add_drain(m);
	assert_int_equal(page->users, PAGE_USERS(2, 1));
	assert_int_equal(page->flags, PG_SHMEM | PG_UPTODATE | PG_DIRTY | PG_LRU);
	assert_ptr_equal(page->mapping, object());
	assert_int_equal(page->index, 5);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_INACTIVE_ANON), 1);
	assert_int_equal(node_stat_exact(m, NR_ANON_MAPPED), 0);
	assert_int_equal(m->index.cpu[0].pooled, INDEX_PRELOAD);
	assert_int_equal(entry_of(mm, 5) & (PTE_WRITE | PTE_DIRTY | PTE_ACCESSED),
		PTE_WRITE | PTE_DIRTY | PTE_ACCESSED);
	fault(mm, 6, 0);
	assert_int_equal(
		entry_of(mm, 6) & (PTE_WRITE | PTE_DIRTY | PTE_ACCESSED), PTE_WRITE | PTE_ACCESSED);
	assert_false(page_has(page_of(mm, 6), PG_DIRTY));
	share_finish();
}

/* Pages stay with the object, in memory and in swap, until its last VMA goes. */
static void test_unmapped_is_not_gone(void **state)
{
	(void)state;
	share(VM_WRITE);
	for (unsigned int i = 0; i < 10; i++)
		write_to(mm, i, i + 1);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(5)), 0);
	assert_pages(10, 5, 5, 0);
	for (unsigned int i = 0; i < 10; i++)
		assert_reads(other, i, i + 1);
	assert_pages(10, 10, 5, 10);
	assert_int_equal(mm_unmap(mm, AT(5), LEN(PAGES - 5)), 0);
	assert_int_equal(out(other, 2), 0);
	assert_pages(9, 9, 0, 9);
	assert_int_equal(swap_shmem_slots(m), 1);
	assert_true(mm_put_user(other));
	other = NULL;
	assert_int_equal(swap_shmem_slots(m), 0);
	assert_pages(0, 0, 0, 0);
	share_finish();
}

/* Pieces of a VMA are parts of one object, and one VMA again when they are alike; two mappings never are. */
static void test_pieces(void **state)
{
	(void)state;
	map(0, 8, VM_WRITE | VM_SHARED);
	map(8, 8, VM_WRITE | VM_SHARED);
	assert_int_equal(list_length(&m->shmems), 2);
	assert_int_equal(list_length(&mm->vmas), 2);
	assert_int_equal(mm_protect(mm, AT(2), LEN(2), false), 0);
	assert_int_equal(list_length(&mm->vmas), 4);
	assert_int_equal(find_vma(mm, AT(4))->offset, 4);
	assert_int_equal(object()->refs.n, 3);
	write_to(mm, 5, 55);
	assert_int_equal(page_of(mm, 5)->index, 5);
	assert_int_equal(mm_protect(mm, AT(2), LEN(2), true), 0);
	assert_int_equal(list_length(&mm->vmas), 2);
	assert_int_equal(object()->refs.n, 1);
	assert_int_equal(mm_unmap(mm, AT(3), LEN(1)), 0);
	assert_int_equal(object()->refs.n, 2);
	assert_reads(mm, 5, 55);
	assert_valid(m);
	share_finish();
}

/* Attached side by side one object is no one VMA, where offsets do not go on. */
static void test_two_views(void **state)
{
	(void)state;
	map(0, 4, VM_WRITE | VM_SHARED);
	assert_int_equal(mm_map_shared(mm, AT(4), LEN(4), VM_WRITE, find_vma(mm, AT(0))), 0);
	assert_int_equal(list_length(&mm->vmas), 2);
	write_to(mm, 1, 5);
	assert_reads(mm, 5, 5);
	assert_int_equal(page_of(mm, 1)->mapcount, 2);
	assert_int_equal(mm->shmem_rss, 2);
	assert_int_equal(mm_map_shared(mm, AT(2), LEN(4), VM_WRITE, find_vma(mm, AT(0))), -1);
	assert_int_equal(out(mm, 5), 0); /* both entries */
	assert_int_equal(entry_of(mm, 1) | entry_of(mm, 5), 0);
	assert_reads(mm, 1, 5);
	share_finish();
}

static void test_a_read_only_view(void **state)
{
	(void)state;
	map(0, PAGES, VM_WRITE | VM_SHARED);
	other = mm_create(m);
	assert_int_equal(mm_map_shared(other, AT(OTHER), LEN(PAGES), 0, find_vma(mm, AT(0))), 0);
	fault(other, 1, 0);
	assert_int_equal(entry_of(other, 1) & PTE_WRITE, 0);
	assert_int_equal(mm_fault(other, AT(OTHER + 1), FAULT_WRITE), FAULT_BAD_ADDRESS);
	write_to(mm, 1, 9);
	assert_reads(other, 1, 9);
	share_finish();
}

/* What other threads can do between two steps of a fault. */
static struct rendezvous {
	unsigned int done;
} met;

static void faults(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < 8; i++)
		fault(mm, i, FAULT_WRITE);
	met.done++;
}

static void test_threads_fault_side_by_side(void **state)
{
	void (*fn[2])(void *) = {faults, faults};

	(void)state;
	for (unsigned int seed = 0; seed < 40; seed++) {
		space_start(2);
		other = NULL;
		map(0, 8, VM_WRITE | VM_SHARED);
		met.done = 0;
		run_on_cpus(2, fn, NULL, turns_drawn(seed, 1 + seed % 7));
		become_cpu(0);
		assert_int_equal(met.done, 2);
		lru_add_drain_all(m);
		assert_pages(8, 8, 8, 0);
		for (unsigned int i = 0; i < 8; i++)
			assert_int_equal(page_of(mm, i)->users, PAGE_USERS(2, 1));
		share_finish();
	}
}

/* §19.5: both entries are asked. */
static void test_19_5_references_of_all(void **state)
{
	unsigned int flags;
	struct page *page;

	(void)state;
	share(VM_WRITE);
	write_to(mm, 0, 1);
	write_to(other, 0, 1);
	page = page_of(mm, 0);
	assert_true(trylock_page(page));
	assert_int_equal(page_referenced(m, page, true, &flags), 2);
	assert_int_equal(flags, VM_WRITE | VM_SHARED);
	assert_int_equal(page_referenced(m, page, true, &flags), 0);
	*pte_of(other, 0) |= PTE_ACCESSED;
	assert_int_equal(page_referenced(m, page, true, &flags), 1);
	unlock_page(m, page);
	share_finish();
}

/* §27: what another one has locked stays, and is counted as what it is. */
static void test_27_locked_by_two(void **state)
{
	struct page *page;

	(void)state;
	share(VM_WRITE);
	write_to(mm, 0, 1);
	page = page_of(mm, 0);
	assert_int_equal(mm_mlock(mm, AT(0), LEN(1)), 0);
	assert_int_equal(mm_mlock(other, AT(OTHER), LEN(1)), 0);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 1);
	assert_int_equal(m->event[UNEVICTABLE_PGMLOCKED], 1);
	assert_int_equal(mm_munlock(mm, AT(0), LEN(1)), 0);
	assert_true(page_has(page, PG_MLOCKED));
	assert_true(page_has(page, PG_UNEVICTABLE));
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 1);
	assert_int_equal(m->event[UNEVICTABLE_PGMLOCKED], 2);
	assert_int_equal(m->event[UNEVICTABLE_PGMUNLOCKED], 0);
	assert_int_equal(m->event[UNEVICTABLE_PGRESCUED], 0);
	assert_int_equal(mm_munlock(other, AT(OTHER), LEN(1)), 0);
	assert_false(page_has(page, PG_MLOCKED));
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 0);
	assert_int_equal(m->event[UNEVICTABLE_PGMUNLOCKED], 1);
	assert_int_equal(m->event[UNEVICTABLE_PGRESCUED], 1);
	lru_add_drain(m);
	assert_int_equal(node_stat_exact(m, NR_UNEVICTABLE), 0);
	assert_int_equal(memory_stat_exact(m, NR_ZONE_INACTIVE_ANON), 1);
	share_finish();
}

/* The n-th request for memory is refused: of mapping, of a fault, of a page that comes back. */
static void test_any_request_is_refused(void **state)
{
	char parameter[64];
	unsigned int n = 1, refused = 0;

	(void)state;
	do {
		enum fault_result result = FAULT_OOM;

		snprintf(parameter, sizeof(parameter), "fail_nth=%u", n);
		swap_start(1);
		m = slab_machine_with(1, parameter);
		m->fail.on = false;
		free_before = all_free(m);
		area = add_area(&fake_card, 200, 0);
		mm = mm_create(m);
		other = NULL;
		m->fail.on = true;
		if (mm_map_fixed(mm, AT(0), LEN(PAGES), VM_WRITE | VM_SHARED, NULL, 0) == 0)
			result = mm_fault(mm, AT(PAGES - 1), FAULT_WRITE);
		if (result == FAULT_OK && out(mm, PAGES - 1) == 0)
			result = mm_fault(mm, AT(PAGES - 1), FAULT_WRITE);
		m->fail.on = false;
		refused += m->event[FAULTS_INJECTED];
		assert_true(result == FAULT_OK || m->event[FAULTS_INJECTED]);
		assert_valid(m);
		share_finish();
	} while (m->event[FAULTS_INJECTED] && n++);
	assert_true(refused > 3);
}

/* The check finds what is wrong. */
static void test_validate(void **state)
{
	struct page *page;
	uint8_t *slot;
	long mapped = 0;

	(void)state;
	share(VM_WRITE);
	write_to(mm, 0, 1);
	write_to(mm, 1, 2);
	assert_int_equal(out(mm, 1), 0);
	assert_null(shmem_validate(m, &mapped));
	page = page_of(mm, 0);
	page->index = 7;
	assert_non_null(strstr(shmem_validate(m, &mapped), "says that it is at 7"));
	page->index = 0;
	page_set(page, PG_WRITEBACK);
	assert_non_null(strstr(shmem_validate(m, &mapped), "at offset 0: flags"));
	page_clear(page, PG_WRITEBACK);
	slot = swap_byte(area, mm_swap_slot(mm, AT(1)));
	*slot = 1;
	assert_non_null(strstr(shmem_validate(m, &mapped), "which is not shmem's"));
	*slot = SWAP_MAP_SHMEM;
	object()->refs.n++;
	assert_non_null(strstr(shmem_validate(m, &mapped), "2 VMAs and 3 references"));
	object()->refs.n--;
	object()->mappers.first->offset++;
	assert_non_null(strstr(shmem_validate(m, &mapped), "a VMA shows offsets 1 to 65 of 64"));
	object()->mappers.first->offset--;
	node_stat_add(m, NR_SHMEM, 1);
	assert_non_null(strstr(shmem_validate(m, &mapped), "1 pages, 1 in slots; counted 2, 1"));
	node_stat_add(m, NR_SHMEM, -1);
	assert_null(shmem_validate(m, &mapped));
	share_finish();
}

static const struct CMUnitTest tests[] = {
	TEST(test_both_see_what_one_writes),
	TEST(test_16_3_a_new_page),
	TEST(test_unmapped_is_not_gone),
	TEST(test_pieces),
	TEST(test_two_views),
	TEST(test_a_read_only_view),
	TEST(test_threads_fault_side_by_side),
	TEST(test_19_5_references_of_all),
	TEST(test_27_locked_by_two),
	TEST(test_any_request_is_refused),
	TEST(test_validate),
};
TEST_GROUP(shmem)
