/*
 * One schedule in words: who ran where, what each saw and wrote, and what it came to.
 */
#ifndef EXPLORE_SHOW_H
#define EXPLORE_SHOW_H

#include "token.h"

/* Prints it; how it ended. */
enum end show_token(const struct token *t);

#endif
