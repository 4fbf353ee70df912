/*
 * What is only read is the zero page, until it is written to (mm/space/fault.c).
 */
#include "space/space_case.h"

/* 4.8: what is only read is the zero page, which counts nowhere. */
static void assert_zero_page(uint64_t addr)
{
	assert_int_equal(*pte_find(mm, addr),
		m->zero_pfn << PAGE_SHIFT | PTE_PRESENT | PTE_ACCESSED | PTE_NX | PTE_SPECIAL);
}

static void test_a_read_finds_the_zero_page(void **state)
{
	long with_tables;

	(void)state;
	map(0, 10);
	assert_int_equal(mm_fault(mm, AT(3), 0), FAULT_OK);
	with_tables = all_free(m);
	assert_int_equal(mm_fault(mm, AT(4) + 9, 0), FAULT_OK);
	assert_int_equal(mm_fault(mm, AT(4), 0), FAULT_OK); /* a thread did it as well */
	assert_zero_page(AT(3));
	assert_zero_page(AT(4));
	assert_int_equal(memory_at(AT(4))[PAGE_SIZE - 1], 0);
	assert_int_equal(all_free(m), with_tables);
	assert_int_equal(mm->anon_rss, 0);
	assert_int_equal(node_stat(m, NR_ANON_MAPPED), 0);
	assert_int_equal(m->event[PGFAULT], 3);
	mm_put_user(mm);
	assert_all_back();
}

static void test_a_write_replaces_the_zero_page(void **state)
{
	(void)state;
	map(0, 10);
	mm_fault(mm, AT(3), 0);
	mm_fault(mm, AT(4), 0);
	host_arch.page_flushes = host_arch.full_flushes = 0;
	assert_int_equal(mm_fault(mm, AT(3), FAULT_WRITE), FAULT_OK);
	assert_int_equal(host_arch.page_flushes, 1);
	assert_int_equal(host_arch.full_flushes, 0);
	assert_true(*pte_find(mm, AT(3)) & PTE_WRITE);
	assert_false(*pte_find(mm, AT(3)) & PTE_SPECIAL);
	*memory_at(AT(3)) = 42;
	assert_zero_page(AT(4));
	assert_int_equal(mm->anon_rss, 1);
	assert_int_equal(node_stat(m, NR_ANON_MAPPED), 1);
	/* Nothing more happens to it, whoever comes late. */
	assert_int_equal(mm_fault(mm, AT(3), FAULT_WRITE), FAULT_OK);
	assert_int_equal(mm_fault(mm, AT(3), 0), FAULT_OK);
	assert_int_equal(*memory_at(AT(3)), 42);
	assert_int_equal(host_arch.page_flushes, 1);
	mm_put_user(mm);
	assert_all_back();
}

static uint64_t while_told;

static void look_meanwhile(uint64_t cr3)
{
	(void)cr3;
	while_told = *pte_find(mm, AT(3));
}

/*
 * Until all CPUs have forgotten the zero page nobody writes to the one in its place: who still knew it
 * would find zeroes in a word that is taken, and then take it as well.
 */
static void test_nobody_writes_before_the_zero_page_is_forgotten(void **state)
{
	(void)state;
	map(0, 10);
	mm_fault(mm, AT(3), 0);
	twin.on_flush = look_meanwhile;
	assert_int_equal(mm_fault(mm, AT(3), FAULT_WRITE), FAULT_OK);
	twin.on_flush = NULL;
	assert_int_equal(while_told & (PTE_PRESENT | PTE_WRITE | PTE_SPECIAL), PTE_PRESENT);
	assert_true(*pte_find(mm, AT(3)) & PTE_WRITE);
	assert_int_equal(mm->anon_rss, 1);
	mm_put_user(mm);
	assert_all_back();
}

/* The reaper passes by meanwhile. */
static void zap_meanwhile(uint64_t cr3)
{
	struct mmu_gather g;

	(void)cr3;
	twin.on_flush = NULL;
	gather_start(&g, mm, true);
	unmap_page_range(&g, AT(0), AT(10), NULL);
	gather_finish(&g);
}

static void test_what_the_reaper_took_meanwhile_stays_away(void **state)
{
	(void)state;
	map(0, 10);
	mm_fault(mm, AT(3), 0);
	twin.on_flush = zap_meanwhile;
	assert_int_equal(mm_fault(mm, AT(3), FAULT_WRITE), FAULT_OK);
	assert_int_equal(*pte_find(mm, AT(3)), 0);
	assert_int_equal(mm->anon_rss, 0);
	assert_int_equal(node_stat(m, NR_ANON_MAPPED), 0);
	mm_put_user(mm);
	assert_all_back();
}

static void test_what_is_not_zero_is_not_the_zero_page(void **state)
{
	static char initial[PAGE_SIZE + 10];

	(void)state;
	mm_map_fixed(mm, AT(0), LEN(4), VM_WRITE, initial, sizeof(initial));
	mm_map_fixed(mm, AT(8), LEN(1), VM_WRITE | VM_SHARED, NULL, 0);
	for (int i = 0; i < 9; i++)
		mm_fault(mm, AT(i), 0);
	assert_int_equal(mm->anon_rss, 2); /* the second in part */
	assert_int_equal(mm->shmem_rss, 1);
	assert_zero_page(AT(2));
	assert_int_equal(
		mm_fault(mm, AT(2), FAULT_WRITE), FAULT_OK); /* behind initial data as well */
	assert_int_equal(mm->anon_rss, 3);
	mm_put_user(mm);
	assert_all_back();
}

static void test_zero_page_and_protection(void **state)
{
	(void)state;
	assert_int_equal(mm_map_fixed(mm, AT(0), LEN(2), 0, NULL, 0), 0);
	mm_fault(mm, AT(0), 0);
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_BAD_ADDRESS);
	assert_int_equal(mm_protect(mm, AT(0), LEN(2), true), 0);
	assert_zero_page(AT(0)); /* still not to be written */
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
	assert_int_equal(mm->anon_rss, 1);
}

/* Nothing is freed, but a CPU may know it. */
static void test_unmapping_the_zero_page_flushes(void **state)
{
	long with_tables;

	(void)state;
	map(0, 10);
	mm_fault(mm, AT(3), 0);
	with_tables = all_free(m);
	host_arch.full_flushes = 0;
	assert_int_equal(mm_unmap(mm, AT(0), LEN(10)), 0);
	assert_int_equal(host_arch.full_flushes, 1);
	assert_int_equal(*pte_find(mm, AT(3)), 0);
	assert_int_equal(all_free(m), with_tables + 1); /* the VMA's slab is idle */
	assert_int_equal(mm->anon_rss, 0);
}

static void test_no_memory_for_what_was_the_zero_page(void **state)
{
	(void)state;
	map(0, 2);
	mm_fault(mm, AT(0), 0);
	current->memdie = true;
	memory_empty(m);
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OOM);
	assert_zero_page(AT(0));
	assert_int_equal(mm_fault(mm, AT(0), 0), FAULT_OK);
	assert_zero_page(AT(0));
}

static const struct CMUnitTest tests[] = {
	TEST(test_a_read_finds_the_zero_page),
	TEST(test_a_write_replaces_the_zero_page),
	TEST(test_nobody_writes_before_the_zero_page_is_forgotten),
	TEST(test_what_the_reaper_took_meanwhile_stays_away),
	TEST(test_what_is_not_zero_is_not_the_zero_page),
	TEST(test_zero_page_and_protection),
	TEST(test_unmapping_the_zero_page_flushes),
	TEST(test_no_memory_for_what_was_the_zero_page),
};
TEST_GROUP(zero_page)
