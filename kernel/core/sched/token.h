/*
 * Tokens: a schedule in words, as `make explore` prints it (tests/host/explore/token.h).
 *
 *   0:fill_slot+5#1>1,1:sleep#2>0
 *
 * Each part: the CPU, where it is for the n-th time (function and line within it, or what it is
 * about to do), and the CPU that goes on instead. Pure C.
 */
#ifndef CORE_TOKEN_H
#define CORE_TOKEN_H

#include "kernel/core/types.h"

#define TOKEN_PARTS 64
#define TOKEN_PLACE 96

struct token_part {
	const char *text; /* of the command line; not ended by a NUL */
	int len;
	bool twins; /* a start, or of a handler: the guest has no such actors */
	unsigned int cpu, n, to;
	char place[TOKEN_PLACE];
};

struct token {
	unsigned int nr;
	struct token_part part[TOKEN_PARTS];
};

/* NULL, or what was expected, of CPUs 0 to nr_cpus - 1. `text` is kept. */
const char *token_read(struct token *t, const char *text, unsigned int nr_cpus);

#endif
