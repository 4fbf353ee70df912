/*
 * Page tables and faults (mm/space/mm.h; reference §8.5).
 */
#include "space/space_case.h"

static void test_create_takes_three_pages(void **state)
{
	(void)state;
	/* The object, the top table, the private second level. */
	assert_int_equal(all_free(m), free_before - 3);
	assert_int_equal(mm->users.n, 1);
	assert_int_equal(mm->nr_ptes, 0);
	mm_put_user(mm);
	assert_all_back();
}

static void test_kernel_half_is_shared_but_for_one_entry(void **state)
{
	uint64_t *pgd;

	(void)state;
	mm_put_user(mm);
	for (int i = 256; i < 511; i++)
		kernel_pml4[i] = (uint64_t)i << PAGE_SHIFT;
	mm = mm_create(m);
	pgd = (uint64_t *)(m->virt_base + mm->pgd);
	for (int i = 256; i < 511; i++) {
		assert_int_equal(pgd[i], (uint64_t)i << PAGE_SHIFT);
		kernel_pml4[i] = 0;
	}
	assert_int_not_equal(pgd[511], kernel_pml4[511]);
	for (int i = 0; i < 256; i++)
		assert_int_equal(pgd[i], 0);
}

/* So are the kernel's second-level entries in the private table, where apps have none of their own. */
static void test_the_private_table_begins_as_the_kernel_s(void **state)
{
	uint64_t *kernel = (uint64_t *)(m->virt_base + (kernel_pml4[511] & PTE_ADDR));
	struct mm *other;
	uint64_t *pgd, *pud;

	(void)state;
	kernel[0] = 0x1003;
	kernel[510] = 0x2003;
	other = mm_create(m);
	pgd = (uint64_t *)(m->virt_base + other->pgd);
	pud = (uint64_t *)(m->virt_base + (pgd[511] & PTE_ADDR));
	assert_memory_equal(pud, kernel, PAGE_SIZE);
	mm_put_user(other);
}

static void test_demand_zero(void **state)
{
	unsigned char *p;
	uint64_t pte;

	(void)state;
	/* Dirty the free memory first. */
	for (int i = 0; i < 64; i++) {
		struct page *page = alloc_pages(m, GFP_KERNEL, 0);

		memset(page_address(m, page), 0xee, PAGE_SIZE);
		free_pages(m, page, 0);
	}
	map(0, 10);
	assert_int_equal(mm_fault(mm, AT(3) + 77, FAULT_WRITE), FAULT_OK);
	p = memory_at(AT(3));
	for (int i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(p[i], 0);
	pte = *pte_find(mm, AT(3));
	assert_int_equal(
		pte & ~PTE_ADDR, PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NX);
	assert_int_equal(*pte_find(mm, AT(4)), 0);
}

static void test_fault_accounts(void **state)
{
	struct page *page;

	(void)state;
	map(0, 10);
	mm_fault(mm, AT(0), FAULT_WRITE);
	mm_fault(mm, AT(1), FAULT_WRITE);
	assert_int_equal(mm->anon_rss, 2);
	assert_int_equal(mm->nr_ptes, 1);
	assert_int_equal(mm->nr_pmds, 1);
	assert_int_equal(node_stat(m, NR_ANON_MAPPED), 2);
	assert_int_equal(node_stat(m, NR_ACTIVE_ANON), 0); /* they wait for company (§16.4) */
	lru_add_drain(m);
	assert_int_equal(node_stat(m, NR_ACTIVE_ANON), 2);
	assert_int_equal(memory_stat(m, NR_ZONE_ACTIVE_ANON), 2);
	assert_int_equal(memory_stat(m, NR_PAGETABLE), 1);
	assert_int_equal(m->event[PGFAULT], 2);
	page = virt_to_page(m, memory_at(AT(1)));
	assert_int_equal(page->mapcount, 1);
	assert_ptr_equal(page->mapping, find_vma(mm, AT(1))->rmap);
	assert_int_equal(page->index, AT(1) >> PAGE_SHIFT);
	mm_put_user(mm);
	assert_all_back();
}

static void test_second_fault_finds_the_page(void **state)
{
	(void)state;
	map(0, 1);
	mm_fault(mm, AT(0), FAULT_WRITE);
	*memory_at(AT(0)) = 42;
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
	assert_int_equal(mm->anon_rss, 1);
	assert_int_equal(*memory_at(AT(0)), 42);
}

/* The mask of the page itself, by the line of a refusal. */
static void assert_mask(unsigned int flags, const char *mode)
{
	char params[] = "fail_page_alloc=gfp:2,min-order:0,ignore-gfp-wait:0,ignore-gfp-highmem:0";

	assert_true(params_try_parse(params, params, sizeof(params)));
	m = machine_default();
	mm = mm_create(m);
	mm_map_fixed(mm, AT(0), LEN(1), flags, NULL, 0);
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OOM);
	assert_printed(mode);
	console_clear();
}

