/*
 * Which VMAs share an anon_vma, and how long it lives (reference §19.2).
 */
#include "space.h"

#include "fibers.h"
#include "kernel/core/lock/lock.h"
#include "mm/space/anon_vma.h"

static struct vma *vma_at(unsigned int page)
{
	return find_vma(mm, AT(page));
}

static struct anon_vma *anon_vma_at(unsigned int page)
{
	return mapping_anon_vma(vma_at(page)->rmap);
}

/* Each of its VMAs has one chain object in it, by where they start; what it holds is what they hold. */
static void check_chain(const struct anon_vma *av, unsigned int vmas)
{
	const struct anon_vma_chain *c;
	unsigned int n = 0;

	for (c = av->first; c; c = c->next, n++) {
		assert_ptr_equal(c->anon_vma, av);
		assert_ptr_equal(c->vma->chain, c);
		assert_ptr_equal(mapping_anon_vma(c->vma->rmap), av);
		if (c->next)
			assert_true(c->vma->end <= c->next->vma->start);
	}
	assert_int_equal(n, vmas);
	assert_int_equal(av->refs.n, vmas);
}

#ifndef LW_DEBUG
static void test_sizes_are_linuxs(void **state)
{
	(void)state;
	assert_int_equal(m->anon_vma_cache.size, 80);
	assert_int_equal(m->anon_vma_chain_cache.size, 64);
	assert_int_equal(m->anon_vma_cache.objects, 51); /* as in the oracle's slabinfo */
	assert_true(m->anon_vma_cache.flags & m->anon_vma_chain_cache.flags & SLAB_ACCOUNT);
}
#endif

/* Not by a read of zeroes, nor for shmem; by the first page of its own, whose `mapping` names it. */
static void test_made_by_the_first_anonymous_page(void **state)
{
	(void)state;
	map(0, 4, VM_WRITE);
	mm_fault(mm, AT(0), 0);
	assert_null(vma_at(0)->rmap);
	touch(1, 1);
	check_chain(anon_vma_at(0), 1);
	assert_ptr_equal(page_at(1)->mapping, vma_at(0)->rmap);
	assert_int_equal((uintptr_t)page_at(1)->mapping & 1, 1);
	assert_int_equal(page_at(1)->index, AT(1) >> PAGE_SHIFT);
	map(8, 1, VM_WRITE | VM_SHARED);
	touch(8, 1);
	assert_ptr_equal(page_at(8)->mapping, vma_at(8)->object);
	assert_int_equal((uintptr_t)page_at(8)->mapping & 1, 0);
	assert_int_equal(list_length(&m->shmems), 1);
	assert_all_back();
}

/* With a page, and not writable any more: no neighbour merges with it. */
static void map_written(unsigned int page)
{
	map(page, 1, VM_WRITE);
	touch(page, 1);
	assert_int_equal(mm_protect(mm, AT(page), LEN(1), false), 0);
}

/* Neighbours that could be one but for being writable: the next one's before the previous one's. */
static void test_the_next_ones_is_taken(void **state)
{
	(void)state;
	map_written(0);
	map_written(2);
	assert_ptr_not_equal(anon_vma_at(0), anon_vma_at(2));
	map(1, 1, VM_WRITE);
	touch(1, 1);
	assert_ptr_equal(anon_vma_at(1), anon_vma_at(2));
	check_chain(anon_vma_at(0), 1);
	check_chain(anon_vma_at(2), 2);
	assert_string_equal(layout(), "0-1:0 1-2:1 2-3:0 ");
	assert_all_back();
}

static void test_the_previous_ones_is_taken(void **state)
{
	(void)state;
	map_written(0);
	map(1, 1, VM_WRITE);
	map(2, 1, 0); /* has none */
	touch(1, 1);
	assert_ptr_equal(anon_vma_at(1), anon_vma_at(0));
	check_chain(anon_vma_at(0), 2);
	assert_all_back();
}

static void test_others_are_not_taken(void **state)
{
	static char initial[2 * PAGE_SIZE];

	(void)state;
	map(0, 2, VM_WRITE | VM_LOCKED);
	map(2, 2, VM_WRITE); /* locked is not alike */
	map(5, 1, VM_WRITE); /* does not touch */
	assert_int_equal(mm_map_fixed(mm, AT(6), LEN(2), VM_WRITE, initial, sizeof(initial)), 0);
	for (unsigned int at = 0; at < 8; at += at == 2 ? 3 : at == 5 ? 1 : 2) {
		touch(at, 1);
		check_chain(anon_vma_at(at), 1);
	}
	assert_all_back();
}

/* Parts of one file, as both begin where the other's contents go on. */
static void test_a_templates_other_part_is_taken(void **state)
{
	static char initial[4 * PAGE_SIZE];

	(void)state;
	assert_int_equal(mm_map_fixed(mm, AT(0), LEN(4), VM_WRITE, initial, sizeof(initial)), 0);
	assert_int_equal(mm_protect(mm, AT(0), LEN(2), false), 0);
	touch(3, 1);
	mm_fault(mm, AT(0), 0);
	assert_ptr_equal(anon_vma_at(0), anon_vma_at(3));
	assert_all_back();
}

