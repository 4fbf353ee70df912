/*
 * A page leaves the tables that map it (reference §19.6).
 */
#include "unmap_case.h"

#include "fibers.h"
#include "mm/space/anon_vma.h"
#include "mm/space/mapped.h"

static void test_its_slot_takes_its_place(void **state)
{
	struct page *page;
	void *mapping;

	(void)state;
	map(0, 1, VM_WRITE);
	page = held_page(0);
	mapping = page->mapping;
	assert_int_equal(page->refcount, 3); /* the entry, the cache, and us (§19.1) */
	assert_int_equal(try_to_unmap(m, page, false, NULL), SWAP_SUCCESS);
	assert_int_equal(*pte_at(0), swp_entry_to_pte(page_swap_entry(page)));
	assert_int_equal(page->refcount, 2);
	assert_int_equal(page->mapcount, 0);
	assert_ptr_equal(page->mapping, mapping);
	assert_int_equal(swap_count(m, page_swap_entry(page)), 1);
	assert_true(page_has(page, PG_DIRTY)); /* by the entry: before anybody asks (trap 11) */
	assert_counts(0, 1);
	assert_int_equal(node_stat_exact(m, NR_ANON_MAPPED), 0);
	unlock_page(m, page);
	page_put(m, page);
	space_finish();
}

static void test_used_meanwhile(void **state)
{
	struct page *page;
	uint64_t entry;

	(void)state;
	map(0, 1, VM_WRITE);
	page = held_page(0);
	*pte_at(0) |= PTE_ACCESSED;
	entry = *pte_at(0);
	assert_int_equal(try_to_unmap(m, page, false, NULL), SWAP_FAIL);
	assert_int_equal(*pte_at(0), entry & ~PTE_ACCESSED);
	assert_int_equal(page->refcount, 3);
	assert_int_equal(swap_count(m, page_swap_entry(page)), 0);
	assert_counts(1, 0);
	assert_int_equal(try_to_unmap(m, page, false, NULL), SWAP_SUCCESS); /* and now it is old */
	let_go(page);
	space_finish();
}

static void test_of_a_locked_vma(void **state)
{
	struct page *page;

	(void)state;
	map(0, 1, VM_WRITE);
	page = held_page(0);
	find_vma(mm, AT(0))->flags |= VM_LOCKED; /* mlock() is about to come to the page */
	assert_int_equal(try_to_unmap(m, page, true, NULL), SWAP_MLOCK);
	assert_true(page_has(page, PG_MLOCKED));
	assert_ptr_equal(page_at(0), page);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 1);
	assert_int_equal(try_to_unmap(m, page, true, NULL), SWAP_MLOCK);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 1);
	let_go(page);
	space_finish();
}

/* §19.6 step 6: `wrote` by the entry, PG_DIRTY, allowed: only without, without, and with is it dropped. */
static void lazy_case(bool wrote, bool dirty, bool allowed, enum swap_result result)
{
	struct page *page;
	bool dropped = result == SWAP_LZFREE;

	map(0, 1, VM_WRITE);
	page = held_page(0);
	if (!wrote)
		*pte_at(0) &= ~PTE_DIRTY;
	if (dirty)
		page_set(page, PG_DIRTY);
	assert_int_equal(try_to_unmap(m, page, allowed, NULL), result);
	assert_int_equal(*pte_at(0), dropped ? 0 : swp_entry_to_pte(page_swap_entry(page)));
	assert_int_equal(swap_count(m, page_swap_entry(page)), !dropped);
	assert_int_equal(page_has(page, PG_DIRTY), wrote || dirty);
	assert_int_equal(page->refcount, 2);
	assert_counts(0, !dropped);
	let_go(page);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
	assert_int_equal(area->inuse, 0);
}

static void test_19_7_what_nobody_wrote_is_dropped(void **state)
{
	(void)state;
	lazy_case(false, false, true, SWAP_LZFREE);
	lazy_case(true, false, true, SWAP_SUCCESS);
	lazy_case(false, true, true, SWAP_SUCCESS);
	lazy_case(true, true, true, SWAP_SUCCESS);
	for (unsigned int i = 0; i < 4; i++)
		lazy_case(i & 1, i & 2, false, SWAP_SUCCESS);
	space_finish();
}

/* What it held is zeroes again: for a write, and for a read. */
static void test_what_was_dropped_comes_back_empty(void **state)
{
	struct page *page;

	(void)state;
	map(0, 1, VM_WRITE);
	page = held_page(0);
	memset(page_address(m, page), 1, PAGE_SIZE);
	*pte_at(0) &= ~PTE_DIRTY;
	assert_int_equal(try_to_unmap(m, page, true, NULL), SWAP_LZFREE);
	let_go(page);
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
	assert_int_equal(*(char *)page_address(m, page_at(0)), 0);
	space_finish();
}

