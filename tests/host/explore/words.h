/*
 * Words that are raced for, and the order in which a run's actors have come to them.
 *
 * A word (8 bytes) that the watched runs saw used by several actors without an order is a point
 * from then on, for the bytes and the kinds of access that were seen. Each actor's history is a
 * hash of what it did at them and of whose writes it saw: two runs with equal histories have
 * ordered the same accesses in the same way, and are in the same state.
 */
#ifndef EXPLORE_WORDS_H
#define EXPLORE_WORDS_H

#include "actors.h"
#include "arena.h"

#define MOST_WORDS 4096

struct word {
	uintptr_t at;         /* of its first byte */
	uint8_t bytes;        /* that are raced for, a bit each */
	uint16_t kinds;       /* of access that are, 1 << OP_* */
	uint64_t wrote;       /* history of who wrote it last ... */
	uint64_t read, added; /* ... and sums of those who have read or added since */
};

extern struct word words[MOST_WORDS];
extern unsigned int nr_words; /* words[0] is nobody's */
extern uint16_t *word_ids;    /* by WORD_OF(address); 0: not raced for */

void words_init(void);
/* These bytes and kinds are raced for: true if that is new. */
bool word_learn(uintptr_t at, uint8_t bytes, uint16_t kinds);

static inline uint8_t bytes_of(uintptr_t at, unsigned int size)
{
	return (uint8_t)(((1u << size) - 1) << (at & 7));
}

static inline uint64_t mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * 0x9e3779b97f4a7c15ul;
	a = (a ^ a >> 32) * 0xd6e8feb86659fd93ul;
	return a ^ a >> 29;
}

/* A run begins: nobody has done anything. */
void words_reset(void);
/* The running actor has done `op` to it. */
void word_event(struct word *w, enum op op);
/* `a` has seen what another one's history stands for. */
void words_follow(struct actor *a, uint64_t history);
/* Of all that there are; order does not matter. */
uint64_t words_state(void);
/* The histories as they are, to be put back: bytes of them; both return where they end. */
size_t words_bytes(void);
void *words_save(void *to);
const void *words_load(const void *from);
void words_actor_came(const struct actor *a);
void words_actor_went(const struct actor *a);

#endif
