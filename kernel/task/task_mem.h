/*
 * The stack area, within this floor.
 */
#ifndef TASK_TASK_MEM_H
#define TASK_TASK_MEM_H

#include "kernel/core/types.h"

/* Page tables for every stack slot, so that starting a task never allocates one. Boot. */
void make_stack_tables(void);

#endif