/* 4.8 asks for a page of a shared mapping as for a file's, and clears it itself. */
static void test_masks_of_faults(void **state)
{
	(void)state;
	assert_mask(VM_WRITE, "mode:0x24280ca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO)");
	assert_mask(VM_WRITE | VM_SHARED, "mode:0x24200ca(GFP_HIGHUSER_MOVABLE)");
}

static void test_a_shared_page_is_clear(void **state)
{
	(void)state;
	map(0, 1);
	mm_fault(mm, AT(0), FAULT_WRITE);
	memset(memory_at(AT(0)), 0xff, PAGE_SIZE);
	mm_unmap(mm, AT(0), LEN(1));
	mm_map_fixed(mm, AT(0), LEN(1), VM_WRITE | VM_SHARED, NULL, 0);
	mm_fault(mm, AT(0), 0);
	for (int i = 0; i < PAGE_SIZE; i++)
		assert_int_equal(memory_at(AT(0))[i], 0);
	mm_put_user(mm);
	assert_all_back();
}

static void test_fault_outside(void **state)
{
	(void)state;
	map(1, 1);
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_BAD_ADDRESS);
	assert_int_equal(mm_fault(mm, AT(2), FAULT_WRITE), FAULT_BAD_ADDRESS);
	assert_int_equal(mm->anon_rss, 0);
	assert_null(pte_find(mm, AT(0)));
	assert_int_equal(rwsem_readers(&mm->mmap_sem), 0);
}

static char template[3 * PAGE_SIZE];

static void fill_template(void)
{
	for (size_t i = 0; i < sizeof(template); i++)
		template[i] = 1 + i % 251;
}

static void test_template_is_copied(void **state)
{
	(void)state;
	fill_template();
	mm_map_fixed(mm, AT(0), LEN(4), VM_WRITE, template, 2 * PAGE_SIZE);
	for (int i = 0; i < 4; i++)
		assert_int_equal(mm_fault(mm, AT(i), FAULT_WRITE), FAULT_OK);
	assert_memory_equal(memory_at(AT(0)), template, PAGE_SIZE);
	assert_memory_equal(memory_at(AT(1)), template + PAGE_SIZE, PAGE_SIZE);
	assert_int_equal(*memory_at(AT(2)), 0);
	assert_int_equal(*memory_at(AT(3)), 0);
}

static void test_template_after_a_split(void **state)
{
	(void)state;
	fill_template();
	mm_map_fixed(mm, AT(0), LEN(4), VM_WRITE, template, 2 * PAGE_SIZE);
	mm_unmap(mm, AT(0), LEN(1));
	mm_fault(mm, AT(1), FAULT_WRITE);
	mm_fault(mm, AT(2), FAULT_WRITE);
	assert_memory_equal(memory_at(AT(1)), template + PAGE_SIZE, PAGE_SIZE);
	assert_int_equal(*memory_at(AT(2)), 0);
}

/*
 * The rest is zero, also the rest of the page in which the template ends: what lies behind the
 * template must not be copied along.
 */
static void test_template_ends_within_a_page(void **state)
{
	(void)state;
	fill_template();
	mm_map_fixed(mm, AT(0), LEN(2), VM_WRITE, template, PAGE_SIZE + 100);
	mm_fault(mm, AT(1), FAULT_WRITE);
	assert_memory_equal(memory_at(AT(1)), template + PAGE_SIZE, 100);
	for (int i = 100; i < PAGE_SIZE; i++)
		assert_int_equal(memory_at(AT(1))[i], 0);
}

/* Wherever in the page the access is. */
static void test_template_is_copied_from_the_page_s_begin(void **state)
{
	(void)state;
	fill_template();
	mm_map_fixed(mm, AT(0), LEN(2), VM_WRITE, template, 2 * PAGE_SIZE);
	mm_fault(mm, AT(0) + 1, FAULT_WRITE);
	mm_fault(mm, AT(1) + PAGE_SIZE - 1, FAULT_WRITE);
	assert_memory_equal(memory_at(AT(0)), template, PAGE_SIZE);
	assert_memory_equal(memory_at(AT(1)), template + PAGE_SIZE, PAGE_SIZE);
}

static void test_unmap_frees_and_flushes(void **state)
{
	long with_tables;

	(void)state;
	map(0, 10);
	with_tables = all_free(m) - 3 + 1; /* and the VMA's slab is idle */
	for (int i = 0; i < 10; i++)
		mm_fault(mm, AT(i), FAULT_WRITE);
	host_arch.full_flushes = 0;
	assert_int_equal(mm_unmap(mm, AT(0), LEN(10)), 0);
	assert_int_equal(host_arch.full_flushes, 1);
	assert_int_equal(mm->anon_rss, 0);
	assert_int_equal(*pte_find(mm, AT(0)), 0);
	/* Tables stay until the end. */
	assert_int_equal(all_free(m), with_tables);
	assert_int_equal(mm->nr_ptes, 1);
}

