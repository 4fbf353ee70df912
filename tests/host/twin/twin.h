/*
 * The room tests/host/twin: private machines for tests. twin.h (this), host_machine.h (machines), apps.h
 * (processes), fibers.h (CPUs as fibers), request.h, shrink.h, space.h, starved.h (parts of machines that
 * many tests share), main.c, and the tests of the twin itself.
 *
 * Beside it: a room of tests for each room of mm/, for core/, boot/ and task/; shim/ (the hardware side of
 * kernel/core), fuzz/ (lives from random bytes), tsan/ (CPUs as threads), bench/.
 */

/*
 * What a host test sees of the twin: cmocka, the stand-ins for core's hardware side, and
 * private machines. Every test starts from twin_setup() and ends in twin_teardown(), also when
 * it fails half-way.
 */
#ifndef HOST_TWIN_H
#define HOST_TWIN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/cpu/cpu.h"
#include "kernel/core/machine.h"
#include "kernel/core/sched/sched.h"
#include "kernel/core/sched/task.h"
#include "kernel/core/time/time.h"

/* Hooks let a test act while the code under test gives up the CPU. */
struct twin {
	void (*on_sleep)(void);          /* within schedule() or schedule_timeout() */
	void (*on_yield)(void);          /* within cond_resched() */
	void (*on_kill)(struct task *t); /* a thread gets its SIGKILL */
	void (*on_flush)(uint64_t cr3);  /* within tlb_flush_mm(): the flush itself is done */
	void (*on_flush_cpus)(unsigned int mask); /* the same within tlb_flush_cpus() */
	void (*on_leave)(void); /* the current task's address space is no longer loaded */
	unsigned long sleeps, yields, stack_dumps;
	unsigned int called; /* CPUs that smp_call() has disturbed, a bit each */
};
extern struct twin twin;

int twin_setup(void **state);
int twin_teardown(void **state);

/* arch.c */
void cpus_reset(void);
void become_cpu(unsigned int id);

/* console.c: everything printed, one line after another, and every event. */
const char *console(void);
const char *events(void);
void console_clear(void);
unsigned int console_count(const char *text);
void assert_printed(const char *text);
void assert_not_printed(const char *text);
/* A whole line equal to the formatted text was printed. */
void assert_line(const char *fmt, ...) __printf(1, 2);
/* The texts appear in this order; ends with NULL. */
void assert_printed_in_order(const char *first, ...);

/* locks.c: spinlocks that are still held, though nobody is left to release them. */
void locks_let_go(void);
/* Locks that a test has made, and has not forgotten where it failed: those that come next make them anew. */
void locks_forget(void);
/* A mutex whose holder will not come back, after a panic that did: free again. */
struct mutex;
void mutex_abandon(struct mutex *m);

/* stop.c: run `statement`, which must panic (or refuse) with a message that holds `text`. */
#define assert_panics(text, statement)                                                             \
	do {                                                                                       \
		if (!setjmp(*stop_expect())) {                                                     \
			statement;                                                                 \
			stop_missing(text);                                                        \
		}                                                                                  \
		stop_check(text);                                                                  \
	} while (0)
jmp_buf *stop_expect(void);
void stop_missing(const char *text);
void stop_check(const char *text);
void stop_reset(void);
/* What the panic said that has just come back. */
const char *stop_message(void);

/* task.c */
struct mm;
struct task *task_new(const char *comm, int pid, struct mm *mm);
/* Become `t`; returns who was current. */
struct task *become(struct task *t);
void task_set_parent(struct task *t, struct task *parent);
void tasks_reset(void);

/* One line of a test table: setup and teardown come with it. */
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, twin_setup, twin_teardown)

/* Run those of a group's tests that the program's pattern picks; returns how many failed. */
int twin_run_group(const char *name, const struct CMUnitTest *tests, size_t count);

/* The end of a file of tests: its group, by the name that main.c lists. */
#define TEST_GROUP(group)                                                                          \
	int host_##group(void);                                                                    \
	int host_##group(void)                                                                     \
	{                                                                                          \
		return twin_run_group(#group, tests, ARRAY_SIZE(tests));                           \
	}

#endif
