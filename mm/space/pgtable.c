/*
 * An address space's page tables (see pgtable.h).
 */
#include <string.h>

#include "mm/alloc/page_alloc.h"
#include "mm/space/pgtable.h"

#define ENTRIES          512
#define INDEX(va, level) (((va) >> (12 + 9 * (level))) & (ENTRIES - 1))
#define GFP_TABLE        (GFP_KERNEL | __GFP_NOTRACK | __GFP_REPEAT | __GFP_ZERO)

enum { LEVEL_PTE, LEVEL_PMD, LEVEL_PUD, LEVEL_PGD };

static uint64_t *table_at(const struct mm *mm, uint64_t entry)
{
	return (uint64_t *)(mm->memory->virt_base + (entry & PTE_ADDR));
}

/*
 * Tables of the two lowest levels count against an app (§7.5); as in 4.8, the machine's counter
 * knows those of the lowest only.
 */
static void account(struct mm *mm, struct page *page, int level, int delta)
{
	if (level == LEVEL_PMD)
		atomic_add(&mm->nr_pmds, delta);
	if (level != LEVEL_PTE)
		return;
	atomic_add(&mm->nr_ptes, delta);
	zone_stat_add(page_zone(mm->memory, page), NR_PAGETABLE, delta);
}

static uint64_t alloc_table(struct mm *mm, int level)
{
	struct page *page = alloc_pages(mm->memory, GFP_TABLE, 0);

	if (!page)
		return 0;
	account(mm, page, level, 1);
	return page_to_pfn(mm->memory, page) << PAGE_SHIFT;
}

static void free_table(struct mm *mm, uint64_t entry, int level)
{
	struct page *page = pfn_to_page(mm->memory, (entry & PTE_ADDR) >> PAGE_SHIFT);

	account(mm, page, level, -1);
	free_pages(mm->memory, page, 0);
}

/* The top two levels for APP_PRIVATE: the kernel's entries, and room for our own. */
static bool copy_top(struct mm *mm)
{
	uint64_t *pgd = table_at(mm, mm->pgd), *pud;
	uint64_t phys = alloc_table(mm, LEVEL_PUD);

	if (!phys)
		return false;
	memcpy(pgd + ENTRIES / 2, kernel_pml4 + ENTRIES / 2, ENTRIES / 2 * sizeof(*pgd));
	pud = table_at(mm, phys);
	memcpy(pud, table_at(mm, kernel_pml4[INDEX(APP_PRIVATE, LEVEL_PGD)]), PAGE_SIZE);
	pgd[INDEX(APP_PRIVATE, LEVEL_PGD)] = phys | PTE_PRESENT | PTE_WRITE;
	return true;
}

bool pgtable_create(struct mm *mm)
{
	mm->pgd = alloc_table(mm, LEVEL_PGD);
	if (!mm->pgd)
		return false;
	if (!copy_top(mm)) {
		free_table(mm, mm->pgd, LEVEL_PGD);
		return false;
	}
	return true;
}

/* Frees a table of `level` and all below it. */
static void destroy_level(struct mm *mm, uint64_t entry, int level)
{
	uint64_t *table = table_at(mm, entry);

	for (int i = 0; level > LEVEL_PTE && i < ENTRIES; i++)
		if (table[i] & PTE_PRESENT)
			destroy_level(mm, table[i], level - 1);
	free_table(mm, entry, level);
}

void pgtable_destroy(struct mm *mm)
{
	uint64_t *pgd = table_at(mm, mm->pgd);
	uint64_t *pud = table_at(mm, pgd[INDEX(APP_PRIVATE, LEVEL_PGD)]);
	uint64_t private = pud[INDEX(APP_PRIVATE, LEVEL_PUD)];

	for (int i = 0; i < ENTRIES / 2; i++)
		if (pgd[i] & PTE_PRESENT)
			destroy_level(mm, pgd[i], LEVEL_PUD);
	if (private & PTE_PRESENT)
		destroy_level(mm, private, LEVEL_PMD);
	free_table(mm, pgd[INDEX(APP_PRIVATE, LEVEL_PGD)], LEVEL_PUD);
	free_table(mm, mm->pgd, LEVEL_PGD);
}

/* Another thread may make the same table meanwhile: the first one stays. */
static bool make_table(struct mm *mm, uint64_t *slot, int level)
{
	uint64_t phys = alloc_table(mm, level);

	if (!phys)
		return false;
	if (!pte_set_first(slot, phys | PTE_PRESENT | PTE_WRITE))
		free_table(mm, phys, level);
	return true;
}

static uint64_t *walk(struct mm *mm, uint64_t addr, bool make)
{
	uint64_t *table = table_at(mm, mm->pgd);

	for (int level = LEVEL_PGD; level > LEVEL_PTE; level--) {
		uint64_t *slot = &table[INDEX(addr, level)];
		uint64_t entry = READ_ONCE(*slot); /* others may make it */

		if (unlikely(!(entry & PTE_PRESENT))) {
			if (!make || !make_table(mm, slot, level - 1))
				return NULL;
			entry = READ_ONCE(*slot);
		}
		table = table_at(mm, entry);
	}
	return &table[INDEX(addr, LEVEL_PTE)];
}

uint64_t *pte_find(struct mm *mm, uint64_t addr)
{
	return walk(mm, addr, false);
}

uint64_t *pte_make(struct mm *mm, uint64_t addr)
{
	return walk(mm, addr, true);
}
