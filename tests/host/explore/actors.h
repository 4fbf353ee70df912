/*
 * Actors: the main line of each CPU, and handlers of calls that CPUs are sent. One thread plays them
 * all; it goes from one to another at points.
 *
 * A handler runs with interrupts off on its CPU, at any point of it with interrupts on; until it has
 * ended the CPU's main line stands still.
 */
#ifndef EXPLORE_ACTORS_H
#define EXPLORE_ACTORS_H

#include "explore.h"

struct actor {
	unsigned int id, cpu;
	void *sp; /* when it does not run */
	struct here here;
	void (*fn)(void *arg);
	void *arg;
	bool live; /* is there, and has not ended */
	bool started;
	bool daemon; /* need not end */
	enum op op;  /* what it is about to do ... */
	const void *at;
	uintptr_t site;     /* ... and where in the code */
	uint32_t waits_for; /* a nap: until each of these has had a turn, or cannot go on */
	unsigned int naps;  /* the first ones end as soon as anybody has had a turn */
	unsigned int rescheds;
	unsigned int calls;       /* of a main line: handlers that wait for this CPU */
	unsigned int answers_due; /* of who called */
	unsigned int caller;      /* of a handler */
	uint64_t history;         /* hash of all that it did and saw (words.h) */
	uint64_t answers;         /* the same of handlers that have answered */
};

extern struct actor actors[MOST_ACTORS], *self;
extern unsigned int nr_mains;
extern unsigned int points;   /* in this run, so far */
extern unsigned int patience; /* so many are a livelock */

static inline bool is_handler(const struct actor *a)
{
	return a->id >= MOST_CPUS;
}

/* "1", or "1^0": on CPU 1 the handler of CPU 0's call. */
const char *actor_name(unsigned int id);
/* The actor of that name, or -1. */
int actor_named(const char *text, size_t len);

void actors_init(void);
/* A scenario's main line; before its first run. */
void actor_add(unsigned int cpu, void (*fn)(void *), void *arg, bool daemon, struct task *task);
/* All as they are at a run's start. */
void actors_reset(void);

/* Who can go on, by bits. */
uint32_t actors_enabled(void);
/* Nobody can: the first one that should have ended, or NULL. */
const struct actor *actors_stuck(void);
/* Of naps: what of the state the histories do not say. */
uint64_t actors_turns(void);

/* From the engine: let one of them begin; comes back when somebody calls actors_leave(). */
void actors_begin(void);
void actors_leave(void) __attribute__((noreturn));
/* The running actor stands still, as all others do, while the engine calls fn(). */
void actors_stand_still(void (*fn)(void));
/* From fn(): the actors as they are, with their stacks; and from the engine, those again. */
size_t actors_bytes(void);
void actors_save(void *to);
void actors_load(const void *from);
/* Like actors_begin(), after actors_load(). */
void actors_go_on(void);

/* The running actor is about to do something: another may go on before it does. */
void at_point(enum op op, const void *at, uintptr_t site);

/* Run fn(arg) on CPUs other than this one, and wait. */
void actors_call(uint32_t cpus, void (*fn)(void *), void *arg, uintptr_t site);

#endif