/* A piece keeps what the whole had, and what merges with its like, or with none, is one again. */
static void test_split_and_merge(void **state)
{
	struct anon_vma *av;

	(void)state;
	map(0, 8, VM_WRITE);
	touch(0, 8);
	av = anon_vma_at(0);
	assert_int_equal(mm_protect(mm, AT(2), LEN(3), false), 0);
	assert_string_equal(layout(), "0-2:1 2-5:0 5-8:1 ");
	check_chain(av, 3);
	assert_int_equal(mm_protect(mm, AT(2), LEN(3), true), 0);
	assert_string_equal(layout(), "0-8:1 ");
	check_chain(av, 1);
	map(8, 2, VM_WRITE); /* grows */
	touch(9, 1);
	assert_ptr_equal(page_at(9)->mapping, page_at(0)->mapping);
	check_chain(av, 1);
	assert_int_equal(mm_unmap(mm, AT(3), LEN(2)), 0);
	check_chain(av, 2);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(16)), 0);
	assert_all_back();
}

static void test_one_without_pages_gets_the_other_ones(void **state)
{
	(void)state;
	map(0, 2, 0);
	map(2, 2, VM_WRITE);
	touch(2, 1);
	assert_int_equal(mm_protect(mm, AT(0), LEN(2), true), 0);
	assert_string_equal(layout(), "0-4:1 ");
	assert_ptr_equal(vma_at(0)->rmap, page_at(2)->mapping);
	check_chain(anon_vma_at(0), 1);
	assert_all_back();
}

/* As in 4.8: they stay two, though nothing else tells them apart. */
static void test_two_anon_vmas_do_not_merge(void **state)
{
	(void)state;
	map(0, 2, VM_WRITE);
	map(4, 2, VM_WRITE);
	touch(0, 1);
	touch(4, 1);
	map(2, 2, VM_WRITE);
	assert_string_equal(layout(), "0-4:1 4-6:1 ");
	check_chain(anon_vma_at(0), 1);
	check_chain(anon_vma_at(4), 1);
	assert_all_back();
}

static void test_the_heap_keeps_its_own(void **state)
{
	struct anon_vma *av;

	(void)state;
	mm->brk = mm->brk_start = AT(0);
	assert_int_equal(mm_set_brk(mm, AT(4)), 0);
	touch(0, 4);
	av = anon_vma_at(0);
	assert_int_equal(mm_set_brk(mm, AT(2)), 0);
	assert_int_equal(mm_set_brk(mm, AT(6)), 0);
	touch(5, 1);
	check_chain(av, 1);
	assert_ptr_equal(page_at(5)->mapping, page_at(0)->mapping);
	assert_all_back();
}

/* The page stays: `mapping` dangles, and is not followed. */
static void test_lookup_of_a_page_that_is_not_mapped(void **state)
{
	struct anon_vma *av;
	struct page *page;

	(void)state;
	map(0, 2, VM_WRITE);
	touch(0, 2);
	page = page_at(0);
	av = anon_vma_get(m, page);
	assert_ptr_equal(av, anon_vma_at(0));
	assert_int_equal(av->refs.n, 2);
	anon_vma_put(m, av);
	*pte_find(mm, AT(0)) = 0; /* as reclaim does */
	page->mapcount = 0;
	assert_null(anon_vma_get(m, page));
	page->mapcount = 1;
	*pte_find(mm, AT(0)) = page_to_phys(m, page) | PTE_PRESENT;
	assert_all_back();
}

/* Who has a reference keeps it alive, empty. */
static void test_a_walkers_reference_keeps_it(void **state)
{
	struct anon_vma *av;

	(void)state;
	map(0, 1, VM_WRITE);
	touch(0, 1);
	av = anon_vma_get(m, page_at(0));
	assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), 0);
	assert_null(av->first);
	assert_int_equal(av->refs.n, 1);
	anon_vma_put(m, av);
	assert_all_back();
}

/* Who changes where a VMA starts or ends, or its place in a chain, waits for walkers. */
static struct anon_vma *walked;
static struct task *walker;
static unsigned int waits;

static void walker_ends(void)
{
	if (waits++)
		return;
	become(walker); /* who slept is current again afterwards */
	up_read(&walked->sem);
}

static void expect_wait(const char *after)
{
	assert_int_equal(waits, 1);
	assert_string_equal(layout(), after);
	waits = 0;
}

static void walk_begins(void)
{
	struct task *app;

	walked = anon_vma_at(0);
	waits = 0;
	twin.on_sleep = walker_ends;
	app = become(walker);
	down_read(&walked->sem);
	become(app);
}

