/*
 * VMAs of an address space: map, merge, split, unmap, heap (mm/space/mm.h).
 */
#include "twin.h"

#include "apps.h"
#include "host_machine.h"
#include "mm/slab/slab.h"
#include "mm/space/mm.h"

#define AT(page)   (APP_BASE + (uint64_t)(page)*PAGE_SIZE)
#define LEN(pages) ((uint64_t)(pages)*PAGE_SIZE)

static struct memory *m;
static struct mm *mm;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	mm = mm_create(m);
	return err;
}

static int map(unsigned int page, unsigned int pages, unsigned int flags)
{
	return mm_map_fixed(mm, AT(page), LEN(pages), flags, NULL, 0);
}

/* The VMAs as "start-end" in pages from APP_BASE, with flags. */
static const char *layout(void)
{
	static char text[512];
	struct vma *v;
	size_t n = 0;

	text[0] = '\0';
	list_for_each_entry(v, &mm->vmas, node)
		n += snprintf(text + n, sizeof(text) - n, "%lu-%lu:%x ",
			(unsigned long)((v->start - APP_BASE) >> PAGE_SHIFT),
			(unsigned long)((v->end - APP_BASE) >> PAGE_SHIFT), v->flags);
	return text;
}

static void test_map_keeps_address_order(void **state)
{
	(void)state;
	assert_int_equal(map(20, 5, VM_WRITE), 0);
	assert_int_equal(map(0, 5, VM_WRITE), 0);
	assert_int_equal(map(10, 5, VM_WRITE), 0);
	assert_string_equal(layout(), "0-5:1 10-15:1 20-25:1 ");
	assert_int_equal(mm->total_vm, 15);
}

static void test_map_refuses_overlap(void **state)
{
	(void)state;
	assert_int_equal(map(10, 10, VM_WRITE), 0);
	assert_int_equal(map(19, 1, VM_WRITE), -1);
	assert_int_equal(map(5, 6, VM_WRITE), -1);
	assert_int_equal(map(5, 30, VM_WRITE), -1);
	assert_int_equal(map(12, 2, VM_WRITE), -1);
	assert_int_equal(mm->total_vm, 10);
	assert_string_equal(layout(), "10-20:1 ");
}

static void test_map_merges_alike_neighbours(void **state)
{
	(void)state;
	map(0, 5, VM_WRITE);
	map(10, 5, VM_WRITE);
	map(5, 5, VM_WRITE);
	assert_string_equal(layout(), "0-15:1 ");
	assert_int_equal(mm->total_vm, 15);
}

static void test_map_does_not_merge_others(void **state)
{
	static const char template[PAGE_SIZE];

	(void)state;
	map(0, 5, VM_WRITE);
	map(5, 5, VM_WRITE | VM_LOCKED);
	assert_int_equal(mm_map_fixed(mm, AT(10), LEN(1), VM_WRITE, template, PAGE_SIZE), 0);
	map(11, 1, VM_WRITE);
	assert_string_equal(layout(), "0-5:1 5-10:3 10-11:1 11-12:1 ");
}

static void test_map_rounds_length_up(void **state)
{
	(void)state;
	assert_int_equal(mm_map_fixed(mm, AT(0), 1, VM_WRITE, NULL, 0), 0);
	assert_int_equal(mm_map_fixed(mm, AT(1), PAGE_SIZE + 1, VM_WRITE, NULL, 0), 0);
	assert_string_equal(layout(), "0-3:1 ");
}

static void test_map_finds_the_lowest_gap(void **state)
{
	(void)state;
	map(0, 5, VM_WRITE);
	map(7, 3, VM_LOCKED);
	assert_int_equal(mm_map(mm, AT(0), LEN(3), VM_WRITE), AT(10));
	assert_int_equal(mm_map(mm, AT(0), LEN(2), VM_SHARED), AT(5));
	assert_int_equal(mm_map(mm, AT(0), 1, VM_LOCKED), AT(13));
	assert_int_equal(mm_map(mm, AT(100), LEN(1), VM_WRITE), AT(100));
	assert_string_equal(layout(), "0-5:1 5-7:4 7-10:2 10-13:1 13-14:2 100-101:1 ");
}

static void test_map_has_bounds(void **state)
{
	(void)state;
	assert_int_equal(mm_map(mm, AT(0), 0, VM_WRITE), 0);
	assert_int_equal(mm_map(mm, AT(0), APP_END, VM_WRITE), 0);
	assert_int_equal(mm_map(mm, AT(0), ~0ull - PAGE_SIZE, VM_WRITE), 0);
	assert_int_equal(mm_map(mm, APP_END - PAGE_SIZE, LEN(2), VM_WRITE), 0);
	assert_int_equal(mm_map(mm, APP_END - PAGE_SIZE, LEN(1), VM_WRITE), APP_END - PAGE_SIZE);
	assert_int_equal(mm->total_vm, 1);
}

