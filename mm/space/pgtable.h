/*
 * An address space's own page tables: walking, filling, taking apart. mmap_sem held.
 *
 * The kernel half of the top table is the kernel's; only the entry that holds APP_PRIVATE is a
 * private copy, because apps' writable data lives next to the kernel's code (DESIGN §4).
 */
#ifndef MM_PGTABLE_H
#define MM_PGTABLE_H

#include "boot/paging.h"
#include "mm/space/mm.h"

/* Top table and private copies; false when memory is refused. */
bool pgtable_create(struct mm *mm);
/* Frees every table; no page may be mapped any more. */
void pgtable_destroy(struct mm *mm);

#define PT_ENTRIES          512
#define PT_INDEX(va, level) (((va) >> (12 + 9 * (level))) & (PT_ENTRIES - 1))

enum { LEVEL_PTE, LEVEL_PMD, LEVEL_PUD, LEVEL_PGD };

/* The table that `entry` points to, where physical memory is at `base`. */
static inline uint64_t *table_at(char *base, uint64_t entry)
{
	return (uint64_t *)(base + (entry & PTE_ADDR));
}

/* One level down: the entry of `addr` in the table behind `entry`. Other threads may make it. */
static inline uint64_t entry_in(char *base, uint64_t entry, uint64_t addr, int level)
{
	return READ_ONCE(table_at(base, entry)[PT_INDEX(addr, level)]);
}

/* The last-level entry for `addr`; NULL if its tables do not exist. */
static inline uint64_t *pte_find(struct mm *mm, uint64_t addr)
{
	char *base = mm->memory->virt_base;
	uint64_t entry = entry_in(base, mm->pgd, addr, LEVEL_PGD);

	if (unlikely(!(entry & PTE_PRESENT)))
		return NULL;
	entry = entry_in(base, entry, addr, LEVEL_PUD);
	if (unlikely(!(entry & PTE_PRESENT)))
		return NULL;
	entry = entry_in(base, entry, addr, LEVEL_PMD);
	if (unlikely(!(entry & PTE_PRESENT)))
		return NULL;
	return &table_at(base, entry)[PT_INDEX(addr, LEVEL_PTE)];
}

/* The same, with tables made where there are none; NULL when memory for them is refused. */
uint64_t *pte_make(struct mm *mm, uint64_t addr);

/* All levels above the last one are there, or are made; false: memory for one is refused. */
bool pmd_make(struct mm *mm, uint64_t addr);
/*
 * A last-level table by its physical address: one for an address whose pmd_make() has been done, counted, or 0; put
 * there, unless another thread was faster and it goes; or not needed after all.
 */
uint64_t pte_table_alloc(struct mm *mm);
void pte_table_install(struct mm *mm, uint64_t addr, uint64_t table);
void pte_table_free(struct mm *mm, uint64_t table);

/* The page that an entry maps and that is counted with it; NULL: none, or the zero page. */
static inline struct page *entry_page(const struct memory *m, uint64_t entry)
{
	return (entry & (PTE_PRESENT | PTE_SPECIAL)) == PTE_PRESENT ?
		phys_to_page(m, entry & PTE_ADDR) :
		NULL;
}

/* Change an entry that is `from`, 0 for empty; false: another thread was faster. */
static inline bool pte_change(uint64_t *pte, uint64_t from, uint64_t to)
{
	return __atomic_compare_exchange_n(
		pte, &from, to, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

#endif
