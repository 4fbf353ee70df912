/*
 * What the apps' libc keeps for each thread: its reentrancy structure, which newlib finds through
 * __getreent(), and what the hooks in this folder need.
 */
#ifndef LIBC_THREAD_H
#define LIBC_THREAD_H

#include <reent.h>
#include <stddef.h>
#include <sys/lock.h>

#include "kernel/task/calls.h"

#define LINE_MAX_LEN 400

/*
 * A recursive lock. The word: 0 when it is free, else its holder's id, with LOCK_WAITERS if somebody
 * may be asleep for it. All zero: free.
 */
struct __lock {
	volatile int word;
	int depth; /* the holder's */
};

/* On the thread's own stack, as is its reentrancy structure, below it; of the first thread: static. */
struct app_thread {
	int id;               /* above 0; no other thread of the address space has or had it */
	struct _reent *reent; /* NULL: newlib's _GLOBAL_REENT, which is the first thread's */
	struct __lock streams;
	size_t line_len;
	char line[LINE_MAX_LEN]; /* written, without its newline so far */
};

struct app_thread *this_thread(void);

/* What was written without a newline goes to the log. */
void flush_line(void);

#endif
