/*
 * An address space's page tables (see pgtable.h).
 */
#include <string.h>

#include "mm/alloc/page_alloc.h"
#include "mm/space/pgtable.h"

/* As 4.8 has it: the two levels between are tracked. */
static const gfp_t table_gfp[] = {
	[LEVEL_PTE] = PGALLOC_GFP,
	[LEVEL_PMD] = PGALLOC_GFP & ~__GFP_NOTRACK,
	[LEVEL_PUD] = PGALLOC_GFP & ~__GFP_NOTRACK,
	[LEVEL_PGD] = PGALLOC_GFP,
};

static uint64_t *table_of(const struct mm *mm, uint64_t entry)
{
	return table_at(mm->memory->virt_base, entry);
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
	struct page *page = alloc_pages(mm->memory, table_gfp[level], 0);

	if (!page)
		return 0;
	account(mm, page, level, 1);
	return page_to_phys(mm->memory, page);
}

static void free_table(struct mm *mm, uint64_t entry, int level)
{
	struct page *page = phys_to_page(mm->memory, entry & PTE_ADDR);

	account(mm, page, level, -1);
	free_pages(mm->memory, page, 0);
}

/* The top two levels for APP_PRIVATE: the kernel's entries, and room for our own. */
static bool copy_top(struct mm *mm)
{
	uint64_t *pgd = table_of(mm, mm->pgd), *pud;
	uint64_t phys = alloc_table(mm, LEVEL_PUD);

	if (!phys)
		return false;
	memcpy(pgd + PT_ENTRIES / 2, kernel_pml4 + PT_ENTRIES / 2, PT_ENTRIES / 2 * sizeof(*pgd));
	pud = table_of(mm, phys);
	memcpy(pud, table_of(mm, kernel_pml4[PT_INDEX(APP_PRIVATE, LEVEL_PGD)]), PAGE_SIZE);
	pgd[PT_INDEX(APP_PRIVATE, LEVEL_PGD)] = phys | PTE_PRESENT | PTE_WRITE;
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
	uint64_t *table = table_of(mm, entry);

	for (int i = 0; level > LEVEL_PTE && i < PT_ENTRIES; i++)
		if (table[i] & PTE_PRESENT)
			destroy_level(mm, table[i], level - 1);
	free_table(mm, entry, level);
}

void pgtable_destroy(struct mm *mm)
{
	uint64_t *pgd = table_of(mm, mm->pgd);
	uint64_t *pud = table_of(mm, pgd[PT_INDEX(APP_PRIVATE, LEVEL_PGD)]);
	uint64_t private = pud[PT_INDEX(APP_PRIVATE, LEVEL_PUD)];

	for (int i = 0; i < PT_ENTRIES / 2; i++)
		if (pgd[i] & PTE_PRESENT)
			destroy_level(mm, pgd[i], LEVEL_PUD);
	if (private & PTE_PRESENT)
		destroy_level(mm, private, LEVEL_PMD);
	free_table(mm, pgd[PT_INDEX(APP_PRIVATE, LEVEL_PGD)], LEVEL_PUD);
	free_table(mm, mm->pgd, LEVEL_PGD);
}

/* Another thread may make the same table meanwhile: the first one stays. */
static bool make_table(struct mm *mm, uint64_t *slot, int level)
{
	uint64_t phys = alloc_table(mm, level);

	if (!phys)
		return false;
	if (!pte_change(slot, 0, phys | PTE_PRESENT | PTE_WRITE))
		free_table(mm, phys, level);
	return true;
}

/* The entry of `addr` in its table of the level `to`; those above are made. */
static uint64_t *make_down_to(struct mm *mm, uint64_t addr, int to)
{
	uint64_t *table = table_of(mm, mm->pgd);

	for (int level = LEVEL_PGD; level > to; level--) {
		uint64_t *slot = &table[PT_INDEX(addr, level)];

		if (!(READ_ONCE(*slot) & PTE_PRESENT) && !make_table(mm, slot, level - 1))
			return NULL;
		table = table_of(mm, READ_ONCE(*slot));
	}
	return &table[PT_INDEX(addr, to)];
}

uint64_t *pte_make(struct mm *mm, uint64_t addr)
{
	return make_down_to(mm, addr, LEVEL_PTE);
}

bool pmd_make(struct mm *mm, uint64_t addr)
{
	return make_down_to(mm, addr, LEVEL_PMD);
}

uint64_t pte_table_alloc(struct mm *mm)
{
	return alloc_table(mm, LEVEL_PTE);
}

void pte_table_install(struct mm *mm, uint64_t addr, uint64_t table)
{
	uint64_t *slot = make_down_to(mm, addr, LEVEL_PMD);

	if (!pte_change(slot, 0, table | PTE_PRESENT | PTE_WRITE))
		pte_table_free(mm, table);
}

void pte_table_free(struct mm *mm, uint64_t table)
{
	free_table(mm, table, LEVEL_PTE);
}
