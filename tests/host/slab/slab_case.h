/*
 * Machines for the tests of mm/slab, and what many of them ask.
 */
#ifndef HOST_SLAB_CASE_H
#define HOST_SLAB_CASE_H

#include "twin.h"

#include "host_machine.h"
#include "kernel/core/param.h"
#include "mm/alloc/pcp.h"
#include "mm/page/vmstat.h"
#include "mm/slab/kmalloc.h"
#include "mm/slab/partial.h"
#include "mm/slab/slab.h"
#include "mm/slab/slab_use.h"
#include "mm/slab/slab_validate.h"

/* What mm/slab keeps is checked as well, after each step. */
static inline void slab_valid(struct memory *m)
{
	const char *err = slab_validate_pages(m);

	if (err)
		fail_msg("slab_validate_pages: %s", err);
	assert_valid(m);
}

static inline struct memory *slab_machine(unsigned int cpus)
{
	struct machine_spec spec = {.range = {{0, 0x9fc00, 1}, {MIB(1), MIB(64), 1}}};
	struct task *task = current;
	struct memory *m;

	nr_cpus = cpus;
	m = machine_new(&spec);
	for (unsigned int id = 0; id < cpus; id++) {
		become_cpu(id);
		become(task);
	}
	become_cpu(0);
	return m;
}

/* The same with a parameter of the command line, such as one that refuses requests. */
static inline struct memory *slab_machine_with(unsigned int cpus, const char *parameter)
{
	set_parameters(parameter);
	return slab_machine(cpus);
}

static inline struct page *slab_of(struct memory *m, const void *object)
{
	return virt_to_page(m, object)->slab_head;
}

/* All gone, whatever CPU kept it: nothing is lost. */
static inline void assert_nothing_left(struct memory *m, long before)
{
	slab_shrink_all(m);
	slab_valid(m);
	assert_int_equal(memory_stat_exact(m, NR_SLAB_UNRECLAIMABLE), 0);
	assert_int_equal(memory_stat_exact(m, NR_SLAB_RECLAIMABLE), 0);
	assert_int_equal(all_free(m), before);
}

#endif