/* §20.2: a byte counts to 62. The page stays mapped. */
static void test_a_slot_with_too_many_users(void **state)
{
	unsigned int users = 0;
	struct page *page;
	uint64_t entry;

	(void)state;
	map(0, 1, VM_WRITE);
	page = held_page(0);
	entry = *pte_at(0);
	while (!swap_duplicate(m, page_swap_entry(page)))
		users++;
	assert_int_equal(users, 62);
	assert_int_equal(try_to_unmap(m, page, false, NULL), SWAP_FAIL);
	assert_int_equal(*pte_at(0), entry);
	assert_counts(1, 0);
	while (users--)
		swap_free(m, page_swap_entry(page));
	let_go(page);
	space_finish();
}

static void test_not_mapped_any_more(void **state)
{
	struct page *page;

	(void)state;
	map(0, 1, VM_WRITE);
	page = held_page(0);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
	assert_int_equal(try_to_unmap(m, page, false, NULL), SWAP_SUCCESS);
	assert_int_equal(swap_count(m, page_swap_entry(page)), 0);
	let_go(page);
	space_finish();
}

/* Shmem's pages are their object's: no slot takes their place, and what the entry knew of a write they know. */
static void test_19_6_what_is_not_anonymous_leaves_no_entry(void **state)
{
	struct page *page;

	(void)state;
	map(0, 1, VM_WRITE | VM_SHARED);
	page = old_page(0);
	page_clear(page, PG_DIRTY);
	page_get(page);
	assert_true(trylock_page(page));
	assert_int_equal(try_to_unmap(m, page, true, NULL), SWAP_SUCCESS);
	assert_int_equal(*pte_at(0), 0);
	assert_true(page_has(page, PG_DIRTY));
	assert_int_equal(page->users, PAGE_USERS(2, 0));
	assert_int_equal(mm->shmem_rss, 0);
	assert_int_equal(mm->swapents, 0);
	assert_int_equal(node_stat_exact(m, NR_FILE_MAPPED), 0);
	assert_int_equal(node_stat_exact(m, NR_SHMEM), 1);
	unlock_page(m, page);
	page_put(m, page);
	space_finish();
}

static void test_who_does_not_hold_it_is_stopped(void **state)
{
	static struct page *page;

	(void)state;
	map(0, 1, VM_WRITE);
	page = old_page(0);
	assert_panics("BUG", try_to_unmap(m, page, false, NULL));
	assert_true(trylock_page(page));
	assert_panics("BUG", try_to_unmap(m, page, false, NULL)); /* no slot */
	unlock_page(m, page);
	space_finish();
}

/*
 * The processor marks an entry used, or written to, at each point of the unmapping CPU: a mark that it could
 * still set is lost nowhere.
 */
static struct page *victim;
static enum swap_result result;
static uint64_t mark;
static bool marked;

static void unmaps(void *unused)
{
	(void)unused;
	result = try_to_unmap(m, victim, true, NULL);
}

static void processor_marks(void *unused)
{
	uint64_t old = *pte_at(0);

	(void)unused;
	marked = (old & PTE_PRESENT) && pte_change(pte_at(0), old, old | mark);
}

static void mark_at_each_point(uint64_t bits, bool dirty_before)
{
	static void (*const fn[])(void *) = {unmaps, processor_marks};
	unsigned long k = 0, alone = 0;

	mark = bits;
	do {
		map(0, 1, VM_WRITE);
		victim = held_page(0);
		if (!dirty_before)
			*pte_at(0) &= ~PTE_DIRTY;
		run_on_cpus(2, fn, NULL, turns_switch_once(k));
		if (!k)
			alone = points_passed(0);
		if (marked && (bits & PTE_ACCESSED))
			assert_int_equal(result, SWAP_FAIL);
		else
			assert_int_equal(
				result, marked || dirty_before ? SWAP_SUCCESS : SWAP_LZFREE);
		if (marked && (bits & PTE_DIRTY))
			assert_true((*pte_at(0) & (PTE_PRESENT | PTE_DIRTY)) ==
					(PTE_PRESENT | PTE_DIRTY) ||
				page_has(victim, PG_DIRTY));
		assert_int_equal(
			swap_count(m, page_swap_entry(victim)), !!(*pte_at(0) && !page_at(0)));
		let_go(victim);
		assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
		assert_counts(0, 0);
	} while (k++ < alone);
	assert_true(k > 8);
}

static void test_marks_of_the_processor_are_not_lost(void **state)
{
	(void)state;
	space_start(2);
	mark_at_each_point(PTE_DIRTY, false);
	mark_at_each_point(PTE_ACCESSED, true);
	mark_at_each_point(PTE_ACCESSED | PTE_DIRTY, false);
	space_finish();
}

