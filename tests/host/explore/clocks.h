/*
 * Which words are raced for: vector clocks, for runs that are watched.
 *
 * What orders two accesses: spinlocks, atomics as far as their memory order says so, sending a call
 * and its answer; and, between a CPU's main line and handlers there, parts with interrupts off. Two
 * accesses of which one changes the word, and which nothing orders, race. Where additions meet
 * additions, and locks meet locks and unlocks, the rules are in conflicts().
 */
#ifndef EXPLORE_CLOCKS_H
#define EXPLORE_CLOCKS_H

#include "actors.h"

extern bool clocks_on;

void clocks_init(void);
/* A watched run begins. */
void clocks_reset(void);
/* What raced in it; and make points of that: how many words or kinds of access are new. */
struct race {
	uintptr_t at;
	uint8_t bytes;
	uint16_t kinds;
};
unsigned int clocks_races(const struct race **first);
unsigned int clocks_learn(void);

/* The running actor does it now. */
void clocks_access(uintptr_t at, unsigned int size, enum op op);
void clocks_sync(uintptr_t at, bool in, bool out);
void clocks_irqs_on(void);
void clocks_irqs_off(void);
void clocks_send(const struct actor *handler);
void clocks_handler_begins(void);
void clocks_handler_ends(void);
void clocks_answered(void);
/* Has spin_lock() ever been called on this word? */
bool clocks_is_lock(uintptr_t at);

#endif