static void test_8_5_unmap_flushes_once_for_all_it_gathers(void **state)
{
	(void)state;
	map(0, 200);
	for (int i = 0; i < 200; i++)
		mm_fault(mm, AT(i), FAULT_WRITE);
	host_arch.full_flushes = 0;
	mm_unmap(mm, AT(0), LEN(200));
	assert_int_equal(host_arch.full_flushes, 1);
	/* Nothing mapped, nothing to flush. */
	map(0, 200);
	mm_unmap(mm, AT(0), LEN(200));
	assert_int_equal(host_arch.full_flushes, 1);
}

static void test_unmap_across_missing_tables(void **state)
{
	(void)state;
	map(0, 4096); /* 16 MiB, two of its pages present, seven of nine tables missing */
	mm_fault(mm, AT(5), FAULT_WRITE);
	mm_fault(mm, AT(4000), FAULT_WRITE);
	assert_int_equal(mm->nr_ptes, 2);
	assert_int_equal(mm_unmap(mm, AT(1), LEN(4094)), 0);
	assert_int_equal(mm->anon_rss, 0);
	assert_int_equal(mm->total_vm, 2);
	mm_put_user(mm);
	assert_all_back();
}

static void test_app_private_has_its_own_tables(void **state)
{
	uint64_t *kernel_pud = (uint64_t *)(m->virt_base + (kernel_pml4[511] & PTE_ADDR));

	(void)state;
	assert_int_equal(mm_map_fixed(mm, APP_PRIVATE, LEN(3), VM_WRITE, NULL, 0), 0);
	assert_int_equal(mm_fault(mm, APP_PRIVATE + PAGE_SIZE, FAULT_WRITE), FAULT_OK);
	assert_int_equal(*memory_at(APP_PRIVATE + PAGE_SIZE), 0);
	assert_int_equal(kernel_pud[511], 0);
	mm_put_user(mm);
	assert_all_back();
}

static void test_two_spaces_do_not_see_each_other(void **state)
{
	struct mm *other = mm_create(m), *first = mm;

	(void)state;
	map(0, 1);
	mm_fault(mm, AT(0), FAULT_WRITE);
	*memory_at(AT(0)) = 1;
	mm = other;
	map(0, 1);
	mm_fault(mm, AT(0), FAULT_WRITE);
	assert_int_equal(*memory_at(AT(0)), 0);
	mm_put_user(other);
	mm_put_user(first);
	assert_all_back();
}

static void test_fault_without_memory(void **state)
{
	(void)state;
	map(0, 4);
	mm_fault(mm, AT(0), FAULT_WRITE);
	memory_empty(m);
	memory_no_marks(m);
	current->memdie = true;
	assert_int_equal(mm_fault(mm, AT(1), FAULT_WRITE), FAULT_OOM);
	assert_int_equal(mm->anon_rss, 1);
	assert_int_equal(*pte_find(mm, AT(1)), 0);
	assert_int_equal(rwsem_readers(&mm->mmap_sem), 0);
}

static void test_fault_without_memory_for_tables(void **state)
{
	(void)state;
	map(0, 4);
	memory_empty(m);
	memory_no_marks(m);
	current->memdie = true;
	/* One page: the level below the private top exists, the lowest cannot be made. */
	zone_put(dma32(m), 5000, 0, MIGRATE_UNMOVABLE);
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OOM);
	assert_int_equal(mm->nr_ptes, 0);
	assert_int_equal(mm->anon_rss, 0);
	mm_put_user(mm);
	/* What it held came back: the object, two tables, the VMAs' page, that one page. */
	assert_int_equal(all_free(m), 5);
}

static const struct CMUnitTest tests[] = {
	TEST(test_create_takes_three_pages),
	TEST(test_kernel_half_is_shared_but_for_one_entry),
	TEST(test_the_private_table_begins_as_the_kernel_s),
	TEST(test_demand_zero),
	TEST(test_fault_accounts),
	TEST(test_second_fault_finds_the_page),
	TEST(test_masks_of_faults),
	TEST(test_a_shared_page_is_clear),
	TEST(test_fault_outside),
	TEST(test_template_is_copied),
	TEST(test_template_after_a_split),
	TEST(test_template_ends_within_a_page),
	TEST(test_template_is_copied_from_the_page_s_begin),
	TEST(test_unmap_frees_and_flushes),
	TEST(test_8_5_unmap_flushes_once_for_all_it_gathers),
	TEST(test_unmap_across_missing_tables),
	TEST(test_app_private_has_its_own_tables),
	TEST(test_two_spaces_do_not_see_each_other),
	TEST(test_fault_without_memory),
	TEST(test_fault_without_memory_for_tables),
};
TEST_GROUP(fault)
