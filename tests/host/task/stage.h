/*
 * What kernel/task stands on: its machine, a scheduler that only keeps lists, and a table of the pages
 * that are mapped in the kernel half (stage.c). Nobody runs a task: a test becomes it.
 */
#ifndef HOST_STAGE_H
#define HOST_STAGE_H

#include <setjmp.h>

#include "kernel/core/cpu/trap.h"
#include "mm/page/memory.h"

/* The kernel's system_memory, by another name: host.mk. */
extern struct memory *task_memory;

/* Boot of kernel/task on this machine. */
void tasks_boot(struct memory *m);
/* Pages of the stack area that are mapped. */
unsigned int stack_pages_mapped(void);

/* What kernel/task registered. */
extern page_fault_fn host_page_fault;
extern trap_exit_fn host_trap_exit;

/* Run `statement` as `t`; it must end the task, which is a zombie after that. */
#define ENDS(t, statement)                                                                         \
	do {                                                                                       \
		struct task *before_ = become(t);                                                  \
                                                                                                   \
		task_may_end = true;                                                               \
		if (!setjmp(task_end)) {                                                           \
			statement;                                                                 \
			fail_msg("%s: the task has not ended", #statement);                        \
		}                                                                                  \
		become(before_);                                                                   \
	} while (0)
extern jmp_buf task_end;
extern bool task_may_end;

#endif
