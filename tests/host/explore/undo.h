/*
 * Setting the world back: every write that the hooks see is noted with what it overwrites, and a
 * reset puts that back, last write first. Nothing is copied that was not written.
 */
#ifndef EXPLORE_UNDO_H
#define EXPLORE_UNDO_H

#include <stdint.h>
#include <string.h>

#include "kernel/core/types.h"

struct undo {
	uintptr_t at : 56;
	uintptr_t size : 8; /* 1, 2, 4, 8 */
	uint64_t old;
};

#define MOST_UNDO (1ul << 20)

extern struct undo *undo_next, *undo_end;

void undo_init(void);
/* What is in memory now is what undo_to(0) gives. */
void undo_forget(void);
/* Undoes all writes but the first so many. */
void undo_to(unsigned long count);
void undo_full(void);
unsigned long undo_count(void);

static inline uint64_t undo_load(const void *at, unsigned int size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)at;
	case 2:
		return *(const uint16_t *)at;
	case 4:
		return *(const uint32_t *)at;
	default:
		return *(const uint64_t *)at;
	}
}

/* Before a write of 1, 2, 4 or 8 bytes. Where there is no memory it faults before it is noted. */
static inline void undo_note(const void *at, unsigned int size)
{
	uint64_t old = undo_load(at, size);
	struct undo *u;

	barrier();
	u = undo_next++;
	u->at = (uintptr_t)at;
	u->size = size;
	u->old = old;
	if (unlikely(undo_next == undo_end))
		undo_full();
}

/* Any range. */
void undo_note_range(const void *at, size_t bytes);

#endif
