/*
 * A scenario: what runs, its knobs, and, as data, the machine it wants and what each arm (a set of
 * patches) must show. The runner asks for that data and applies it; see scenario_list.h.
 * Scenarios register from tests/ through a section; the kernel finds them by name.
 */
#ifndef TASK_SCENARIO_H
#define TASK_SCENARIO_H

#include "kernel/core/param.h"
#include "kernel/task/calls.h"

#define ARM_CHECKS 8

/* From the first to the last; both 0: not said. */
struct range {
	unsigned int min, max;
};

struct scenario_arm {
	const char *patch;              /* the text of patch= */
	const char *outcome;            /* completed, oom-killed, lockup, panic, bad-parameter */
	const char *checks[ARM_CHECKS]; /* the runner's expressions on counters and report */
	/*
	 * What an arm as declared has shown, once each {expression} (the language of the checks) is
	 * replaced by its value. The table has about 50 columns for it. NULL: nothing to say.
	 */
	const char *showed;
	const char *args;    /* further parameters, which replace the scenario's of the same name */
	const char *devices; /* instead of the scenario's; "none": it has none */
	/* The machines on which it holds, where it says otherwise than its scenario. */
	struct range mem, cpus;
};

struct scenario {
	const char *name, *help;
	const char *source;   /* short name of the seed behind it, such as "oom-reaper"; or NULL */
	const char *group;    /* "study": part of `make run`; "test": of `make test` */
	void (*app)(long);    /* runs as pid 1, an app ... */
	void (*kernel)(void); /* ... or as a kernel task */
	const struct param *knobs;
	unsigned int nr_knobs;
	const struct scenario_arm *arms;
	unsigned int nr_arms;
	/* What a run has unless its user says otherwise. */
	const char *args;     /* parameters of every arm, such as "watchdog_ms=3000" */
	unsigned int mem_mib; /* memory; 0: 2048 */
	unsigned int nr_cpus; /* 0: 1 */
	unsigned int shift;   /* 0 to 10: in exact mode an instruction takes 2^shift ns */
	bool fills_memory;    /* writes to nearly all of it: the emulator is given it at once */
	/*
	 * Words between blanks: disk=MIB[:zero|pattern|ext4|ext2][:ro][:legacy|modern], each a disk;
	 * balloon[=deflate][:legacy|modern]; card=MIB, a power of two. tests/run/devices.py reads
	 * them; what is on a disk stands in tests/run/machine/disks.py. NULL: no device.
	 */
	const char *devices;
	/*
	 * Memory in MiB and CPUs with which its arms hold; on another machine it refuses to run, unless
	 * outside=1. Not said: any.
	 */
	struct range mem, cpus;
};

/* Where it is declared, for whoever finds fault with it. */
struct scenario_entry {
	const struct scenario *scenario;
	const char *file;
};
extern const struct scenario_entry *const _scenarios[], *const _scenarios_end[];

#define for_each_scenario(e)                                                                       \
	for (const struct scenario_entry *const *e = _scenarios; e < _scenarios_end; e++)

#define SCENARIO(ident)                                                                            \
	static const struct scenario ident;                                                        \
	static const struct scenario_entry ident##_entry = {&ident, __FILE__};                     \
	static const struct scenario_entry *const ident##_entry_p                                  \
		__attribute__((section(".scenarios"), used)) = &ident##_entry;                     \
	static const struct scenario ident

/* Make every scenario's knobs known to the command line. Boot. */
void scenarios_register_knobs(void);

/*
 * Run what scenario= chose (default info; list names all) to its end, and leave the machine. Around it are
 * at_start() and at_end(): what the former took, the latter gives back, or the run has lost it. Task context.
 */
void scenario_run(void (*at_start)(void), void (*at_end)(void)) __attribute__((noreturn));

/*
 * The run is over here, as it is, and has finished: for a scenario that has changed the machine for good, so that
 * nothing of it is checked. Task context, after scenario_run() has started it.
 */
void scenario_finish(void) __attribute__((noreturn));

/* The workload's seed (seed=). */
extern long workload_seed;

#endif
