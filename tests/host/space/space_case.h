/*
 * What tests of address spaces share: a machine, one space, and what its pages hold.
 */
#ifndef HOST_SPACE_CASE_H
#define HOST_SPACE_CASE_H

#include "twin.h"

#include "apps.h"
#include "host_machine.h"
#include "kernel/core/param.h"
#include "mm/index/index_node.h"
#include "mm/oom/oom.h"
#include "mm/space/pgtable.h"
#include "mm/space/zap.h"

#define AT(page)   (APP_BASE + (uint64_t)(page)*PAGE_SIZE)
#define LEN(pages) ((uint64_t)(pages)*PAGE_SIZE)

static struct memory *m;
static struct mm *mm;
static long free_before;

static inline int setup(void **state)
{
	int err = twin_setup(state);

	m = machine_default();
	free_before = all_free(m);
	mm = mm_create(m);
	return err;
}

static inline void map(unsigned int page, unsigned int pages)
{
	assert_int_equal(mm_map_fixed(mm, AT(page), LEN(pages), VM_WRITE, NULL, 0), 0);
}

static inline unsigned char *memory_at(uint64_t addr)
{
	uint64_t *pte = pte_find(mm, addr);

	assert_true(pte && (*pte & PTE_PRESENT));
	return (unsigned char *)m->virt_base + (*pte & PTE_ADDR) + (addr & (PAGE_SIZE - 1));
}

static inline void assert_all_back(void)
{
	index_release_all(m); /* shared memory's faults have preloaded */
	assert_int_equal(all_free(m), free_before);
	assert_int_equal(memory_stat(m, NR_ZONE_ACTIVE_ANON), 0);
	assert_int_equal(memory_stat(m, NR_PAGETABLE), 0);
	assert_valid(m);
}

/* Every test of a file that includes this starts so. */
#undef TEST
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, twin_teardown)

#endif