static void test_changes_wait_for_walkers(void **state)
{
	(void)state;
	map(0, 4, VM_WRITE);
	touch(0, 4);
	become(task_new("app", 10, mm));
	walker = task_new("kswapd0", 11, NULL);
	walk_begins();
	map(4, 1, VM_WRITE);
	expect_wait("0-5:1 ");
	walk_begins();
	assert_int_equal(mm_protect(mm, AT(1), LEN(1), false), 0);
	expect_wait("0-1:1 1-2:0 2-5:1 ");
	walk_begins();
	assert_int_equal(mm_unmap(mm, AT(0), LEN(5)), 0);
	expect_wait("");
	twin.on_sleep = NULL;
}

static void fault_first(void *unused)
{
	(void)unused;
	touch(0, 1);
}

static void fault_last(void *unused)
{
	(void)unused;
	touch(3, 1);
}

/* The slower one takes what is there. */
static void fault_at_each_point(const char *initial)
{
	static void (*const fn[])(void *) = {fault_first, fault_last};
	unsigned long k = 0, alone = 0;
	bool same;

	do {
		assert_int_equal(mm_map_fixed(mm, AT(0), LEN(4), VM_WRITE, initial, LEN(4)), 0);
		if (initial)
			assert_int_equal(mm_protect(mm, AT(0), LEN(2), false), 0);
		run_on_cpus(2, fn, NULL, turns_switch_once(k));
		if (!k)
			alone = points_passed(0);
		same = anon_vma_at(0) == anon_vma_at(3);
		assert_true(same || (initial && k));
		check_chain(anon_vma_at(0), same && initial ? 2 : 1);
		assert_ptr_equal(page_at(0)->mapping, vma_at(0)->rmap);
		assert_ptr_equal(page_at(3)->mapping, vma_at(3)->rmap);
		assert_int_equal(mm_unmap(mm, AT(0), LEN(4)), 0);
	} while (k++ < alone);
	assert_true(k > 10);
}

static void start_threads(void)
{
	nr_cpus = 2;
	m = machine_default();
	free_before = all_free(m);
	mm = mm_create(m);
	for (unsigned int cpu = 2; cpu--;) {
		become_cpu(cpu);
		become(task_new("thread", 10 + cpu, mm));
	}
}

static void test_two_threads_fault_in_one_vma(void **state)
{
	(void)state;
	start_threads();
	fault_at_each_point(NULL);
	assert_all_back();
}

static void test_two_threads_fault_in_neighbours(void **state)
{
	static char initial[4 * PAGE_SIZE];

	(void)state;
	start_threads();
	fault_at_each_point(initial);
	assert_all_back();
}

/* Any object may be refused: the fault, or the split, fails, and all is as it was. */
static void try_all(void)
{
	if (mm_map_fixed(mm, AT(0), LEN(8), VM_WRITE, NULL, 0))
		map(0, 8, VM_WRITE);
	if (mm_fault(mm, AT(0), FAULT_WRITE) == FAULT_OOM) {
		assert_null(vma_at(0)->rmap);
		assert_int_equal(entry(0), 0);
	}
	touch(0, 8);
	if (mm_protect(mm, AT(2), LEN(6), false)) {
		assert_string_equal(layout(), "0-8:1 ");
		check_chain(anon_vma_at(0), 1);
		assert_int_equal(mm_protect(mm, AT(2), LEN(6), false), 0);
	}
	check_chain(anon_vma_at(0), 2);
	assert_ptr_equal(anon_vma_at(0), anon_vma_at(2));
}

static void test_each_object_refused_once(void **state)
{
	unsigned long n = 0;
	char parameter[80];

	(void)state;
	do {
		snprintf(parameter, sizeof(parameter),
			"failslab=interval:%lu,times:1,ignore-gfp-wait:0", ++n);
		set_parameters(parameter);
		m = machine_default();
		free_before = all_free(m);
		mm = mm_create(m);
		if (!mm)
			mm = mm_create(m);
		try_all();
		assert_all_back();
	} while (m->event[OBJECTS_REFUSED]);
	assert_int_equal(n, 7); /* mm, VMA, chain, anon_vma, and a VMA and a chain for the split */
}

static const struct CMUnitTest tests[] = {
#ifndef LW_DEBUG
	TEST(test_sizes_are_linuxs),
#endif
	TEST(test_made_by_the_first_anonymous_page),
	TEST(test_the_next_ones_is_taken),
	TEST(test_the_previous_ones_is_taken),
	TEST(test_others_are_not_taken),
	TEST(test_a_templates_other_part_is_taken),
	TEST(test_split_and_merge),
	TEST(test_one_without_pages_gets_the_other_ones),
	TEST(test_two_anon_vmas_do_not_merge),
	TEST(test_the_heap_keeps_its_own),
	TEST(test_lookup_of_a_page_that_is_not_mapped),
	TEST(test_a_walkers_reference_keeps_it),
	TEST(test_changes_wait_for_walkers),
	TEST(test_two_threads_fault_in_one_vma),
	TEST(test_two_threads_fault_in_neighbours),
	TEST(test_each_object_refused_once),
};
TEST_GROUP(anon_vma)
