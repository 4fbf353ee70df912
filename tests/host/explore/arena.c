/*
 * The arena (see arena.h): one mapping at a fixed address, given out from its start.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "arena.h"

#define LARGE (4ul << 20) /* bytes of a table that is worth large pages */

static uintptr_t next = ARENA_START;

static void give_up(const char *what)
{
	perror(what);
	exit(2);
}

void arena_init(void)
{
	void *got = mmap((void *)ARENA_START, TRACKED_END - ARENA_START, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (got == MAP_FAILED || got != (void *)ARENA_START)
		give_up("explore: the arena's addresses are taken");
}

void *own_table(size_t bytes)
{
	void *table = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (table == MAP_FAILED)
		give_up("explore: no memory for a table");
	if (bytes >= LARGE)
		madvise(table, bytes, MADV_HUGEPAGE); /* looked up at random: TLBs hold that */
	return table;
}

void *arena_alloc(size_t align, size_t bytes)
{
	uintptr_t at = (next + align - 1) & -align;

	if (at + bytes > TRACKED_END) {
		fprintf(stderr, "explore: the arena is too small\n");
		exit(2);
	}
	next = at + bytes;
	return (void *)at;
}

void *arena_mmap(void *at, size_t bytes, int prot, int flags, int fd, long offset)
{
	void *got = arena_alloc(4096, bytes);

	(void)at, (void)flags, (void)fd, (void)offset;
	if (mprotect(got, (bytes + 4095) & -4096ul, prot))
		give_up("explore: mprotect");
	return got;
}

/* What the twin gives back to align is not missed. */
int arena_munmap(void *at, size_t bytes)
{
	(void)at, (void)bytes;
	return 0;
}

void arena_free(void *at)
{
	(void)at;
}
