/*
 * Page tables, faults and the end of an address space (mm/space/mm.h; reference §7.7, §8.5).
 */
#include "twin.h"

#include "apps.h"
#include "host_machine.h"
#include "kernel/core/param.h"
#include "mm/oom/oom.h"
#include "mm/space/pgtable.h"
#include "mm/space/zap.h"

#define AT(page)   (APP_BASE + (uint64_t)(page)*PAGE_SIZE)
#define LEN(pages) ((uint64_t)(pages)*PAGE_SIZE)

static struct memory *m;
static struct mm *mm;
static long free_before;

static int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	free_before = all_free(m);
	mm = mm_create(m);
	return err;
}

static void map(unsigned int page, unsigned int pages)
{
	assert_int_equal(mm_map_fixed(mm, AT(page), LEN(pages), VM_WRITE, NULL, 0), 0);
}

static unsigned char *memory_at(uint64_t addr)
{
	uint64_t *pte = pte_find(mm, addr);

	assert_true(pte && (*pte & PTE_PRESENT));
	return (unsigned char *)m->virt_base + (*pte & PTE_ADDR) + (addr & (PAGE_SIZE - 1));
}

static void assert_all_back(void)
{
	assert_int_equal(all_free(m), free_before);
	assert_int_equal(memory_stat(m, NR_ZONE_ACTIVE_ANON), 0);
	assert_int_equal(memory_stat(m, NR_PAGETABLE), 0);
	assert_valid(m);
}

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
	assert_int_equal(memory_stat(m, NR_ZONE_ACTIVE_ANON), 2);
	assert_int_equal(memory_stat(m, NR_PAGETABLE), 1);
	assert_int_equal(m->event[PGFAULT], 2);
	page = virt_to_page(m, memory_at(AT(1)));
	assert_int_equal(page->mapcount, 1);
	assert_ptr_equal(page->mapping, mm);
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
	assert_int_equal(memory_stat(m, NR_ZONE_ACTIVE_ANON), 0);
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
	assert_int_equal(memory_stat(m, NR_ZONE_ACTIVE_ANON), 1);
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
	assert_int_equal(memory_stat(m, NR_ZONE_ACTIVE_ANON), 0);
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
	mm_put_user(mm);
	assert_all_back();
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
	assert_int_equal(all_free(m), with_tables);
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
	with_tables = all_free(m) - 3;
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

static void test_teardown_returns_every_page(void **state)
{
	(void)state;
	map(0, 600);
	mm_map_fixed(mm, 0x7000000000, LEN(8), VM_WRITE, NULL, 0);
	for (int i = 0; i < 600; i += 3)
		mm_fault(mm, AT(i), FAULT_WRITE);
	mm_fault(mm, 0x7000000000, FAULT_WRITE);
	assert_true(mm->nr_ptes >= 3);
	mm_put_user(mm);
	assert_all_back();
}

/* What lies behind a table looks like entries of it: none of that is taken for one. */
static void test_teardown_among_dirty_pages(void **state)
{
	(void)state;
	map(0, 1);
	memory_empty(m);
	memory_no_marks(m);
	for (int i = 0; i < 8; i++) {
		zone_put(dma32(m), 4096 + 2 * i, 0, MIGRATE_MOVABLE);
		memset(page_address(m, pfn_to_page(m, 4097 + 2 * i)), 0xff, PAGE_SIZE);
	}
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
	mm_put_user(mm);
	/* With the object, two tables and the VMAs' page. */
	assert_int_equal(all_free(m), 8 + 4);
}

static void test_last_user_tears_down(void **state)
{
	(void)state;
	map(0, 1);
	mm_fault(mm, AT(0), FAULT_WRITE);
	refcount_get(&mm->users);
	mm_put_user(mm);
	assert_int_equal(mm->anon_rss, 1);
	refcount_get(&mm->count); /* somebody looks at the struct */
	mm_put_user(mm);
	assert_int_equal(mm->total_vm, 0);
	assert_int_equal(mm->anon_rss, 0);
	assert_int_equal(all_free(m), free_before - 1);
	mm_drop(mm);
	assert_all_back();
}