/* hint + len must not wrap round and so pass the bound. */
static void test_map_hint_near_the_top(void **state)
{
	(void)state;
	assert_int_equal(mm_map(mm, 0xfffffffffffff000, LEN(1), VM_WRITE), 0);
	assert_int_equal(mm->total_vm, 0);
}

static void test_unmap_whole_head_tail_middle(void **state)
{
	(void)state;
	map(0, 20, VM_WRITE);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(2)), 0);
	assert_string_equal(layout(), "2-20:1 ");
	assert_int_equal(mm_unmap(mm, AT(18), LEN(2)), 0);
	assert_string_equal(layout(), "2-18:1 ");
	assert_int_equal(mm_unmap(mm, AT(5), LEN(3)), 0);
	assert_string_equal(layout(), "2-5:1 8-18:1 ");
	assert_int_equal(mm->total_vm, 13);
	assert_int_equal(mm_unmap(mm, AT(8), LEN(10)), 0);
	assert_string_equal(layout(), "2-5:1 ");
	assert_int_equal(mm->total_vm, 3);
}

static void test_unmap_across_several(void **state)
{
	(void)state;
	map(0, 5, VM_WRITE);
	map(6, 2, VM_LOCKED);
	map(8, 2, VM_WRITE);
	map(12, 5, VM_WRITE);
	assert_int_equal(mm_unmap(mm, AT(3), LEN(10)), 0);
	assert_string_equal(layout(), "0-3:1 13-17:1 ");
	assert_int_equal(mm->total_vm, 7);
}

static void test_unmap_of_nothing(void **state)
{
	(void)state;
	map(5, 5, VM_WRITE);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(5)), 0);
	assert_int_equal(mm_unmap(mm, AT(10), LEN(500)), 0);
	assert_int_equal(mm_unmap(mm, AT(7), 0), -1);
	assert_int_equal(mm_unmap(mm, AT(7) + 1, PAGE_SIZE), -1);
	assert_int_equal(mm_unmap(mm, AT(7), -1ul), -1);
	assert_int_equal(mm_unmap(mm, APP_PRIVATE, PAGE_SIZE), -1);
	assert_int_equal(mm->total_vm, 5);
	assert_non_null(find_vma(mm, AT(7)));
}

static void test_unmap_splits_a_template(void **state)
{
	static const char template[4 * PAGE_SIZE];
	struct vma *v;

	(void)state;
	mm_map_fixed(mm, AT(0), LEN(8), VM_WRITE, template, sizeof(template));
	mm_unmap(mm, AT(1), LEN(1));
	v = find_vma(mm, AT(2));
	assert_ptr_equal(v->template, template + 2 * PAGE_SIZE);
	assert_int_equal(v->template_len, 2 * PAGE_SIZE);
	mm_unmap(mm, AT(5), LEN(1));
	assert_null(find_vma(mm, AT(6))->template);
}

static void test_find_vma(void **state)
{
	(void)state;
	map(5, 5, VM_WRITE);
	map(20, 5, VM_LOCKED);
	assert_null(find_vma(mm, AT(4) + 0xfff));
	assert_int_equal(find_vma(mm, AT(5))->flags, VM_WRITE);
	assert_int_equal(find_vma(mm, AT(9) + 0xfff)->flags, VM_WRITE);
	assert_null(find_vma(mm, AT(10)));
	assert_int_equal(find_vma(mm, AT(24))->flags, VM_LOCKED);
	/* What was hit last is forgotten when it goes. */
	mm_unmap(mm, AT(20), LEN(5));
	assert_null(find_vma(mm, AT(24)));
}

/* What follows the template is like any other memory: it merges with its neighbours. */
static void test_the_part_behind_a_template_is_an_ordinary_one(void **state)
{
	static const char template[PAGE_SIZE];

	(void)state;
	mm_map_fixed(mm, AT(0), LEN(4), VM_WRITE, template, PAGE_SIZE);
	mm_unmap(mm, AT(0), LEN(1));
	map(4, 1, VM_WRITE);
	assert_string_equal(layout(), "1-5:1 ");
}

