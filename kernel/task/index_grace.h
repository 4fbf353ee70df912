/*
 * The clock behind mm/index's grace periods (mm/index/index_node.h): a timer of each CPU.
 */
#ifndef TASK_INDEX_GRACE_H
#define TASK_INDEX_GRACE_H

/* Boot, the timers there. */
void index_grace_init(void);

#endif