/* Another thread of the app serves the same fault while this one waits for memory. */
static void other_thread_faults(void)
{
	if (twin.yields > 1)
		return;
	become(task_new("thread", 11, mm));
	for (int i = 0; i < 8; i++)
		zone_put(dma32(m), 4096 + 2 * i, 0, MIGRATE_MOVABLE);
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
	*memory_at(AT(0)) = 42;
}

static void fault_race(void)
{
	twin.yields = 0;
	twin.on_yield = other_thread_faults;
	become(task_new("app", 10, mm));
	memory_empty(m);
	memory_no_marks(m);
	assert_int_equal(mm_fault(mm, AT(0), FAULT_WRITE), FAULT_OK);
	assert_true(twin.yields > 0);
	assert_int_equal(*memory_at(AT(0)), 42);
}

/*
 * Allocating the page may sleep: when another thread has served the fault meanwhile, its page and
 * what it wrote must stay.
 */
static void test_two_threads_fault_the_same_page(void **state)
{
	(void)state;
	map(0, 2);
	mm_fault(mm, AT(1), FAULT_WRITE); /* the tables are there */
	fault_race();
	assert_int_equal(mm->anon_rss, 2);
	assert_int_equal(all_free(m), 7);
}

/* A page that was to be shared goes back like any other. */
static void test_two_threads_fault_the_same_shared_page(void **state)
{
	(void)state;
	mm_map_fixed(mm, AT(0), LEN(2), VM_WRITE | VM_SHARED, NULL, 0);
	mm_fault(mm, AT(1), FAULT_WRITE);
	fault_race();
	assert_int_equal(mm->shmem_rss, 2);
	assert_int_equal(m->nr_shmem, 2);
	assert_int_equal(all_free(m), 7);
}

/* The same for a missing table. */
static void test_two_threads_make_the_same_table(void **state)
{
	(void)state;
	map(0, 1);
	fault_race();
	assert_int_equal(mm->anon_rss, 1);
	assert_int_equal(mm->nr_ptes, 1);
	assert_int_equal(all_free(m), 4);
}

/* Of every level; what the loser made is in no account. */
static void race_for_a_table(uint64_t neighbour, long left)
{
	map(0, 1);
	mm_map_fixed(mm, neighbour, LEN(1), VM_WRITE, NULL, 0);
	mm_fault(mm, neighbour, FAULT_WRITE);
	fault_race();
	assert_int_equal(all_free(m), left);
	assert_int_equal(mm->nr_ptes, 2);
	assert_int_equal(memory_stat(m, NR_PAGETABLE), 2);
	assert_int_equal(mm->nr_pmds, left == 6 ? 1 : 2);
	mm_put_user(mm);
	assert_int_equal(memory_stat(m, NR_PAGETABLE), 0);
}

static void test_two_threads_make_the_same_lowest_table(void **state)
{
	(void)state;
	race_for_a_table(AT(0) + (2ull << 20), 6);
}

static void test_two_threads_make_the_same_middle_table(void **state)
{
	(void)state;
	race_for_a_table(AT(0) + (1ull << 30), 5);
}

/* A killer waits for the memory: that it need not any more is said when all has been freed. */
static void not_yet(void)
{
	assert_false(mm_test_flag(mm, MMF_OOM_SKIP));
	twin.called++;
}

