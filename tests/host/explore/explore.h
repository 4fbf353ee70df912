/*
 * The explorer: every interleaving of a small scenario with at most so many preemptions, run on the
 * host twin.
 *
 *   make explore                               all scenarios, a table
 *   make explore SCENARIO=reap-exit-fault BOUND=3
 *   make explore SCENARIO=... TOKEN=...        one schedule again, with what each CPU saw
 *
 * HOW IT WORKS. mm/ and kernel/core/lock are compiled, unchanged, with -fsanitize=thread, but the
 * functions that the compiler then calls for each access to memory are ours (hooks.c); no sanitizer
 * is linked. An actor is a CPU's main line, or the handler of a call that a CPU has been sent; each
 * has a stack, and one thread plays them all (actors.c). A *point* is where another actor may go
 * on: right before an access to a word that several actors use without an order (learned first,
 * from drawn runs that are watched with vector clocks: learn.c, clocks.c), before a spinlock that
 * several want, at cond_resched(), when interrupts come on with a call waiting, at every sleep.
 * A run is a sequence of choices at points; undo.c sets memory back after it. search.c makes all
 * of them, depth first, with 0, 1, 2, ... preemptions: a preemption is a change of actor that the one
 * that leaves did not need; what a run has in common with the one before it is kept, not repeated
 * (keep.c). Two prefixes that order the same accesses in the same way lead to the same state: cache.c
 * remembers a hash of that order (words.c) and cuts the second one. shards.c splits the tree over processes. What fails gets a token (token.c), made of places in the source
 * and least in switches (minimise.c), that runs the same schedule again, also after a rebuild.
 *
 * WHAT FAILS: a check of the scenario, panic(), a signal of the host, a deadlock (nobody can go on,
 * and somebody has not ended), a livelock, an access to memory of a page that nobody has. What is
 * documented behaviour is a *named result* instead: the scenario says which ones its arm shows and
 * the table shows the token of each; one that is not declared fails, one that is missed as well.
 *
 * WHAT IT DOES NOT SEE. The model is sequentially consistent: no store buffers, no reordering by
 * the compiler beyond what it did in this build. sched.c, smp.c, timer.c, trap.c are modelled, not
 * run (model/): a task never leaves its CPU, time stands still, an actor's first two naps end
 * when anybody has had a turn, later ones when everybody has. Counters of events and the trace are no
 * points; reports are not printed. Reads in one access are whole. The threads build (tests/host/tsan) is for what this leaves out. A word that no
 * watched run saw raced for is no point; every 64th run of a search is watched as well, and what it
 * finds starts that bound again.
 *
 * FILES in reading order: explore.h; arena, undo; hooks; actors; words, clocks, learn; draw; cache,
 * keep, search, shards; sites, token, minimise, show; table, main. model/: tasks, CPUs and console as the
 * subject sees them. scenarios/: a file a room of mm/. plants/: faults put in on purpose, each of
 * which the self-test must find.
 */
#ifndef EXPLORE_H
#define EXPLORE_H

#include <stdarg.h>
#include <stdint.h>

#include "kernel/core/cpu/cpu.h"

#define MOST_CPUS   4 /* of a scenario */
#define MOST_ACTORS (MOST_CPUS + MOST_CPUS * MOST_CPUS)
#define MOST_BOUND  6

/* What an actor is about to do at a point. */
enum op {
	OP_START,
	OP_READ,
	OP_WRITE, /* also an atomic read-modify-write */
	OP_ADD,   /* an atomic change whose result is not used: additions commute */
	OP_LOCK,  /* a spinlock; waits until it is free */
	OP_UNLOCK,
	OP_RESCHED,
	OP_IRQS_ON, /* with a call waiting */
	OP_SLEEP,   /* until its task is runnable */
	OP_NAP,     /* until the others have had a turn */
	OP_ANSWERS, /* until all CPUs that were called have answered */
	OP_END,
	NR_OPS
};
extern const char *const op_name[NR_OPS];

/* How a run ended. */
enum end {
	RUN_DONE,  /* everybody finished, the check is content */
	RUN_CUT,   /* what follows has been run already */
	RUN_FAILED /* run_message() says what */
};

/* A way to choose who goes on at a point: an actor that can. */
typedef unsigned int (*choose_fn)(void);

/* run.c. One schedule from its start to its end. The world is set back before it. */
enum end run_once(choose_fn choose);
/* The end of one that is kept from there on (keep.h). */
enum end run_kept(size_t at, choose_fn choose);
/* What was wrong, or "". */
const char *run_message(void);
extern bool run_is_on; /* or is_running(), for the subject's side */
bool is_running(void);
/* The same, or its check is. */
bool is_judging(void);
/* Ends the run that is under way. */
void explore_fail(const char *fmt, ...) __printf(1, 2) __attribute__((noreturn));
void explore_failv(const char *fmt, va_list ap) __attribute__((noreturn));
void run_cut(void) __attribute__((noreturn));

/* hooks.c: look at every access, not only at points (learn.c, token.c, show.c). */
struct access {
	const void *at;
	unsigned int size;
	enum op op;
	uintptr_t site; /* in the subject's code */
};
extern void (*every_access)(const struct access *access);
/* Of this run, so far. */
extern unsigned long accesses;
/* Every access is a point, in drawn runs that are to learn. */
extern bool everywhere;
/* Memory that no scenario's outcome depends on: never a point. */
void hooks_ignore(const void *at, size_t bytes);
/* Pages of this machine: touching one that nobody has is an error. */
struct memory;
void hooks_watch_pages(const struct memory *m);

#endif
