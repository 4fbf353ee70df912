/*
 * Shared memory to swap and back (§30c item 3, §20.2, §20.13), and lives of several address spaces with it.
 */
#include "shmem_case.h"

#include "kernel/core/rand.h"
#include "mm/space/mapped.h"
#include "mm/index/index_node.h"

static void test_30c_3_out_and_in(void **state)
{
	struct page *page;

	(void)state;
	share(VM_WRITE);
	write_to(mm, 3, 77);
	fault(other, 3, 0);
	assert_pages(1, 1, 1, 1);
	assert_int_equal(out(other, 3), 0);
	assert_pages(0, 0, 0, 0);
	assert_int_equal(entry_of(mm, 3) | entry_of(other, 3), 0);
	assert_int_equal(mm->swapents + other->swapents, 0);
	assert_int_equal(*swap_byte(area, mm_swap_slot(mm, AT(3))), SWAP_MAP_SHMEM);
	assert_int_equal(mm_swap_slot(mm, AT(4)), -1);
	assert_int_equal(swap_entries(m), 0);
	m->swap.find_total = m->swap.find_success = 0;
	assert_reads(mm, 3, 77);
	assert_int_equal(m->event[PGMAJFAULT], 1);
	assert_int_equal(m->swap.find_total, 1);
	assert_int_equal(m->swap.find_success, 0);
	assert_pages(1, 1, 1, 0);
	assert_int_equal(
		area->inuse, 0); /* the slot goes at once, and what it held is here alone */
	page = page_of(mm, 3);
	lru_add_drain(m);
	assert_int_equal(page->flags, PG_SHMEM | PG_UPTODATE | PG_DIRTY | PG_LRU); /* inactive */
	assert_int_equal(page->private, 0);
	assert_reads(other, 3, 77);
	assert_int_equal(m->event[PGMAJFAULT], 1);
	share_finish();
}

/* Still in the cache: no disk is needed, and one that writes is waited for. */
static void test_20_9_back_from_the_cache(void **state)
{
	struct page *page;

	(void)state;
	share(VM_WRITE);
	write_to(mm, 3, 77);
	page = page_of(mm, 3);
	page_get(page); /* the cache cannot give it up */
	lru_add_drain(m);
	assert_int_equal(out(mm, 3), -EAGAIN);
	assert_int_equal(*pte_of(mm, 3), 0);
	assert_true(page_has(page, PG_SHMEM)); /* nor may it be written */
	page_put(m, page);
	write_to(mm, 3, 78);
	assert_true(trylock_page(page));
	assert_int_equal(try_to_unmap(m, page, false, NULL), SWAP_FAIL); /* used */
	assert_int_equal(try_to_unmap(m, page, false, NULL), SWAP_SUCCESS);
	page_clear(page, PG_DIRTY);
	page_get(page);
	assert_true(shmem_writepage(m, page));
	assert_true(page_has(page, PG_SWAPCACHE));
	assert_pages(0, 0, 0, 0);
	m->swap.find_total = m->swap.find_success = 0;
	assert_reads(other, 3, 78);
	assert_ptr_equal(page_of(other, 3), page);
	assert_int_equal(m->swap.find_success, 1);
	assert_int_equal(m->event[PGMAJFAULT], 0);
	assert_int_equal(m->event[PSWPIN], 0);
	page_put(m, page);
	share_finish();
}

/* It cannot be read: the fault says so, and the slot stays. */
static void test_a_disk_that_refuses(void **state)
{
	(void)state;
	share(VM_WRITE);
	write_to(mm, 3, 77);
	assert_int_equal(out(mm, 3), 0);
	fake.error = -EIO;
	assert_int_equal(mm_fault(mm, AT(3), 0), FAULT_SIGBUS);
	assert_int_equal(m->event[PGMAJFAULT], 1);
	assert_int_equal(swap_shmem_slots(m), 1);
	fake.error = 0;
	assert_int_equal(mm->shmem_rss, 0);
	share_finish();
}

/* It cannot be written: it is the cache's by then, and comes from there. */
static void test_a_disk_that_refuses_to_write(void **state)
{
	(void)state;
	share(VM_WRITE);
	write_to(mm, 3, 77);
	fake.error = -EIO;
	assert_int_equal(out(mm, 3), -EIO);
	fake.error = 0;
	assert_reads(other, 3, 77);
	assert_int_equal(m->event[PSWPIN], 0);
	share_finish();
}

static void test_a_hole_in_a_tree_of_one_page(void **state)
{
	(void)state;
	map(0, 1, VM_WRITE | VM_SHARED); /* offset 0 needs no node, for a slot neither */
	write_to(mm, 0, 5);
	assert_int_equal(out(mm, 0), 0);
	assert_ptr_equal(object()->tree.top, shmem_slot(swp_entry(0, mm_swap_slot(mm, AT(0)))));
	assert_valid(m);
	assert_reads(mm, 0, 5);
	share_finish();
}

/* §20.13. */
static void test_20_13_swapoff(void **state)
{
	(void)state;
	current->process->cap_sys_admin = true;
	share(VM_WRITE);
	map(300, 40, VM_WRITE | VM_SHARED); /* another one, before which it is looked through */
	for (unsigned int i = 0; i < 40; i++) {
		write_to(mm, i, i + 1);
		write_to(mm, 300 + i, i + 1001);
		assert_int_equal(out(mm, i), 0);
		if (i & 1)
			assert_int_equal(out(mm, 300 + i), 0);
	}
	assert_int_equal(area->inuse, 60);
	assert_int_equal(swap_off(m, "card"), 0);
	assert_pages(80, 20, 20, 0);
	assert_null(m->swap.area[0]);
	for (unsigned int i = 0; i < 40; i++) {
		assert_reads(other, i, i + 1);
		assert_reads(mm, 300 + i, i + 1001);
	}
	assert_int_equal(m->event[PGMAJFAULT], 0);
	share_finish();
	assert_true(list_empty(&m->swap.mms));
}