static void test_8_2_skip_is_set_when_the_memory_is_free(void **state)
{
	(void)state;
	map(0, 3);
	mm_fault(mm, AT(0), FAULT_WRITE);
	mm_pin(mm);
	twin.on_yield = not_yet;
	assert_true(mm_put_user(mm));
	assert_int_equal(twin.called, 1);
	assert_true(mm_test_flag(mm, MMF_OOM_SKIP));
	mm_drop(mm);
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

/* Not before its pages are safe from being looked at, and not after they have gone. */
static void look_when_it_has_left(void)
{
	assert_null(current->mm);
	assert_true(current->memdie);
	assert_int_equal(mm->users.n, 1);
	assert_int_equal(mm->anon_rss, 1);
	twin.called++;
}

static void test_7_7_exit_mm(void **state)
{
	struct task *t = task_new("app", 10, mm);

	(void)state;
	map(0, 3);
	mm_fault(mm, AT(0), FAULT_WRITE);
	become(t);
	mark_oom_victim(m, t);
	twin.on_leave = look_when_it_has_left;
	exit_mm(m);
	assert_int_equal(twin.called, 1);
	assert_null(t->mm);
	assert_false(t->memdie);
	assert_int_equal(m->oom_victims, 0);
	assert_all_back();
	exit_mm(m); /* once more is harmless */
}

/* While its memory is being freed it is a victim: who asked for its death waits for that. */
static void still_a_victim(void)
{
	assert_true(current->memdie);
	assert_int_equal(m->oom_victims, 1);
	assert_int_equal(current->process->oom_victims, 1);
	twin.called++;
}

static void test_7_7_a_victim_until_its_memory_is_free(void **state)
{
	struct task *t = task_new("app", 10, mm);

	(void)state;
	map(0, 3);
	mm_fault(mm, AT(0), FAULT_WRITE);
	app_mark(m, t);
	become(t);
	twin.on_yield = still_a_victim;
	exit_mm(m);
	assert_int_equal(twin.called, 1);
	assert_false(t->memdie);
	assert_int_equal(m->oom_victims, 0);
	assert_int_equal(t->process->oom_victims, 0);
	assert_all_back();
}

static struct task *writer;

static void writer_lets_go(void)
{
	struct task *victim = current;

	assert_int_equal(victim->state, TASK_UNINTERRUPTIBLE);
	assert_true(victim->memdie);
	become(writer);
	up_write(&mm->mmap_sem);
}

static void test_7_7_exit_waits_for_a_writer_uninterruptibly(void **state)
{
	struct task *t = task_new("app", 10, mm);

	(void)state;
	writer = task_new("writer", 11, mm);
	refcount_get(&mm->users);
	become(writer);
	down_write(&mm->mmap_sem);
	become(t);
	app_mark(m, t);
	twin.on_sleep = writer_lets_go;
	exit_mm(m);
	assert_int_equal(twin.sleeps, 1);
	assert_false(t->memdie);
	assert_int_equal(mm->users.n, 1);
}

#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)
static const struct CMUnitTest tests[] = {
	TEST(test_create_takes_three_pages),
	TEST(test_kernel_half_is_shared_but_for_one_entry),
	TEST(test_the_private_table_begins_as_the_kernel_s),
	TEST(test_demand_zero),
	TEST(test_fault_accounts),
	TEST(test_second_fault_finds_the_page),
	TEST(test_a_read_finds_the_zero_page),
	TEST(test_a_write_replaces_the_zero_page),
	TEST(test_nobody_writes_before_the_zero_page_is_forgotten),
	TEST(test_what_the_reaper_took_meanwhile_stays_away),
	TEST(test_what_is_not_zero_is_not_the_zero_page),
	TEST(test_masks_of_faults),
	TEST(test_a_shared_page_is_clear),
	TEST(test_zero_page_and_protection),
	TEST(test_unmapping_the_zero_page_flushes),
	TEST(test_no_memory_for_what_was_the_zero_page),
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
	TEST(test_teardown_returns_every_page),
	TEST(test_teardown_among_dirty_pages),
	TEST(test_last_user_tears_down),
	TEST(test_two_threads_fault_the_same_page),
	TEST(test_two_threads_fault_the_same_shared_page),
	TEST(test_two_threads_make_the_same_table),
	TEST(test_two_threads_make_the_same_lowest_table),
	TEST(test_two_threads_make_the_same_middle_table),
	TEST(test_8_2_skip_is_set_when_the_memory_is_free),
	TEST(test_fault_without_memory),
	TEST(test_fault_without_memory_for_tables),
	TEST(test_7_7_exit_mm),
	TEST(test_7_7_a_victim_until_its_memory_is_free),
	TEST(test_7_7_exit_waits_for_a_writer_uninterruptibly),
};
TEST_GROUP(fault)