/* The one that was found last may be merged into its neighbour, and is nobody's then. */
static void test_find_vma_after_a_merge(void **state)
{
	struct vma *whole;

	(void)state;
	map(0, 1, VM_WRITE);
	map(2, 1, VM_WRITE);
	assert_non_null(find_vma(mm, AT(2)));
	map(1, 1, VM_WRITE);
	assert_string_equal(layout(), "0-3:1 ");
	whole = list_first_entry(&mm->vmas, struct vma, node);
	assert_ptr_equal(find_vma(mm, AT(2)), whole);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(3)), 0);
	assert_null(find_vma(mm, AT(2)));
}

static void test_brk(void **state)
{
	(void)state;
	mm->brk_start = mm->brk = AT(0);
	assert_int_equal(mm_set_brk(mm, AT(0) + 100), 0);
	assert_int_equal(mm->brk, AT(0) + 100);
	assert_string_equal(layout(), "0-1:1 ");
	assert_int_equal(mm_set_brk(mm, AT(1)), 0);
	assert_string_equal(layout(), "0-1:1 ");
	assert_int_equal(mm_set_brk(mm, AT(9) + 1), 0);
	assert_string_equal(layout(), "0-10:1 ");
	assert_int_equal(mm_set_brk(mm, AT(4)), 0);
	assert_string_equal(layout(), "0-4:1 ");
	assert_int_equal(mm_set_brk(mm, AT(0)), 0);
	assert_string_equal(layout(), "");
	assert_int_equal(mm->total_vm, 0);
	assert_int_equal(mm_set_brk(mm, AT(0) - 1), -1);
	assert_int_equal(mm->brk, AT(0));
}

static void test_sbrk(void **state)
{
	(void)state;
	mm->brk_start = mm->brk = AT(1);
	assert_int_equal(mm_sbrk(mm, 0), AT(1));
	assert_int_equal(mm_sbrk(mm, 0x3001), AT(1));
	assert_int_equal(mm_sbrk(mm, -0x2001), AT(4) + 1);
	assert_int_equal(mm_sbrk(mm, 0), AT(2));
	assert_string_equal(layout(), "1-2:1 ");
	/* Below the heap, above all apps' memory, and around the address space. */
	assert_int_equal(mm_sbrk(mm, -0x1001), 0);
	assert_int_equal(mm_sbrk(mm, APP_END), 0);
	assert_int_equal(mm_sbrk(mm, INT64_MIN), 0);
	assert_int_equal(mm_sbrk(mm, 0), AT(2));
}

/* Nobody else looks at the address space while it changes. */
static void look_for_the_writer(void)
{
	assert_false(down_read_trylock(&mm->mmap_sem));
	twin.called++;
}

static void test_changes_are_made_with_mmap_sem_held(void **state)
{
	(void)state;
	mm->brk_start = mm->brk = AT(0);
	assert_int_equal(mm_set_brk(mm, AT(8)), 0);
	map(20, 4, VM_LOCKED);
	twin.on_yield = look_for_the_writer;
	assert_int_equal(mm_set_brk(mm, AT(6)), 0);
	assert_int_equal(twin.called, 1);
	assert_int_equal(mm_sbrk(mm, -0x1000), AT(6));
	assert_int_equal(twin.called, 2);
	assert_int_equal(mm_unmap(mm, AT(20), LEN(4)), 0);
	assert_int_equal(twin.called, 3);
	assert_true(down_read_trylock(&mm->mmap_sem));
	up_read(&mm->mmap_sem);
}

static void test_brk_stops_at_a_mapping(void **state)
{
	(void)state;
	mm->brk_start = mm->brk = AT(0);
	map(8, 1, VM_LOCKED);
	assert_int_equal(mm_set_brk(mm, AT(8)), 0);
	assert_int_equal(mm_set_brk(mm, AT(8) + 1), -1);
	assert_int_equal(mm->brk, AT(8));
}

/* A heap must not reach into the kernel's half. */
static void test_brk_has_an_upper_bound(void **state)
{
	(void)state;
	mm->brk_start = mm->brk = AT(0);
	assert_int_equal(mm_set_brk(mm, AT(4)), 0);
	assert_int_equal(mm_set_brk(mm, APP_END + 1), -1);
	assert_int_equal(mm_set_brk(mm, KERNEL_BASE), -1);
	assert_int_equal(mm->brk, AT(4));
	assert_int_equal(mm->total_vm, 4);
}

/* Rounding the last page's addresses up must not wrap round to 0. */
static void test_brk_at_the_last_page(void **state)
{
	(void)state;
	mm->brk_start = mm->brk = AT(100);
	map(0, 5, VM_LOCKED);
	assert_int_equal(mm_set_brk(mm, AT(104)), 0);
	assert_int_equal(mm_set_brk(mm, ~0ull), -1);
	assert_int_equal(mm->brk, AT(104));
	assert_string_equal(layout(), "0-5:2 100-104:1 ");
}

