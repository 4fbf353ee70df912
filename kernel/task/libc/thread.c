/*
 * Threads of an app, as newlib sees them (see thread.h): how they begin and end.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/task/libc/thread.h"

/* newlib's own, of its stdlib/atexit.h. */
void __call_exitprocs(int code, void *dso);

/* What the kernel calls (kernel/task/app.c). */
void app_libc_start(void (*fn)(long), long arg);
void app_libc_join(void (*fn)(long), long arg);

static struct app_thread first_thread = {.id = 1};
static int last_id = 1;
static int first_process = -1; /* the one that this address space was made for */

struct app_thread *this_thread(void)
{
	struct app_thread *t = lw_tls();

	return t ? t : &first_thread;
}

struct _reent *__getreent(void)
{
	struct app_thread *t = lw_tls();

	return t ? t->reent : _GLOBAL_REENT;
}

static void finish_own_streams(void)
{
	fflush(stdout);
	fflush(stderr);
	flush_line();
}

/*
 * newlib's exit() closes the first thread's streams, and those opened by anybody, while other threads
 * may be using them. Here they are flushed. A process that shares the memory of another leaves them
 * alone, and does not call the other's atexit() functions.
 */
void exit(int code)
{
	bool owner = lw_pid() == first_process;

	if (owner)
		__call_exitprocs(code, NULL);
	finish_own_streams();
	if (owner)
		fflush(NULL);
	_exit(code);
}

/* What _reclaim_reent() forgets. */
static void free_rest(struct _reent *r)
{
	struct _Bigint *b = r->_p5s, *next;

	for (; b; b = next) {
		next = b->_next;
		free(b);
	}
	free(r->_sig_func);
}

static void release(struct _reent *r)
{
	_reclaim_reent(r); /* closes its streams */
	free_rest(r);
}

/* The first code of a thread, or of a process, in memory that others use already. */
void app_libc_join(void (*fn)(long), long arg)
{
	struct {
		struct _reent reent;
		struct app_thread thread;
	} own = {.thread.reent = &own.reent};

	own.thread.id = __atomic_add_fetch(&last_id, 1, __ATOMIC_RELAXED);
	_REENT_INIT_PTR_ZEROED(&own.reent);
	lw_set_tls(&own.thread);
	fn(arg);
	release(&own.reent);
	flush_line();
	lw_exit_thread();
}

void app_libc_start(void (*fn)(long), long arg)
{
	first_process = lw_pid();
	fn(arg);
	exit(0);
}
