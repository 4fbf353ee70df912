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

/* The last-level entry for `addr`; NULL if its tables do not exist (or could not be made). */
uint64_t *pte_find(struct mm *mm, uint64_t addr);
uint64_t *pte_make(struct mm *mm, uint64_t addr);

/* Fill an empty entry; false: another thread was faster. */
static inline bool pte_set_first(uint64_t *pte, uint64_t value)
{
	uint64_t empty = 0;

	return __atomic_compare_exchange_n(
		pte, &empty, value, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

#endif
