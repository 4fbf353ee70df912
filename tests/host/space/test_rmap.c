/*
 * From a page to the entries that map it, and who has used it (reference §19.3, §19.5).
 */
#include "unmap_case.h"

#include "kernel/core/lock/lock.h"
#include "mm/space/anon_vma.h"

static struct {
	unsigned int visits, most;
	uint64_t addr, *pte;
	struct vma *vma;
} seen;

static bool see(struct vma *v, uint64_t addr, uint64_t *pte, void *arg)
{
	assert_ptr_equal(arg, &seen);
	assert_int_equal(rwsem_readers(&v->chain->anon_vma->sem), 1);
	seen.addr = addr;
	seen.pte = pte;
	seen.vma = v;
	return ++seen.visits < seen.most;
}

static unsigned int visits_of(struct page *page)
{
	memset(&seen, 0, sizeof(seen));
	seen.most = 10;
	rmap_walk(m, page, see, &seen);
	return seen.visits;
}

static void test_19_3_the_vma_that_holds_it_is_visited(void **state)
{
	(void)state;
	map(0, 8, VM_WRITE);
	for (unsigned int i = 0; i < 8; i++)
		old_page(i);
	assert_int_equal(mm_protect(mm, AT(2), LEN(3), false), 0); /* three VMAs of one anon_vma */
	for (unsigned int i = 0; i < 8; i++) {
		assert_int_equal(visits_of(page_at(i)), 1);
		assert_int_equal(seen.addr, AT(i));
		assert_ptr_equal(seen.pte, pte_at(i));
		assert_ptr_equal(seen.vma, find_vma(mm, AT(i)));
	}
	assert_int_equal(find_vma(mm, AT(0))->chain->anon_vma->sem.count, 0);
	space_finish();
}

static void test_19_3_who_is_not_there_is_not_visited(void **state)
{
	struct page *page, *other;
	uint64_t entry;

	(void)state;
	map(0, 2, VM_WRITE);
	page = old_page(0);
	other = old_page(1);
	entry = *pte_at(0);
	*pte_at(0) = 0;
	assert_int_equal(visits_of(page), 0);
	*pte_at(0) = *pte_at(1); /* another page by now */
	assert_int_equal(visits_of(page), 0);
	*pte_at(0) = swp_entry_to_pte(swp_entry(0, 5));
	assert_int_equal(visits_of(page), 0);
	*pte_at(0) = entry | PTE_SPECIAL; /* the zero page is nobody's */
	assert_int_equal(visits_of(page), 0);
	*pte_at(0) = entry;
	assert_int_equal(visits_of(page), 1);
	assert_int_equal(visits_of(other), 1);
	space_finish();
}

/* The app may be in any of its calls meanwhile: it is not asked. */
static void test_walks_need_no_mmap_sem(void **state)
{
	unsigned int flags;

	(void)state;
	map(0, 1, VM_WRITE);
	old_page(0);
	down_write(&mm->mmap_sem);
	assert_int_equal(visits_of(page_at(0)), 1);
	assert_int_equal(page_referenced(m, page_at(0), false, &flags), 0);
	up_write(&mm->mmap_sem);
	space_finish();
}

static void test_19_5_used_once_since(void **state)
{
	unsigned int flags = ~0u;
	struct page *page;

	(void)state;
	map(0, 1, VM_WRITE);
	page = old_page(0);
	assert_int_equal(page_referenced(m, page, false, &flags), 0);
	assert_int_equal(flags, 0);
	*pte_at(0) |= PTE_ACCESSED;
	assert_int_equal(page_referenced(m, page, false, &flags), 1);
	assert_int_equal(flags, VM_WRITE);
	assert_int_equal(*pte_at(0) & (PTE_ACCESSED | PTE_DIRTY), PTE_DIRTY);
	assert_int_equal(page_referenced(m, page, true, &flags), 0);
	space_finish();
}