static void test_many_vmas_and_their_pages(void **state)
{
	long before;

	(void)state;
	mm_put_user(mm);
	before = all_free(m);
	mm = mm_create(m);
	for (unsigned int i = 0; i < 500; i++)
		assert_int_equal(map(2 * i, 1, VM_WRITE), 0);
	assert_int_equal(mm->total_vm, 500);
	for (unsigned int i = 0; i < 500; i += 2)
		mm_unmap(mm, AT(2 * i), LEN(1));
	assert_int_equal(mm->total_vm, 250);
	mm_put_user(mm);
	assert_int_equal(all_free(m), before);
	assert_valid(m);
}

/* Who still has a reference may look at it: there is nothing in it any more. */
static void test_nothing_is_left_in_what_was_torn_down(void **state)
{
	(void)state;
	map(0, 5, VM_WRITE);
	map(10, 5, VM_WRITE);
	mm_pin(mm);
	assert_true(mm_put_user(mm));
	assert_true(list_empty(&mm->vmas));
	assert_int_equal(mm->total_vm, 0);
	mm_drop(mm);
}

static void test_killed_waiter_gives_up(void **state)
{
	(void)state;
	map(0, 5, VM_WRITE);
	mm->mmap_sem.info.unchecked = true; /* it waits for itself, until killed */
	down_read(&mm->mmap_sem);
	app_kill(current);
	assert_int_equal(mm_map(mm, AT(50), LEN(1), VM_WRITE), 0);
	assert_int_equal(mm_unmap(mm, AT(0), LEN(1)), -1);
	mm->brk_start = mm->brk = AT(100);
	assert_int_equal(mm_set_brk(mm, AT(101)), -1);
	up_read(&mm->mmap_sem);
	assert_string_equal(layout(), "0-5:1 ");
	assert_true(list_empty(&mm->mmap_sem.info.waiters));
}

static void test_create_without_memory_leaks_nothing(void **state)
{
	(void)state;
	memory_no_marks(m);
	current->memdie = true; /* refused at once instead of killing somebody */
	while (m->mm_cache.cpu[0].freelist)
		kmem_cache_alloc(&m->mm_cache, GFP_KERNEL);
	for (long pages = 0; pages < 3; pages++) { /* its slab, and two tables */
		slab_shrink_all(m);
		memory_empty(m);
		for (long i = 0; i < pages; i++)
			zone_put(dma32(m), 4096 + 2 * i, 0, MIGRATE_UNMOVABLE);
		assert_null(mm_create(m));
		assert_int_equal(all_free(m), pages);
	}
	zone_put(dma32(m), 5000, 0, MIGRATE_UNMOVABLE);
	assert_non_null(mm_create(m));
	assert_int_equal(all_free(m), 0);
}

static void test_map_without_memory(void **state)
{
	(void)state;
	memory_empty(m);
	current->memdie = true;
	assert_int_equal(map(0, 1, VM_WRITE), -1);
	assert_int_equal(mm_map(mm, AT(0), LEN(1), VM_WRITE), 0);
	assert_int_equal(mm->total_vm, 0);
	/* The lock was given back. */
	assert_null(mm->mmap_sem.info.owner);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_map_keeps_address_order),
	TEST(test_map_refuses_overlap),
	TEST(test_map_merges_alike_neighbours),
	TEST(test_map_does_not_merge_others),
	TEST(test_map_rounds_length_up),
	TEST(test_map_finds_the_lowest_gap),
	TEST(test_map_has_bounds),
	TEST(test_map_hint_near_the_top),
	TEST(test_unmap_whole_head_tail_middle),
	TEST(test_unmap_across_several),
	TEST(test_unmap_of_nothing),
	TEST(test_unmap_splits_a_template),
	TEST(test_find_vma),
	TEST(test_the_part_behind_a_template_is_an_ordinary_one),
	TEST(test_find_vma_after_a_merge),
	TEST(test_brk),
	TEST(test_sbrk),
	TEST(test_changes_are_made_with_mmap_sem_held),
	TEST(test_brk_stops_at_a_mapping),
	TEST(test_brk_has_an_upper_bound),
	TEST(test_brk_at_the_last_page),
	TEST(test_many_vmas_and_their_pages),
	TEST(test_nothing_is_left_in_what_was_torn_down),
	TEST(test_killed_waiter_gives_up),
	TEST(test_create_without_memory_leaks_nothing),
	TEST(test_map_without_memory),
};
TEST_GROUP(vma)
