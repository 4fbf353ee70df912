/*
 * Memory whose addresses are the same in every run of the program, so that what was learned of a
 * word holds: the machine, its tasks, stacks. Addresses below TRACKED_END, which are those of the
 * program's variables and of the arena, are what the hooks look at; the explorer's own tables lie
 * elsewhere.
 *
 * Files of the twin are built with arena_mmap() and its like in the place of the C library's.
 */
#ifndef EXPLORE_ARENA_H
#define EXPLORE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define ARENA_START 0x10000000ul
#define TRACKED_END 0x20000000ul
#define WORD_OF(at) ((uintptr_t)(at) >> 3)
#define NR_WORDS    (TRACKED_END >> 3)

void arena_init(void);
/* Zeroed; stays for ever. */
void *arena_alloc(size_t align, size_t bytes);
/* A table of the explorer's own, zeroed as it is touched. */
void *own_table(size_t bytes);

void *arena_mmap(void *at, size_t bytes, int prot, int flags, int fd, long offset);
int arena_munmap(void *at, size_t bytes);
void arena_free(void *at);

#endif