/* The VMA is locked, and goes, by way of the page's lock: whoever comes second finds the mark. */
static void unmaps_and_unlocks(void *unused)
{
	unmaps(unused);
	unlock_page(m, victim);
}

static void goes(void *unused)
{
	(void)unused;
	assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
}

static void test_a_locked_vma_goes_at_each_point(void **state)
{
	static void (*const fn[])(void *) = {unmaps_and_unlocks, goes};
	unsigned long k = 0, alone = 0;

	(void)state;
	space_start(2);
	do {
		map(0, 1, VM_WRITE);
		victim = held_page(0);
		find_vma(mm, AT(0))->flags |= VM_LOCKED;
		run_on_cpus(2, fn, NULL, turns_switch_once(k));
		if (!k)
			alone = points_passed(0);
		assert_false(page_has(victim, PG_MLOCKED));
		assert_int_equal(memory_stat_exact(m, NR_MLOCK), 0);
		assert_true(trylock_page(victim));
		let_go(victim);
	} while (k++ < alone);
	assert_true(k > 4);
	space_finish();
}

/*
 * One thread writes to a page whose contents are in the cache alone, and another one reads there: as long as
 * the entry is the slot's both find that page, and not what the slot holds.
 */
static void writes(void *unused)
{
	(void)unused;
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
}

static void reads(void *unused)
{
	(void)unused;
	assert_int_equal(mm_fault(mm, AT(0), 0), FAULT_OK);
}

static void test_20_9_two_threads_fault_on_what_the_cache_has(void **state)
{
	static void (*const fn[])(void *) = {writes, reads};
	unsigned long k = 0, alone = 0;

	(void)state;
	space_start(2);
	do {
		map(0, 1, VM_WRITE);
		victim = held_page(0);
		memset(page_address(m, victim), 7, PAGE_SIZE);
		assert_int_equal(try_to_unmap(m, victim, false, NULL), SWAP_SUCCESS);
		unlock_page(m, victim);
		page_put(m, victim);
		run_on_cpus(2, fn, NULL, turns_switch_once(k));
		if (!k)
			alone = points_passed(0);
		assert_int_equal(*(char *)page_address(m, page_at(0)), 7);
		assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
		assert_counts(0, 0);
	} while (k++ < alone);
	assert_true(k > 8);
	space_finish();
}

/* Reclaim holds the page locked, and somebody waits for it: it is unmapped meanwhile. */
static unsigned int sleeps;

static void is_unmapped_meanwhile(void)
{
	if (sleeps++)
		return;
	*pte_at(0) &= ~PTE_ACCESSED;
	assert_int_equal(try_to_unmap(m, victim, false, NULL), SWAP_SUCCESS);
	unlock_page(m, victim);
}

static void test_which_slot_a_page_is_in(void **state)
{
	long slot;

	(void)state;
	map(0, 2, VM_WRITE);
	old_page(0);
	assert_int_equal(mm_swap_slot(mm, AT(0)), -1);
	assert_int_equal(mm_swap_slot(mm, AT(1)), -1);   /* never touched */
	assert_int_equal(mm_swap_slot(mm, AT(600)), -1); /* no table */
	assert_int_equal(mm_swap_out(mm, AT(0)), 0);
	slot = mm_swap_slot(mm, AT(0));
	assert_true(slot > 0);
	assert_int_equal(slot, swp_offset(pte_to_swp_entry(*pte_at(0))));
	assert_int_equal(mm_fault(mm, AT(0), 0), FAULT_OK);
	assert_int_equal(mm_swap_slot(mm, AT(0)), -1);
	space_finish();
}

static void wait_for_reclaim(void)
{
	become(task_new("app", 10, mm));
	sleeps = 0;
	twin.on_sleep = is_unmapped_meanwhile;
}

/* Its contents are in the cache alone: it must not leave it, as it would for a write to what is mapped. */
static void test_a_write_to_what_goes_to_swap_meanwhile(void **state)
{
	(void)state;
	map(0, 1, VM_WRITE);
	victim = old_page(0);
	memset(page_address(m, victim), 7, PAGE_SIZE);
	assert_int_equal(mm_swap_out(mm, AT(0)), 0);
	assert_int_equal(mm_fault(mm, AT(0), 0), FAULT_OK); /* not writable */
	victim = page_at(0);
	page_get(victim);
	assert_true(trylock_page(victim));
	assert_true(try_to_free_swap(m, victim)); /* dirty */
	assert_true(add_to_swap(m, victim));      /* a new slot, which nothing was written to */
	wait_for_reclaim();
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
	assert_int_equal(sleeps, 1);
	assert_true(page_has(victim, PG_SWAPCACHE));
	page_put(m, victim);
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
	assert_int_equal(*(char *)page_address(m, page_at(0)), 7);
	space_finish();
}

