/*
 * What the page tables promise: nothing writable and executable, nothing at null, guard pages.
 */
#include "boot/paging.h"
#include "kernel/core/sched/task.h"
#include "tests/guest/ktest.h"

#define ENTRIES 512

extern char _text[], _etext[], _rodata[], _erodata[], _data[], _edata[];

/* Leaves below `table` that are writable and not NX. */
static unsigned long count_wx(const uint64_t *table, int level)
{
	unsigned long n = 0;

	for (int i = 0; i < ENTRIES; i++) {
		uint64_t e = table[i];

		if (!(e & PTE_PRESENT))
			continue;
		if (level == 0 || (e & PTE_LARGE))
			n += (e & PTE_WRITE) && !(e & PTE_NX);
		else
			n += count_wx(phys_to_virt(e & PTE_ADDR), level - 1);
	}
	return n;
}

KTEST(no_page_is_writable_and_executable)
{
	EXPECT(count_wx(kernel_pml4, 3) == 0);
	return NULL;
}

KTEST(null_page_is_unmapped)
{
	EXPECT(kmap_lookup(0) == 0);
	EXPECT(kmap_lookup(DIRECT_MAP) == 0);
	return NULL;
}

KTEST(stack_has_a_guard_page)
{
	EXPECT(kmap_lookup(current->stack) & PTE_WRITE);
	EXPECT(kmap_lookup(current->stack - PAGE_SIZE) == 0);
	return NULL;
}

KTEST(code_and_constants_are_read_only_in_both_mappings)
{
	for (char *p = _text; p < _erodata; p += PAGE_SIZE) {
		EXPECT(!(kmap_lookup((uint64_t)p) & PTE_WRITE));
		EXPECT(!(kmap_lookup((uint64_t)phys_to_virt(virt_to_phys(p))) & PTE_WRITE));
	}
	EXPECT(!(kmap_lookup((uint64_t)_text) & PTE_NX));
	EXPECT(kmap_lookup((uint64_t)_rodata) & PTE_NX);
	EXPECT(kmap_lookup((uint64_t)_data) & PTE_NX);
	return NULL;
}

KTEST(protection_bits_are_in_force)
{
	uint64_t cr0;

	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	EXPECT(cr0 & (1 << 16));               /* WP */
	EXPECT(rdmsr(0xc0000080) & (1 << 11)); /* EFER.NXE */
	return NULL;
}