/* §19.5: hardware marks it at the access, so a new page is young. */
static void test_19_5_a_new_page_is_young(void **state)
{
	unsigned int flags;

	(void)state;
	map(0, 1, VM_WRITE);
	mm_fault(mm, AT(0), FAULT_WRITE);
	assert_int_equal(page_referenced(m, page_at(0), false, &flags), 1);
	space_finish();
}

/* No TLB is told (trap 37). */
static void test_19_5_without_a_flush(void **state)
{
	unsigned long page_flushes = host_arch.page_flushes, flushes = host_arch.full_flushes;
	unsigned int flags;

	(void)state;
	map(0, 1, VM_WRITE);
	mm_fault(mm, AT(0), FAULT_WRITE);
	page_referenced(m, page_at(0), false, &flags);
	assert_int_equal(host_arch.page_flushes, page_flushes);
	assert_int_equal(host_arch.full_flushes, flushes);
	space_finish();
}

static void test_19_5_a_locked_vma_ends_the_walk(void **state)
{
	unsigned int flags;

	(void)state;
	map(0, 1, VM_WRITE | VM_LOCKED);
	mm_fault(mm, AT(0), FAULT_WRITE);
	page_referenced(m, page_at(0), false, &flags);
	assert_int_equal(flags, VM_LOCKED);
	assert_true(*pte_at(0) & PTE_ACCESSED);
	space_finish();
}

static void test_19_5_not_mapped(void **state)
{
	unsigned int flags = ~0u;
	struct page *page;

	(void)state;
	map(0, 1, VM_WRITE);
	page = held_page(0);
	assert_int_equal(try_to_unmap(m, page, false, NULL), SWAP_SUCCESS);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
	assert_null(find_vma(mm, AT(0)));
	assert_non_null(page->mapping); /* and dangles: nobody follows it */
	assert_int_equal(page_referenced(m, page, true, &flags), 0);
	assert_int_equal(flags, 0);
	let_go(page);
	space_finish();
}

/* As a file's: locked for it, and used if it cannot be. */
static void test_19_5_what_is_not_anonymous_is_locked(void **state)
{
	unsigned int flags;
	struct page *page;

	(void)state;
	map(0, 1, VM_WRITE | VM_SHARED);
	page = old_page(0);
	assert_int_equal(page_referenced(m, page, false, &flags), 0);
	assert_false(page_has(page, PG_LOCKED));
	assert_true(trylock_page(page));
	assert_int_equal(page_referenced(m, page, false, &flags), 1);
	assert_int_equal(page_referenced(m, page, true, &flags), 0);
	assert_true(page_has(page, PG_LOCKED));
	unlock_page(m, page);
	space_finish();
}

/* Of a page that is new in this process, though its slot's page was read for another reason. */
static void test_a_page_from_swap_is_found(void **state)
{
	unsigned int flags;

	(void)state;
	map(0, 1, VM_WRITE);
	old_page(0);
	assert_int_equal(mm_swap_out(mm, AT(0)), 0);
	assert_int_equal(mm_fault(mm, AT(0), 0), FAULT_OK);
	assert_ptr_equal(page_at(0)->mapping, find_vma(mm, AT(0))->rmap);
	assert_int_equal(page_referenced(m, page_at(0), false, &flags), 1);
	assert_int_equal(visits_of(page_at(0)), 1);
	space_finish();
}

static const struct CMUnitTest tests[] = {
	TEST(test_19_3_the_vma_that_holds_it_is_visited),
	TEST(test_19_3_who_is_not_there_is_not_visited),
	TEST(test_walks_need_no_mmap_sem),
	TEST(test_19_5_used_once_since),
	TEST(test_19_5_a_new_page_is_young),
	TEST(test_19_5_without_a_flush),
	TEST(test_19_5_a_locked_vma_ends_the_walk),
	TEST(test_19_5_not_mapped),
	TEST(test_19_5_what_is_not_anonymous_is_locked),
	TEST(test_a_page_from_swap_is_found),
};
TEST_GROUP(rmap)
