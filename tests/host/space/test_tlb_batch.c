/*
 * TLBs forget many pages that have left the tables in one go (reference §19.6, end).
 */
#include "unmap_case.h"

#include "mm/space/mapped.h"

/* One flush for many. */
static unsigned int flushes, flushed_cpus;

static void count_flush(unsigned int mask)
{
	flushes++;
	flushed_cpus = mask;
}

static struct tlb_batch batch;
static struct page *victim; /* what is unmapped while others run */

static void start_batch(void)
{
	tlb_batch_init(&batch);
	flushes = 0;
	twin.on_flush_cpus = count_flush;
}

static void test_one_flush_for_many_pages(void **state)
{
	struct page *page[20];

	(void)state;
	start_batch();
	map(0, 20, VM_WRITE);
	for (unsigned int i = 0; i < 20; i++) {
		page[i] = held_page(i);
		assert_int_equal(try_to_unmap(m, page[i], false, &batch), SWAP_SUCCESS);
	}
	assert_int_equal(flushes, 0);
	try_to_unmap_flush(&batch);
	assert_int_equal(flushes, 1);
	assert_int_equal(flushed_cpus, 1);
	try_to_unmap_flush(&batch);
	assert_int_equal(flushes, 1);
	for (unsigned int i = 0; i < 20; i++)
		let_go(page[i]);
	space_finish();
}

/* Before a page is written only what a CPU could still write through matters. */
static void test_a_flush_for_what_was_written(void **state)
{
	struct page *clean, *dirty;

	(void)state;
	start_batch();
	map(0, 2, VM_WRITE);
	clean = held_page(0);
	*pte_at(0) &= ~PTE_DIRTY;
	dirty = held_page(1);
	try_to_unmap(m, clean, false, &batch);
	try_to_unmap_flush_dirty(&batch);
	assert_int_equal(flushes, 0);
	try_to_unmap(m, dirty, false, &batch);
	try_to_unmap_flush_dirty(&batch);
	assert_int_equal(flushes, 1);
	try_to_unmap_flush(&batch); /* that was all of them */
	assert_int_equal(flushes, 1);
	let_go(clean);
	let_go(dirty);
	space_finish();
}

static void test_without_a_batch_at_once(void **state)
{
	unsigned long before = host_arch.page_flushes;
	struct page *page;

	(void)state;
	map(0, 1, VM_WRITE);
	page = held_page(0);
	*pte_at(0) |= PTE_ACCESSED;
	try_to_unmap(m, page, false, NULL);
	assert_int_equal(host_arch.page_flushes, before); /* it stays */
	try_to_unmap(m, page, false, NULL);
	assert_int_equal(host_arch.page_flushes, before + 1);
	let_go(page);
	space_finish();
}

/* A flush that reclaim owes is made up for before the place is used again: what comes must not be taken for it. */
static uint64_t at_flush;
static unsigned int space_flushes;

static void see_entry(uint64_t cr3)
{
	assert_int_equal(cr3, mm->pgd);
	at_flush = pte_at(0) ? *pte_at(0) : 0;
	space_flushes++;
}

static void unmap_unflushed(void)
{
	start_batch();
	map(0, 1, VM_WRITE);
	victim = held_page(0);
	assert_int_equal(try_to_unmap(m, victim, false, &batch), SWAP_SUCCESS);
	space_flushes = 0;
	twin.on_flush = see_entry;
}

static void test_munmap_of_what_is_not_flushed(void **state)
{
	(void)state;
	unmap_unflushed();
	assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
	assert_int_equal(space_flushes, 1);
	twin.on_flush = NULL;
	try_to_unmap_flush(&batch);
	let_go(victim);
	space_finish();
}

/* Shared memory leaves nothing in its entries that says so; what is mapped there next is another object's, or none's. */
static void test_munmap_of_shared_memory_that_is_not_flushed(void **state)
{
	struct page *page;

	(void)state;
	start_batch();
	map(0, 1, VM_WRITE | VM_SHARED);
	page = old_page(0);
	page_get(page);
	assert_true(trylock_page(page));
	assert_int_equal(try_to_unmap(m, page, false, &batch), SWAP_SUCCESS);
	unlock_page(m, page);
	space_flushes = 0;
	twin.on_flush = see_entry;
	assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
	assert_int_equal(space_flushes, 1);
	twin.on_flush = NULL;
	try_to_unmap_flush(&batch);
	page_put(m, page);
	space_finish();
}

/* Where reclaim has not been there is nothing to forget. */
static void test_munmap_of_shared_memory_that_was_not_used(void **state)
{
	(void)state;
	map(0, 1, VM_WRITE | VM_SHARED);
	space_flushes = 0;
	twin.on_flush = see_entry;
	assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
	assert_int_equal(space_flushes, 0);
	twin.on_flush = NULL;
	space_finish();
}

static void test_swap_in_of_what_is_not_flushed(void **state)
{
	(void)state;
	unmap_unflushed();
	unlock_page(m, victim);
	assert_int_equal(mm_fault(mm, AT(0), 0), FAULT_OK);
	assert_int_equal(space_flushes, 1);
	assert_true(at_flush && !(at_flush & PTE_PRESENT));
	twin.on_flush = NULL;
	try_to_unmap_flush(&batch);
	page_put(m, victim);
	space_finish();
}

#ifdef LW_DEBUG
static void test_freed_before_its_flush(void **state)
{
	static struct page *page;

	(void)state;
	start_batch();
	map(0, 1, VM_WRITE);
	page = held_page(0);
	try_to_unmap(m, page, false, &batch);
	page_clear(page, PG_DIRTY);
	swap_remove_mapping(m, page);
	unlock_page(m, page);
	assert_panics("freed while a TLB may still know it", page_put(m, page));
}

/* A full batch is flushed, not forgotten. */
static void test_more_pages_than_a_batch_marks(void **state)
{
	struct page *page[TLB_BATCH_PAGES + 1];

	(void)state;
	start_batch();
	map(0, TLB_BATCH_PAGES + 1, VM_WRITE);
	for (unsigned int i = 0; i <= TLB_BATCH_PAGES; i++) {
		page[i] = held_page(i);
		try_to_unmap(m, page[i], false, &batch);
	}
	assert_int_equal(flushes, 1);
	assert_false(page[0]->unflushed);
	assert_true(page[TLB_BATCH_PAGES]->unflushed);
	try_to_unmap_flush(&batch);
	for (unsigned int i = 0; i <= TLB_BATCH_PAGES; i++)
		let_go(page[i]);
	space_finish();
}
#endif

static const struct CMUnitTest tests[] = {
	TEST(test_one_flush_for_many_pages),
	TEST(test_a_flush_for_what_was_written),
	TEST(test_without_a_batch_at_once),
	TEST(test_munmap_of_what_is_not_flushed),
	TEST(test_munmap_of_shared_memory_that_is_not_flushed),
	TEST(test_munmap_of_shared_memory_that_was_not_used),
	TEST(test_swap_in_of_what_is_not_flushed),
#ifdef LW_DEBUG
	TEST(test_freed_before_its_flush),
	TEST(test_more_pages_than_a_batch_marks),
#endif
};
TEST_GROUP(tlb_batch)
