/*
 * A scenario: what runs, its knobs, and, as data, what each arm (a set of patches) must show.
 * Scenarios register from tests/ through a section; the kernel finds them by name.
 */
#ifndef TASK_SCENARIO_H
#define TASK_SCENARIO_H

#include "kernel/core/param.h"
#include "kernel/task/calls.h"

#define ARM_CHECKS 6

struct scenario_arm {
	const char *patch;              /* the text of patch= */
	const char *outcome;            /* completed, oom-killed, lockup, panic, bad-parameter */
	const char *checks[ARM_CHECKS]; /* the runner's expressions on counters and report */
	const char *args;               /* further parameters */
};

struct scenario {
	const char *name, *help;
	const char *group;    /* "study": part of `make run`; "test": of `make test` */
	void (*app)(long);    /* runs as pid 1, an app ... */
	void (*kernel)(void); /* ... or as a kernel task */
	const struct param *knobs;
	unsigned int nr_knobs;
	const struct scenario_arm *arms;
	unsigned int nr_arms;
};

#define SCENARIO(ident)                                                                            \
	static const struct scenario ident;                                                        \
	static const struct scenario *const ident##_entry                                          \
		__attribute__((section(".scenarios"), used)) = &ident;                             \
	static const struct scenario ident

/* Make every scenario's knobs known to the command line. Boot. */
void scenarios_register_knobs(void);

/* Run what scenario= chose (default info; list names all) to its end, and leave the machine. */
void scenario_run(void *unused) __attribute__((noreturn));

/* The workload's seed (seed=). */
extern long workload_seed;

#endif
