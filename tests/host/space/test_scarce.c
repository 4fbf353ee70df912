/*
 * Address spaces when memory is refused half-way (mm/space/mm.h): nothing is lost, nothing is torn.
 */
#include "twin.h"

#include "host_machine.h"
#include "mm/space/mm.h"
#include "mm/alloc/page_alloc.h"
#include "mm/space/pgtable.h"

#define AT(page)   (APP_BASE + (uint64_t)(page)*PAGE_SIZE)
#define LEN(pages) ((uint64_t)(pages)*PAGE_SIZE)
#define REFUSED    "test: page allocation failure: order:0, mode:"

static struct memory *m;
static struct mm *mm;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	mm = mm_create(m);
	return err;
}

/* From here on every request fails at once: there is nothing, and nobody is killed for it. */
static void memory_ends(void)
{
	memory_empty(m);
	memory_no_marks(m);
	current->memdie = true;
}

static unsigned int nr_vmas(void)
{
	return list_length(&mm->vmas);
}

/* The slab that VMAs are taken from has none left. */
static void use_up_vmas(void)
{
	for (unsigned int page = 100; m->vma_cache.cpu[0].freelist; page += 2)
		assert_int_equal(mm_map_fixed(mm, AT(page), LEN(1), VM_WRITE, NULL, 0), 0);
}

/* §26: by what the report says, each level is asked for as 4.8 does. */
static void test_26_masks_of_the_tables(void **state)
{
	(void)state;
	mm_map_fixed(mm, AT(0), LEN(1), VM_WRITE, NULL, 0);
	memory_ends();
	assert_null(mm_create(m)); /* the struct has its slab, the top table has no page */
	assert_line(REFUSED "0x27080c0(GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_NOTRACK)");
	memory_empty(m);
	for (int level = 2; level >= 0; level--) {
		console_clear();
		assert_null(pte_make(mm, AT(0)));
		assert_line(REFUSED "%s",
			level ? "0x25080c0(GFP_KERNEL_ACCOUNT|__GFP_ZERO)" :
				"0x27080c0(GFP_KERNEL_ACCOUNT|__GFP_ZERO|__GFP_NOTRACK)");
		zone_put(dma32(m), 9502 + 2 * level, 0, MIGRATE_UNMOVABLE);
	}
	assert_non_null(pte_make(mm, AT(0)));
}

static void test_template_page_without_memory(void **state)
{
	static char initial[PAGE_SIZE + 100];

	(void)state;
	mm_map_fixed(mm, AT(0), LEN(4), VM_WRITE, initial, sizeof(initial));
	mm_fault(mm, AT(3), FAULT_WRITE); /* the tables are there */
	memory_ends();
	assert_int_equal(
		mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OOM); /* a page to be copied whole */
	assert_int_equal(mm_fault(mm, AT(1), FAULT_WRITE), FAULT_OOM); /* and one in part */
	assert_int_equal(*pte_find(mm, AT(0)), 0);
	assert_int_equal(mm->anon_rss, 1);
}

static void test_hole_in_the_middle_without_memory(void **state)
{
	(void)state;
	mm_map_fixed(mm, AT(0), LEN(10), VM_WRITE, NULL, 0);
	mm_fault(mm, AT(5), FAULT_WRITE);
	use_up_vmas();
	memory_ends();
	assert_int_equal(mm_unmap(mm, AT(4), LEN(3)), -1);
	assert_int_equal(find_vma(mm, AT(5))->start, AT(0));
	assert_int_equal(find_vma(mm, AT(5))->end, AT(10));
	assert_int_equal(mm->anon_rss, 1);
	assert_null(mm->mmap_sem.info.owner);
}

/* One VMA is left, and two cuts are asked for: the first stays, without harm. */
static void test_second_cut_without_memory(void **state)
{
	unsigned long total;

	(void)state;
	mm_map_fixed(mm, AT(0), LEN(10), VM_WRITE, NULL, 0);
	mm_map_fixed(mm, AT(20), LEN(1), VM_WRITE, NULL, 0);
	use_up_vmas();
	assert_int_equal(mm_unmap(mm, AT(20), LEN(1)), 0);
	memory_ends();
	total = mm->total_vm;
	assert_int_equal(mm_unmap(mm, AT(4), LEN(3)), -1);
	assert_int_equal(mm->total_vm, total);
	for (unsigned int page = 0; page < 10; page++)
		assert_non_null(find_vma(mm, AT(page)));
	assert_int_equal(mm_unmap(mm, AT(0), LEN(10)), 0);
	assert_null(find_vma(mm, AT(4)));
}

static void test_heap_without_memory(void **state)
{
	uint64_t brk;

	(void)state;
	mm->brk_start = mm->brk = brk = AT(1000);
	use_up_vmas();
	memory_ends();
	assert_int_equal(mm_set_brk(mm, brk + LEN(1)), -1);
	assert_int_equal(mm->brk, brk);
}

/* A neighbour that is alike grows: that needs no struct. All else does, from a slab (§31.7). */
static void test_extending_needs_no_memory(void **state)
{
	unsigned long total;

	(void)state;
	mm->brk_start = mm->brk = AT(0);
	assert_int_equal(mm_set_brk(mm, AT(1)), 0);
	use_up_vmas(); /* 100 to 101, 102 to 103, and so on */
	memory_ends();
	total = mm->total_vm;
	assert_int_equal(mm_set_brk(mm, AT(9)), 0);
	assert_int_equal(mm_map_fixed(mm, AT(99), LEN(1), VM_WRITE, NULL, 0), 0);
	assert_int_equal(find_vma(mm, AT(99))->end, AT(101));
	assert_int_equal(mm->total_vm, total + 8 + 1);
	console_clear();
	assert_int_equal(mm_map_fixed(mm, AT(50), LEN(1), VM_WRITE, NULL, 0), -1);
	assert_line(REFUSED "0x26000c0(GFP_KERNEL|__GFP_NOTRACK)");
	assert_int_equal(mm_map_fixed(mm, AT(9), LEN(1), VM_WRITE | VM_LOCKED, NULL, 0), -1);
	assert_int_equal(mm->total_vm, total + 8 + 1);
	assert_int_equal(mm_map_fixed(mm, AT(101), LEN(1), VM_WRITE, NULL, 0), 0);
	assert_int_equal(find_vma(mm, AT(99))->end, AT(103)); /* one for three: a struct is free */
	assert_int_equal(mm_map_fixed(mm, AT(50), LEN(1), VM_WRITE, NULL, 0), 0);
}

static void test_alike_but_for_a_template_are_not_merged(void **state)
{
	static char initial[PAGE_SIZE];

	(void)state;
	mm_map_fixed(mm, AT(0), LEN(1), VM_WRITE, NULL, 0);
	mm_map_fixed(mm, AT(1), LEN(1), VM_WRITE, initial, sizeof(initial));
	mm_map_fixed(mm, AT(2), LEN(1), VM_WRITE, NULL, 0);
	assert_int_equal(nr_vmas(), 3);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_26_masks_of_the_tables),
	TEST(test_template_page_without_memory),
	TEST(test_hole_in_the_middle_without_memory),
	TEST(test_second_cut_without_memory),
	TEST(test_heap_without_memory),
	TEST(test_extending_needs_no_memory),
	TEST(test_alike_but_for_a_template_are_not_merged),
};
TEST_GROUP(scarce)