/* mlock() waits for it, and gets it back; its flag comes later than reclaim's look at it. */
static void flag_comes_late(void)
{
	struct vma *v = find_vma(mm, AT(0));

	if (sleeps++)
		return;
	v->flags &= ~VM_LOCKED;
	*pte_at(0) &= ~PTE_ACCESSED;
	assert_int_equal(try_to_unmap(m, victim, false, NULL), SWAP_SUCCESS);
	v->flags |= VM_LOCKED;
	unlock_page(m, victim);
}

static void test_mlock_of_what_goes_to_swap_meanwhile(void **state)
{
	(void)state;
	map(0, 1, VM_WRITE);
	victim = held_page(0);
	wait_for_reclaim();
	twin.on_sleep = flag_comes_late;
	assert_int_equal(mm_mlock(mm, AT(0), LEN(1)), 0);
	assert_int_equal(sleeps, 1);
	assert_true(page_has(page_at(0), PG_MLOCKED));
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 1);
	page_put(m, victim);
	space_finish();
}

/* munlock() waits for who marks the page by what the VMA was; or finds it gone, and its mark with it. */
static void is_marked_late(void)
{
	struct vma *v = find_vma(mm, AT(0));

	if (sleeps++)
		return;
	v->flags |= VM_LOCKED;
	assert_int_equal(try_to_unmap(m, victim, false, NULL), SWAP_MLOCK);
	v->flags &= ~VM_LOCKED;
	unlock_page(m, victim);
}

static void munlock_while(void (*hook)(void))
{
	map(0, 1, VM_WRITE | VM_LOCKED);
	victim = held_page(0);
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 1);
	wait_for_reclaim();
	twin.on_sleep = hook;
	assert_int_equal(mm_munlock(mm, AT(0), LEN(1)), 0);
	assert_int_equal(sleeps, 1);
	assert_false(page_has(victim, PG_MLOCKED));
	assert_int_equal(memory_stat_exact(m, NR_MLOCK), 0);
	page_put(m, victim);
	space_finish();
}

static void test_munlock_of_what_is_marked_meanwhile(void **state)
{
	(void)state;
	munlock_while(is_marked_late);
}

static void test_munlock_of_what_goes_to_swap_meanwhile(void **state)
{
	(void)state;
	munlock_while(is_unmapped_meanwhile);
}

/* The tables stay until nobody walks any more. */
static struct anon_vma *walked;

static struct task *walker;

static void walker_ends(void)
{
	if (sleeps++)
		return;
	assert_int_equal(mm->nr_ptes, 1);
	become(walker); /* who slept is current again afterwards */
	up_read(&walked->sem);
}

static void test_exit_waits_for_walkers(void **state)
{
	struct task *app;

	(void)state;
	map(0, 1, VM_WRITE);
	walked = anon_vma_get(m, old_page(0));
	walker = task_new("kswapd0", 11, NULL);
	app = become(walker);
	down_read(&walked->sem);
	become(app);
	sleeps = 0;
	twin.on_sleep = walker_ends;
	mm_pin(mm);
	assert_true(mm_put_user(mm));
	assert_int_equal(sleeps, 1);
	assert_int_equal(mm->nr_ptes, 0);
	anon_vma_put(m, walked);
	mm_drop(mm);
	assert_null(swap_off_all(m));
	assert_no_nodes(m, free_before);
}

static const struct CMUnitTest tests[] = {
	TEST(test_its_slot_takes_its_place),
	TEST(test_used_meanwhile),
	TEST(test_of_a_locked_vma),
	TEST(test_19_7_what_nobody_wrote_is_dropped),
	TEST(test_what_was_dropped_comes_back_empty),
	TEST(test_a_slot_with_too_many_users),
	TEST(test_not_mapped_any_more),
	TEST(test_19_6_what_is_not_anonymous_leaves_no_entry),
	TEST(test_who_does_not_hold_it_is_stopped),
	TEST(test_marks_of_the_processor_are_not_lost),
	TEST(test_a_locked_vma_goes_at_each_point),
	TEST(test_20_9_two_threads_fault_on_what_the_cache_has),
	TEST(test_which_slot_a_page_is_in),
	TEST(test_a_write_to_what_goes_to_swap_meanwhile),
	TEST(test_mlock_of_what_goes_to_swap_meanwhile),
	TEST(test_munlock_of_what_is_marked_meanwhile),
	TEST(test_munlock_of_what_goes_to_swap_meanwhile),
	TEST(test_exit_waits_for_walkers),
};
TEST_GROUP(unmap)
