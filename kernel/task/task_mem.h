/*
 * The stack area, and what a task's struct lies in, within this floor.
 */
#ifndef TASK_TASK_MEM_H
#define TASK_TASK_MEM_H

#include "kernel/core/sched/task.h"

/* With what an app begins. */
struct app_start {
	void (*libc)(void (*fn)(long), long arg);
	void (*fn)(long);
	long arg;
};

/* An object of the cache task_struct. */
struct task_object {
	struct task task; /* first */
	struct app_start start;
};

/* The cache; and page tables for every stack slot, so that starting a task never allocates one. Boot. */
void task_mem_boot(void);

#endif