static void unmap_for_good(void)
{
	if (object()->refs.n == 1)
		return; /* swapoff is not there */
	twin.on_yield = NULL;
	assert_int_equal(mm_unmap(mm, AT(0), LEN(PAGES)), 0);
}

/* Its last VMA goes while swapoff has found it: it ends there, with the page that has just come back. */
static void test_20_13_swapoff_is_the_last_who_has_it(void **state)
{
	(void)state;
	current->process->cap_sys_admin = true;
	map(0, PAGES, VM_WRITE | VM_SHARED);
	write_to(mm, 3, 77);
	assert_int_equal(out(mm, 3), 0);
	twin.on_yield = unmap_for_good;
	assert_int_equal(swap_off(m, "card"), 0);
	assert_null(twin.on_yield);
	assert_true(list_empty(&m->shmems));
	assert_pages(0, 0, 0, 0);
	share_finish();
}

/* Random lives */

#define SPACES 3
#define STEPS  6000

static struct mm *mms[SPACES];
static bool attached[SPACES];
static uint64_t value[PAGES];
static struct rand rng;

static void attach(unsigned int i)
{
	const struct vma *of = NULL;

	for (unsigned int j = 0; j < SPACES; j++)
		if (attached[j])
			of = find_vma(mms[j], AT(0));
	if (!of) {
		memset(value, 0, sizeof(value));
		assert_int_equal(
			mm_map_fixed(mms[i], AT(0), LEN(PAGES), VM_WRITE | VM_SHARED, NULL, 0), 0);
	} else {
		assert_int_equal(mm_map_shared(mms[i], AT(0), LEN(PAGES), VM_WRITE, of), 0);
	}
	attached[i] = true;
}

static void detach(unsigned int i)
{
	assert_int_equal(mm_unmap(mms[i], AT(0), LEN(PAGES)), 0);
	attached[i] = false;
}

static void step_of(unsigned int i, uint64_t step)
{
	unsigned int page = rand_below(&rng, PAGES), n = 1 + rand_below(&rng, PAGES - page);
	int err;

	switch (rand_below(&rng, 24)) {
	case 0:
		if (rand_below(&rng, 4) == 0)
			detach(i);
		break;
	case 1:
		assert_int_equal(mm_mlock(mms[i], AT(page), LEN(MIN(n, 5u))), 0);
		break;
	case 2:
		assert_int_equal(mm_munlock(mms[i], AT(0), LEN(PAGES)), 0);
		break;
	case 3:
		assert_int_equal(mm_protect(mms[i], AT(page), LEN(n), rand_below(&rng, 2)), 0);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		err = mm_swap_out(mms[i], AT(page));
		assert_true(!err || err == -ENOENT || err == -EBUSY || err == -EAGAIN);
		break;
	case 8:
		index_grace_end(m);
		lru_add_drain(m);
		break;
	default:
		if ((step & 1) && (find_vma(mms[i], AT(page))->flags & VM_WRITE)) {
			write_to(mms[i], page, step);
			value[page] = step;
		} else {
			assert_reads(mms[i], page, value[page]);
		}
	}
}

static void check(void)
{
	long rss = 0, mappings = 0;

	assert_valid(m);
	swap_valid();
	for (unsigned int i = 0; i < SPACES; i++)
		rss += mms[i]->shmem_rss;
	for (struct list_head *at = m->shmems.next; at != &m->shmems; at = at->next)
		for (unsigned int page = 0; page < PAGES; page++) {
			void *found = index_lookup(&list_entry(at, struct shmem, all)->tree, page);

			if (found && !index_is_shadow(found))
				mappings += ((struct page *)found)->mapcount;
		}
	assert_int_equal(rss, mappings);
}

static void test_random_lives_of_three(void **state)
{
	const char *seed = getenv("HOST_SEED");

	(void)state;
	rand_seed(&rng, seed && *seed ? strtoull(seed, NULL, 0) : 1);
	for (unsigned int i = 0; i < SPACES; i++)
		mms[i] = mm_create(m);
	memset(attached, 0, sizeof(attached));
	for (uint64_t step = 1; step <= STEPS; step++) {
		unsigned int i = rand_below(&rng, SPACES);

		if (attached[i])
			step_of(i, step);
		else
			attach(i);
		check();
	}
	assert_true(m->event[PSWPOUT] > 100);
	assert_true(m->event[PSWPIN] > 100);
	for (unsigned int i = 0; i < SPACES; i++)
		assert_true(mm_put_user(mms[i]));
	other = NULL;
	share_finish();
}

static const struct CMUnitTest tests[] = {
	TEST(test_30c_3_out_and_in),
	TEST(test_20_9_back_from_the_cache),
	TEST(test_a_disk_that_refuses),
	TEST(test_a_disk_that_refuses_to_write),
	TEST(test_a_hole_in_a_tree_of_one_page),
	TEST(test_20_13_swapoff),
	TEST(test_20_13_swapoff_is_the_last_who_has_it),
	TEST(test_random_lives_of_three),
};
TEST_GROUP(shmem_swap)
