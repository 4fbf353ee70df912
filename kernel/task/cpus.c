/*
 * Starting the machine's further CPUs (see cpus.h).
 */
#include "kernel/core/machine.h"
#include "kernel/core/log/printk.h"
#include "kernel/core/sched/smp.h"
#include "kernel/task/app.h"
#include "kernel/task/cpus.h"
#include "mm/alloc/page_alloc.h"

#define FAULT_STACKS_ORDER 3

_Static_assert(CPU_FAULT_BYTES <= PAGE_SIZE << FAULT_STACKS_ORDER, "a block holds them");

static const char *start_cpu(unsigned int id)
{
	struct page *stacks = alloc_pages(&system_memory, GFP_KERNEL, FAULT_STACKS_ORDER);
	char name[TASK_COMM_LEN];
	struct task *idle;

	ksnprintf(name, sizeof(name), "swapper/%u", id);
	idle = task_alloc(name, 0, NULL, NULL);
	if (!stacks || !idle)
		return "too little memory for this many CPUs";
	return smp_start_cpu(id, idle, page_address(&system_memory, stacks));
}

const char *start_cpus(void)
{
	const char *err = NULL;

	for (unsigned int id = 1; id < nr_cpus && !err; id++)
		err = start_cpu(id);
	if (!err && nr_cpus > 1)
		pr_info("smp: Brought up 1 node, %u CPUs", nr_cpus);
	return err;
}
