/*
 * Futexes: apps' waiting for a word of their memory to change (lw_futex_wait() and lw_futex_wake()
 * of calls.h).
 */
#ifndef TASK_FUTEX_H
#define TASK_FUTEX_H

/* Boot. */
void futex_boot(void);

#endif
